"""Anonymizes a copy of production. The work is done by `cases.transfer.anonymize`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from cases.management.reporting import progress_bar
from cases.models import Debtor
from cases.transfer.anonymize import anonymize
from nova.lib.databases import trouble_of

NOTHING_DONE = 2


class Command(BaseCommand):
    help = (
        "Reemplaza los datos personales de una COPIA de la base (nombres, documentos, teléfonos, textos, usuarios, "
        "auditoría); importes, fechas y estados quedan. No se deshace: pide el nombre de la base. Los usuarios quedan "
        "sin contraseña (createsuperuser crea un administrador). Salida: 0 todo bien, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--confirm", default="", metavar="BASE", help="el nombre de la base, escrito a mano")
        parser.add_argument("--dry-run", action="store_true", help="hace todo y no guarda nada")

    def handle(self, *args: Any, **given: Any) -> None:
        name = str(connection.settings_dict["NAME"])
        if not given["dry_run"] and given["confirm"] != name:
            raise CommandError(
                f"Esto reemplaza para siempre los datos de «{name}». Si es una copia, y no la base con la que se "
                f"trabaja, repita la orden con: --confirm {name}",
                returncode=NOTHING_DONE,
            )
        try:
            with progress_bar("Anonimizando", Debtor.objects.count()) as advance:
                counts = anonymize(dry_run=given["dry_run"], progress=advance)
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} No se cambió nada.", returncode=NOTHING_DONE) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrumpido: no se cambió nada.", returncode=NOTHING_DONE) from error
        if given["dry_run"]:
            self.stdout.write("Prueba: no se guardó nada.")
        self.stdout.write(" ".join(f"{kind}={count}" for kind, count in counts.items()))
