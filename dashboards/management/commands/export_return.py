"""Writes what the creditor of a cartera wants back. The work is done by `dashboards.files.return_file`."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from accounts import audit
from accounts.models import AuditEvent
from cases.management.reporting import Unwritable, WrittenTooLate, whole_file
from cases.models import Cartera
from dashboards.figures.periods import Period
from dashboards.files.return_file import return_of, return_workbook
from nova.lib import dates
from nova.lib.databases import trouble_of
from nova.lib.spreadsheets import Cell, csv_lines

NOTHING_DONE = 2


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"«{text}» no es una fecha: escríbala AAAA-MM-DD.") from error


class Command(BaseCommand):
    help = (
        "Escribe la devolución de una cartera: por cada deuda, lo que su acreedor quiere de vuelta. Las columnas se "
        "eligen en la cartera. Contiene datos personales: el archivo queda solo para su dueño. "
        "Salida: 0 todo bien, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cartera", metavar="CARTERA")
        parser.add_argument("--from", dest="start", type=day, metavar="DAY", help="pagos desde (si no: el 1.º del mes)")
        parser.add_argument("--to", dest="end", type=day, metavar="DAY", help="pagos hasta (si no: hoy)")
        parser.add_argument("--output", type=Path, required=True, metavar="OUT", help="dónde: .csv o .xlsx")

    def handle(self, *args: Any, **given: Any) -> None:
        out = Path(given["output"])
        end = given["end"] or dates.today()
        period = Period(given["start"] or end.replace(day=1), end)
        if period.end < period.start:
            raise CommandError("El período termina antes de empezar.", returncode=NOTHING_DONE)
        if out.suffix.lower() not in (".csv", ".xlsx"):
            raise CommandError(f"«{out.name}»: el archivo debe ser .csv o .xlsx.", returncode=NOTHING_DONE)
        try:
            rows = self._write(_cartera(given["cartera"]), period, out)
        except (Unwritable, WrittenTooLate) as error:
            raise CommandError(str(error), returncode=NOTHING_DONE) from error
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} No se escribió nada.", returncode=NOTHING_DONE) from error
        self.stdout.write(f"Devolución del {period.start:%d/%m/%Y} al {period.end:%d/%m/%Y} en «{out}».")
        self.stdout.write(f"rows={rows}")

    def _write(self, cartera: Cartera, period: Period, out: Path) -> int:
        found, count = return_of(cartera, period), 0

        def counted() -> Iterator[list[Cell]]:
            nonlocal count
            for cells in found.all_cells():
                count += 1
                yield cells

        with whole_file(out, what="la devolución", private=True) as stream:
            if out.suffix.lower() == ".csv":
                stream.buffer.writelines(csv_lines(found.columns, counted()))
            else:
                stream.buffer.write(return_workbook(found.columns, counted()))
        period_of = {"cartera": cartera.name, "from": str(period.start), "to": str(period.end)}
        audit.record(AuditEvent.Action.EXPORT, by=None, label=out.name, after=period_of)
        return count


def _cartera(name: str) -> Cartera:
    found = Cartera.objects.named(name)
    if found is None:
        existing = ", ".join(f"«{name}»" for name in Cartera.objects.values_list("name", flat=True)[:20]) or "ninguna"
        raise CommandError(f"No existe la cartera «{name}». Carteras: {existing}.", returncode=NOTHING_DONE)
    return found
