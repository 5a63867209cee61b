"""The nightly run, started by the scheduler. The work is done by `cases.nightly`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.utils import timezone

from cases import nightly
from nova.lib.databases import Taken, trouble_of

SOME_FAILED, NOTHING_DONE = 1, 2


class Command(BaseCommand):
    help = (
        "Decide las promesas vencidas, acomoda la bandeja, borra sesiones y archivos vencidos y reintenta los avisos "
        "de contacto que no salieron. "
        "Puede ejecutarse más de una vez y recupera los días perdidos. "
        "Salida: 0 todo bien, 1 algún caso no se pudo procesar, 2 no se hizo nada."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="hace todo y no guarda nada")

    def handle(self, *args: Any, **given: Any) -> None:
        try:
            report = nightly.run(now=timezone.now(), dry_run=given["dry_run"])
        except Taken as error:
            raise CommandError(
                "Ya hay un proceso nocturno en marcha: este no hizo nada. Espere a que termine el otro.",
                returncode=NOTHING_DONE,
            ) from error
        except DatabaseError as error:
            raise CommandError(f"{trouble_of(error)} Lo hecho hasta ahí queda.", returncode=NOTHING_DONE) from error
        self._summarize(report, dry_run=given["dry_run"])
        if report.failed:
            numbers = ", ".join(str(number) for number in report.failed_cases)
            raise CommandError(
                f"Casos que no se pudieron procesar: {report.failed} (números: {numbers}). Los demás, sí; "
                "el motivo de cada uno está en el registro.",
                returncode=SOME_FAILED,
            )

    def _summarize(self, report: nightly.Report, *, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write("Prueba: no se guardó nada.")
        self.stdout.write(f"Casos con promesas vencidas: {report.promises_decided}")
        self.stdout.write(f"  de ellos, con una promesa incumplida: {report.promises_broken}")
        self.stdout.write(f"Convenios que cayeron: arrangements_lapsed={report.arrangements_lapsed}")
        self.stdout.write(f"Casos acomodados en la bandeja: {report.brought_forward}")
        self.stdout.write(f"Detenciones que llegaron a su fin: {report.stops_ended}")
        self.stdout.write(f"Sesiones vencidas borradas: {report.sessions}")
        self.stdout.write(f"Archivos sin confirmar borrados: {report.uploads}")
        self.stdout.write(f"Avisos de contacto enviados: {report.notices_sent}, sin enviar: {report.notices_left}")
        self.stdout.write(f"Duración: {report.seconds:.1f} s")
