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
from tests.mailing import VISITOR, Inbox, free_port, silent_server, smtp_server, ticket_of_age

pytestmark = pytest.mark.deployment
ANSWERED_WITHIN, MAIL_TIMEOUT = 0.3, 2  # seconds


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "nova.db"


@pytest.fixture
def installation(prepared: Path, tmp_path: Path) -> dict[str, str]:
    return serving.installation(prepared, tmp_path, redis_url="", workers=1) | {
        "CONTACT_RECIPIENTS": "cobranzas@agencia.example",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_USE_SSL": "False",
        "MAIL_TIMEOUT": str(MAIL_TIMEOUT),
        "TRUSTED_PROXY_HOPS": "0",
    }


@pytest.fixture
def serve(installation: dict[str, str]) -> Callable:
    """A gunicorn that mails to the server on that port."""
    return lambda port: serving.gunicorn(installation | {"MAIL_PORT": str(port)})


@pytest.fixture
def write(installation: dict[str, str]) -> Callable[..., list[tuple[int, float]]]:
    """As browsers do: fetch the forms and post them, some seconds later. Status and seconds of each post."""

    def later(port: int, *messages: str) -> list[tuple[int, float]]:
        forms = [_form(port) for _ in messages]
        assert [fields.keys() for _, fields in forms] == [{"csrfmiddlewaretoken", "ticket"}] * len(messages)
        for _, fields in forms:
            fields["ticket"] = ticket_of_age(4, installation["SECRET_KEY"])
        return [_post(port, *form, message) for form, message in zip(forms, messages, strict=True)]

    return later


def _form(port: int) -> tuple[str, dict[str, str]]:
    """The cookie, and the hidden fields."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", "/")
        page = connection.getresponse()
        cookie = page.headers["Set-Cookie"].split(";")[0]
        html = page.read().decode()
    return cookie, dict(re.findall(r'name="(csrfmiddlewaretoken|ticket)" value="([^"]+)"', html))


def _post(port: int, cookie: str, fields: dict[str, str], message: str) -> tuple[int, float]:
    body = urlencode({**VISITOR, **fields, "message": message})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    started = time.monotonic()
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("POST", "/contact", body, headers)
        answer = connection.getresponse()
        answer.read()
    return answer.status, time.monotonic() - started


def assert_nobody_waited(answers: list[tuple[int, float]]) -> None:
    """None as long as the mail server is waited for; the quickest as quick as all are on a machine that is not busy."""
    assert [status for status, _ in answers] == [302] * len(answers)
    seconds = [spent for _, spent in answers]
    assert min(seconds) < ANSWERED_WITHIN, seconds
    assert max(seconds) < MAIL_TIMEOUT, seconds


def row(database: Path) -> tuple[str, str | None, str]:
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        return connection.execute(
            "SELECT message, notified_at, last_error FROM contact_contactsubmission ORDER BY id DESC"
        ).fetchone()


def unsent(database: Path) -> int:
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        question = "SELECT count(*) FROM contact_contactsubmission WHERE notified_at IS NULL"
        return connection.execute(question).fetchone()[0]


def errors(database: Path) -> list[str]:
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        return [text for (text,) in connection.execute("SELECT last_error FROM contact_contactsubmission")]


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not check():  # honest: it is left when what is waited for has come
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def test_what_waited_goes_out_as_soon_as_the_server_is_back(serve: Callable, write: Callable, database: Path) -> None:
    mail_port = free_port()
    with serve(mail_port) as port:
        write(port, "Mientras estaba caído")
        eventually(lambda: row(database)[2] != "")
        with smtp_server(inbox := Inbox(), mail_port):
            write(port, "Ya volvió")
            eventually(lambda: len(inbox.messages) >= 2)
            eventually(lambda: unsent(database) == 0)


def test_without_a_worker_the_mail_is_sent(serve: Callable, write: Callable, database: Path) -> None:
    with smtp_server(inbox := Inbox()) as mail_port, serve(mail_port) as port:
        assert_nobody_waited(write(port, "Hola", "Buenas", "Buen día"))
        eventually(lambda: unsent(database) == 0)
    told = "".join(str(sent.get_body(("plain",)).get_content()) for sent in inbox.messages)
    assert all(message in told for message in ("Hola", "Buenas", "Buen día"))


def test_a_dead_or_silent_mail_server_delays_nobody(serve: Callable, write: Callable, database: Path) -> None:
    with serve(mail_port := free_port()) as port:
        assert_nobody_waited(write(port, "Primero", "Segundo", "Tercero"))
        eventually(lambda: row(database)[2] != "" or unsent(database) >= 3)
        with silent_server(mail_port):
            assert_nobody_waited(write(port, "Cuarto", "Quinto", "Sexto"))
            assert row(database)[0] == "Sexto"
            eventually(lambda: "no respondió" in "".join(errors(database)))
