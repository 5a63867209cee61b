"""The background process that mails what the contact form stored, by `contact.outbox`."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import close_old_connections

from contact import outbox
from nova.lib import health
from nova.lib.databases import trouble_of

STILL_UNSENT = 1


class Command(BaseCommand):
    help = (
        "Envía los avisos de los mensajes de contacto y reintenta los que fallaron, hasta que se lo detiene. "
        "Puede haber varios a la vez. Donde este proceso corre, el servidor web va con CONTACT_WORKER=True. "
        "Salida: 0 al detenerlo; con --once, 1 si quedan avisos sin enviar."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="envía lo pendiente, sin esperar plazos, y termina")
        parser.add_argument("--every", type=int, default=15, metavar="SEGUNDOS", help="pausa entre vueltas (15)")

    def handle(self, *args: Any, **given: Any) -> None:
        if given["every"] < 1:
            raise CommandError("--every va en segundos: 1 o más.")
        if given["once"]:
            self._once()
        else:
            self._until_stopped(given["every"])

    def _once(self) -> None:
        try:
            done = outbox.drain(impatient=True)
        except DatabaseError as error:
            raise CommandError(trouble_of(error), returncode=STILL_UNSENT) from error
        self._report(done)
        if not outbox.is_configured():
            self.stdout.write("CONTACT_RECIPIENTS está vacío: nadie recibe avisos.")
        elif done.left:
            raise CommandError("El motivo de cada uno está en /submissions.", returncode=STILL_UNSENT)

    def _until_stopped(self, every: int) -> None:
        """Mail every `every` seconds until a signal arrives; a message that is being sent is finished first."""
        stopped = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopped.set())
        self.stdout.write(f"Enviando avisos cada {every} segundos. Ctrl+C lo detiene.")
        while not stopped.is_set():
            self._round()
            stopped.wait(every)
        self.stdout.write("Detenido.")

    def _round(self) -> None:
        health.beat()
        close_old_connections()
        try:
            done = outbox.drain()
        except DatabaseError as error:
            self.stderr.write(trouble_of(error))  # an outage ends: try again next time
            return
        if done.sent or done.failed:
            self._report(done)

    def _report(self, done: outbox.Drained) -> None:
        self.stdout.write(f"Avisos enviados: {done.sent}. Fallidos: {done.failed}. Sin enviar: {done.left}.")
        self.stdout.flush()
