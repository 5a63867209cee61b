"""Takes an import of cases, or a recall, back. The rules are DESIGN §5; `cases.importing.undoing` does the work."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from cases.importing.errors import ImportFailed
from cases.importing.undoing import undo_import
from cases.models import ImportBatch
from nova.lib.databases import trouble_of
from nova.lib.money import format_money

NOTHING_DONE = 2
EXAMPLES = 20


class Command(BaseCommand):
    help = (
        "Deshace una importación: lo que nadie tocó después vuelve a como estaba, y el resto queda. "
        "Salida: 0 hecho, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("batch", metavar="BATCH_ID", type=int, help="el número de la importación")
        parser.add_argument("--dry-run", action="store_true", help="dice qué haría y no guarda nada")

    def handle(self, *args: Any, **given: Any) -> None:
        batch = ImportBatch.objects.filter(pk=given["batch"]).defer("report", "originals").first()
        if batch is None:
            raise CommandError(f"No existe la importación n.º {given['batch']}.", returncode=NOTHING_DONE)
        try:
            done = undo_import(batch, by=None, dry_run=given["dry_run"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=NOTHING_DONE) from error
        except ImportFailed as error:
            raise CommandError(str(error), returncode=NOTHING_DONE) from error
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} No se guardó nada.", returncode=NOTHING_DONE) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrumpido: no se guardó nada.", returncode=NOTHING_DONE) from error
        if given["dry_run"]:
            self.stdout.write("Prueba: no se guardó nada.")
        amount = format_money(done.removed_amount)
        self.stdout.write(f"Casos quitados: {done.removed}, por {amount}, con {done.people} deudores sin otra deuda.")
        self.stdout.write(f"Casos que vuelven a como estaban: {done.restored}.")
        self.stdout.write(f"Deudores que vuelven a como estaban: {done.contacts}.")
        for reason, count in done.reasons.most_common():
            self.stdout.write(f"Quedan como están {count}: {reason}.")
            named = [case for case, why in done.kept if why == reason]
            for case in named[:EXAMPLES]:
                self.stdout.write(f"  {case}")
            if count > EXAMPLES:
                self.stdout.write(f"  … y {count - EXAMPLES} más")
        self.stdout.write(" ".join(f"{name}={count}" for name, count in done.counts.items()))
