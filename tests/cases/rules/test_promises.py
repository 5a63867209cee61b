"""Outcomes of promises: DESIGN §3.3."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.rules.promises import PaymentFact, PromiseFact, Terms, last_day_of_grace, outcomes
from nova.lib import dates

TERMS = Terms(2, Decimal(95))
START = date(2026, 3, 2)


def at(day: date, hour: int = 12) -> datetime:
    """A moment of that day in Buenos Aires (UTC−3)."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC) + timedelta(hours=3)


def promise(id=1, amount="100.00", due=START + timedelta(days=4), made=START, hour=12):
    return PromiseFact(id, Decimal(amount), due, at(made, hour))


def payment(id=1, amount="100.00", day=START + timedelta(days=1), posted=None):
    return PaymentFact(id, Decimal(amount), day, posted or at(day))


def outcome_of(promises, payments, today, id=1):
    return outcomes(promises, payments, today=today, terms=TERMS)[id]


days = st.integers(0, 40).map(lambda offset: START + timedelta(days=offset))
amounts = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("500.00"), places=2)


@st.composite
def histories(draw):
    promises = []
    for id in range(1, draw(st.integers(1, 4)) + 1):
        made = draw(days)
        due = made + timedelta(days=draw(st.integers(0, 20)))
        promises.append(PromiseFact(id, draw(amounts), due, at(made, draw(st.integers(0, 23)))))
    payments = []
    for id in range(1, draw(st.integers(0, 6)) + 1):
        day = draw(days)
        posted = at(day + timedelta(days=draw(st.integers(0, 5))), draw(st.integers(0, 23)))
        payments.append(PaymentFact(id, draw(amounts), day, posted))
    return promises, payments


def feeds(paid: PaymentFact, made: PromiseFact) -> bool:
    """The window of §3.3, written again in other words."""
    first = dates.local_date(made.made_at)
    last = last_day_of_grace(made.promise_date, TERMS)
    in_window = first <= paid.value_date <= last
    return in_window and not (paid.value_date == first and paid.posted_at <= made.made_at)


def oracle(promises, payments):
    """Every centavo on its own takes the first promise that may have it and is not full yet: slow and obvious."""
    got = {made.id: 0 for made in promises}
    kept = {}
    for paid in sorted(payments, key=lambda row: (row.value_date, row.id)):
        for _ in range(int(paid.amount * 100)):
            for made in sorted(promises, key=lambda row: (row.promise_date, row.id)):
                if feeds(paid, made) and got[made.id] < made.amount * 100:
                    got[made.id] += 1
                    if got[made.id] >= made.amount * 95:
                        kept.setdefault(made.id, paid.value_date)
                    break
    return {id: (Decimal(count) / 100, kept.get(id)) for id, count in got.items()}


small = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("3.00"), places=2)


@given(histories(), st.data())
def test_outcomes_agree_with_a_slow_obvious_reading_of_the_rule(history, data):
    promises, payments = history
    promises = [row._replace(amount=data.draw(small)) for row in promises]
    payments = [row._replace(amount=data.draw(small)) for row in payments]
    expected = oracle(promises, payments)
    found = outcomes(promises, payments, today=START, terms=TERMS)
    assert {id: (outcome.paid_amount, outcome.fulfilled_date) for id, outcome in found.items()} == expected


@given(histories(), days, st.randoms(use_true_random=False))
def test_outcomes_do_not_depend_on_order_nor_on_how_often_they_are_asked(history, today, rng):
    promises, payments = history
    first = outcomes(promises, payments, today=today, terms=TERMS)
    rng.shuffle(promises)
    rng.shuffle(payments)
    assert outcomes(promises, payments, today=today, terms=TERMS) == first


@given(histories(), days)
def test_money_is_never_counted_twice_nor_a_promise_overfed(history, today):
    promises, payments = history
    found = outcomes(promises, payments, today=today, terms=TERMS)
    assert sum(row.paid_amount for row in found.values()) <= sum(row.amount for row in payments)
    assert found.keys() == {made.id for made in promises}
    assert promises
    for made in promises:
        assert 0 <= found[made.id].paid_amount <= made.amount


