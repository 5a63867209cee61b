"""GET and POST /logout."""

import pytest
from django.test import Client

from accounts.models import User
from tests.conftest import MODEL_BACKEND

pytestmark = pytest.mark.django_db


def is_signed_in(client: Client) -> bool:
    return client.get("/cuenta/clave").status_code == 200


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_a_get_from_here_logs_out(gestor_client: Client, site: str) -> None:
    response = gestor_client.get("/logout", headers={"Sec-Fetch-Site": site})

    assert (response.status_code, response["Location"]) == (302, "/login")
    assert not is_signed_in(gestor_client)


@pytest.mark.parametrize("site", [None, "cross-site", "same-site", "", "x"])
@pytest.mark.parametrize("path", ["/logout", "/admin/logout/"])
def test_any_other_get_asks_first(gestor_client: Client, path: str, site: str | None) -> None:
    response = gestor_client.get(path, headers={} if site is None else {"Sec-Fetch-Site": site})

    assert response.status_code == 200
    assert '<form class="stack" action="/logout" method="post">' in response.text
    assert is_signed_in(gestor_client)


def test_post_logs_out_with_a_token_only(gestor_user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(gestor_user, backend=MODEL_BACKEND)

    assert client.post("/logout").status_code == 403
    assert is_signed_in(client)
    client.get("/cuenta/clave")
    response = client.post("/logout", {"csrfmiddlewaretoken": client.cookies["csrftoken"].value})
    assert response["Location"] == "/login"
    assert not is_signed_in(client)


def test_htmx_and_the_admin_leave_the_same_way(gestor_client: Client, admin_client: Client) -> None:
    assert gestor_client.post("/logout", headers={"HX-Request": "true"})["HX-Redirect"] == "/login"
    assert admin_client.post("/admin/logout/")["Location"] == "/login"
    assert not is_signed_in(admin_client)


def test_nobody_signed_in_is_sent_to_the_log_in(client: Client) -> None:
    assert client.get("/logout", headers={"Sec-Fetch-Site": "cross-site"})["Location"] == "/login"
