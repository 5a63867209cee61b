"""The gestor's figures and alerts, and the cases that each of them leads to."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases import services
from cases.desk.figures import Figures
from cases.models import Case, LedgerEntry
from nova.lib import dates
from tests import factories
from tests.steps import pay

pytestmark = pytest.mark.django_db
URL = "/dashboard-gestor"


def figures(client: Client) -> Figures:
    return client.get(URL).context["screen"].figures


def behind(client: Client, focus: str) -> set[int]:
    return {row.case.pk for row in client.get(URL, {"tab": "casos", "focus": focus}).context["rows"]}


@pytest.fixture
def case(gestor_user: User) -> Case:
    return factories.CaseFactory(assigned_to=gestor_user)


def test_recovered_is_payments_less_reversals_of_this_month(
    gestor_client: Client, gestor_user: User, other_gestor: User, admin_user: User, case: Case
) -> None:
    pay(case, "1000.50", by=gestor_user)
    undone = pay(case, 300, by=gestor_user)
    services.reverse_payment(payment=undone, by=admin_user)
    earlier = dates.today().replace(day=1) - timedelta(days=1)
    LedgerEntry.objects.create(
        case=case, cartera=case.cartera, kind="payment", amount=7, value_date=earlier, credited_to=gestor_user
    )
    others = factories.CaseFactory(assigned_to=other_gestor)
    pay(others, 55, by=gestor_user)

    assert figures(gestor_client).recovered == Decimal("1000.50")
    assert behind(gestor_client, "recovered") == {case.pk}


def test_kept_promises_of_this_month(gestor_client: Client, gestor_user: User, case: Case) -> None:
    assert figures(gestor_client).kept_percent is None
    today = dates.today()
    services.promise_payment(case=case, by=gestor_user, amount=Decimal(100), promise_date=today)
    pay(case, 100, by=gestor_user)
    factories.PromiseFactory(case=case, status="broken", promise_date=today)
    factories.PromiseFactory(case=case, status="cancelled", promise_date=today)

    found = figures(gestor_client)
    assert (found.kept, found.decided, found.kept_percent) == (1, 2, Decimal(50))
    assert behind(gestor_client, "kept") == {case.pk}


def test_gestiones_of_today_without_voided_or_automatic_ones(
    gestor_client: Client, gestor_user: User, case: Case
) -> None:
    factories.ActivityFactory(case=case)
    factories.ActivityFactory(case=case, voided_at=timezone.now())
    factories.ActivityFactory(case=case, is_system=True)
    factories.ActivityFactory(case=case, created_at=dates.start_of_day(dates.today()) - timedelta(seconds=1))
    factories.ActivityFactory(case=case, created_at=dates.start_of_day(dates.today()))

    assert figures(gestor_client).activities_today == 2
    assert behind(gestor_client, "worked_today") == {case.pk}


def test_alerts_and_the_queue(gestor_client: Client, gestor_user: User, other_gestor: User) -> None:
    now = timezone.now()

    def make(**fields) -> Case:
        return factories.CaseFactory(**{"assigned_to": gestor_user, "created_at": now, **fields})

    call, broken, due = make(queue_band=1), make(queue_band=2), make(queue_band=4, next_action_at=now)
    make(queue_band=1, next_action_at=now + timedelta(hours=1))
    make(queue_band=2, assigned_to=other_gestor)
    idle = make(queue_band=6, next_action_at=now, last_activity_at=now - timedelta(days=16))
    make(queue_band=6, next_action_at=now, last_activity_at=now - timedelta(days=14))
    new = make(created_at=now - timedelta(days=16))
    make(status_slug="pagada", last_activity_at=now - timedelta(days=40))
    make(stopped_at=now, last_activity_at=now - timedelta(days=40))
    factories.PromiseFactory(case=due, promise_date=dates.today())
    factories.PromiseFactory(case=due, promise_date=dates.today())
    factories.PromiseFactory(case=call, promise_date=dates.today() + timedelta(days=1))

    found = figures(gestor_client)

    assert (found.call_backs, found.broken, found.due_today, found.idle, found.in_queue) == (1, 1, 1, 2, 6)
    assert behind(gestor_client, "promises_today") == {due.pk}
    assert behind(gestor_client, "idle") == {idle.pk, new.pk}
    for band, wanted in ((1, call), (2, broken)):
        rows = gestor_client.get(URL, {"band": band}).context["screen"].rows
        assert [row.case for row in rows] == [wanted]


@pytest.mark.parametrize("order", ["work", "name", "-balance", "balance", "next", "last", "arrears", "nonsense"])
def test_my_cases_are_sorted_and_paged(gestor_client: Client, gestor_user: User, order: str) -> None:
    for number in range(30):
        factories.CaseFactory(assigned_to=gestor_user, amount=Decimal(1000 + number))

    pages = [gestor_client.get(URL, {"tab": "casos", "order": order, "page": page}).context["rows"] for page in (1, 2)]

    balances = [row.case.balance for rows in pages for row in rows]
    assert len(set(balances)) == 30
    if order in ("balance", "-balance"):
        assert balances == sorted(balances, reverse=order == "-balance")


def test_my_cases_hold_every_state(gestor_client: Client, gestor_user: User, other_gestor: User) -> None:
    mine = {
        factories.CaseFactory(assigned_to=gestor_user, status_slug=slug).pk
        for slug in ("pagada", "de-baja", "contactado")
    }
    factories.CaseFactory(assigned_to=other_gestor)

    assert {row.case.pk for row in gestor_client.get(URL, {"tab": "casos"}).context["rows"]} == mine
    paid = gestor_client.get(URL, {"tab": "casos", "status": "pagada"}).context["rows"]
    assert [row.case.status.slug for row in paid] == ["pagada"]
