"""The database away: 503 in words for people, fragments and programs alike (nova.lib.errors)."""

import psycopg
import pytest
from django.db import DataError, InterfaceError, InternalError, OperationalError, ProgrammingError, connection
from django.test import Client

from nova.lib.databases import is_outage

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
        (of_postgresql("57P01"), True),  # an administrator stopped it
        (of_postgresql("53300"), True),  # too many connections
        (of_postgresql("40P01"), True),  # a deadlock
        (of_postgresql("25006", InternalError), True),  # it is a replica now
        (OperationalError("server closed the connection unexpectedly"), True),
        (InterfaceError("the connection is closed"), True),
        (of_postgresql("22003", DataError), False),
        (of_postgresql("42P01", ProgrammingError), False),
        (InternalError("…"), False),
        (ValueError("…"), False),
        (None, False),
    ],
)
def test_what_passes_is_an_outage_and_what_is_wrong_is_none(error, expected, monkeypatch):
    monkeypatch.setattr(connection, "vendor", "postgresql")

    assert is_outage(error) is expected
