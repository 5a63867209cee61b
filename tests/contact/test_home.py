"""GET / and GET /gestiones."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/gestiones"])
def test_visitors_find_the_door(client: Client, path: str) -> None:
    page = client.get(path).text

    assert "NOVA Gestión de Cobranzas" in page
    assert 'href="/login"' in page


def test_whoever_is_signed_in_finds_their_panel(gestor_client: Client) -> None:
    assert 'href="/dashboard-gestor"' in gestor_client.get("/").text
