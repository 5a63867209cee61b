"""Updates the creditor's last payment dates. The work is done by `cases.importing.last_payments`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from cases.importing.errors import ImportFailed
from cases.importing.last_payments import Result, update_last_payments
from cases.importing.reader import open_table
from cases.importing.report import report_text
from cases.importing.table import Limits
from cases.management.reporting import Unwritable, WrittenTooLate, progress_bar, whole_file
from cases.models import Cartera
from nova.lib.databases import trouble_of

REJECTED_ROWS, NOTHING_DONE = 1, 2
SHOWN = 20


class Command(BaseCommand):
    help = (
        "Pone en los casos la fecha de último pago que informa el acreedor, de un CSV o una planilla con las columnas "
        "«Nro. de cliente» y «Fecha de último pago». No toca saldos. "
        "Salida: 0 todo bien, 1 hubo filas rechazadas, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--cartera", default="", metavar="NAME", help="solo casos de esta cartera")
        parser.add_argument("--sheet", metavar="S", help="hoja del libro (si no: la primera con encabezado)")
        parser.add_argument("--date-order", choices=["dmy", "mdy", "ymd"], default="dmy")
        parser.add_argument("--dry-run", action="store_true", help="hace todo y no guarda nada")
        parser.add_argument("--report", type=Path, metavar="OUT.csv", help="dónde dejar el informe de filas")

    def handle(self, *args: Any, **given: Any) -> None:
        path, report_path = Path(given["file"]), Path(given["report"]) if given["report"] else None
        try:
            if report_path is not None and report_path.resolve() == path.resolve():
                raise ImportFailed("El informe no puede ir sobre el archivo que se lee: elija otro nombre.")
            with whole_file(report_path) as report:
                result = self._update(path, given)
                report.write(report_text(result.problems))
        except (ImportFailed, Unwritable) as error:
            raise CommandError(str(error), returncode=NOTHING_DONE) from error
        except WrittenTooLate as error:
            raise CommandError(
                f"Las fechas se guardaron, pero sin informe. {error}", returncode=REJECTED_ROWS
            ) from error
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} No se guardó nada.", returncode=NOTHING_DONE) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrumpido: no se guardó nada.", returncode=NOTHING_DONE) from error
        self._print(result, dry_run=given["dry_run"])

    def _update(self, path: Path, given: dict[str, Any]) -> Result:
        cartera = Cartera.objects.named(given["cartera"]) if given["cartera"] else None
        if given["cartera"] and cartera is None:
            raise ImportFailed(f"No existe la cartera «{given['cartera']}»: revise el nombre.")
        with (
            open_table(path, sheet=given["sheet"], limits=Limits(max_bytes=settings.IMPORT_MAX_BYTES)) as table,
            progress_bar("Actualizando", None) as advance,
        ):
            return update_last_payments(
                table,
                file_name=path.name,
                cartera=cartera,
                date_order=given["date_order"],
                dry_run=given["dry_run"],
                now=timezone.now(),
                progress=advance,
            )

    def _print(self, result: Result, *, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write("Prueba: no se guardó nada.")
        for problem in result.problems[:SHOWN]:
            self.stdout.write(f"Fila {problem.row}, {problem.column}: {problem.reason}")
        if len(result.problems) > SHOWN:
            self.stdout.write(f"… y {len(result.problems) - SHOWN} más: --report ARCHIVO.csv las tiene todas.")
        self.stdout.write(" ".join(f"{name}={count}" for name, count in result.counts.items()))
        if result.rejected:
            raise SystemExit(REJECTED_ROWS)
