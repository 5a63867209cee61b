"""Exports all data of this installation to one file. The work is done by `cases.transfer.export`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from accounts import audit
from accounts.models import AuditEvent
from cases.management.reporting import Unwritable, WrittenTooLate, progress_bar, whole_file
from cases.transfer import export
from nova.lib.databases import trouble_of

NOTHING_DONE = 2


class Command(BaseCommand):
    help = (
        "Escribe en un archivo JSON todo lo que tiene esta instalación (sin contraseñas): carteras, estados, deudores, "
        "casos, gestiones, promesas, movimientos… import_data lo lee. Contiene datos personales: el archivo queda "
        "solo para su dueño. Salida: 0 todo bien, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "out", nargs="?", metavar="OUT", type=Path, default=Path("data/export_for_prod.json"),
            help="dónde (data/export_for_prod.json)",
        )  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="lee todo, cuenta y no escribe el archivo")

    def handle(self, *args: Any, **given: Any) -> None:
        out = Path(given["out"])
        done: dict[str, int] = {}
        try:
            with whole_file(None if given["dry_run"] else out, what="la exportación", private=True) as stream:
                with progress_bar("Exportando", export.size()) as advance:

                    def progress(section: str, rows: int) -> None:
                        done[section] = rows
                        advance(sum(done.values()))

                    counts = export.export(_Nowhere() if given["dry_run"] else stream, progress=progress)
                if not given["dry_run"]:
                    audit.record(AuditEvent.Action.EXPORT, by=None, label=out.name, after=counts)
        except (Unwritable, WrittenTooLate) as error:
            raise CommandError(f"{error} No se exportó nada.", returncode=NOTHING_DONE) from error
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} No se exportó nada.", returncode=NOTHING_DONE) from error
        except KeyboardInterrupt as error:
            raise CommandError("Exportación interrumpida: no quedó ningún archivo.", returncode=NOTHING_DONE) from error
        self.stdout.write("Prueba: no se escribió nada." if given["dry_run"] else f"Exportado a {out}")
        self.stdout.write(" ".join(f"{name}={count}" for name, count in counts.items()))


class _Nowhere:
    """Discards what is written to it, so that a dry run of a million cases uses no memory."""

    def write(self, text: str) -> int:
        return len(text)
