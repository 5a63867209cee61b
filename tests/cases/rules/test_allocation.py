"""Capital and interest of a balance: the worked examples, and what holds for every ledger (DESIGN §2)."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cases.rules import ledger
from cases.rules.allocation import Posted, Split, allocate

DAY = date(2026, 1, 5)


def folded(*rows, capital="100000.00"):
    posted = [
        Posted(kind, Decimal(amount), DAY + timedelta(days=number), number, is_void=bool(void))
        for number, (kind, amount, *void) in enumerate(rows)
    ]
    split = allocate(posted, initial_amount=Decimal(capital) if capital else None)
    return f"{split.interest} / {split.capital}"


PLACED = ("placement", "145000.00")


def test_the_worked_example():
    assert folded(PLACED) == "45000.00 / 100000.00"
    assert folded(PLACED, ("payment", "60000.00")) == "0.00 / 85000.00"
    assert folded(PLACED, ("payment", "60000.00"), ("payment", "30000.00")) == "0.00 / 55000.00"
    later = (("payment", "30000.00"), ("adjustment", "5000.00"), ("payment", "10000.00"))
    assert folded(PLACED, ("payment", "60000.00"), *later) == "0.00 / 50000.00"
    assert folded(PLACED, ("payment", "60000.00", True), *later, ("reversal", "60000.00")) == "10000.00 / 100000.00"


def test_without_a_capital_all_is_capital_and_what_was_overpaid_is_used_first():
    assert folded(PLACED, capital=None) == "0.00 / 145000.00"
    assert folded(PLACED, ("payment", "150000.00")) == "0.00 / -5000.00"
    assert folded(PLACED, ("payment", "150000.00"), ("adjustment", "8000.00")) == "3000.00 / 0.00"


cents = st.integers(1, 10**9).map(lambda value: Decimal(value) / 100)
entries = st.lists(
    st.one_of(
        st.tuples(st.just("payment"), cents),
        st.tuples(st.just("adjustment"), cents),
        st.tuples(st.just("adjustment"), cents.map(lambda amount: -amount)),
    ),
    max_size=8,
)


@given(cents, st.none() | cents, entries, st.sets(st.integers(0, 8)))
def test_the_parts_are_the_balance_and_interest_is_never_negative(placed, capital, later, void):
    posted = [Posted("placement", placed, DAY, 0)]
    for number, (kind, amount) in enumerate(later, start=1):
        is_void = kind == "payment" and number in void
        posted.append(Posted(kind, amount, DAY + timedelta(days=number), number, is_void))
        if is_void:
            posted.append(Posted("reversal", amount, DAY + timedelta(days=number + 20), 100 + number))
    split = allocate(posted, initial_amount=capital)
    assert split.capital + split.interest == ledger.balance_of([ledger.Entry(row.kind, row.amount) for row in posted])
    assert split.interest >= 0
    assert min(split.capital, Decimal(0)) * split.interest == 0  # overpaid: no interest is left
    assert allocate(reversed(posted), initial_amount=capital) == Split(*split)
