"""Arrangements and somebody else at the same moment, on two real PostgreSQL connections (DESIGN §3.8)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from cases import nightly, services
from cases.models import Arrangement
from cases.services import ArrangementConflict, ArrangementTerms
from nova.lib import dates
from tests.at_once import after_waiting, at_once
from tests.factories import AdminFactory, CaseFactory, DiscountLimitFactory
from tests.steps import ledger_sum

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
D = Decimal


@pytest.fixture
def admin():
    DiscountLimitFactory(role="admin", max_percent=D(50))
    return AdminFactory()


def propose(case, by, *, accept=True, days=10, now=None, **terms):
    moment = now or timezone.now()
    return services.propose_arrangement(
        case=case,
        by=by,
        terms=ArrangementTerms(dates.local_date(moment) + timedelta(days=days), **terms),
        accept=accept,
        accepted_how="phone" if accept else "",
        now=now,
    )


def night_of(case):
    with transaction.atomic():
        nightly._bring_up_to_date(case.pk, nightly.Report(), now=timezone.now())


def test_two_acceptances_of_one_case_make_one(admin):
    case = CaseFactory()
    first, second = (propose(case, admin, accept=False, instalments=number) for number in (3, 6))

    def accepting(arrangement):
        return lambda: services.accept_arrangement(arrangement=arrangement, by=admin, accepted_how="phone")

    outcome = at_once(accepting(first), accepting(second))
    assert sorted(type(result).__name__ for result in outcome) == ["Arrangement", "ArrangementConflict"]
    assert Arrangement.objects.active().count() == 1


def test_the_same_click_twice_makes_one(admin):
    case = CaseFactory()
    outcome = at_once(*[lambda: propose(case, admin, system="direct", instalments=6, monthly_rate=D(5))] * 2)
    assert sorted(type(result).__name__ for result in outcome) == ["Arrangement", "ArrangementConflict"]
    case.refresh_from_db()
    assert case.balance == D("13000.00") == ledger_sum(case)


def test_an_approval_and_a_refusal_do_not_both_pass(admin):
    case, others = CaseFactory(), [AdminFactory(), AdminFactory()]
    DiscountLimitFactory(role="creditor", max_percent=D(90))
    asked = propose(case, admin, waiver_percent=D(60))
    outcome = at_once(
        lambda: services.approve_arrangement(arrangement=asked, by=others[0], creditor_authorisation="Sí"),
        lambda: services.reject_arrangement(arrangement=asked, by=others[1], notes="No"),
    )
    assert sum(isinstance(result, ArrangementConflict) for result in outcome) == 1, outcome


def test_a_payment_that_waited_for_the_lapse_counts_with_its_own_date(admin):
    case = CaseFactory()
    long_ago = timezone.now() - timedelta(days=30)
    propose(case, admin, waiver_percent=D(40), days=3, now=long_ago)
    due = case.arrangements.get().first_due_on
    paying = lambda: services.record_payment(  # noqa: E731
        case=case, by=admin, amount=D(6000), value_date=due, confirm_overpayment=True
    )
    after_waiting(lambda: night_of(case), paying)
    case.refresh_from_db()
    made = case.arrangements.get()
    assert (case.balance, made.status, case.status.slug) == (0, "completed", "pagada-con-quita")
    assert ledger_sum(case) == 0


def test_a_night_that_waited_for_the_payment_lets_nothing_lapse(admin):
    case = CaseFactory()
    long_ago = timezone.now() - timedelta(days=30)
    propose(case, admin, waiver_percent=D(40), days=3, now=long_ago)
    due = case.arrangements.get().first_due_on
    paying = lambda: services.record_payment(case=case, by=admin, amount=D(6000), value_date=due)  # noqa: E731
    after_waiting(paying, lambda: night_of(case))
    assert case.arrangements.get().status == "completed"
    case.refresh_from_db()
    assert case.balance == ledger_sum(case) == 0


def test_a_refresh_that_waited_for_completion_posts_nothing(admin):
    case = CaseFactory()
    propose(case, admin, waiver_percent=D(40))
    after_waiting(
        lambda: services.record_payment(case=case, by=admin, amount=D(6000)),
        lambda: services.refresh_total(case=case, by=None, total=D(11_000)),
    )
    case.refresh_from_db()
    assert (case.balance, case.creditor_total) == (0, 11_000)


def test_a_payment_that_waited_for_the_refresh_waives_what_that_added(admin):
    case = CaseFactory()
    propose(case, admin, waiver_percent=D(40))
    after_waiting(
        lambda: services.refresh_total(case=case, by=None, total=D(11_000)),
        lambda: services.record_payment(case=case, by=admin, amount=D(6000)),
    )
    case.refresh_from_db()
    assert case.balance == ledger_sum(case) == 0
    assert sum(entry.amount for entry in case.entries.filter(reason="waiver")) == -5000
