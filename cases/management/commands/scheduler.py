"""Runs `nightly` once a day, and loads what is left in a folder. Several schedulers may run; only one does the work."""

import logging
import signal
import subprocess  # noqa: TID251 (our own command, and a folder that the operator names)
import sys
import threading
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime, time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone

from accounts.models import AuditEvent
from cases import nightly
from nova.lib import dates, health
from nova.lib.databases import Taken
from nova.lib.outages import outage_of

logger = logging.getLogger(__name__)
LOOK_SECONDS = 60


def _time_of_day(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 (an hour of Buenos Aires)
    except ValueError as error:
        raise ArgumentTypeError("escriba la hora así: 02:30") from error


class Command(BaseCommand):
    help = (
        "Ejecuta nightly todos los días a la hora indicada (hora de Buenos Aires) hasta que se lo detiene. Si a esa "
        "hora estaba apagado, lo ejecuta al arrancar. Salida: 0 al detenerlo."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", type=_time_of_day, default=time(2, 30), metavar="HH:MM", help="hora local (02:30)")
        parser.add_argument(
            "--incoming", type=Path, metavar="FOLDER", help="carga lo que se deja en esa carpeta (load_incoming)"
        )
        parser.add_argument("--once", action="store_true", help="lo ejecuta si hoy hace falta, y termina")

    def handle(self, *args: Any, **given: Any) -> None:
        stopped = threading.Event()
        if not given["once"]:
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, lambda *_: stopped.set())
            logger.info("scheduler: nightly every day at %s", given["at"].strftime("%H:%M"))
        incoming = Incoming(given["incoming"])
        while not stopped.is_set():
            health.beat()
            incoming.look()
            try:
                if is_due(timezone.now(), given["at"]):
                    self._run()
            except DatabaseError as error:  # the database may come back: try again later
                logger.warning("scheduler: nothing was done (%s): %s", outage_of(error), type(error).__name__)
            if given["once"]:
                break
            stopped.wait(LOOK_SECONDS)
            close_old_connections()
        incoming.end(now=not given["once"])

    def _run(self) -> None:
        try:
            report = nightly.run(now=timezone.now())
        except Taken:
            return
        logger.info(
            "scheduler: nightly took %.1f s, %d cases decided, %d moved, %d failed",
            report.seconds, report.promises_decided, report.brought_forward, report.failed,
        )  # fmt: skip


class Incoming:
    """The process that loads a folder, beside this one: a portfolio takes minutes, and the night does not wait."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Begin, unless the last one is still at it or there is no such folder."""
        if self.folder is None or not self.folder.is_dir() or (self.process and self.process.poll() is None):
            return
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "load_incoming", str(self.folder)]
        self.process = subprocess.Popen(command)  # noqa: S603 (see above)

    def end(self, *, now: bool) -> None:
        """Wait for it; `now` tells it to stop first. What it was loading is loaded again, and nothing of it twice."""
        if self.process:
            if now:
                self.process.terminate()
            self.process.wait()


def is_due(now: datetime, at: time) -> bool:
    """Whether the time `at` has passed and there was no run since 00:00. Runs a query."""
    if dates.to_local(now).time() < at:
        return False
    midnight = dates.start_of_day(dates.local_date(now))
    return not AuditEvent.objects.filter(action=AuditEvent.Action.NIGHTLY, created_at__gte=midnight).exists()
