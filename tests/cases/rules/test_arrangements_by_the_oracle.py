"""The rules of arrangements against the oracle, over random histories of ninety days without a database."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.rules.arrangements import Deal, Entry, Part, Pause, Terms, due_dates, outcome
from nova.lib import dates
from tests.cases.arrangement_oracle import BASE, SIGNED, Oracle

D = Decimal
DAYS = due_dates(date(2026, 12, 10), 4)
PLANS = {
    "cash": (D("180000.00"), [Part(1, DAYS[0], D("180000.00"))]),
    "three": (BASE, [Part(number, DAYS[number - 1], D("100000.00")) for number in (1, 2, 3)]),
    "interest": (
        D("350000.00"),
        [Part(0, SIGNED, D("50000.00")), *(Part(number, DAYS[number - 1], D("75000.00")) for number in (1, 2, 3, 4))],
    ),
}


def at(day, minute):
    return datetime(day.year, day.month, day.day, 12, minute, tzinfo=dates.BuenosAires())


cents = st.one_of(
    st.integers(1, 20_000_000), st.sampled_from([10_000_000, 7_500_000, 18_000_000, 5_000_000, 30_000_000])
)
events = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.one_of(
            st.tuples(st.just("pay"), cents, st.integers(0, 12)),
            st.tuples(st.just("creditor"), st.integers(-20_000_000, 20_000_000).filter(bool), st.just(0)),
            st.tuples(st.just("fee"), st.integers(-5_000_000, 5_000_000).filter(bool), st.just(0)),
            st.tuples(st.just("reverse"), st.integers(0, 5), st.just(0)),
            st.tuples(st.just("stop"), st.integers(0, 40), st.just(0)),
        ),
    ),
    min_size=1,
    max_size=10,
)


def facts(oracle, posted):
    """What the rules are told of the same history."""
    entries = [Entry(1, BASE, date(2026, 10, 1), at(date(2026, 10, 1), 0), False, False)]
    for number, (day, amount) in oracle.payments.items():
        entries.append(Entry(number, -amount, day, posted[number], True, False))
    for number, (day, amount, creditors) in oracle.others.items():
        entries.append(Entry(number, amount, day, posted[number], False, creditors))
    return entries, [Pause(*stop) for stop in oracle.stops]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(PLANS)), events)
def test_the_rules_come_to_what_the_oracle_says(plan, events):
    agreed, parts = PLANS[plan]
    oracle = Oracle(agreed, [(part.number, part.due_on, part.amount) for part in parts])
    posted, day = {}, SIGNED
    for number, (wait, (kind, amount, back)) in enumerate(events, start=2):
        day += timedelta(days=wait)
        posted[number] = at(day, number)
        if kind == "pay":
            oracle.payments[number] = max(day - timedelta(days=back), SIGNED), D(amount) / 100
        elif kind == "reverse" and oracle.payments:
            del oracle.payments[sorted(oracle.payments)[amount % len(oracle.payments)]]
        elif kind == "stop":
            oracle.stops.append((day, day + timedelta(days=amount)))
        elif kind in ("creditor", "fee"):
            oracle.others[number] = day, D(amount) / 100, kind == "creditor"
    deal = Deal(at(SIGNED, 0), BASE, agreed, 2, None)
    entries, pauses = facts(oracle, posted)
    for today in (day, day + timedelta(days=7), day + timedelta(days=90)):
        found = outcome(deal, parts, entries, pauses, today=today, terms=Terms(3, D("0.00"), 30))
        status, ended, paid, waived, back = oracle.expected(today)
        oracle.standing = None  # the rules keep nothing from one day to the next
        assert (found.status, found.closed_on) == (status, ended)
        assert {number: part.paid_amount for number, part in found.parts.items()} == paid
        assert (found.waived, found.taken_back) == (waived, back)
