"""What a debtor has to pay next is the same on their page, in the queue and in the API, whatever happened before."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from cases import services
from cases.desk.rows import plans_of
from cases.models import Case
from cases.services import ArrangementTerms
from nova.lib import dates
from nova.lib.money import format_money
from tests import factories
from tests.conftest import ClientOf
from tests.steps import pay

pytestmark = pytest.mark.django_db
D = Decimal


def proposed(case: Case, by: User, count: int = 3, down: int = 0):
    first = dates.today() + timedelta(days=5)
    terms = ArrangementTerms(first, instalments=count, down_payment=D(down))
    return services.propose_arrangement(case=case, by=by, terms=terms)


def asked_next(case: Case) -> tuple[int, str, Decimal]:
    """(number, day, amount) in the words of the design: the first that is not paid, no more than what is owed."""
    case.refresh_from_db()
    parts = case.arrangements.get(status="active").schedule.order_by("number")
    part = next(part for part in parts if part.paid_amount < part.amount)
    return part.number, part.due_on.isoformat(), min(part.amount - part.paid_amount, case.balance)


def told(client: Client, case: Case) -> dict[str, tuple]:
    """What the API, the queue and the page say: number, day and amount, as far as each of them says it."""
    api = client.get(f"/api/v1/cases/{case.pk}").json()["data"]["arrangement"]
    queue = plans_of([case.pk])[case.pk]
    cards = client.get(case.get_absolute_url()).context["screen"].sheet.plans
    return {
        "api": (api["next_due_on"], D(api["next_amount"])),
        "queue": (queue.number, queue.due_on and queue.due_on.isoformat()),
        "page": tuple(card.next_words for card in cards if card.plan.is_active),
    }


@settings(max_examples=15)
@given(
    down=st.sampled_from([0, 500]),
    before=st.integers(0, 1),
    after=st.integers(0, 1),
    paid=st.lists(st.integers(1, 240_000), max_size=3),
    left=st.none() | st.integers(1, 200_000),
)
def test_everybody_is_told_the_same(
    client_of: ClientOf, down: int, before: int, after: int, paid: list[int], left: int | None
) -> None:
    """Other proposals lie on the table before and after; something is paid; the creditor lowers what is left."""
    gestor, admin = factories.GestorFactory(), factories.AdminFactory()
    case = factories.CaseFactory(assigned_to=gestor)
    others = [proposed(case, gestor, count=2) for _ in range(before)]
    plan = proposed(case, gestor, down=down)
    others += [proposed(case, gestor, count=4) for _ in range(after)]
    services.accept_arrangement(arrangement=plan, by=gestor, accepted_how="phone")
    for cents in paid:
        pay(case, D(cents).scaleb(-2))
    if left is not None:
        case.refresh_from_db()
        services.adjust_balance(case=case, by=admin, amount=D(left).scaleb(-2) - case.balance, reason="creditor")

    number, day, amount = asked_next(case)
    said = told(client_of(gestor), case)

    assert said["api"] == (day, amount)
    assert said["queue"] == (number, day)
    [words] = said["page"]
    assert words.startswith(f"Cuota {number} de 3: " if number else "Anticipo: ")
    assert f"{day[8:]}/{day[5:7]}/{day[:4]}" in words
    assert words.replace(", faltan ", ": ").split(": ")[-1].split(" vence")[0] == format_money(amount)
    assert len(others) == before + after


def test_the_one_that_runs_is_told_before_a_newer_proposal(client_of: ClientOf) -> None:
    gestor = factories.GestorFactory()
    case = factories.CaseFactory(assigned_to=gestor)
    plan = proposed(case, gestor)
    proposed(case, gestor, count=6)
    services.accept_arrangement(arrangement=plan, by=gestor, accepted_how="phone")
    number, day, _ = asked_next(case)
    assert told(client_of(gestor), case)["queue"] == (number, day)


def test_no_more_is_asked_than_the_creditor_still_claims(client_of: ClientOf) -> None:
    """E10: the total that the creditor lowers below the instalment is what is asked, on the page as in the API."""
    gestor, admin = factories.GestorFactory(), factories.AdminFactory()
    case = factories.CaseFactory(assigned_to=gestor, amount=D("250000.00"))
    plan = proposed(case, gestor, count=1)
    services.accept_arrangement(arrangement=plan, by=gestor, accepted_how="phone")
    services.refresh_total(case=Case.objects.get(pk=case.pk), by=admin, total=D(140_000))
    said = told(client_of(gestor), case)
    assert said["api"][1] == D("140000.00")
    assert said["page"][0].endswith(", faltan $ 140.000,00")
