"""Verifies the data. The checks are in `cases.transfer.verify`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from cases.transfer import verify
from nova.lib import dates, health
from nova.lib.databases import STALE_SCHEMA, one_moment, trouble_of

WRONG, NOTHING_DONE = 1, 2


class Command(BaseCommand):
    help = (
        "Comprueba que los datos respeten las reglas (saldos, promesas, estados, duplicados…); no cambia nada. "
        "Salida: 0 todo bien (puede haber avisos), 1 hay errores, 2 no se pudo comprobar."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, default=20, metavar="N", help="hallazgos que muestra de cada control")

    def handle(self, *args: Any, **given: Any) -> None:
        errors = notices = 0
        try:
            if health.pending_migrations():
                raise CommandError(STALE_SCHEMA, returncode=NOTHING_DONE)
            # Of one moment, so what is saved between two reads is no finding; server-side cursors need it too.
            with one_moment():
                for outcome in verify.run(today=dates.today(), keep=max(given["limit"], 0)):
                    self._print(outcome)
                    errors += outcome.errors
                    notices += outcome.notices
        except DatabaseError as error:
            raise CommandError(trouble_of(error), returncode=NOTHING_DONE) from error
        self.stdout.write(f"errors={errors} notices={notices}")
        if errors:
            raise CommandError(f"Hay errores en los datos ({errors}): el detalle está arriba.", returncode=WRONG)

    def _print(self, outcome: verify.Outcome) -> None:
        verdict = "ERROR" if outcome.errors else "AVISO" if outcome.notices else "ok"
        counts = f" (errores: {outcome.errors}, avisos: {outcome.notices})" if verdict != "ok" else ""
        self.stdout.write(f"{verdict:<6}{outcome.title}{counts}")
        for finding in outcome.findings:
            self.stdout.write(f"        {finding.text}")
        total = outcome.errors + outcome.notices
        if total > len(outcome.findings):
            self.stdout.write(f"        … y {total - len(outcome.findings)} más: --limit {total} los muestra todos.")
        if outcome.errors and outcome.mended_by:
            self.stdout.write(f"        Se corrige con manage.py {outcome.mended_by} (con --dry-run dice qué haría).")
