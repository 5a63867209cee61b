"""Errors as the one who asked can read them (nova.lib.errors)."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import ProgrammingError
from django.http import Http404
from django.test import Client

from accounts.models import Session
from cases.models import Case
from cases.services import AnotherSubmission, StaleVersion

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
        raise ProgrammingError("secreto")

    monkeypatch.setattr("nova.middleware.client_ip", fail)
    client.raise_request_exception = False
    response = client.get("/api/v1/cases")

    assert response.status_code == 500
    assert response.json()["details"] == {"error_id": [response["X-Error-Id"]]}
    assert "secreto" not in response.text
    assert f"failed with ProgrammingError [{response['X-Error-Id']}]" in caplog.text


def test_a_forged_host_is_a_bad_request(client: Client) -> None:
    response = client.get("/", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert "No se entendió el pedido" in response.text
    assert "evil.example" not in response.text


# --- Every page of an error, and what htmx gets instead --------------------------------------------
FRAGMENT = {"HX-Request": "true"}


def raised(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    # A name of that module alone: what another module imports meanwhile, it would keep.
    monkeypatch.setattr("dashboards.views.pages.render", fail)


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (SuspiciousOperation("x"), 400, "No se entendió el pedido"),
        (PermissionDenied(), 403, "Sin permiso"),
        (Http404(), 404, "No se encontró la página"),
        (StaleVersion(Case(pk=7, version=2)), 409, "Alguien se adelantó"),
        (AnotherSubmission(), 409, "Alguien se adelantó"),
        (RuntimeError("secreto"), 500, "Algo falló de nuestro lado"),
    ],
)
def test_each_has_its_page_and_its_fragment(
    user_client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, title: str
) -> None:
    raised(monkeypatch, error)
    user_client.raise_request_exception = False
    page = user_client.get("/dashboard-user")
    assert (page.status_code, title in page.text) == (status, True)
    assert f'<p class="error-code">{status}</p>' in page.text
    assert "secreto" not in page.text
    fragment = user_client.get("/dashboard-user", headers=FRAGMENT)
    assert fragment.status_code == status
    if status < 500:  # of a 500 htmx swaps nothing, and static/js/toasts.js says so
        assert fragment["HX-Reswap"] == "none"
        assert 'hx-swap-oob="innerHTML"' in fragment.text
        assert "<html" not in fragment.text


def test_a_failure_has_the_number_of_the_log(user_client: Client, monkeypatch, caplog) -> None:
    raised(monkeypatch, RuntimeError("secreto"))
    user_client.raise_request_exception = False
    page = user_client.get("/dashboard-user")
    assert page["X-Error-Id"] in page.text
    assert page["X-Error-Id"] in caplog.text


def test_the_address_of_a_button_typed_by_hand(user_client: Client) -> None:
    page = user_client.get("/cuenta/sesiones")
    assert (page.status_code, page["Allow"]) == (405, "POST")
    assert "Aquí no se llega así" in page.text


def test_a_forged_host_in_a_fragment_leaves_the_page_alone(client: Client) -> None:
    answer = client.get("/", headers={"Host": "evil.example", **FRAGMENT})
    assert (answer.status_code, answer["HX-Reswap"]) == (400, "none")


def test_a_session_that_is_ended_under_way_leads_to_the_log_in(user_client: Client, monkeypatch) -> None:
    """Somebody closes it from elsewhere while a request is at work, which then cannot save it."""

    def close_it(request) -> dict:
        Session.objects.all().delete()
        request.session["something"] = "new"
        raise Http404

    monkeypatch.setattr("dashboards.views.pages.account.shown", close_it)
    assert user_client.get("/dashboard-user").url == "/login"


def test_a_fragment_of_such_a_session_too(user_client: Client, monkeypatch) -> None:
    def close_it(request) -> dict:
        Session.objects.all().delete()
        request.session["something"] = "new"
        raise Http404

    monkeypatch.setattr("dashboards.views.pages.account.shown", close_it)
    assert user_client.get("/dashboard-user", headers=FRAGMENT)["HX-Redirect"] == "/login"
