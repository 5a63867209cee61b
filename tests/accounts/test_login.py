"""GET /login."""

import pytest
from django.test import Client

from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db


def test_shows_the_form_and_keeps_a_safe_next(client: Client) -> None:
    response = client.get("/login?next=/dashboard-gestor%3Fpage%3D2")

    assert response.status_code == 200
    assert 'name="next" value="/dashboard-gestor?page=2"' in response.text
    assert 'action="/api/login"' in response.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\/evil.example",
        "javascript:alert(1)",
        "https:evil.example",
        "dashboard-gestor",
        "/logout",
        "/login?next=/",
        "/api/login",
        "\n/evil",
    ],
)
def test_forgets_a_next_that_leads_away(client: Client, target: str) -> None:
    response = client.get("/login", {"next": target})

    assert response.context["form"]["next"].value() == ""


@pytest.mark.parametrize("role", ["admin_user", "gestor_user", "user_user"])
def test_whoever_is_signed_in_goes_to_their_page(client_of: ClientOf, role: str, request) -> None:
    user = request.getfixturevalue(role)

    response = client_of(user).get("/login?next=/admin/")

    assert (response.status_code, response["Location"]) == (302, f"/dashboard-{user.role}")


def test_the_admin_has_no_door_of_its_own(client: Client, gestor_client: Client) -> None:
    assert client.get("/admin/login/?next=/admin/cases/")["Location"] == "/login?next=%2Fadmin%2Fcases%2F"
    assert client.post("/admin/login/", {"username": "x", "password": "y"}).status_code == 302
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/login?next=%2Fadmin%2F"
    assert gestor_client.get("/admin/", follow=True).redirect_chain[-1][0] == "/dashboard-gestor"
