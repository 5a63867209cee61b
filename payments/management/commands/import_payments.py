"""Loads a file of payments: staged, and with --post recorded. The rules are DESIGN §5.1; the work is done by
`payments.services`."""

from argparse import ArgumentParser
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone
from rich.console import Console
from rich.table import Table as RichTable

from cases.importing.errors import ImportFailed
from cases.management.reporting import Unwritable, WrittenTooLate, progress_bar, whole_file
from cases.models import Cartera
from nova.lib.databases import trouble_of
from nova.lib.money import format_money
from nova.lib.text import whole
from payments.models import PaymentFile, PaymentRow
from payments.services.counting import NEED_A_PERSON, STATES, totals_of
from payments.services.posting import post
from payments.services.report import write_report
from payments.services.staging import AUTO, layout_for, stage

NEEDS_A_PERSON, NOTHING_DONE = 1, 2
UNVERIFIED = "no se comprobó todavía con un archivo real: revise el resultado antes de registrar"
# In the order of the last line.
COUNTED = ("matched", "ambiguous", "unmatched", "duplicate", "rejected", "ignored", "posted")


class Command(BaseCommand):
    help = (
        "Carga un archivo de pagos de un banco, una red de cobranza o un acreedor. Sin --post, solo identifica. "
        "Salida: 0 todo registrado o identificado, 1 algo necesita a una persona, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--layout", default=AUTO, metavar="L", help=f"formato del archivo ({AUTO}: se reconoce)")
        parser.add_argument("--cartera", default="", metavar="NAME", help="solo casos de esta cartera")
        parser.add_argument("--account", default="", metavar="A", help="cuenta del extracto, si el archivo no la trae")
        parser.add_argument("--sheet", metavar="S", help="hoja del libro (si no: la primera con encabezado)")
        parser.add_argument("--post", action="store_true", help="registra los pagos identificados")
        parser.add_argument("--dry-run", action="store_true", help="hace todo y no guarda nada")
        parser.add_argument("--report", type=Path, metavar="OUT.csv", help="dónde dejar qué pasó con cada fila")

    def handle(self, *args: Any, **given: Any) -> None:
        path, report_path = Path(given["file"]), Path(given["report"]) if given["report"] else None
        now = timezone.now()
        try:
            if report_path is not None and report_path.resolve() == path.resolve():
                raise ImportFailed("El informe no puede ir sobre el archivo que se carga: elija otro nombre.")
            with whole_file(report_path) as report:
                totals = self._load(path, given, report, now)
        except (ImportFailed, Unwritable) as error:
            raise CommandError(str(error), returncode=NOTHING_DONE) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=NOTHING_DONE) from error
        except WrittenTooLate as error:
            raise CommandError(
                f"Los pagos se cargaron, pero sin informe. {error} Está en la administración, en Archivos de pagos.",
                returncode=NEEDS_A_PERSON,
            ) from error
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} {_what_stands(path, now)}", returncode=NOTHING_DONE) from error
        except KeyboardInterrupt as error:
            raise CommandError(f"Interrumpido. {_what_stands(path, now)}", returncode=NOTHING_DONE) from error
        self._tell(totals, given)
        left_behind = totals["matched"] if given["post"] else 0
        if left_behind or any(totals[state.value] for state in NEED_A_PERSON):
            raise SystemExit(NEEDS_A_PERSON)

    def _load(self, path: Path, given: dict[str, Any], report: Any, now: datetime) -> dict[str, Any]:
        layout = layout_for(path, given["layout"])
        cartera = Cartera.objects.named(given["cartera"]) if given["cartera"] else None
        if given["cartera"] and cartera is None:
            raise ImportFailed(f"No existe la cartera «{given['cartera']}»: revise el nombre.")
        dry_run = given["dry_run"]
        with transaction.atomic() if dry_run else nullcontext(), progress_bar("Cargando", None) as advance:
            file = stage(
                path,
                layout=layout,
                cartera=cartera,
                account=given["account"],
                sheet=given["sheet"],
                by=None,
                progress=advance,
                now=now,
            )
            if given["post"]:
                post(file, by=None, progress=advance, now=now)
            if given["report"]:
                write_report(file, report)
            totals = totals_of(file)
            if dry_run:
                transaction.set_rollback(True)
        self.stdout.write(f"Formato: {layout.name}" + ("" if layout.verified_with_real_file else f" ({UNVERIFIED})"))
        self.stdout.write(f"Archivo de pagos n.º {file.pk}" if not dry_run else "Prueba: no se guardó nada.")
        return totals

    def _tell(self, totals: dict[str, Any], given: dict[str, Any]) -> None:
        table = RichTable(show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for state in STATES:
            if totals[state.value]:
                table.add_row(PaymentRow.State(state).label, whole(totals[state.value]))
        table.add_row("Importe de los pagos", format_money(totals["total"]))
        console = Console(width=80)
        with console.capture() as captured:
            console.print(table)
        self.stdout.write(captured.get())
        if any(totals[state.value] for state in NEED_A_PERSON) and not given["report"]:
            self.stdout.write("Para ver qué filas esperan a una persona y por qué, use --report ARCHIVO.csv.")
        counts = " ".join(f"{name}={totals[name]}" for name in COUNTED)
        self.stdout.write(f"rows={totals['rows']} {counts} total={totals['total']}")


def _what_stands(path: Path, now: datetime) -> str:
    """After a failure half way: what was saved until then, also by an earlier run that this one went on with."""
    ours = Q(created_at=now) | Q(file_name=path.name[-255:], status=PaymentFile.Status.STAGED)
    file = PaymentFile.objects.filter(ours).order_by("-pk").first()
    if file is None:
        return "No se guardó nada."
    posted = file.rows.filter(state=PaymentRow.State.POSTED).count()
    return (
        f"El archivo quedó cargado (n.º {file.pk}) con {posted} pagos registrados: "
        "siga desde la administración, en Archivos de pagos; ninguno se registra dos veces."
    )
