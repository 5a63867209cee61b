"""Every unsafe request needs the token of its session: walked over all addresses there are."""

import pytest
from django.apps import apps
from django.test import Client

from accounts.models import User
from tests import factories
from tests.conftest import MODEL_BACKEND
from tests.factories import PASSWORD
from tests.mailing import filled_in
from tests.routes import all_addresses

pytestmark = pytest.mark.django_db
METHODS = ["post", "put", "patch", "delete"]


def everything() -> dict[str, int]:
    return {
        model._meta.label: model._base_manager.count()
        for model in apps.get_models()
        if model._meta.managed and model._meta.label not in {"accounts.Session"}
    }


def test_the_walk_finds_the_addresses() -> None:
    found = all_addresses()
    assert len(found) > 120
    for known in ("/contact", "/logout", "/cuenta/sesiones", "/api/v1/cases/1/payments", "/submissions/1/handled"):
        assert known in found


@pytest.mark.parametrize("method", METHODS)
def test_no_unsafe_request_passes_without_the_token(admin_user: User, method: str) -> None:
    factories.CaseFactory(pk=1)
    admin_user.is_superuser = True
    admin_user.save()
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user, backend=MODEL_BACKEND)
    before = everything()
    passed, addresses = [], all_addresses()
    assert len(addresses) > 100
    for address in addresses:
        data = {"username": "x", "password": "y"}
        answer = getattr(client, method)(address, data, content_type="application/json")
        if answer.status_code not in (403, 405):  # 405: it takes nothing unsafe at all
            passed.append((address, answer.status_code))
    assert not passed
    assert everything() == before


def test_a_token_of_another_session_is_none(admin_user: User, gestor_user: User) -> None:
    """What an attacker has from their own visit does not fit the cookie of the victim."""
    attacker = Client(enforce_csrf_checks=True)
    attacker.get("/login")
    victim = Client(enforce_csrf_checks=True)
    victim.force_login(admin_user, backend=MODEL_BACKEND)
    victim.get("/cuenta")
    data = {"csrfmiddlewaretoken": attacker.cookies["csrftoken"].value, "password": PASSWORD}
    assert victim.post("/cuenta/sesiones", data).status_code == 403


def test_a_form_of_another_site_is_refused_even_with_a_token(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.get("/")
    data = filled_in(csrfmiddlewaretoken=strict.cookies["csrftoken"].value)
    assert strict.post("/contact", data, headers={"Origin": "https://evil.example"}).status_code == 403
    assert strict.post("/contact", data, headers={"Origin": "null"}).status_code == 403
    assert strict.post("/contact", data, headers={"Origin": "http://testserver"}).status_code == 302


def test_a_get_changes_nothing(admin_user: User) -> None:
    """A picture on another site makes a browser send those, with the session."""
    factories.CaseFactory(pk=1)
    factories.ContactSubmissionFactory(pk=1)
    client = Client()
    client.force_login(admin_user, backend=MODEL_BACKEND)
    before = everything()
    addresses = all_addresses()
    assert len(addresses) > 100
    for address in addresses:
        if "exports" not in address and not address.endswith((".png", ".ico")):
            client.get(address, headers={"Sec-Fetch-Site": "cross-site"})
            if "logout" in address:  # nor from a browser that says nothing
                client.get(address)
    assert everything() == before
    assert client.get("/cuenta").status_code == 200  # still in
