"""Every route of /api/v1 for everybody: generated from the addresses, so that a new one without an entry fails."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver

from accounts.models import User
from cases import services
from cases.models import SavedList
from nova.api import urlpatterns
from nova.lib import dates
from tests import factories
from tests.conftest import ClientOf
from tests.steps import issue, pay

pytestmark = pytest.mark.django_db

# Expected for (anonymous, user, another gestor, the assigned gestor, admin); an empty body where one is needed: 400.
WORK = (401, 403, 404, 400, 400)
EXPECTED = {
    ("GET", "cases"): (401, 200, 200, 200, 200),
    ("POST", "cases"): (401, 403, 403, 403, 400),
    ("GET", "cases/gestor"): (401, 200, 200, 200, 200),
    ("GET", "cases/queue"): (401, 200, 200, 200, 200),
    ("GET", "cases/<int:pk>"): (401, 403, 404, 200, 200),
    ("PUT", "cases/<int:pk>"): (401, 403, 404, 200, 200),
    ("PATCH", "cases/<int:pk>"): (401, 403, 404, 200, 200),
    ("DELETE", "cases/<int:pk>"): (401, 403, 403, 403, 409),
    ("POST", "cases/<int:pk>/activities"): WORK,
    ("POST", "cases/<int:pk>/promises"): WORK,
    ("POST", "cases/<int:pk>/payments"): WORK,
    ("POST", "cases/<int:pk>/snooze"): WORK,
    ("GET", "cases/<int:pk>/documents"): (401, 403, 404, 200, 200),
    ("POST", "cases/<int:pk>/documents"): WORK,
    ("GET", "documents/<int:pk>/file"): (401, 403, 404, 200, 200),
    ("GET", "cases/<int:pk>/arrangements"): (401, 403, 404, 200, 200),
    ("POST", "cases/<int:pk>/arrangements"): WORK,
    # A proposal of the assigned gestor.
    ("GET", "arrangements/<int:pk>"): (401, 403, 404, 200, 200),
    ("POST", "arrangements/<int:pk>/acceptance"): WORK,
    ("POST", "arrangements/<int:pk>/approval"): (401, 403, 403, 403, 409),
    ("POST", "arrangements/<int:pk>/rejection"): (401, 403, 403, 403, 400),
    ("POST", "arrangements/<int:pk>/cancellation"): WORK,
    ("GET", "offers"): (401, 403, 400, 400, 400),
    ("GET", "debtors/<int:pk>"): (401, 403, 404, 200, 200),
    ("POST", "debtors/<int:pk>/stops"): WORK,
    ("DELETE", "stops/<int:pk>"): (401, 403, 403, 403, 400),
    ("POST", "update-status"): (401, 403, 400, 400, 400),
    ("POST", "register-management"): (401, 403, 400, 400, 400),
    ("GET", "activities/case/<int:pk>"): (401, 403, 404, 200, 200),
    ("DELETE", "activities/<int:pk>"): (401, 403, 404, 200, 200),
    ("POST", "activities/<int:pk>/undo"): (401, 403, 404, 200, 200),
    ("DELETE", "promises/<int:pk>"): (401, 403, 404, 200, 200),
    ("POST", "payments/<int:pk>/reversal"): (401, 403, 403, 403, 201),
    ("POST", "payments/files"): (401, 403, 403, 403, 415),  # the body of the request is JSON
    ("GET", "payments/files/<int:pk>"): (401, 403, 403, 403, 200),
    ("POST", "payments/files/<int:pk>/posting"): (401, 403, 403, 403, 200),
    ("GET", "payments/files/<int:pk>/undoing"): (401, 403, 403, 403, 200),
    ("POST", "payments/files/<int:pk>/undoing"): (401, 403, 403, 403, 200),
    ("GET", "payments/rows"): (401, 403, 403, 403, 200),
    ("POST", "payments/rows/<int:pk>/decision"): (401, 403, 403, 403, 400),
    ("GET", "debtors"): (401, 200, 200, 200, 200),
    ("GET", "saved-lists"): (401, 403, 200, 200, 200),
    ("POST", "saved-lists"): (401, 403, 400, 400, 400),
    # A shared one of the assigned gestor: the others see it, an admin may change it too.
    ("GET", "saved-lists/<int:pk>"): (401, 403, 200, 200, 200),
    ("PATCH", "saved-lists/<int:pk>"): (401, 403, 403, 200, 200),
    ("DELETE", "saved-lists/<int:pk>"): (401, 403, 403, 200, 200),
    ("GET", "carteras"): (401, 200, 200, 200, 200),
    ("GET", "case-statuses"): (401, 200, 200, 200, 200),
    ("GET", "activity-results"): (401, 200, 200, 200, 200),
    ("GET", "users/gestores"): (401, 403, 403, 403, 200),
    **{
        ("GET", f"dashboard/{figure}"): (401, 403, 403, 403, 200)
        for figure in (
            "kpis",
            "charts/performance",
            "charts/cartera",
            "gestores/ranking",
            "stats/comparison",
            "cases/status",
        )
    },
    ("GET", "schema"): (401, 200, 200, 200, 200),
    ("GET", "docs"): (302, 200, 200, 200, 200),
}
PEOPLE = ["anonymous", "user", "other_gestor", "gestor", "admin"]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def _addresses(patterns: list[URLPattern | URLResolver], start: str = "") -> Iterator[tuple[str, set[str]]]:
    for pattern in patterns:
        address = start + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, address)
            continue
        view = pattern.callback
        actions = getattr(view, "actions", None) or {m.lower(): m for m in METHODS if hasattr(view.cls, m.lower())}
        yield address.removeprefix("api/v1/"), {method.upper() for method in actions} & set(METHODS)


ROUTES = [(method, address) for address, methods in _addresses(urlpatterns) for method in sorted(methods)]


def test_every_route_has_its_row() -> None:
    assert sorted(ROUTES) == sorted(EXPECTED)


@pytest.mark.parametrize("who", range(5), ids=PEOPLE)
@pytest.mark.parametrize("route", ROUTES, ids=[f"{method} {address}" for method, address in ROUTES])
def test_who_may(
    route: tuple[str, str],
    who: int,
    client_of: ClientOf,
    user_user: User,
    other_gestor: User,
    gestor_user: User,
    admin_user: User,
) -> None:
    method, address = route
    case = factories.CaseFactory(assigned_to=gestor_user)
    pk = case.pk
    if address.startswith("activities/<"):
        pk = services.record_activity(case=case, by=gestor_user, type="note", notes="hola").activity.pk
    elif address.startswith("promises"):
        pk = services.promise_payment(case=case, by=gestor_user, amount=Decimal(10), promise_date=dates.today()).pk
    elif address.startswith("documents"):
        pk = issue(case, "statement", by=gestor_user).pk
    elif address.startswith("debtors"):
        pk = case.debtor_id
    elif address.startswith("arrangements"):
        terms = services.ArrangementTerms(first_due_on=dates.today())
        pk = services.propose_arrangement(case=case, by=gestor_user, terms=terms).pk
    elif address.startswith("stops"):
        pk = services.set_stop(debtor=case.debtor, by=gestor_user, reason="reclamo").pk
    elif address.startswith("saved-lists"):
        pk = SavedList.objects.create(owner=gestor_user, name="Grandes", query={"over": "1000"}, shared=True).pk
    elif address.startswith("payments/files"):
        pk = factories.PaymentFileFactory().pk
    elif address.startswith("payments/rows"):
        pk = factories.PaymentRowFactory().pk
    elif address.startswith("payments"):
        pk = pay(case, 10, by=gestor_user).pk
    elif method == "DELETE":
        pay(case, 10, by=gestor_user)
    people = [None, user_user, other_gestor, gestor_user, admin_user]
    client = client_of(people[who]) if people[who] else Client()
    url = "/api/v1/" + address.replace("<int:pk>", str(pk))

    response = client.generic(method, url, "{}", content_type="application/json")

    assert response.status_code == EXPECTED[route][who], response.content[:300]
    if response.status_code >= 400:  # honest: the table that is asserted above says which
        body = response.json()
        assert body["success"] is False
        assert body["status_code"] == response.status_code
        assert set(body) == {"success", "error", "details", "status_code"}


@pytest.mark.parametrize(("method", "address"), [("PATCH", "cases"), ("POST", "docs"), ("POST", "schema")])
def test_405_is_in_the_envelope(admin_client: Client, method: str, address: str) -> None:
    response = admin_client.generic(method, f"/api/v1/{address}", "{}", content_type="application/json")
    assert response.status_code == 405
    assert response.json()["status_code"] == 405


def test_a_path_that_is_not_there_is_404_in_the_envelope(admin_client: Client) -> None:
    for address in ("nada", "cases/", "cases/abc", "cases/99999999999999999999", ""):
        response = admin_client.get(f"/api/v1/{address}")
        assert (response.status_code, response.json()["status_code"]) == (404, 404), address


def test_a_write_of_a_session_needs_its_csrf_token(client_of: ClientOf, admin_user: User) -> None:
    client = client_of(admin_user, enforce_csrf_checks=True)
    response = client.post("/api/v1/cases", "{}", content_type="application/json")
    assert response.status_code == 403
    assert "CSRF" in response.json()["error"]
