"""Takes a file of payments back: one reversal for each payment that it recorded."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from nova.lib.databases import trouble_of
from nova.lib.money import format_money
from payments.models import PaymentFile
from payments.services.undoing import undo

NOTHING_DONE = 2


class Command(BaseCommand):
    help = "Deshace un archivo de pagos: revierte los pagos que registró. Salida: 0 hecho, 2 no se hizo nada."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file_id", metavar="FILE_ID", type=int, help="el número que dio import_payments")
        parser.add_argument("--dry-run", action="store_true", help="dice qué haría y no guarda nada")

    def handle(self, *args: Any, **given: Any) -> None:
        file = PaymentFile.objects.filter(pk=given["file_id"]).first()
        if file is None:
            raise CommandError(f"No existe el archivo de pagos n.º {given['file_id']}.", returncode=NOTHING_DONE)
        try:
            done = undo(file, by=None, dry_run=given["dry_run"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=NOTHING_DONE) from error
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} No se guardó nada.", returncode=NOTHING_DONE) from error
        if given["dry_run"]:
            self.stdout.write("Prueba: no se guardó nada.")
        self.stdout.write(f"Pagos revertidos: {done.payments} ({format_money(done.amount)}).")
        if done.reversed_before:
            self.stdout.write(f"Ya estaban revertidos: {done.reversed_before}.")
        if done.chargebacks:
            self.stdout.write(f"Contracargos que quedan como están: {done.chargebacks}.")
        if done.linked:
            self.stdout.write(f"Pagos cargados a mano que quedan como están: {done.linked}.")
        self.stdout.write(" ".join(f"{name}={value}" for name, value in done.counts.items()))
