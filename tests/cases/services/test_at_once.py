"""Two people at the same moment, on two real PostgreSQL connections."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from time import sleep

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from cases import nightly, services
from cases.models import Case, LedgerEntry
from cases.services.settlement import lock_case
from nova.lib import dates
from tests.at_once import at_once
from tests.factories import AdminFactory, CaseFactory, status
from tests.steps import pay

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def paying(case, by, amount="100.00", **given):
    return lambda: pay(case, amount, by=by, **given)


def test_two_payments_at_the_same_moment_both_count():
    admin, case = AdminFactory(), CaseFactory()
    for _ in range(5):
        outcome = at_once(paying(case, admin, "100.00"), paying(case, admin, "250.00"))
        assert [type(result) for result in outcome] == [LedgerEntry, LedgerEntry], outcome
    case.refresh_from_db()
    assert case.balance == Decimal("8250.00") == case.entries.balance()
    assert case.entries.filter(kind="payment").count() == 10


def test_two_that_together_exceed_the_balance_do_not_both_pass():
    admin, case = AdminFactory(), CaseFactory()
    outcome = at_once(paying(case, admin, "6000.00"), paying(case, admin, "6000.00"))
    assert sum(isinstance(result, ValidationError) for result in outcome) == 1
    case.refresh_from_db()
    assert case.balance == Decimal("4000.00")


def test_one_reference_pays_once_even_on_two_cases():
    admin, first = AdminFactory(), CaseFactory()
    second = CaseFactory(cartera=first.cartera)
    outcome = at_once(paying(first, admin, reference="R-9"), paying(second, admin, reference="R-9"))
    assert sum(isinstance(result, ValidationError) for result in outcome) == 1
    balances = sorted(Case.objects.values_list("balance", flat=True))
    assert balances == [Decimal("9900.00"), Decimal("10000.00")]


def test_one_payment_is_reversed_once():
    admin, case = AdminFactory(), CaseFactory()
    payment = paying(case, admin)()
    reverse = lambda: services.reverse_payment(payment=payment, by=admin)  # noqa: E731
    outcome = at_once(reverse, reverse)
    assert sum(isinstance(result, ValidationError) for result in outcome) == 1
    case.refresh_from_db()
    assert case.balance == Decimal("10000.00")


def test_who_waited_for_anothers_save_comes_after_it_in_the_timeline():
    """Else the last gestión of the case would not be its newest one, as verify_data asks."""
    admin, case = AdminFactory(), CaseFactory()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_case(case)
            waiting = pool.submit(at_once, paying(case, admin))
            sleep(0.5)
            first = paying(case, admin)()
        (second,) = waiting.result(timeout=30)
    assert second.created_at > first.created_at
    case.refresh_from_db()
    assert case.last_activity_at == second.created_at


def test_of_two_edits_read_at_the_same_version_one_is_told():
    admin, case = AdminFactory(), CaseFactory()

    def move(slug):
        return lambda: services.change_status(case=case, status=status(slug), by=admin, version=1)

    outcome = at_once(move("contactado"), move("de-baja"))
    assert sum(isinstance(result, services.StaleVersion) for result in outcome) == 1
    case.refresh_from_db()
    assert case.version == 2


def test_an_undo_beside_another_undo_and_beside_the_next_gestion():
    admin, case = AdminFactory(), CaseFactory(amount=Decimal("10000.00"))

    def undo(activity):
        return lambda: services.undo(activity=activity, by=admin)

    def record(**parts):
        return services.record_activity(case=case, by=admin, **parts)

    twice = record(payment={"amount": Decimal("700.00")}).activity
    outcome = at_once(undo(twice), undo(twice))
    assert sum(isinstance(result, ValidationError) for result in outcome) == 1, outcome
    assert case.entries.filter(kind="reversal").count() == 1

    first = record(payment={"amount": Decimal("500.00")}).activity
    outcome = at_once(undo(first), lambda: record(notes="Llamó él", payment={"amount": Decimal("40.00")}))
    assert not any(isinstance(result, Exception) for result in outcome), outcome
    case.refresh_from_db()
    assert case.balance == Decimal("9960.00") == case.entries.balance()
    assert case.last_activity_at == case.activities.by_people().latest("created_at").created_at
    assert case.next_action_at is not None


def test_an_undo_beside_the_night():
    admin, case = AdminFactory(), CaseFactory(amount=Decimal("10000.00"))
    terms = {"amount": Decimal("10000.00"), "promise_date": dates.today()}
    services.record_activity(case=case, by=admin, promise=terms)
    paid = services.record_activity(case=case, by=admin, payment={"amount": Decimal("10000.00")}).activity
    night = lambda: nightly.run(now=timezone.now() + timedelta(days=20))  # noqa: E731
    outcome = at_once(lambda: services.undo(activity=paid, by=admin), night)
    assert not any(isinstance(result, Exception) for result in outcome), outcome
    nightly.run(now=timezone.now() + timedelta(days=20))
    case.refresh_from_db()
    assert (case.balance, case.stage, case.queue_band) == (Decimal("10000.00"), "en_gestion", 2)
