"""Repairs the derived columns of cases. The work is done by `cases.transfer.repair`."""

from argparse import ArgumentParser
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.utils import timezone

from cases.transfer import repair
from cases.transfer.repair import COLUMNS
from nova.lib.databases import trouble_of
from nova.lib.dates import format_moment
from nova.lib.money import format_money

LEFT, NOTHING_DONE = 1, 2


class Command(BaseCommand):
    help = (
        "Corrige en los casos lo que verify_data encuentra mal y se calcula de sus movimientos y gestiones: saldo, "
        "fecha del último pago, desenlace de las promesas, etapa, última gestión. Los movimientos no se tocan. "
        "Puede ejecutarse con gente trabajando, y más de una vez. "
        "Salida: 0 no queda nada por corregir, 1 algún caso quedó sin corregir, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="dice qué corregiría y no guarda nada")
        parser.add_argument("--limit", type=int, default=20, metavar="N", help="casos que muestra uno por uno")

    def handle(self, *args: Any, **given: Any) -> None:
        self.left_to_show = given["limit"]
        try:
            report = repair.run(now=timezone.now(), dry_run=given["dry_run"], tell=self._tell)
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} Lo hecho hasta ahí queda.", returncode=NOTHING_DONE) from error
        if report.repaired > given["limit"]:
            self.stdout.write(f"… y {report.repaired - given['limit']} casos más: la auditoría tiene cada uno.")
        for name, count in report.columns.items():
            self.stdout.write(f"{COLUMNS[name].capitalize()}: {count}")
        if given["dry_run"]:
            self.stdout.write("Prueba: no se guardó nada.")
        self.stdout.write(f"repaired={report.repaired} left={len(report.left)}")
        if report.left:
            numbers = ", ".join(str(number) for number in report.left[:20])
            raise CommandError(
                f"Casos que siguen mal: {len(report.left)} (números: {numbers}). verify_data dice qué tienen.",
                returncode=LEFT,
            )

    def _tell(self, mended: repair.Mended) -> None:
        if self.left_to_show > 0:
            self.stdout.write(_line(mended))
        self.left_to_show -= 1


def _line(mended: repair.Mended) -> str:
    changes = (
        COLUMNS[name]
        if name in ("promises", "arrangements")
        else f"{COLUMNS[name]} {_shown(mended.before[name])} → {_shown(mended.after[name])}"
        for name in mended.after
    )
    return f"Caso {mended.case.pk} ({mended.case.nro_cliente or 'sin nro. de cliente'}): {'; '.join(changes)}"


def _shown(value: Any) -> str:
    if value is None:
        return "ninguna"
    if isinstance(value, Decimal):
        return format_money(value)
    if isinstance(value, datetime):
        return format_moment(value)
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)
