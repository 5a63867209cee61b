"""The database away, a disk full: 503 in words for people, fragments and programs alike (nova.lib.outages)."""

import errno
from pathlib import Path

import psycopg
import pytest
from django.db import (
    DataError,
    Error,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
)
from django.db.utils import ConnectionHandler
from django.test import Client

from nova.lib.databases import trouble_of
from nova.lib.outages import Outage, outage_of

pytestmark = pytest.mark.django_db
WORDS = "La base de datos no responde en este momento: espere unos segundos y repítalo."


@pytest.fixture
def down(gestor_client: Client):
    def refuse(*args):
        raise OperationalError("database is locked" if connection.vendor == "sqlite" else "connection lost")

    gestor_client.raise_request_exception = False
    with connection.execute_wrapper(refuse):
        yield gestor_client


def test_people_get_a_page_that_says_so(down: Client):
    response = down.get("/dashboard-gestor")

    assert response.status_code == 503
    assert WORDS in response.text
    assert response["Retry-After"] == "10"
    assert response["Cache-Control"] == "no-store, private"


def test_programs_get_the_envelope(down: Client):
    response = down.get("/api/v1/cases", headers={"Authorization": "Token nova_abcdefgh"})

    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert response.json() == {"success": False, "error": WORDS, "details": {}, "status_code": 503}


def test_a_fragment_keeps_the_page_and_what_was_typed(down: Client):
    response = down.get("/dashboard-gestor", headers={"HX-Request": "true"})

    assert response.status_code == 503
    assert response["HX-Reswap"] == "none"
    assert WORDS in response.text


def of_postgresql(state: str, kind: type[Exception] = OperationalError) -> Exception:
    error = kind("…")
    error.__cause__ = psycopg.errors.lookup(state)()
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (of_postgresql("57P01"), Outage.AWAY),  # an administrator stopped it
        (of_postgresql("53300"), Outage.AWAY),  # too many connections
        (of_postgresql("40P01"), Outage.AWAY),  # a deadlock
        (of_postgresql("25006", InternalError), Outage.AWAY),  # it is a replica now
        (of_postgresql("53100"), Outage.FULL),
        (of_postgresql("XX001", InternalError), Outage.DAMAGED),
        (OperationalError("server closed the connection unexpectedly"), Outage.AWAY),
        (InterfaceError("the connection is closed"), Outage.AWAY),
        (OSError(errno.ENOSPC, "No space left on device"), Outage.FULL),
        (OSError(errno.EROFS, "Read-only file system"), Outage.READ_ONLY),
        (OSError(errno.ECONNRESET, "Connection reset by peer"), None),
        (of_postgresql("22003", DataError), None),
        (of_postgresql("42P01", ProgrammingError), None),
        (InternalError("…"), None),
        (ValueError("…"), None),
        (None, None),
    ],
)
def test_what_passes_is_an_outage_and_what_is_wrong_is_none(error, expected, monkeypatch):
    monkeypatch.setattr(connection, "vendor", "postgresql")

    assert outage_of(error) is expected


@pytest.mark.parametrize(
    ("content", "expected", "words"),
    [
        (b"this is no database" * 100, Outage.DAMAGED, "está dañada: detenga el sitio y restaure la última copia"),
        (None, Outage.AWAY, "revise DATABASE_URL y que exista su carpeta"),
    ],
)
def test_a_file_that_is_no_database_and_a_folder_that_is_not_there(tmp_path: Path, content, expected, words):
    name = tmp_path / "nova.db" if content else tmp_path / "no-existe" / "nova.db"
    if content:
        name.write_bytes(content)
    other = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": name}})["default"]

    ours, connections["default"] = connections["default"], other
    try:
        with pytest.raises(Error) as raised, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM sqlite_master")
        found, told = outage_of(raised.value), trouble_of(raised.value)
    finally:
        connections["default"] = ours
        other.close()

    assert (found, words in told) == (expected, True), told
