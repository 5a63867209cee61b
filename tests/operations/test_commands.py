"""prepare_database, verify_setup and scheduler: what an installation does by itself (DESIGN §10)."""

import signal
import subprocess
import sys
import time as clock
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import AuditEvent, User
from cases.management.commands.scheduler import is_due
from nova.lib import dates
from tests import serving
from tests.cases.transfer.command import run
from tests.steps import log_in

TOLD = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
ADMIN = {"ADMIN_USERNAME": "jefa", "ADMIN_PASSWORD": "laLlaveDelSabado", "ADMIN_EMAIL": "jefa@example.com"}


@pytest.fixture
def from_environment(monkeypatch):
    for name, value in ADMIN.items():
        monkeypatch.setenv(name, value)


# --- prepare_database ---------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
class TestPrepareDatabase:
    def test_makes_the_first_admin_who_must_choose_a_password(self, from_environment, client):
        ran = run("prepare_database", "-v", "0")

        admin = User.objects.get()
        assert ran.code == 0
        assert (admin.username, admin.email, admin.is_admin, admin.must_change_password) == (
            "jefa", "jefa@example.com", True, True,
        )  # fmt: skip
        assert "laLlaveDelSabado" not in ran.out
        entered = log_in(client, "jefa", ADMIN["ADMIN_PASSWORD"])
        assert client.get(entered.url).url.startswith("/cuenta/clave")

    def test_again_or_with_an_admin_there_it_makes_nobody(self, from_environment, admin_user):
        run("prepare_database", "-v", "0")

        assert list(User.objects.all()) == [admin_user]

    def test_without_the_variables_it_says_what_to_do(self, monkeypatch):
        monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
        ran = run("prepare_database", "-v", "0")

        assert ran.code == 0
        assert "No hay ningún administrador" in ran.out

    @pytest.mark.parametrize("password", ["admin123", "1234567890"])
    def test_a_password_that_anybody_knows_is_refused(self, from_environment, monkeypatch, password):
        monkeypatch.setenv("ADMIN_PASSWORD", password)

        ran = run("prepare_database", "-v", "0")

        assert ran.code == 2
        assert "No se pudo crear el primer administrador" in ran.error
        assert not User.objects.exists()

    def test_dry_run_tells_what_lacks(self):
        assert run("prepare_database", "--dry-run").summary == "pending=0"


@pytest.mark.deployment
def test_a_database_that_does_not_come_ends_in_words(tmp_path: Path):
    env = serving.environment(tmp_path / "x.db", redis_url="", workers=1)
    env["DATABASE_URL"] = "postgres://nadie@127.0.0.1:1/gestiones"
    command = [sys.executable, "manage.py", "prepare_database", "--wait", "1"]

    done = subprocess.run(command, cwd=serving.ROOT, env=env, capture_output=True, text=True)

    assert done.returncode == 2
    assert "no respondió en 1 segundos" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_replicas_that_start_at_once_migrate_once(tmp_path: Path):
    """Three processes on an empty database: one migrates, all end well, and there is one administrator."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL=postgres://…")
    settings = connection.settings_dict
    name = f"{settings['NAME']}_prepare"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    url = f"postgres://{settings['USER']}@{settings['HOST']}:{settings['PORT'] or 5432}/{name}"
    env = serving.environment(tmp_path / "x", redis_url="", workers=1) | {"DATABASE_URL": url} | ADMIN
    command = [sys.executable, "manage.py", "prepare_database"]
    try:
        started = [subprocess.Popen(command, cwd=serving.ROOT, env=env, **TOLD) for _ in range(3)]
        outputs = [process.communicate(timeout=120)[0] for process in started]
        assert [process.returncode for process in started] == [0, 0, 0], outputs
        assert sum("Applying cases.0001" in output for output in outputs) == 1
        assert sum("Administrador «jefa» creado" in output for output in outputs) == 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


# --- verify_setup -----------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_verify_setup_of_a_sound_installation(admin_user, settings):
    settings.REDIS_URL = ""
    settings.STATIC_ROOT = str(Path(__file__).parent)
    settings.DEBUG = True

    ran = run("verify_setup", "--no-mail")

    assert ran.code == 0
    for part in ("Base de datos", "Migraciones", "Administrador"):
        assert f"ok    {part}" in ran.out
    assert "AVISO Redis: sin REDIS_URL" in ran.out


@pytest.mark.django_db
def test_verify_setup_says_what_lacks_and_what_to_do(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.STATIC_ROOT = "/no/existe"
    settings.CONTACT_RECIPIENTS = ["x@example.com"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_SSL = "127.0.0.1", 1, False

    ran = run("verify_setup")

    assert ran.code == 1
    for part in ("ERROR Administrador: no hay ninguno", "ERROR Redis: no responde", "ERROR Archivos estáticos: faltan"):
        assert part in ran.out
    assert "ERROR Correo" in ran.out


# --- scheduler ----------------------------------------------------------------------------------------------
def at(hour: int, minute: int) -> datetime:
    return dates.start_of_day(dates.today()).replace(hour=hour, minute=minute)


@pytest.mark.django_db
def test_the_night_comes_once_a_day_at_its_hour():
    assert not is_due(at(2, 29), time(2, 30))
    assert is_due(at(2, 30), time(2, 30))
    assert is_due(at(19, 0), time(2, 30))  # it was off: it catches up

    AuditEvent.objects.create(action="nightly", created_at=at(2, 31))
    assert not is_due(at(19, 0), time(2, 30))


@pytest.mark.django_db
def test_yesterdays_night_does_not_count_for_today():
    AuditEvent.objects.create(action="nightly", created_at=dates.start_of_day(dates.today()) - timedelta(hours=1))

    assert is_due(at(2, 30), time(2, 30))


@pytest.mark.django_db
def test_once_runs_it_and_the_second_time_does_not():
    run("scheduler", "--once", "--at", "00:00")
    run("scheduler", "--once", "--at", "00:00")

    assert AuditEvent.objects.filter(action="nightly").count() == 1


@pytest.mark.deployment
def test_it_runs_by_itself_beats_and_ends_when_told(prepared: Path, tmp_path: Path):
    env = serving.installation(prepared, tmp_path, redis_url="", workers=1) | {
        "HEARTBEAT_FILE": str(tmp_path / "alive")
    }
    command = [sys.executable, "manage.py", "scheduler", "--at", "00:00"]
    with subprocess.Popen(command, cwd=serving.ROOT, env=env, **TOLD) as process:
        try:
            assert any("nightly took" in line for line in process.stdout)
            assert clock.time() - (tmp_path / "alive").stat().st_mtime < 60
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
