"""Imports a creditor's portfolio file. The rules are DESIGN §5; the work is done by `cases.importing`."""

import os
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils import timezone
from rich.console import Console
from rich.table import Table as RichTable

from cases.importing.aftermath import MISSING_CHOICES, MOST_MISSING, REPORT
from cases.importing.columns import EXTRA, FIELDS, chosen_by_name
from cases.importing.dealing import ROUND_ROBIN
from cases.importing.errors import ImportFailed
from cases.importing.kept_columns import ALL
from cases.importing.last_time import map_for
from cases.importing.plan import SKIP, UPDATE
from cases.importing.reader import open_table
from cases.importing.report import report_text
from cases.importing.run import MISSING_DONE, Options, Result, import_table, refused_in_words
from cases.importing.table import Limits
from cases.management.reporting import Unwritable, WrittenTooLate, progress_bar, whole_file
from cases.models import ImportBatch
from nova.lib.databases import trouble_of
from nova.lib.money import format_money
from nova.lib.text import whole

REJECTED_ROWS, NOTHING_DONE = 1, 2
LABELS = {
    "created": "Creados",
    "updated": "Actualizados",
    "unchanged": "Sin cambios",
    "rejected": "Filas rechazadas",
    "warnings": "Filas con advertencias",
}


class Command(BaseCommand):
    help = (
        "Carga la cartera de un acreedor (CSV, TSV, XLSX, XLS u ODS). "
        "Salida: 0 todo bien, 1 hubo filas rechazadas, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--cartera", required=True, metavar="NAME", help="cartera a la que pertenecen los casos")
        parser.add_argument("--create-cartera", action="store_true", help="crea la cartera si no existe")
        parser.add_argument("--sheet", metavar="S", help="hoja del libro (si no: la primera con encabezado)")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="FIELD=HEADER",
            help="qué columna trae un dato, tantas veces como haga falta; si no, como la última vez. "
            f"Datos: {', '.join(FIELDS)}, {EXTRA}NOMBRE",
        )
        parser.add_argument(
            "--keep-columns",
            nargs="?",
            action="append",
            const=ALL,
            default=[],
            metavar="HEADER",
            help="guarda como dato del acreedor las columnas que no se reconocen, o la de ese encabezado, "
            "tantas veces como haga falta",
        )
        parser.add_argument("--date-order", choices=["dmy", "mdy", "ymd"], default="dmy")
        parser.add_argument(
            "--assign-to", default="", metavar="USERNAME", help=f"gestor de los casos nuevos, o {ROUND_ROBIN}"
        )
        parser.add_argument("--on-existing", choices=[UPDATE, SKIP], default=UPDATE)
        parser.add_argument(
            "--new-keys",
            action="store_true",
            help="crea los casos cuyo número es el de otro escrito de otra forma, si el documento falta o es otro",
        )
        parser.add_argument(
            "--missing",
            choices=MISSING_CHOICES,
            default=REPORT,
            help="los casos abiertos que el archivo ya no trae: informarlos, pasarlos a revisión o darlos de baja",
        )
        parser.add_argument(
            "--missing-max",
            type=int,
            default=MOST_MISSING,
            metavar="PERCENT",
            help=f"hasta qué parte de los casos abiertos puede faltar para tocarlos (si no: {MOST_MISSING})",
        )
        parser.add_argument("--dry-run", action="store_true", help="hace todo y no guarda nada")
        parser.add_argument("--report", type=Path, metavar="OUT.csv", help="dónde dejar el informe de filas")

    def handle(self, *args: Any, **given: Any) -> None:
        options = Options(
            cartera=given["cartera"],
            create_cartera=given["create_cartera"],
            date_order=given["date_order"],
            assign_to=given["assign_to"],
            on_existing=given["on_existing"],
            new_keys=given["new_keys"],
            missing=given["missing"],
            missing_max=given["missing_max"],
            dry_run=given["dry_run"],
        )
        # `call_command(report="…")` from other code does not convert an option to its type.
        report_path = Path(given["report"]) if given["report"] else None
        now = timezone.now()
        try:
            _check_report(report_path, given["file"])
            with whole_file(report_path) as report:
                result = self._import(given, options, now)
                report.write(report_text(result.problems))
        except Unwritable as error:
            raise CommandError(str(error), returncode=NOTHING_DONE) from error
        except WrittenTooLate as error:
            raise CommandError(
                f"La importación terminó, pero sin informe. {error} Está en la administración, en Importaciones.",
                returncode=REJECTED_ROWS,
            ) from error
        except ImportFailed as error:
            raise CommandError(str(error), returncode=NOTHING_DONE) from error
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} No se guardó nada.", returncode=NOTHING_DONE) from error
        except KeyboardInterrupt as error:
            raise _interruption(now) from error
        self._summarize(result, options, has_report=report_path is not None)
        if result.rejected:
            raise SystemExit(REJECTED_ROWS)

    def _import(self, given: dict[str, Any], options: Options, now: datetime) -> Result:
        path, limits = given["file"], Limits(max_bytes=settings.IMPORT_MAX_BYTES)
        with open_table(path, sheet=given["sheet"], limits=limits) as table:
            over = chosen_by_name(table.headers, given["column"])
            with refused_in_words():
                mapping = map_for(options.cartera, table.headers, over=over, wanted=given["keep_columns"])
            with progress_bar("Importando", _line_count(path) if table.encoding else None) as advance:
                # A file name from an old ZIP may not be UTF-8; bytes that cannot be decoded cannot be stored.
                file_name = os.fsencode(path.name).decode(errors="replace")
                return import_table(table, mapping, options, file_name=file_name, by=None, progress=advance, now=now)

    def _show(self, result: Result, options: Options) -> None:
        """What was understood of the file, as the preview of the upload page shows it."""
        for label, header in result.understood.taken:
            self.stdout.write(f"{label} ← «{header}»")
        for label, header in result.understood.remembered:
            self.stdout.write(f"Como la última vez: {label} ← «{header}»")
        for header, reason in result.understood.left:
            self.stdout.write(f"Columna «{header}»: {reason}")
        for label, value in result.understood.lines:
            self.stdout.write(f"{label}: {value}")
        if options.dry_run:
            for row in result.understood.rows:
                self.stdout.write(f"Fila {row.number}: " + " | ".join(map(str, row.cells)))
        if result.settled:
            self.stdout.write(f"Posibles pagos al acreedor (casos que vienen sin deuda): {result.settled}")
        if result.missing and result.missing.count:
            self.stdout.write(
                f"Casos abiertos que el archivo ya no trae: {result.missing.count} "
                f"({format_money(result.missing.total)}); {MISSING_DONE[options.missing]}."
            )
        for note in result.notes:
            self.stdout.write(f"Atención: {note}")

    def _summarize(self, result: Result, options: Options, *, has_report: bool) -> None:
        counts = result.counts
        self._show(result, options)
        # Not as title of the table, which is cut to the width of the table.
        self.stdout.write(f"Cartera {result.cartera}" + (" (prueba: no se guardó nada)" if options.dry_run else ""))
        table = RichTable(show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for key, label in LABELS.items():
            table.add_row(label, whole(counts[key]))
        table.add_row("Importe total", format_money(result.total))
        console = Console(width=80)
        with console.capture() as captured:
            console.print(table)
        self.stdout.write(captured.get())
        if result.rejected and not has_report:
            self.stdout.write("Para ver qué filas se rechazaron y por qué, use --report ARCHIVO.csv.")
        self.stdout.write(" ".join(f"{key}={value}" for key, value in counts.items()))


def _interruption(now: datetime) -> CommandError:
    """The error after Ctrl+C. It may come during the commit, so the database is queried whether the import exists."""
    connection.close()
    if ImportBatch.objects.filter(created_at=now).exists():
        return CommandError(
            "La importación ya había terminado cuando se la interrumpió: se guardó todo. "
            "El informe está en la administración, en Importaciones.",
            returncode=REJECTED_ROWS,
        )
    return CommandError("Importación interrumpida: no se guardó nada.", returncode=NOTHING_DONE)


def _check_report(path: Path | None, source: Path) -> None:
    if path is not None and path.resolve() == source.resolve():
        raise ImportFailed("El informe no puede ir sobre el archivo que se importa: elija otro nombre.")


def _line_count(path: Path) -> int:
    """The approximate number of rows of a text file, for a progress bar."""
    with path.open("rb") as stream:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b""))
