"""GET /readyz: the database, its migrations, Redis where it is used."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from nova.lib import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_seen(monkeypatch, settings):
    monkeypatch.setitem(health._migrated, "seen", False)
    settings.REDIS_URL = ""


def test_ready_says_what_was_looked_at(client: Client):
    response = client.get("/readyz", headers={"Host": "10.0.0.7:5000"})

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "migrations": "ok"}
    assert response["Cache-Control"] == "no-store"


def test_a_migration_that_lacks_is_not_ready(client: Client):
    recorder = MigrationRecorder(connection)
    [last] = MigrationLoader(connection).graph.leaf_nodes("cases")
    recorder.record_unapplied(*last)

    response = client.get("/readyz")

    assert (response.status_code, response.json()["migrations"]) == (503, "pending")
    recorder.record_applied(*last)
    assert client.get("/readyz").status_code == 200  # it is asked again


def test_once_migrated_costs_one_query(client: Client, django_assert_num_queries):
    client.get("/readyz")

    with django_assert_num_queries(1):
        client.get("/readyz")


def test_redis_that_is_configured_and_away_is_not_ready(client: Client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = client.get("/readyz")

    assert (response.status_code, response.json()["redis"]) == (503, "unreachable")
    assert client.get("/healthz").status_code == 200  # alive all the same: it works without


@pytest.mark.redis
def test_redis_that_answers(client: Client, settings):
    settings.REDIS_URL = settings.TEST_REDIS_URL

    assert client.get("/readyz").json()["redis"] == "ok"


def test_without_a_database_nothing_is_known_of_its_migrations(client: Client):
    def down(*args):
        raise OperationalError("could not connect")

    with connection.execute_wrapper(down):
        response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"status": "error", "database": "unreachable", "migrations": "unknown"}
