"""Nobody is led away from the site by what an address, a form or a header says."""

import pytest
from django.test import Client

from accounts.models import User
from tests.steps import log_in

pytestmark = pytest.mark.django_db
AWAY = [
    "https://evil.example",
    "https:evil.example",
    "https:///evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "javascript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "http://testserver@evil.example",
    "http://testserver.evil.example/",
    "//testserver@evil.example",
    "\x00//evil.example",
    "evil.example",
]


@pytest.mark.parametrize("target", AWAY)
def test_next_after_a_log_in(client: Client, gestor_user: User, target: str) -> None:
    answer = log_in(client, gestor_user, fields={"next": target})
    if "\x00" in target:
        assert answer.status_code == 400
    else:
        assert answer["Location"] == "/dashboard-gestor"


@pytest.mark.parametrize("target", AWAY)
def test_next_of_fragments_and_programs(gestor_user: User, target: str) -> None:
    part = log_in(Client(), gestor_user, fields={"next": target}, headers={"HX-Request": "true"})
    program = log_in(Client(), gestor_user, fields={"next": target}, content_type="application/json")
    if "\x00" in target:
        assert part.status_code == program.status_code == 400
        assert "HX-Redirect" not in part
    else:
        assert part["HX-Redirect"] == "/dashboard-gestor"
        assert program.json()["data"]["redirect"] == "/dashboard-gestor"


@pytest.mark.parametrize("target", AWAY)
def test_the_form_and_the_admin_forget_it(client: Client, target: str) -> None:
    assert client.get("/login", {"next": target}).context["form"]["next"].value() == ""
    assert client.get("/admin/login/", {"next": target}).url.startswith("/login?next=")


def test_a_forged_current_url_of_htmx(client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/steal"}
    assert client.get("/dashboard-gestor", headers=headers)["HX-Redirect"] == "/login?next=/"


def test_a_forged_referer_of_a_form_that_is_kept(client: Client, gestor_user: User) -> None:
    client.post("/cases/1/activities", {"notes": "hola"}, headers={"Referer": "https://evil.example/"})
    log_in(client, gestor_user)
    assert "evil.example" not in client.get("/cuenta/seguir").text


@pytest.mark.parametrize(
    "path", ["//evil.example", "//evil.example/%2e%2e", "/%5Cevil.example/", "/login//evil.example"]
)
def test_slashes_in_the_path_itself(client: Client, path: str) -> None:
    answer = client.get(path)
    assert not answer.get("Location", "").startswith(("//", "http://evil", "https://evil", "/\\"))
