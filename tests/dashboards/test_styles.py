"""GET /estilos: the component set, in development alone."""

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_shows_the_components_in_development(gestor_client: Client, settings) -> None:
    settings.DEBUG = True
    page = gestor_client.get("/estilos").text

    for component in ["btn-primary", "field-error", "badge", "card", "table", "dialog", "tabs", "empty", "pagination"]:
        assert re.search(rf'class="(?:[^"]* )?{component}[" ]', page), component
    assert "Este campo es requerido." in page


def test_is_nowhere_in_production(gestor_client: Client) -> None:
    assert gestor_client.get("/estilos").status_code == 404
