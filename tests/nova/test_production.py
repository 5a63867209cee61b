"""Production starts safe or not at all (DESIGN §8)."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.deployment
ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "DJANGO_SETTINGS_MODULE": "nova.settings.production",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": "nova.example",
    "DEBUG": "False",
    "DATABASE_URL": "sqlite://:memory:",
    "REDIS_URL": "",
    "SESSION_COOKIE_SECURE": "True",
    "TRUSTED_PROXY_HOPS": "0",
    "WEB_CONCURRENCY": "1",
}


def run(*command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A command under production's settings; an empty variable is as good as none, and `.env` cannot fill it."""
    environment = {**os.environ, **GOOD, **changes}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def manage(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "manage.py", *arguments, **changes)


REFUSALS = [
    ({"SECRET_KEY": ""}, "SECRET_KEY"),
    ({"SECRET_KEY": "corta"}, "SECRET_KEY"),
    ({"SECRET_KEY": "a" * 80}, "SECRET_KEY"),
    ({"SECRET_KEY": "django-insecure-" + secrets.token_urlsafe(64)}, "SECRET_KEY"),
    ({"DEBUG": "True"}, "DEBUG"),
    ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
    ({"ALLOWED_HOSTS": " , "}, "ALLOWED_HOSTS"),
]


@pytest.mark.parametrize(("changes", "name"), REFUSALS)
def test_refuses_in_one_line(changes: dict[str, str], name: str) -> None:
    result = manage("check", **changes)

    assert result.returncode == 1
    assert result.stderr.startswith(name)
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_gunicorn_ends_with_the_same_line(workers: str) -> None:
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))

    result = run(gunicorn, "--bind", "127.0.0.1:0", "nova.wsgi", SECRET_KEY="", WEB_CONCURRENCY=workers)

    assert result.returncode == 1
    assert result.stderr.startswith("SECRET_KEY")
    assert result.stderr.count("\n") == 1


def test_deploy_check_is_clean() -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING")

    assert result.returncode == 0, result.stderr
    assert "0 silenced" in result.stdout


@pytest.mark.parametrize(
    ("workers", "redis_url", "code"),
    [("1", "", 0), ("2", "", 1), ("auto", "", 1), ("2", "redis://127.0.0.1:6379/0", 0)],
)
def test_several_workers_need_redis(workers: str, redis_url: str, code: int) -> None:
    result = manage("check", "--deploy", WEB_CONCURRENCY=workers, REDIS_URL=redis_url)

    assert result.returncode == code
    assert ("nova.E001" in result.stderr) is bool(code)


PROBE = """
from django.conf import settings
from django.test import Client
# Pages are asked for without collected files.
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
secure = Client().get("/login", secure=True, headers={"Host": "nova.example"})
plain = Client().get("/login", headers={"Host": "nova.example"})
is_secure = bool(secure.cookies[settings.CSRF_COOKIE_NAME]["secure"])
print(plain.status_code, secure.get("Strict-Transport-Security"), is_secure,
      settings.SESSION_COOKIE_SECURE, settings.CACHES["default"]["BACKEND"].split(".")[-1])
"""


@pytest.mark.parametrize(
    ("secure", "answer"),
    [
        ("True", "301 max-age=31536000; includeSubDomains; preload True True CountingDatabaseCache"),
        ("False", "200 None False False CountingDatabaseCache"),
    ],
)
def test_plain_http_is_asked_for_explicitly(secure: str, answer: str, tmp_path: Path) -> None:
    """Without a TLS proxy SESSION_COOKIE_SECURE=False relaxes the cookies, the redirect and HSTS."""
    database = f"sqlite:///{tmp_path / 'x.db'}"

    result = manage("shell", "-v", "0", "-c", PROBE, SESSION_COOKIE_SECURE=secure, DATABASE_URL=database)

    assert result.stdout.strip().endswith(answer), result.stderr


@pytest.mark.parametrize("name", ["SESSION_IDLE_MINUTES", "SESSION_LIFETIME_HOURS"])
def test_sessions_of_no_time_are_told_before_they_lock_everybody_out(name: str) -> None:
    result = manage("check", **{name: "0"})

    assert result.returncode == 1
    assert "nova.E002" in result.stderr
    assert name in result.stderr