@given(histories(), days)
def test_time_alone_only_breaks_pending_promises(history, today):
    promises, payments = history
    before = outcomes(promises, payments, today=today, terms=TERMS)
    after = outcomes(promises, payments, today=today + timedelta(days=100), terms=TERMS)
    assert len(after) == len(before) == len(promises) > 0
    for id, outcome in before.items():
        assert after[id].status == ("broken" if outcome.status == "pending" else outcome.status)
        assert after[id].paid_amount == outcome.paid_amount


@given(histories(), amounts)
def test_a_payment_fills_the_oldest_promise_before_it_reaches_the_next(history, amount):
    promises, _ = history
    paid = payment(amount=amount, day=START + timedelta(days=3))
    found = outcomes(promises, [paid], today=START, terms=TERMS)
    in_order = sorted((row for row in promises if feeds(paid, row)), key=lambda row: (row.promise_date, row.id))
    before = [sum(row.amount for row in in_order[:place]) for place in range(len(in_order))]
    filled = [min(row.amount, max(amount - full, Decimal(0))) for row, full in zip(in_order, before, strict=True)]
    assert [found[row.id].paid_amount for row in in_order] == filled


def test_ninety_five_percent_is_kept_and_a_centavo_less_is_not():
    due = START + timedelta(days=4)
    assert outcome_of([promise(due=due)], [payment(amount="95.00")], due).status == "fulfilled"
    assert outcome_of([promise(due=due)], [payment(amount="94.99")], due).status == "pending"


def test_fulfilled_date_is_the_value_date_of_the_payment_that_reached_it():
    payments = [payment(1, "50.00", START + timedelta(days=1)), payment(2, "50.00", START + timedelta(days=3))]
    assert outcome_of([promise()], payments, START).fulfilled_date == START + timedelta(days=3)


@pytest.mark.parametrize(
    ("due", "last_day"),
    [
        (date(2026, 11, 24), date(2026, 11, 26)),  # Tuesday → Thursday
        (date(2026, 11, 27), date(2026, 12, 1)),  # Friday → Tuesday
        (date(2026, 11, 28), date(2026, 12, 1)),  # Saturday → Tuesday
        (date(2026, 12, 31), date(2027, 1, 5)),  # over New Year's Day and a weekend
        (date(2028, 2, 28), date(2028, 3, 2)),  # carnival Monday, over its Tuesday, 29 February
        (date(2026, 5, 22), date(2026, 5, 27)),  # Friday before the holiday of 25 May
    ],
)
def test_promise_breaks_the_day_after_its_last_day_of_grace(due, last_day):
    made = promise(due=due, made=due - timedelta(days=7))
    assert last_day_of_grace(due, TERMS) == last_day
    assert outcome_of([made], [], last_day).status == "pending"
    assert outcome_of([made], [], last_day + timedelta(days=1)).status == "broken"


def test_on_the_day_it_was_made_only_later_payments_count():
    made = promise(hour=15)
    assert outcome_of([made], [payment(day=START, posted=at(START, 14))], START).paid_amount == 0
    assert outcome_of([made], [payment(day=START, posted=at(START, 15))], START).paid_amount == 0
    assert outcome_of([made], [payment(day=START, posted=at(START, 16))], START).status == "fulfilled"


def test_creation_day_is_the_local_one_at_midnight():
    late = PromiseFact(1, Decimal("10.00"), START + timedelta(days=3), datetime(2026, 3, 3, 2, 59, tzinfo=UTC))
    paid = payment(amount="10.00", day=START, posted=datetime(2026, 3, 3, 2, 59, 30, tzinfo=UTC))
    assert outcome_of([late], [paid], START).status == "fulfilled"  # 23:59 of the 2nd in Buenos Aires


def test_back_dated_payment_turns_a_broken_promise_into_a_fulfilled_one():
    made = promise()
    long_after = START + timedelta(days=60)
    assert outcome_of([made], [], long_after).status == "broken"
    back_dated = payment(day=START + timedelta(days=2), posted=at(long_after))
    assert outcome_of([made], [back_dated], long_after).status == "fulfilled"


def test_what_is_left_of_a_payment_feeds_the_next_promise():
    first = promise(1, "60.00", START + timedelta(days=2))
    second = promise(2, "60.00", START + timedelta(days=5))
    found = outcomes([second, first], [payment(amount="100.00")], today=START, terms=TERMS)
    assert (found[1].paid_amount, found[2].paid_amount) == (Decimal("60.00"), Decimal("40.00"))
    assert (found[1].status, found[2].status) == ("fulfilled", "pending")
