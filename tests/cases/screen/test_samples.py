"""GET /estilos/gestor: the screen in every state, in development alone, and nothing of it stays."""

import pytest
from django.test import Client

from accounts.models import User
from cases.desk.samples import STATES
from cases.models import Case

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_drawn_and_nothing_stays(gestor_client: Client, settings, state: str) -> None:
    settings.DEBUG = True
    users = User.objects.count()

    page = gestor_client.get(f"/estilos/gestor/{state}")

    assert page.status_code == 200
    assert STATES[state][0] in page.text
    assert not Case.objects.exists()
    assert User.objects.count() == users


def test_the_list_leads_to_each(gestor_client: Client, settings) -> None:
    settings.DEBUG = True
    page = gestor_client.get("/estilos/gestor").text

    assert all(f'href="/estilos/gestor/{state}"' in page for state in STATES)
    assert gestor_client.get("/estilos/gestor/otro").status_code == 404


def test_it_is_nowhere_in_production(gestor_client: Client) -> None:
    assert gestor_client.get("/estilos/gestor").status_code == 404
    assert gestor_client.get("/estilos/gestor/usual").status_code == 404
