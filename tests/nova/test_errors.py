"""Errors as the one who asked can read them (nova.errors)."""

from typing import Any

import pytest
from django.db import OperationalError
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


def test_a_program_gets_the_envelope_of_a_forged_host_too(client: Client) -> None:
    response = client.get("/api/v1/cases", headers={"Host": "evil.example"})

    assert (response.status_code, response.json()["status_code"]) == (400, 400)


def test_a_failure_before_any_view_has_its_number_too(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("secreto")

    monkeypatch.setattr("nova.middleware.client_address", fail)
    client.raise_request_exception = False
    response = client.get("/api/v1/cases")

    assert response.status_code == 500
    assert response.json()["details"] == {"error_id": [response["X-Error-Id"]]}
    assert "secreto" not in response.text
    assert f"failed with OperationalError [{response['X-Error-Id']}]" in caplog.text


def test_a_forged_host_is_a_bad_request(client: Client) -> None:
    response = client.get("/", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert "No se entendió el pedido" in response.text
    assert "evil.example" not in response.text
