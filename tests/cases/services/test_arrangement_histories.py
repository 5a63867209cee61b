"""Random histories of ninety days with an arrangement, against an oracle: slow, obvious, a day at a time (DESIGN §3.8).

The oracle knows nothing of the rules' code. It keeps what happened in plain lists and works everything out anew from
the first day each time it is asked. The services must come to the same balance, outcome and instalments, however many
nights are missed.
"""

from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import services
from cases.models import DiscountLimit, StopFlag
from cases.rules.allocation import Posted, allocate
from cases.services import ArrangementConflict, ArrangementTerms
from cases.services.settlement import lock_case
from nova.lib import dates
from tests.cases.arrangement_oracle import BASE, SIGNED, Oracle
from tests.factories import AdminFactory, CaseFactory, DiscountLimitFactory

pytestmark = pytest.mark.django_db
D = Decimal


plans = st.sampled_from(["cash", "three", "direct"])
moves = st.one_of(
    st.tuples(st.just("pay"), st.integers(1, 20_000_000), st.integers(0, 12)),
    st.tuples(st.just("due"), st.integers(0, 12)),
    st.tuples(st.just("rest"), st.integers(0, 12)),
    st.tuples(st.just("reverse"), st.integers(0, 5)),
    st.tuples(st.just("refresh"), st.integers(1, 60_000_000)),
    st.tuples(st.just("fee"), st.integers(1, 5_000_000)),
    st.tuples(
        st.just("stop"),
    ),
    st.tuples(
        st.just("lift"),
    ),
    st.tuples(
        st.just("night"),
    ),
)
histories = st.lists(st.tuples(st.integers(0, 20), moves), min_size=1, max_size=9)


def moment(day, hour=12):
    return datetime(day.year, day.month, day.day, hour, tzinfo=dates.BuenosAires())


def begin(plan, admin):
    if not DiscountLimit.objects.exists():
        DiscountLimitFactory(role="admin", max_percent=D(50))
    case = CaseFactory(amount=BASE, placed_on=date(2026, 10, 1), initial_amount=D(200_000))
    terms = {
        "cash": {"waiver_percent": D(40)},
        "three": {"instalments": 3},
        "direct": {"system": "direct", "instalments": 4, "monthly_rate": D(5), "down_payment": D(50_000)},
    }[plan]
    made = services.propose_arrangement(
        case=case,
        by=admin,
        terms=ArrangementTerms(date(2026, 12, 10), **terms),
        accept=True,
        accepted_how="phone",
        now=moment(SIGNED),
    )
    parts = [(part.number, part.due_on, part.amount) for part in made.schedule.all()]
    return case, made, Oracle(made.agreed_total, parts)


def take(case, admin, oracle, day, move):
    """One step, in the books of both. What the services refuse happens in neither."""
    now = moment(day)
    case.refresh_from_db()
    match move:
        case ("pay", _, back) | ("due", back) | ("rest", back):
            asked = case.arrangements.get()
            unpaid = [part.unpaid for part in asked.schedule.all() if part.unpaid]
            amount = D(move[1]) / 100 if move[0] == "pay" else sum(unpaid) if move[0] == "rest" else (unpaid or [0])[0]
            if not amount:
                return
            valued = max(day - timedelta(days=back), SIGNED)
            entry = services.record_payment(
                case=case,
                by=admin,
                amount=amount,
                value_date=valued,
                confirm_overpayment=True,
                confirm_duplicate=True,
                now=now,
            )
            oracle.payments[entry.pk] = (valued, amount)
        case "reverse", index:
            numbers = sorted(oracle.payments)
            if numbers:
                number = numbers[index % len(numbers)]
                services.reverse_payment(payment=case.entries.get(pk=number), by=admin, now=now)
                del oracle.payments[number]
        case "refresh", cents:
            entry = services.refresh_total(case=case, by=admin, total=D(cents) / 100, now=now)
            if entry is not None:
                oracle.others[entry.pk] = day, entry.amount, True
        case "fee", cents:
            entry = services.adjust_balance(case=case, by=admin, amount=D(cents) / 100, reason="fee", now=now)
            oracle.others[entry.pk] = day, entry.amount, False
        case ("stop",):
            if not (oracle.stops and oracle.stops[-1][1] is None):
                services.set_stop(debtor=case.debtor, case=case, by=admin, reason=StopFlag.Reason.RECLAMO, now=now)
                oracle.stops.append([day, None])
        case ("lift",):
            if oracle.stops and oracle.stops[-1][1] is None:
                stop = StopFlag.objects.standing().get(case=case)
                services.lift_stop(stop=stop, by=admin, next_action_at=now + timedelta(days=1), now=now)
                oracle.stops[-1][1] = day
        case ("night",):
            services.settle(lock_case(case), now=moment(day, 1))


