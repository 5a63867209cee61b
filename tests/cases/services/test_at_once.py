"""Two people at the same moment, on two real PostgreSQL connections."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from cases import services
from cases.models import Case
from tests.factories import AdminFactory, CaseFactory, status

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(*actions):
    """Runs the actions in threads of their own that start together; gives results or exceptions in order."""
    barrier = Barrier(len(actions))

    def run(action):
        try:
            barrier.wait(timeout=10)
            return action()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result(timeout=30) for future in [pool.submit(run, action) for action in actions]]


def pay(case, by, amount="100.00", **given):
    return lambda: services.record_payment(case=case, by=by, amount=Decimal(amount), **given)


def test_two_payments_at_the_same_moment_both_count():
    admin, case = AdminFactory(), CaseFactory()
    for _ in range(5):
        outcome = at_once(pay(case, admin, "100.00"), pay(case, admin, "250.00"))
        assert not any(isinstance(result, Exception) for result in outcome), outcome
    case.refresh_from_db()
    assert case.balance == Decimal("8250.00") == case.entries.balance()
    assert case.entries.filter(kind="payment").count() == 10


def test_two_that_together_exceed_the_balance_do_not_both_pass():
    admin, case = AdminFactory(), CaseFactory()
    outcome = at_once(pay(case, admin, "6000.00"), pay(case, admin, "6000.00"))
    assert sum(isinstance(result, ValidationError) for result in outcome) == 1
    case.refresh_from_db()
    assert case.balance == Decimal("4000.00")


def test_one_reference_pays_once_even_on_two_cases():
    admin, first = AdminFactory(), CaseFactory()
    second = CaseFactory(cartera=first.cartera)
    outcome = at_once(pay(first, admin, reference="R-9"), pay(second, admin, reference="R-9"))
    assert sum(isinstance(result, ValidationError) for result in outcome) == 1
    balances = sorted(Case.objects.values_list("balance", flat=True))
    assert balances == [Decimal("9900.00"), Decimal("10000.00")]


def test_one_payment_is_reversed_once():
    admin, case = AdminFactory(), CaseFactory()
    payment = pay(case, admin)()
    reverse = lambda: services.reverse_payment(payment=payment, by=admin)  # noqa: E731
    outcome = at_once(reverse, reverse)
    assert sum(isinstance(result, ValidationError) for result in outcome) == 1
    case.refresh_from_db()
    assert case.balance == Decimal("10000.00")


def test_of_two_edits_read_at_the_same_version_one_is_told():
    admin, case = AdminFactory(), CaseFactory()

    def move(slug):
        return lambda: services.change_status(case=case, status=status(slug), by=admin, version=1)

    outcome = at_once(move("contactado"), move("de-baja"))
    assert sum(isinstance(result, services.StaleVersion) for result in outcome) == 1
    case.refresh_from_db()
    assert case.version == 2
