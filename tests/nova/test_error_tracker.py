"""SENTRY_DSN: an error reaches the tracker, and nobody's data with it. The tracker is a server of the test."""

import gzip
import http.server
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import brotli
import pytest

from tests import serving
from tests.operations.cluster import ask, wait_until

pytestmark = pytest.mark.deployment


@pytest.fixture
def tracker() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    received: list[dict[str, Any]] = []

    class Tracker(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = {"gzip": gzip.decompress, "br": brotli.decompress}.get(self.headers.get("Content-Encoding"))
            body = packed(body) if packed else body
            received.extend(json.loads(line) for line in body.splitlines() if line.strip())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tracker) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://llave@127.0.0.1:{server.server_address[1]}/1", received
        server.shutdown()


def test_an_error_is_told_without_what_was_sent(prepared: Path, tmp_path: Path, tracker):
    dsn, received = tracker
    env = serving.installation(prepared, tmp_path, redis_url="", workers=1) | {"SENTRY_DSN": dsn}
    with closing(sqlite3.connect(tmp_path / "nova.db")) as database:
        database.execute("DROP TABLE accounts_user")  # a failure that no page expects

    with serving.gunicorn(env) as port:
        body = {"username": "quintana@correo.example", "password": "clave-muy-secreta"}
        headers = {"Cookie": f"csrftoken={'a' * 32}", "X-CSRFToken": "a" * 32}
        status, _, _ = ask(port, "POST", "/api/login?q=Quintana", body=body, headers=headers)
        assert status == 500
        wait_until(lambda: any("exception" in item for item in received), 20)

    text = json.dumps(received)
    assert "no such table" in text
    assert "/api/login" in text
    for secret in ("quintana", "Quintana", "clave-muy-secreta", "a" * 32):
        assert secret not in text
