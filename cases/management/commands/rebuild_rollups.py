"""Computes the dashboard's sums again, after a correction with the triggers off; `verify_data` reports the need."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from cases import rollups
from nova.lib.databases import trouble_of

NOTHING_DONE = 2


class Command(BaseCommand):
    help = (
        "Rehace los totales que lee el tablero a partir de los casos, movimientos, promesas y gestiones. "
        "Mientras tanto nadie puede grabar; leer, sí. Salida: 0 hecho, 2 no se pudo."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **given: Any) -> None:
        if not rollups.is_kept():
            self.stdout.write("Esta base de datos (SQLite) no guarda totales: los calcula cada vez. Nada que rehacer.")
            return
        started = time.monotonic()
        try:
            rollups.rebuild()
        except rollups.Busy as error:
            raise CommandError(
                "En medio minuto nadie dejó de grabar: los totales quedan como estaban. Pruebe más tarde.",
                returncode=NOTHING_DONE,
            ) from error
        except DatabaseError as error:
            raise CommandError(
                f"{trouble_of(error)} Los totales quedan como estaban.", returncode=NOTHING_DONE
            ) from error
        self.stdout.write(f"Totales rehechos en {time.monotonic() - started:.1f} s.")
