"""/cuenta/clave, and what waits for it."""

import re

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from tests.conftest import ClientOf
from tests.factories import PASSWORD, GestorFactory

pytestmark = pytest.mark.django_db
NEW = "otra-clave-larga-7"


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str = ""):
    data = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return client.post("/cuenta/clave", data)


def test_somebody_chooses_a_password_and_stays_signed_in(gestor_client: Client, gestor_user: User) -> None:
    response = change(gestor_client)

    gestor_user.refresh_from_db()
    assert response["Location"] == "/dashboard-gestor"
    assert gestor_user.check_password(NEW)
    assert gestor_client.get("/dashboard-gestor").status_code == 200
    assert AuditEvent.objects.get(action="password").actor == gestor_user


@pytest.mark.parametrize(
    ("old", "new", "again", "message"),
    [
        ("mala", NEW, NEW, "incorrecta"),
        (PASSWORD, NEW, "distinta-de-la-otra", "no coinciden"),
        (PASSWORD, "corta", "corta", "10 caracteres"),
        (PASSWORD, PASSWORD, PASSWORD, "distinta de la actual"),
    ],
)
def test_errors_are_said_and_nothing_changes(gestor_client, gestor_user, old, new, again, message) -> None:
    response = change(gestor_client, old, new, again)

    gestor_user.refresh_from_db()
    assert response.status_code == 422
    assert message in response.text
    assert gestor_user.check_password(PASSWORD)


def test_whoever_must_change_it_does_nothing_before(client_of: ClientOf) -> None:
    user = GestorFactory(must_change_password=True)
    client = client_of(user)

    assert client.get("/dashboard-gestor")["Location"] == "/cuenta/clave"
    assert client.post("/dashboard-gestor")["Location"] == "/cuenta/clave"
    assert client.get("/dashboard-gestor", headers={"HX-Request": "true"})["HX-Redirect"] == "/cuenta/clave"
    assert "la eligió otra persona" in client.get("/cuenta/clave").text
    assert client.get("/").status_code == 200

    change(client)
    assert client.get("/dashboard-gestor").status_code == 200


def test_the_admin_s_own_page_leads_here(admin_client: Client) -> None:
    assert admin_client.get("/admin/password_change/")["Location"] == "/cuenta/clave"


def test_anonymous_is_sent_to_the_log_in(client: Client) -> None:
    assert client.get("/cuenta/clave")["Location"] == "/login?next=/cuenta/clave"


@pytest.mark.parametrize("role", ["admin", "gestor", "user"])
def test_every_role_finds_it_in_the_header(request: pytest.FixtureRequest, role: str) -> None:
    page = request.getfixturevalue(f"{role}_client").get(f"/dashboard-{role}").content.decode()
    assert re.search(r'<header.*href="/cuenta".*</header>', page, re.DOTALL)
