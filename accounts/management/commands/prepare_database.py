"""Prepares an installation: waits for the database, migrates it, and creates the first administrator.

When several web replicas start at once, one migrates and the others wait for it (DESIGN §10).
"""

import os
import time
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import connection, transaction

from accounts import audit
from accounts.models import AuditEvent, User
from nova.lib import health
from nova.lib.databases import Lock, alone, trouble_of

NOTHING_DONE = 2
PAUSE_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Espera a la base de datos, aplica las migraciones que falten (una sola vez, aunque varios lo pidan a la vez) "
        "y, si no hay ningún administrador, crea el de ADMIN_USERNAME, ADMIN_PASSWORD y ADMIN_EMAIL, que debe elegir "
        "otra contraseña al entrar. Salida: 0 todo bien, 2 no se pudo."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--wait", type=int, default=60, metavar="SEGUNDOS", help="cuánto espera a la base (60)")
        parser.add_argument("--dry-run", action="store_true", help="dice qué migraciones faltan y no aplica ninguna")

    def handle(self, *args: Any, **given: Any) -> None:
        self._wait(given["wait"])
        try:
            if given["dry_run"]:
                self._tell_pending()
                return
            with alone(Lock.PREPARATION, waits=True):
                call_command("migrate", interactive=False, verbosity=given["verbosity"])
                self._make_first_admin()
        except DatabaseError as error:
            raise CommandError(trouble_of(error), returncode=NOTHING_DONE) from error

    def _wait(self, seconds: int) -> None:
        deadline = time.monotonic() + seconds
        while health.database() != health.OK:
            if time.monotonic() > deadline:
                place = connection.settings_dict["HOST"] or connection.settings_dict["NAME"]
                raise CommandError(
                    f"La base de datos ({place}) no respondió en {seconds} segundos: revise que esté en marcha, "
                    "DATABASE_URL y, en Docker, que DB_PASSWORD sea la contraseña con que se creó el volumen.",
                    returncode=NOTHING_DONE,
                )
            time.sleep(PAUSE_SECONDS)

    def _tell_pending(self) -> None:
        pending = health.pending_migrations()
        for name in pending:
            self.stdout.write(f"Falta {name}")
        self.stdout.write(f"pending={len(pending)}")

    def _make_first_admin(self) -> None:
        if User.objects.filter(role=User.Role.ADMIN).exists():
            return
        username, password = os.environ.get("ADMIN_USERNAME", ""), os.environ.get("ADMIN_PASSWORD", "")
        if not username or not password:
            self.stdout.write(
                "No hay ningún administrador: ponga ADMIN_USERNAME y ADMIN_PASSWORD en .env y repita la orden, o use "
                "createsuperuser."
            )
            return
        admin = User(username=username, email=os.environ.get("ADMIN_EMAIL", ""), must_change_password=True)
        admin.role, admin.is_staff, admin.is_superuser = User.Role.ADMIN, True, True
        try:
            validate_password(password, admin)
            admin.set_password(password)
            admin.full_clean()
        except ValidationError as error:
            raise CommandError(
                f"No se pudo crear el primer administrador: {' '.join(error.messages)} "
                "Corrija ADMIN_USERNAME, ADMIN_PASSWORD o ADMIN_EMAIL en .env.",
                returncode=NOTHING_DONE,
            ) from error
        with transaction.atomic():
            admin.save()
            audit.record(AuditEvent.Action.CREATED, by=None, target=admin, after={"role": admin.role})
        self.stdout.write(
            f"Administrador «{username}» creado: al entrar elige otra contraseña. Quite ADMIN_PASSWORD de .env."
        )
