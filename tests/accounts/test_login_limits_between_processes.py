"""The limits of log-in as a deployment has them: gunicorn, with Redis and two workers or with the database and one."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
CSRF = "a" * 32


def ask(port: int, username: str, address: str) -> tuple[int, str | None]:
    """One failing log-in, as a script would send it through our proxy: status and Retry-After."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {
        "Content-Type": "application/json",
        "Cookie": f"csrftoken={CSRF}",
        "X-CSRFToken": CSRF,
        "X-Forwarded-For": address,
    }
    connection.request("POST", "/api/login", json.dumps({"username": username, "password": "mala"}), headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, response.getheader("Retry-After")


@pytest.fixture(
    params=[pytest.param(True, marks=pytest.mark.redis, id="redis, 2 workers"), pytest.param(False, id="database")]
)
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "nova.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "127.0.0.1",
        "DEBUG": "False",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'x.db'}",
        "REDIS_URL": settings.TEST_REDIS_URL if request.param else "",
        "WEB_CONCURRENCY": "2" if request.param else "1",
        "SESSION_COOKIE_SECURE": "False",
        "TRUSTED_PROXY_HOPS": "1",
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    command = [str(Path(sys.executable).with_name("gunicorn")), "--bind", f"127.0.0.1:{port}", "nova.wsgi"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("gunicorn did not start")


def test_five_guesses_pass_however_many_are_sent_at_once(port: int) -> None:
    username, address = f"nadie-{secrets.token_hex(4)}", f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ask(port, username, address), range(24)))
    again, wait = ask(port, username, address)

    statuses = Counter(status for status, _ in answers)
    assert set(statuses) == {400, 429}
    assert statuses[400] <= 5
    assert again == 429
    assert 1 <= int(wait or 0) <= 60
    assert ask(port, "otra", f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1")[0] == 400
