"""GET /dashboard-admin."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/dashboard-admin"


def test_shows_every_case_newest_first_with_its_gestor(admin_client: Client, gestor_user: User) -> None:
    old = factories.CaseFactory(assigned_to=gestor_user, nro_cliente="VIEJO")
    new = factories.CaseFactory(nro_cliente="NUEVO")

    response = admin_client.get(URL)

    assert [row.nro_cliente for row in response.context["rows"]] == [new.nro_cliente, old.nro_cliente]
    assert "Gabriel Gestor" in response.text
    assert "Sin gestor" in response.text


def test_search(admin_client: Client) -> None:
    factories.CaseFactory(debtor__last_name="Ibáñez", debtor__first_name="Iris")
    factories.CaseFactory()

    assert [row.name for row in admin_client.get(URL, {"search": "ibanez"}).context["rows"]] == ["Ibáñez, Iris"]


def test_queries_do_not_grow_with_rows(admin_client: Client, gestor_user: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(URL)
        return len(captured)

    factories.CaseFactory(assigned_to=gestor_user)
    one = queries()
    for _ in range(10):
        factories.CaseFactory(assigned_to=factories.GestorFactory())

    assert queries() == one


def test_empty_house_says_what_to_do(admin_client: Client) -> None:
    assert "Importe una cartera" in admin_client.get(URL).text
