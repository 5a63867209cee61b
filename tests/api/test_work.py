"""Gestiones, promises and payments over the API: once, whole, or not at all."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from cases.models import Activity, Arrangement, Case, LedgerEntry, Promise
from nova.lib import dates
from tests import factories
from tests.conftest import ClientOf
from tests.steps import send

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(gestor_user: User) -> Case:
    return factories.CaseFactory(assigned_to=gestor_user, amount=Decimal(10000))


def test_one_management_with_its_promise_and_payment(gestor_client: Client, case: Case) -> None:
    day = dates.today() + timedelta(days=5)
    phone = factories.DebtorPhoneFactory(debtor=case.debtor, number="+5491144445555")
    response = send(
        gestor_client,
        "POST",
        "register-management",
        {
            "case_id": case.pk,
            "type": "call",
            "result": "PP",
            "notes": "paga",
            "phone": "011 15-4444-5555",
            "promise": {"amount": "5000.00", "promise_date": day.isoformat(), "status": "pending"},
            "payment": {"amount": 1500.5, "reference": "R1", "method": "transfer"},
        },
    )
    assert response.status_code == 201, response.text
    data = response.json()["data"]
    assert (data["result"], data["phone"]) == ("PP", phone.number)
    assert (data["promise"]["amount"], data["payment"]["balance"]) == ("5000.00", "8499.50")
    assert Activity.objects.get().promises.get().amount == 5000
    phone.refresh_from_db()
    assert phone.state == "good"


def arranging(client: Client, case: Case, *, more: dict | None = None, **terms) -> Any:
    """The answer to a call in which a plan in three parts was agreed, or other terms."""
    first = (dates.today() + timedelta(days=10)).isoformat()
    agreed = {"system": "none", "instalments": 3, "first_due_on": first, "accept": True, "accepted_how": "phone"}
    body = {"case_id": case.pk, "result": "PP", "arrangement": {**agreed, **terms}, **(more or {})}
    return send(client, "POST", "register-management", body)


def test_one_management_with_an_arrangement_which_the_payment_feeds(gestor_client: Client, case: Case) -> None:
    response = arranging(gestor_client, case, more={"payment": {"amount": "4000"}, "notes": "cobra el 5"})
    assert response.status_code == 201, response.text
    data = response.json()["data"]
    made = Arrangement.objects.get()
    assert (data["type"], data["result"], data["notes"], data["promise"]) == ("call", "PP", "cobra el 5", None)
    assert (data["payment"]["amount"], data["payment"]["balance"]) == ("4000.00", "6000.00")
    assert (data["arrangement"]["id"], data["arrangement"]["status"], made.activity_id) == (
        made.pk,
        "active",
        data["id"],
    )
    assert [part["paid_amount"] for part in data["arrangement"]["instalments"]] == ["3333.33", "666.67", "0.00"]
    assert data["arrangement"] == gestor_client.get(f"/api/v1/arrangements/{made.pk}").json()["data"]
    assert send(gestor_client, "POST", f"activities/{data['id']}/undo", {}).json()["data"]["left"] == []
    made.refresh_from_db()
    case.refresh_from_db()
    assert (made.status, case.balance) == ("cancelled", 10000)


def test_an_arrangement_beyond_ones_limit_waits_and_a_proposal_is_no_promise(gestor_client: Client, case: Case) -> None:
    factories.DiscountLimitFactory(role="admin", max_percent=30)
    asked = arranging(gestor_client, case, waiver_percent="20", instalments=1)
    assert (asked.status_code, asked.json()["data"]["arrangement"]["needs"]) == (201, "admin")
    other = factories.CaseFactory(assigned_to=case.assigned_to)
    refused = arranging(gestor_client, other, accept=False)
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["promise"])  # PP needs one that holds
    offered = arranging(gestor_client, other, accept=False, more={"result": "NEG"})
    assert (offered.status_code, offered.json()["data"]["arrangement"]["status"]) == (201, "proposed")


@pytest.mark.parametrize(
    ("terms", "more", "field"),
    [
        ({"waiver_percent": "40"}, {}, "arrangement_waiver_percent"),
        ({"accepted_how": "fax"}, {}, "arrangement.accepted_how"),
        ({"instalments": 0}, {}, "arrangement.instalments"),
        ({"first_due_on": "2001-01-01"}, {}, "arrangement_first_due_on"),
        ({"surprise": 1}, {}, "arrangement.surprise"),
        ({}, {"promise": {"amount": "5", "promise_date": "2199-01-01"}}, "promise"),
        ({}, {"payment": {"amount": "20000"}}, "payment_confirm_overpayment"),
    ],
)
def test_a_refused_arrangement_leaves_nothing(
    gestor_client: Client, case: Case, terms: dict, more: dict, field: str
) -> None:
    response = arranging(gestor_client, case, more=more, **terms)
    assert (response.status_code, list(response.json()["details"])) == (400, [field])
    assert not Activity.objects.exists()
    assert not Arrangement.objects.exists()
    assert LedgerEntry.objects.filter(kind="payment").count() == 0


def test_a_second_arrangement_and_somebody_elses_case(
    gestor_client: Client, client_of: ClientOf, case: Case, other_gestor: User, user_user: User
) -> None:
    assert arranging(client_of(other_gestor), case).status_code == 404
    assert arranging(client_of(user_user), case).status_code == 403
    key = {"Idempotency-Key": "k-1"}
    first = (dates.today() + timedelta(days=10)).isoformat()
    agreed = {"system": "none", "first_due_on": first, "accept": True, "accepted_how": "phone"}
    body = {"case_id": case.pk, "result": "PP", "arrangement": agreed}
    made, again = (send(gestor_client, "POST", "register-management", body, headers=key) for _ in range(2))
    assert (made.status_code, made.json()) == (201, again.json())
    second = arranging(gestor_client, case)
    assert (second.status_code, second.json()["details"]) == (409, {})
    assert second.json()["error"] == "El caso ya tiene un convenio: uno vigente."
    assert (Activity.objects.count(), Arrangement.objects.count()) == (1, 1)


def test_a_refused_part_leaves_nothing(gestor_client: Client, case: Case) -> None:
    body = {"case_id": case.pk, "type": "call", "payment": {"amount": "20000"}, "notes": "n"}
    response = send(gestor_client, "POST", "register-management", body)
    assert response.status_code == 400
    assert list(response.json()["details"]) == ["payment_confirm_overpayment"]
    assert not Activity.objects.exists()
    assert LedgerEntry.objects.filter(kind="payment").count() == 0


@pytest.mark.parametrize("kind", ["payment", "promise", "status"])
def test_types_with_a_route_of_their_own(gestor_client: Client, case: Case, kind: str) -> None:
    for address, more in ((f"cases/{case.pk}/activities", {}), ("register-management", {"case_id": case.pk})):
        response = send(gestor_client, "POST", address, {"type": kind, "notes": "x", **more})
        assert response.status_code == 400
        assert "/api/v1/" in response.json()["details"]["type"][0]


@pytest.mark.parametrize("address", ["payments", "promises", "activities"])
def test_the_same_key_and_body_get_the_first_answer(gestor_client: Client, case: Case, address: str) -> None:
    bodies = {
        "payments": {"amount": "100.00"},
        "promises": {"amount": "100.00", "promise_date": dates.today().isoformat()},
        "activities": {"type": "call", "result": "NC"},
    }
    url, key = f"cases/{case.pk}/{address}", {"Idempotency-Key": "pedido-1"}
    first = send(gestor_client, "POST", url, bodies[address], headers=key)
    again = send(gestor_client, "POST", url, bodies[address], headers=key)
    other = send(gestor_client, "POST", url, {**bodies[address], "notes": "otra cosa"}, headers=key)

    assert first.status_code == again.status_code == 201, first.text
    assert first.json() == again.json()
    assert (other.status_code, list(other.json()["details"])) == (409, ["Idempotency-Key"])
    assert Activity.objects.count() == 1
    assert send(gestor_client, "POST", url, bodies[address], headers={"Idempotency-Key": "ñ"}).status_code == 400


def test_a_refused_request_leaves_its_key_free(gestor_client: Client, case: Case) -> None:
    key = {"Idempotency-Key": "k"}
    assert send(gestor_client, "POST", f"cases/{case.pk}/payments", {"amount": "20000"}, headers=key).status_code == 400
    assert send(gestor_client, "POST", f"cases/{case.pk}/payments", {"amount": "20"}, headers=key).status_code == 201


def test_a_reference_is_used_once_in_its_cartera(admin_client: Client, case: Case) -> None:
    other = factories.CaseFactory(cartera=case.cartera)
    body = {"amount": "10", "reference": "TR-1"}
    assert send(admin_client, "POST", f"cases/{case.pk}/payments", body).status_code == 201
    again = send(admin_client, "POST", f"cases/{other.pk}/payments", body)
    assert (again.status_code, list(again.json()["details"])) == (400, ["reference"])


def test_a_payment_is_reversed_once(admin_client: Client, case: Case) -> None:
    payment = send(admin_client, "POST", f"cases/{case.pk}/payments", {"amount": "10"}).json()["data"]
    first = send(admin_client, "POST", f"payments/{payment['id']}/reversal", {"notes": "rebotó"})
    again = send(admin_client, "POST", f"payments/{payment['id']}/reversal")
    placement = case.entries.get(kind="placement")
    assert (first.status_code, first.json()["data"]["balance"]) == (201, "10000.00")
    assert again.status_code == 400
    assert send(admin_client, "POST", f"payments/{placement.pk}/reversal").status_code == 404


def test_voiding_and_cancelling_are_the_authors(
    gestor_client: Client, case: Case, admin_user: User, gestor_user: User
) -> None:
    theirs = factories.ActivityFactory(case=case, created_by=admin_user)
    mine = factories.ActivityFactory(case=case, created_by=gestor_user)
    promised = send(
        gestor_client, "POST", f"cases/{case.pk}/promises", {"amount": "5", "promise_date": dates.today().isoformat()}
    ).json()["data"]
    assert send(gestor_client, "DELETE", f"activities/{theirs.pk}").status_code == 403
    assert send(gestor_client, "DELETE", f"activities/{mine.pk}").status_code == 200
    assert send(gestor_client, "DELETE", f"activities/{mine.pk}").status_code == 404
    assert send(gestor_client, "DELETE", f"promises/{promised['id']}").json()["data"]["status"] == "cancelled"
    assert send(gestor_client, "DELETE", f"promises/{promised['id']}").status_code == 400
    listed = gestor_client.get(f"/api/v1/activities/case/{case.pk}").json()
    assert theirs.pk in [row["id"] for row in listed["data"]]
    assert mine.pk not in [row["id"] for row in listed["data"]]
    assert Promise.objects.get().status == "cancelled"


def test_an_undo_says_what_it_took_back(gestor_client: Client, case: Case) -> None:
    made = send(gestor_client, "POST", f"cases/{case.pk}/activities", {"result": "WSP"}).json()["data"]
    assert made["type"] == "message"
    undone = send(gestor_client, "POST", f"activities/{made['id']}/undo", {})
    assert undone.json()["data"] == {"activities": [made["id"]], "left": []}
    assert send(gestor_client, "POST", f"activities/{made['id']}/undo", {}).status_code == 404
    case.refresh_from_db()
    assert (case.next_action_at, case.last_activity_at) == (None, None)


def test_one_contact_about_several_debts(gestor_client: Client, gestor_user: User, case: Case) -> None:
    own = factories.CaseFactory(assigned_to=gestor_user, debtor=case.debtor)
    of_another = factories.CaseFactory(debtor=case.debtor)
    stranger = factories.CaseFactory(assigned_to=gestor_user)
    url = f"cases/{case.pk}/activities"
    for also, status in (([of_another.pk], 404), ([stranger.pk], 400), ([own.pk, own.pk, case.pk], 201)):
        response = send(gestor_client, "POST", url, {"result": "NEG", "also": also})
        assert response.status_code == status, response.text
    assert sorted(Activity.objects.values_list("case_id", flat=True)) == [case.pk, own.pk]
    assert send(gestor_client, "POST", url, {"notes": "sin tipo"}).status_code == 400


def test_a_debt_that_was_paid_by_parts_owes_zero_and_not_less(gestor_client: Client, gestor_user: User) -> None:
    """0.30 paid as 0.10 and 0.20: SQLite's sum is a little below zero."""
    case = factories.CaseFactory(assigned_to=gestor_user, amount=Decimal("0.30"))
    first = send(gestor_client, "POST", f"cases/{case.pk}/payments", {"amount": "0.10"})
    last = send(gestor_client, "POST", f"cases/{case.pk}/payments", {"amount": "0.20"})
    assert (first.json()["data"]["balance"], last.json()["data"]["balance"]) == ("0.20", "0.00")
    event = AuditEvent.objects.filter(action="payment").latest("pk")
    assert event.after["balance"] == "0.00"
    assert send(gestor_client, "GET", f"cases/{case.pk}").json()["data"]["balance"] == "0.00"


def test_moments_of_the_trail_are_in_utc(gestor_client: Client, case: Case) -> None:
    send(gestor_client, "POST", f"cases/{case.pk}/payments", {"amount": "10.00"})
    after = AuditEvent.objects.filter(action="payment").latest("pk").after
    assert after["next_action_at"].endswith("Z"), after
