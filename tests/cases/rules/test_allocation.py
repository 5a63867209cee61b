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


def reasoned(*rows, capital="100000.00"):
    """(kind, amount, reason, arrangement), a day apart."""
    posted = [
        Posted(kind, Decimal(amount), DAY + timedelta(days=number), number, False, *more)
        for number, (kind, amount, *more) in enumerate(rows)
    ]
    split = allocate(posted, initial_amount=Decimal(capital))
    return f"{split.interest} / {split.capital}"


def test_a_correction_is_of_the_capital_whatever_its_sign():
    assert reasoned(PLACED, ("adjustment", "5000.00", "correction")) == "45000.00 / 105000.00"
    assert reasoned(PLACED, ("adjustment", "-5000.00", "correction")) == "45000.00 / 95000.00"
    assert reasoned(PLACED, ("adjustment", "-110000.00", "correction")) == "35000.00 / 0.00"
    assert reasoned(PLACED, ("adjustment", "-150000.00", "correction")) == "0.00 / -5000.00"
    assert reasoned(PLACED, ("payment", "150000.00"), ("adjustment", "8000.00", "correction")) == "0.00 / 3000.00"


def test_what_an_arrangement_added_counts_as_one_entry_where_it_first_stood():
    added = ("adjustment", "20000.00", "plan_interest", 7)
    back = ("adjustment", "-20000.00", "plan_interest", 7)
    paid = ("payment", "60000.00")
    assert reasoned(PLACED, added, paid, back) == reasoned(PLACED, paid) == "0.00 / 85000.00"
    assert reasoned(PLACED, added, paid) == "5000.00 / 100000.00"
    waived = ("adjustment", "-50000.00", "waiver", 7)
    assert reasoned(PLACED, waived) == "0.00 / 95000.00"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["payment", "adjustment"]),
            st.integers(-20_000_00, 20_000_00).filter(bool),
            st.sampled_from(["", "creditor", "correction", "fee"]),
        ),
        max_size=12,
    )
)
def test_capital_and_interest_are_the_balance_and_only_overpaid_capital_is_negative(rows):
    entries = [PLACED]
    balance = Decimal("145000.00")
    for kind, cents, reason in rows:
        amount = Decimal(abs(cents) if kind == "payment" else cents) / 100
        entries.append((kind, amount, reason if kind == "adjustment" else ""))
        balance += -amount if kind == "payment" else amount
    interest, capital = map(Decimal, reasoned(*entries).split(" / "))
    assert interest + capital == balance
    assert interest >= 0
    assert capital >= 0 or interest == 0  # honest: below nothing there is no interest
