"""Closes the cases that a creditor takes back (DESIGN §5, Recalls). `cases.importing.recalls` does the work."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from cases.importing.errors import ImportFailed
from cases.importing.reader import open_table
from cases.importing.recalls import RECALL_NAMES, Recalled, close_listed, status_for
from cases.importing.report import report_text
from cases.importing.table import Limits
from cases.management.reporting import Unwritable, WrittenTooLate, progress_bar, whole_file
from cases.models import Cartera
from nova.lib.databases import trouble_of
from nova.lib.money import format_money

SOME_UNKNOWN, NOTHING_DONE = 1, 2
SHOWN = 20


class Command(BaseCommand):
    help = (
        "Da de baja los casos que el acreedor retira, de un archivo con la columna «Nro. de cliente» y, si la trae, "
        "«Motivo». Salida: 0 todo bien, 1 hubo números desconocidos, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--cartera", required=True, metavar="NAME", help="cartera a la que pertenecen los casos")
        parser.add_argument("--status", required=True, metavar="SLUG", help="estado de cierre (de-baja, incobrable…)")
        parser.add_argument("--reason", default="", metavar="TEXT", help="motivo de los que no traen uno")
        parser.add_argument("--sheet", metavar="S", help="hoja del libro (si no: la primera con encabezado)")
        parser.add_argument("--dry-run", action="store_true", help="hace todo y no guarda nada")
        parser.add_argument("--report", type=Path, metavar="OUT.csv", help="dónde dejar el informe de filas")

    def handle(self, *args: Any, **given: Any) -> None:
        path, report_path = Path(given["file"]), Path(given["report"]) if given["report"] else None
        try:
            if report_path is not None and report_path.resolve() == path.resolve():
                raise ImportFailed("El informe no puede ir sobre el archivo que se lee: elija otro nombre.")
            with whole_file(report_path) as report:
                done = self._close(path, given)
                report.write(report_text(done.problems))
        except (ImportFailed, Unwritable) as error:
            raise CommandError(str(error), returncode=NOTHING_DONE) from error
        except WrittenTooLate as error:
            raise CommandError(f"Las bajas se cargaron, pero sin informe. {error}", returncode=SOME_UNKNOWN) from error
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} No se guardó nada.", returncode=NOTHING_DONE) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrumpido: no se guardó nada.", returncode=NOTHING_DONE) from error
        self._tell(done, dry_run=given["dry_run"])

    def _close(self, path: Path, given: dict[str, Any]) -> Recalled:
        cartera = Cartera.objects.named(given["cartera"])
        if cartera is None:
            raise ImportFailed(f"No existe la cartera «{given['cartera']}»: revise el nombre.")
        status, limits = status_for(given["status"]), Limits(max_bytes=settings.IMPORT_MAX_BYTES)
        with (
            open_table(path, sheet=given["sheet"], limits=limits, names=RECALL_NAMES) as table,
            progress_bar("Dando de baja", None) as advance,
        ):
            return close_listed(
                table,
                cartera=cartera,
                status=status,
                file_name=path.name,
                by=None,
                reason=given["reason"],
                dry_run=given["dry_run"],
                progress=advance,
            )

    def _tell(self, done: Recalled, *, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write("Prueba: no se guardó nada.")
        elif done.batch is not None:
            self.stdout.write(f"Importación n.º {done.batch.pk}: se deshace con undo_import {done.batch.pk}.")
        self.stdout.write(f"Casos dados de baja: {done.closed}, que deben {format_money(done.balance)}.")
        for problem in done.problems[:SHOWN]:
            self.stdout.write(f"Fila {problem.row}, «{problem.value}»: {problem.reason}")
        if len(done.problems) > SHOWN:
            self.stdout.write(f"… y {len(done.problems) - SHOWN} más: --report ARCHIVO.csv las tiene todas.")
        self.stdout.write(" ".join(f"{name}={count}" for name, count in done.counts.items()))
        if done.unknown:
            raise SystemExit(SOME_UNKNOWN)
