"""Creates a sample agency to try the system. The work is done by `cases.sample_data`; only with DEBUG (DESIGN §8)."""

import time
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import transaction
from django.utils import timezone

from cases import sample_data
from cases.management.reporting import progress_bar
from cases.models import Case
from cases.transfer import verify
from nova.lib import dates
from nova.lib.databases import trouble_of

WRONG, NOTHING_DONE = 1, 2


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError("escriba un número mayor que cero")
    return int(text)


class Command(BaseCommand):
    help = (
        "Crea una agencia de demostración: usuarios, carteras, casos y un año de gestiones, promesas y pagos. "
        "Solo con DEBUG y sobre una base sin casos. Salida: 0 creada (o nada que hacer), 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cases", type=_positive, default=400, metavar="N", help="cuántos casos (400)")
        parser.add_argument("--if-empty", action="store_true", help="no hace nada si ya hay casos")
        parser.add_argument("--seed", type=int, default=1, metavar="S", help="otra semilla, otra agencia")

    def handle(self, *args: Any, **given: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "Los datos de demostración llevan contraseñas conocidas: solo se crean con DEBUG activo.",
                returncode=NOTHING_DONE,
            )
        try:
            self._create_unless_there_are_cases(given)
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} No se creó nada.", returncode=NOTHING_DONE) from error
        self.stdout.write("Ingresos de demostración:")
        for login in sample_data.LOGINS:
            self.stdout.write(f"  {login.username:<8}/ {login.password:<10} {login.what_for}")

    def _create_unless_there_are_cases(self, given: dict[str, Any]) -> None:
        if Case.objects.exists():
            if not given["if_empty"]:
                raise CommandError(
                    "Ya hay casos y no se agregó nada: use una base vacía, o --if-empty para conservar estos.",
                    returncode=NOTHING_DONE,
                )
            self.stdout.write("Ya hay casos: se conservan como están.")
        else:
            self._create(given["cases"], given["seed"])

    def _create(self, cases: int, seed: int) -> None:
        started = time.monotonic()
        with transaction.atomic(), progress_bar("Creando casos", cases) as progress:
            summary = sample_data.create(cases=cases, seed=seed, now=timezone.now(), progress=progress)
            findings = [
                finding.text
                for outcome in verify.run(today=dates.today(), keep=5)
                for finding in outcome.findings
                if not finding.is_notice
            ]
            if findings:
                raise CommandError(
                    f"Los datos creados no pasan verify_data y se descartaron: {' '.join(findings)}", returncode=WRONG
                )
        self.stdout.write(
            f"Agencia de demostración: {summary.carteras} carteras, {summary.gestores} gestores, "
            f"{summary.debtors} deudores, {summary.cases} casos, {summary.activities} gestiones, "
            f"{summary.promises} promesas y {summary.payments} pagos en {time.monotonic() - started:.0f} s."
        )
