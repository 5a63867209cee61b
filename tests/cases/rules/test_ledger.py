"""The ledger's arithmetic: DESIGN §3.1 and §3.2."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cases.rules.ledger import Entry, balance_of, refresh_adjustment

cents = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999999.99"), places=2)
adjustments = st.builds(Entry, st.just("adjustment"), st.one_of(cents, cents.map(lambda amount: -amount)))
entries = st.lists(
    st.one_of(st.builds(Entry, st.sampled_from(["placement", "payment", "reversal"]), cents), adjustments)
)


@given(entries, st.randoms(use_true_random=False))
def test_balance_is_the_sum_of_entries_whatever_their_order(history, rng):
    shuffled = list(history)
    rng.shuffle(shuffled)
    owed = sum(entry.amount for entry in history if entry.kind != "payment")
    paid = sum(entry.amount for entry in history if entry.kind == "payment")
    assert balance_of(history) == balance_of(shuffled) == owed - paid


@given(entries, cents)
def test_reversal_gives_back_exactly_what_the_payment_took(history, amount):
    undone = [*history, Entry("payment", amount), Entry("reversal", amount)]
    assert balance_of(undone) == balance_of(history)


@given(entries, cents)
def test_creditors_new_figure_becomes_the_balance(history, stated):
    balance = balance_of(history)
    difference = refresh_adjustment(stated=stated, previously_stated=None, balance=balance)
    assert balance_of([*history, Entry("adjustment", difference)]) == stated


def test_figure_stated_again_changes_nothing_whatever_was_paid_here():
    stated = Decimal("100.00")
    assert refresh_adjustment(stated=stated, previously_stated=stated, balance=Decimal("40.00")) == 0
