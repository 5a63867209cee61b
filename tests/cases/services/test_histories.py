"""Random histories through the services: whatever people do, the invariants of DESIGN §2 and §3 hold."""

from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cases import services
from cases.models import CaseStatus
from cases.rules import ledger, promises
from cases.services.settlement import lock_case, payment_facts, promise_facts, promise_terms
from nova.lib import dates
from tests.factories import AdminFactory, CaseFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 2, 25, 12, tzinfo=dates.BuenosAires())

amounts = st.integers(1, 700_000).map(lambda cents: Decimal(cents) / 100)
steps = st.one_of(
    st.tuples(st.just("pay"), amounts, st.integers(0, 20), st.booleans()),
    st.tuples(st.just("reverse"), st.integers(0, 5)),
    st.tuples(st.just("promise"), amounts, st.integers(0, 30)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("adjust"), amounts, st.booleans()),
    st.tuples(st.just("refresh"), amounts),
    st.tuples(st.just("status"), st.sampled_from(["en-gestion", "con-arreglo", "pagada", "incobrable", "de-baja"])),
    st.tuples(st.just("night")),
)
histories = st.lists(st.tuples(st.integers(0, 9), steps), min_size=1, max_size=10)


def take_if_allowed(case, by, now, step):
    """What the rules refuse changes nothing."""
    with suppress(ValidationError):  # honest: that a step is refused is part of a history
        take(case, by, now, step)


def take(case, by, now, step):
    """One step of somebody's day."""
    match step:
        case "pay", amount, days_ago, confirm:
            day = max(dates.local_date(now) - timedelta(days=days_ago), case.placed_on)
            services.record_payment(
                case=case, by=by, amount=amount, value_date=day, confirm_overpayment=confirm, now=now
            )
        case "reverse", index:
            payments = list(case.entries.effective_payments().order_by("id"))
            if payments:
                services.reverse_payment(payment=payments[index % len(payments)], by=by, now=now)
        case "promise", amount, days:
            due = dates.local_date(now) + timedelta(days=days)
            services.promise_payment(case=case, by=by, amount=amount, promise_date=due, now=now)
        case "cancel", index:
            made = list(case.promises.order_by("id"))
            if made:
                services.cancel_promise(promise=made[index % len(made)], by=by, now=now)
        case "adjust", amount, down:
            services.adjust_balance(case=case, by=by, amount=-amount if down else amount, now=now)
        case "refresh", amount:
            services.refresh_total(case=case, by=by, total=amount, now=now)
        case "status", slug:
            services.change_status(case=case, status=CaseStatus.objects.get(slug=slug), by=by, now=now)
        case ("night",):
            services.settle(lock_case(case), now=now)


def assert_invariants(case, now):
    case.refresh_from_db()
    entries = [ledger.Entry(*row) for row in case.entries.values_list("kind", "amount")]
    assert case.balance == ledger.balance_of(entries)
    assert case.stage == case.status.stage
    assert (case.stage == "pagada") <= (case.balance <= 0)
    pending = case.promises.pending()
    assert not (pending.exists() and not case.is_open)
    if case.stage == "promesa" and case.promises.exists() and not pending.exists():  # honest: some histories come here
        assert case.status.slug == "con-arreglo"  # set by hand
    for made in case.promises.all():  # honest: most histories have some
        assert (made.fulfilled_date is not None) == (made.status == "fulfilled")
        assert made.amount >= made.paid_amount >= 0
    computed = list(case.promises.computed())
    expected = promises.outcomes(
        promise_facts(computed), payment_facts(case), today=dates.local_date(now), terms=promise_terms()
    )
    for made in computed:  # honest: most histories have some
        if made.status != "pending":  # honest: a pending one may be waiting for tonight
            assert (made.status, made.paid_amount, made.fulfilled_date) == expected[made.pk]
    ours = case.entries.effective_payments().order_by("-value_date").values_list("value_date", flat=True).first()
    assert case.last_payment_date == ours


@settings(max_examples=60)
@given(histories)
def test_invariants_hold_after_every_step(history):
    admin, now = AdminFactory(), START
    case = CaseFactory(amount=Decimal("5000.00"), placed_on=dates.local_date(START) - timedelta(days=5))
    assert_invariants(case, now)
    for days, step in history:
        now += timedelta(days=days, minutes=7)
        take_if_allowed(case, admin, now, step)
        assert_invariants(case, now)


@settings(max_examples=40)
@given(histories, amounts)
def test_a_payment_and_its_reversal_leave_everything_as_it_was(history, amount):
    admin, now = AdminFactory(), START
    case = CaseFactory(amount=Decimal("5000.00"), placed_on=dates.local_date(START) - timedelta(days=5))
    for days, step in history:
        now += timedelta(days=days, minutes=7)
        take_if_allowed(case, admin, now, step)
    services.settle(lock_case(case), now=now)
    before = snapshot(case)
    assume(case.balance > amount)  # paying everything cancels promises, which no reversal brings back
    payment = services.record_payment(
        case=case, by=admin, amount=amount, confirm_duplicate=True, now=now + timedelta(minutes=1)
    )
    services.reverse_payment(payment=payment, by=admin, now=now + timedelta(minutes=2))
    assert snapshot(case) == before


def snapshot(case):
    case.refresh_from_db()
    made = case.promises.order_by("id").values_list("status", "paid_amount", "fulfilled_date")
    return case.balance, case.last_payment_date, list(made)