def balance_of(case):
    return sum((-e.amount if e.kind == "payment" else e.amount) for e in case.entries.all())


def compare(case, oracle, today):
    services.settle(lock_case(case), now=moment(today, 23))
    case.refresh_from_db()
    made = case.arrangements.get()
    status, day, paid, waived, back = oracle.expected(today)
    assert case.balance == balance_of(case)
    own = {"plan_interest": D(0), "waiver": D(0)}
    for entry in case.entries.filter(arrangement=made):
        own[entry.reason] += entry.amount
    assert (made.status, made.closed_on) == (status, day)
    assert {part.number: part.paid_amount for part in made.schedule.all()} == paid
    assert -own["waiver"] == waived
    assert own["plan_interest"] == made.plan_interest - back
    assert_split(case)
    assert_place(case, made)


def assert_split(case):
    void = set(case.entries.filter(reverses__isnull=False).values_list("reverses", flat=True))
    posted = [
        Posted(e.kind, e.amount, e.value_date, e.pk, e.pk in void, e.reason, e.arrangement_id)
        for e in case.entries.all()
    ]
    split = allocate(posted, initial_amount=case.initial_amount)
    assert split.capital + split.interest == case.balance
    assert split.capital >= 0 or case.balance < 0  # honest: below nothing only what was overpaid


def assert_place(case, made):
    if made.status == "active":  # honest: the histories have both
        assert case.status.slug == "con-arreglo"
        assert case.next_action_at is not None
    elif case.balance > 0:  # honest: those that lapsed
        assert case.status.slug == "en-gestion"


@settings(max_examples=25, deadline=None)
@given(plans, histories)
def test_the_services_come_to_what_the_oracle_says(plan, history):
    admin = AdminFactory()
    case, _, oracle = begin(plan, admin)
    day = SIGNED
    for wait, move in history:
        day += timedelta(days=wait)
        if day > SIGNED + timedelta(days=90):  # honest: what comes before is compared
            break
        with suppress(ValidationError, ArrangementConflict):  # honest: what is refused changes neither
            take(case, admin, oracle, day, move)
        compare(case, oracle, day)
    compare(case, oracle, SIGNED + timedelta(days=150))


@settings(max_examples=6, deadline=None)
@given(plans, histories)
def test_nights_that_were_missed_change_nothing(plan, history):
    """The same history once with every night and once with none."""
    admin = AdminFactory()
    twins = []
    for nightly in (True, False):
        case, made, oracle = begin(plan, admin)
        day = SIGNED
        for wait, move in history:
            for number in range(1, wait + 1):
                if nightly:
                    services.settle(lock_case(case), now=moment(day + timedelta(days=number), 1))
            day += timedelta(days=wait)
            if move != ("night",):
                with suppress(ValidationError, ArrangementConflict):  # honest: what is refused changes neither
                    take(case, admin, oracle, day, move)
        services.settle(lock_case(case), now=moment(day + timedelta(days=1), 1))
        case.refresh_from_db()
        made.refresh_from_db()
        twins.append(
            (
                case.balance,
                case.status.slug,
                made.status,
                made.closed_on,
                [(part.paid_amount, part.status) for part in made.schedule.all()],
            )
        )
    assert twins[0] == twins[1]
