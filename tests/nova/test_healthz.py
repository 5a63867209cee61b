"""GET /healthz."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client


@pytest.mark.django_db
def test_answers_for_any_host_and_without_tls(client: Client, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # as production does

    response = client.get("/healthz", headers={"Host": "10.0.0.7:5000"})

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok"}
    assert response["Cache-Control"] == "no-store"
    assert client.head("/healthz").status_code == 200
    assert client.get("/", headers={"Host": "testserver"}).status_code == 301


@pytest.mark.django_db
def test_says_when_the_database_is_down(client: Client) -> None:
    def down(*args: Any) -> None:
        raise OperationalError("could not connect")

    with connection.execute_wrapper(down):
        response = client.get("/healthz")

    assert response.status_code == 503
    assert response.json() == {"status": "error", "database": "unreachable"}


@pytest.mark.django_db
def test_asks_the_database_once(client: Client, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        client.get("/healthz")
