"""The web process of an installation without a worker: it mails by itself, and no visitor waits for the mail server."""

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests import serving
from tests.contact.conftest import VISITOR, Inbox, free_port, silent_server, smtp_server

pytestmark = pytest.mark.own_database
ANSWERED_WITHIN = 0.3  # seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this installation keeps its database."""
    return tmp_path_factory.mktemp("installation")


@pytest.fixture
def database(folder: Path) -> Path:
    return folder / "nova.db"


@pytest.fixture(scope="module")
def installation(prepared: Path, folder: Path) -> dict[str, str]:
    return serving.installation(prepared, folder, redis_url="", workers=1) | {
        "CONTACT_RECIPIENTS": "cobranzas@agencia.example",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_USE_SSL": "False",
        "MAIL_TIMEOUT": "2",
        "TRUSTED_PROXY_HOPS": "0",
    }


@pytest.fixture
def serve(installation: dict[str, str]) -> Callable:
    """A gunicorn that mails to the server on that port."""
    return lambda port: serving.gunicorn(installation | {"MAIL_PORT": str(port)})


def send(port: int, message: str) -> tuple[int, float]:
    """As a browser does: fetch the form, fill it in for three seconds, post it. Status and seconds of the post."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", "/")
        page = connection.getresponse()
        cookie = page.headers["Set-Cookie"].split(";")[0]
        html = page.read().decode()
    fields = dict(re.findall(r'name="(csrfmiddlewaretoken|ticket)" value="([^"]+)"', html))
    time.sleep(3.2)
    body = urlencode({**VISITOR, **fields, "message": message})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    started = time.monotonic()
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("POST", "/contact", body, headers)
        answer = connection.getresponse()
        answer.read()
    return answer.status, time.monotonic() - started


def row(database: Path) -> tuple[str, str | None, str]:
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        return connection.execute(
            "SELECT message, notified_at, last_error FROM contact_contactsubmission ORDER BY id DESC"
        ).fetchone()


def unsent(database: Path) -> int:
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        question = "SELECT count(*) FROM contact_contactsubmission WHERE notified_at IS NULL"
        return connection.execute(question).fetchone()[0]


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def test_what_waited_goes_out_as_soon_as_the_server_is_back(serve: Callable, database: Path) -> None:
    mail_port = free_port()
    with serve(mail_port) as port:
        send(port, "Mientras estaba caído")
        eventually(lambda: row(database)[2] != "")
        with smtp_server(inbox := Inbox(), mail_port):
            send(port, "Ya volvió")
            eventually(lambda: len(inbox.messages) >= 2)
            eventually(lambda: unsent(database) == 0)


def test_without_a_worker_the_mail_is_sent(serve: Callable, database: Path) -> None:
    with smtp_server(inbox := Inbox()) as mail_port, serve(mail_port) as port:
        status, seconds = send(port, "Hola")
        assert (status, seconds < ANSWERED_WITHIN) == (302, True), seconds
        eventually(lambda: row(database)[1] is not None)
    assert any("Hola" in str(sent.get_body(("plain",)).get_content()) for sent in inbox.messages)


def test_a_dead_or_silent_mail_server_delays_nobody(serve: Callable, database: Path) -> None:
    with serve(free_port()) as port:
        status, seconds = send(port, "Primero")
        assert (status, seconds < ANSWERED_WITHIN) == (302, True), seconds
        eventually(lambda: row(database)[2] != "")
    with silent_server() as mail_port, serve(mail_port) as port:
        status, seconds = send(port, "Segundo")
        assert (status, seconds < ANSWERED_WITHIN) == (302, True), seconds
        assert row(database)[0] == "Segundo"
        eventually(lambda: "no respondió" in row(database)[2])
