"""Checks the setup of an installation: settings, database, migrations, mail, Redis, files (DESIGN §10)."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.checks import WARNING, Tags, run_checks
from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import connection

from accounts.models import User
from contact import mail
from nova.lib import databases, health
from nova.lib.databases import trouble_of

WRONG = 1
OK, NOTICE, ERROR = "ok", "AVISO", "ERROR"
OLDEST_POSTGRESQL = 150_000
# The warnings that one setting causes on purpose: HSTS, the redirect to https and the cookies.
OF_PLAIN_HTTP = frozenset({"security.W004", "security.W008", "security.W012", "security.W016"})


class Line(NamedTuple):
    verdict: str
    what: str
    text: str = ""


class Command(BaseCommand):
    help = (
        "Comprueba la instalación: configuración, base de datos, migraciones, Redis, réplica, correo, archivos "
        "estáticos y un administrador. No cambia nada. Salida: 0 todo bien (puede haber avisos), 1 hay errores."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-mail", action="store_true", help="no se conecta con el servidor de correo")

    def handle(self, *args: Any, **given: Any) -> None:
        parts: list[Callable[[], Iterator[Line]]] = [_settings, _database, _redis, _replica, _static_files]
        if not given["no_mail"]:
            parts.append(_mail)
        errors = 0
        for part in parts:
            for line in part():
                self.stdout.write(f"{line.verdict:<6}{line.what}{f': {line.text}' if line.text else ''}")
                errors += line.verdict == ERROR
        if errors:
            raise CommandError(f"Hay {errors} cosas que corregir: están arriba.", returncode=WRONG)


def _settings() -> Iterator[Line]:
    found = run_checks(tags=[Tags.security], include_deployment_checks=not settings.DEBUG)
    serious = [message for message in found if message.level >= WARNING and not message.is_silenced()]
    if not settings.DEBUG and not settings.SESSION_COOKIE_SECURE:
        serious = [message for message in serious if message.id not in OF_PLAIN_HTTP]
        yield Line(NOTICE, "Configuración", "SESSION_COOKIE_SECURE=False: sin https, solo para probar en localhost.")
    for message in serious:
        yield Line(ERROR, f"Configuración ({message.id})", f"{message.msg} {message.hint or ''}".strip())
    if settings.DEBUG:
        yield Line(NOTICE, "Configuración", "DEBUG está activo: es una instalación de desarrollo.")
    elif not serious:
        yield Line(OK, "Configuración")


def _database() -> Iterator[Line]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        version = getattr(connection, "pg_version", None)
        if version is not None and version < OLDEST_POSTGRESQL:
            yield Line(ERROR, "Base de datos", "hace falta PostgreSQL 15 o posterior.")
        else:
            yield Line(OK, "Base de datos", str(connection.settings_dict["NAME"]))
        pending = health.pending_migrations()
        if pending:
            yield Line(ERROR, "Migraciones", f"faltan {len(pending)}: ejecute manage.py prepare_database.")
            return
        yield Line(OK, "Migraciones")
        if User.objects.filter(role=User.Role.ADMIN, is_active=True).exists():
            yield Line(OK, "Administrador")
        else:
            yield Line(ERROR, "Administrador", "no hay ninguno: use createsuperuser, o ADMIN_USERNAME en .env.")
    except DatabaseError as error:
        yield Line(ERROR, "Base de datos", trouble_of(error))


def _redis() -> Iterator[Line]:
    answer = health.redis()
    if answer is None:
        yield Line(NOTICE, "Redis", "sin REDIS_URL: los límites se cuentan en la base, con un solo proceso web.")
    elif answer == health.OK:
        yield Line(OK, "Redis")
    else:
        yield Line(ERROR, "Redis", "no responde: revise REDIS_URL y que esté en marcha.")


def _replica() -> Iterator[Line]:
    if databases.REPLICA not in settings.DATABASES:
        return
    if databases.replica_is_good(settings.REPLICA_MAX_LAG_SECONDS):
        yield Line(OK, "Réplica")
    else:
        yield Line(ERROR, "Réplica", "no responde o está atrasada; el tablero lee de la base principal mientras tanto.")


def _static_files() -> Iterator[Line]:
    if settings.DEBUG:
        return
    if (Path(settings.STATIC_ROOT) / "staticfiles.json").is_file():
        yield Line(OK, "Archivos estáticos")
    else:
        yield Line(ERROR, "Archivos estáticos", "faltan: ejecute manage.py collectstatic --no-input.")


def _mail() -> Iterator[Line]:
    if not settings.CONTACT_RECIPIENTS:
        yield Line(NOTICE, "Correo", "CONTACT_RECIPIENTS está vacío: nadie recibe los avisos de contacto.")
        return
    if "smtp" not in settings.EMAIL_BACKEND:
        yield Line(NOTICE, "Correo", "se escribe en la consola, no se envía.")
        return
    server = get_connection()
    try:
        server.open()
        server.close()
    except Exception as error:  # any error is a finding for the operator
        yield Line(ERROR, "Correo", mail.in_words(error))
    else:
        yield Line(OK, "Correo", f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}")
