"""The application as a deployment runs it: gunicorn under production's settings, with a database of its own."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def environment(database: Path, *, redis_url: str, workers: int) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "nova.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "127.0.0.1",
        "DEBUG": "False",
        "DATABASE_URL": f"sqlite:///{database}",
        "REDIS_URL": redis_url,
        "WEB_CONCURRENCY": str(workers),
        "SESSION_COOKIE_SECURE": "False",
        "TRUSTED_PROXY_HOPS": "1",
    }


def manage(env: dict[str, str], *arguments: str) -> str:
    """What `manage.py …` prints in that environment."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def gunicorn(env: dict[str, str]) -> Iterator[int]:
    """The port on which it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("gunicorn")), "--bind", f"127.0.0.1:{port}", "nova.wsgi"]
    server = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("gunicorn did not start")
