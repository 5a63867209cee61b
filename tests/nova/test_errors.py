"""Errors as the one who asked can read them (nova.errors)."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_people_get_a_page(client: Client) -> None:
    response = client.get("/no-existe")

    assert response.status_code == 404
    assert "No se encontró la página" in response.text
    assert 'lang="es-AR"' in response.text


@pytest.mark.parametrize(
    ("path", "headers"), [("/api/v1/no-existe", {}), ("/no-existe", {"Accept": "application/json"})]
)
def test_programs_get_the_envelope(client: Client, path: str, headers: dict[str, str]) -> None:
    response = client.get(path, headers=headers)

    assert response.status_code == 404
    assert response.json() == {
        "success": False,
        "error": "La dirección no existe, o lo que muestra no está a su cargo.",
        "details": {},
        "status_code": 404,
    }


def test_a_forged_host_is_a_bad_request(client: Client) -> None:
    response = client.get("/", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert "No se entendió el pedido" in response.text
    assert "evil.example" not in response.text
