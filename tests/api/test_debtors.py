"""The person over the API: who they are, what they owe, who may not contact them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases import services
from cases.models import Case, StopFlag
from tests import factories
from tests.queries import queries_do_not_grow
from tests.steps import send

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(gestor_user: User) -> Case:
    return factories.CaseFactory(assigned_to=gestor_user)


def test_the_whole_person(gestor_client: Client, case: Case, other_gestor: User) -> None:
    phone = factories.DebtorPhoneFactory(debtor=case.debtor, kind="work")
    other = factories.CaseFactory(debtor=case.debtor, assigned_to=other_gestor)
    for debt in (case, other):
        services.record_activity(case=debt, by=debt.assigned_to, type="call", result=factories.result("NC"))
    old = services.record_activity(case=case, by=case.assigned_to, type="call", result=factories.result("NC")).activity
    old.created_at = timezone.now() - timedelta(days=7)
    old.save()
    stop = services.set_stop(debtor=case.debtor, by=other_gestor, reason="reclamo", channel="call")

    person = send(gestor_client, "GET", f"debtors/{case.debtor_id}").json()["data"]

    assert (person["dni"], person["lastname"]) == (case.debtor.dni, "Gómez")
    assert [(row["id"], row["kind"]) for row in person["phones"]] == [(phone.pk, "work")]
    assert [(row["id"], row["channel"], row["case_id"]) for row in person["stops"]] == [(stop.pk, "call", None)]
    assert {row["id"]: row["assigned_to_id"] for row in person["cases"]} == {
        case.pk: case.assigned_to_id,
        other.pk: other_gestor.pk,
    }
    assert (person["attempts_today"], person["attempts_7_days"]) == (2, 2)


def test_one_gestion_on_several_debts_is_one_attempt(gestor_client: Client, case: Case, gestor_user: User) -> None:
    also = [factories.CaseFactory(debtor=case.debtor, assigned_to=gestor_user) for _ in range(2)]
    for result in ("NC", "OCU"):
        services.record_activities(case=case, also=also, by=gestor_user, result=factories.result(result))
    services.record_activity(case=case, by=gestor_user, result=factories.result("NC"))

    person = send(gestor_client, "GET", f"debtors/{case.debtor_id}").json()["data"]

    assert case.debtor.cases.filter(activities__isnull=False).count() == 7
    assert (person["attempts_today"], person["attempts_7_days"]) == (3, 3)


def test_queries_do_not_grow(gestor_client: Client, case: Case, gestor_user: User) -> None:
    def more() -> None:
        for channel in ("call", "email", "sms"):
            factories.CaseFactory(debtor=case.debtor, assigned_to=gestor_user)
            factories.DebtorPhoneFactory(debtor=case.debtor)
            services.set_stop(debtor=case.debtor, by=gestor_user, reason="reclamo", channel=channel)

    services.set_stop(debtor=case.debtor, by=gestor_user, reason="abogado")
    queries_do_not_grow(lambda: send(gestor_client, "GET", f"debtors/{case.debtor_id}"), more)


def test_gestor_stops_and_an_admin_lifts(gestor_client: Client, admin_client: Client, case: Case) -> None:
    sent = {"channel": "all", "reason": "pide_no_contacto"}
    made = send(gestor_client, "POST", f"debtors/{case.debtor_id}/stops", sent, headers={"Idempotency-Key": "a"})
    again = send(gestor_client, "POST", f"debtors/{case.debtor_id}/stops", sent, headers={"Idempotency-Key": "a"})
    assert (made.status_code, again.json()) == (201, made.json())
    pk = made.json()["data"]["id"]
    case.refresh_from_db()
    assert case.stopped_at is not None

    when = (timezone.now() + timedelta(days=1)).isoformat()
    without = send(admin_client, "DELETE", f"stops/{pk}", {"reason": "Error"})
    assert (without.status_code, list(without.json()["details"])) == (400, ["next_action_at"])
    lifted = send(admin_client, "DELETE", f"stops/{pk}", {"reason": "Error", "next_action_at": when})
    assert lifted.status_code == 200, lifted.content
    assert lifted.json()["data"]["lifted_at"]
    case.refresh_from_db()
    assert case.stopped_at is None
    assert send(admin_client, "DELETE", f"stops/{pk}", {"reason": "x", "next_action_at": when}).status_code == 404


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"channel": "fax", "reason": "reclamo"}, "channel"),
        ({"channel": "all", "reason": "porque sí"}, "reason"),
        ({"channel": "all", "reason": "reclamo", "until": "2020-01-01T10:00:00-03:00"}, "until"),
        ({"channel": "all", "reason": "reclamo", "who": 1}, "who"),
    ],
)
def test_what_is_wrong_is_named(gestor_client: Client, case: Case, sent: dict, field: str) -> None:
    response = send(gestor_client, "POST", f"debtors/{case.debtor_id}/stops", sent)
    assert (response.status_code, list(response.json()["details"])) == (400, [field])
    assert not StopFlag.objects.exists()
