"""What closing a case leaves behind: DESIGN §3.3 and §3.5 together."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from cases import services
from cases.models import Case
from cases.transfer import verify
from nova.lib import dates
from tests.factories import CarteraFactory, CaseFactory, DebtorFactory, status
from tests.steps import pay

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def promise(case, amount, due_in, ago):
    made = NOW - timedelta(days=ago)
    return services.promise_payment(
        case=case, by=None, amount=Decimal(amount), promise_date=dates.today() + timedelta(days=due_in), now=made
    )


def close_alone(case, by):
    services.change_status(case=case, status=status("incobrable"), by=by)


def close_among_others(case, by):
    services.change_status_of_cases(cases=Case.objects.filter(pk=case.pk), status=status("incobrable"), by=by)


def close_by_paying(case, by):
    services.adjust_balance(case=case, by=by, amount=-Case.objects.get(pk=case.pk).balance)


@pytest.mark.parametrize("close", [close_alone, close_among_others, close_by_paying])
def test_promise_past_its_grace_is_broken_whether_or_not_a_night_has_passed(close, admin_user):
    case = CaseFactory()
    late, waiting = promise(case, "1000.00", due_in=-20, ago=30), promise(case, "1000.00", due_in=5, ago=30)
    assert late.status == "pending"
    close(case, admin_user)
    late.refresh_from_db()
    waiting.refresh_from_db()
    assert (late.status, waiting.status) == ("broken", "cancelled")


@pytest.mark.parametrize("close", [close_alone, close_among_others, close_by_paying])
def test_money_of_a_promise_cancelled_by_closing_goes_on_to_the_next(close, admin_user):
    case = CaseFactory()
    kept = promise(case, "1000.00", due_in=20, ago=12)
    pay(case, "960.00", now=NOW - timedelta(days=10))  # 96 %: kept, with 40 to go
    cancelled = promise(case, "1000.00", due_in=10, ago=8)
    pay(case, "300.00", now=NOW - timedelta(days=5))  # feeds the earlier date
    close(case, admin_user)
    kept.refresh_from_db()
    cancelled.refresh_from_db()
    assert cancelled.status == "cancelled"
    assert (kept.status, kept.paid_amount) == ("fulfilled", Decimal("1000.00"))
    assert errors() == []


@pytest.mark.parametrize("slug", ["incobrable", "a-juicio", "de-baja"])
def test_reversal_on_a_closed_case_leaves_no_pending_promise(slug, admin_user):
    case = CaseFactory()
    made = promise(case, "1000.00", due_in=10, ago=2)
    payment = pay(case, "1000.00", now=NOW - timedelta(days=1))
    services.change_status(case=case, status=status(slug), by=admin_user)
    services.reverse_payment(payment=payment, by=admin_user)
    made.refresh_from_db()
    assert made.status == "cancelled"
    assert errors() == []


def errors():
    outcomes = verify.run(today=dates.today(), keep=9)
    return [finding.text for outcome in outcomes for finding in outcome.findings if not finding.is_notice]


def test_case_is_not_placed_as_paid():
    with pytest.raises(ValidationError) as error:
        services.place_case(
            cartera=CarteraFactory(), debtor=DebtorFactory(), amount=Decimal("100.00"), by=None, status=status("pagada")
        )
    assert list(error.value.message_dict) == ["status"]
