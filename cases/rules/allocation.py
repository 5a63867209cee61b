"""Which part of a balance is capital and which is interest (DESIGN §2): a fold over the ledger, never stored. Pure."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from cases.rules.ledger import Kind, Reason

ZERO = Decimal("0.00")


class Posted(NamedTuple):
    """An entry of a ledger. `amount` is in ARS and signed only for adjustments; `is_void`: a reversed payment.

    `arrangement`: the id of the one to which an adjustment belongs.
    """

    kind: str
    amount: Decimal
    value_date: date
    id: int
    is_void: bool = False
    reason: str = ""
    arrangement: int | None = None


class Split(NamedTuple):
    """In ARS; their sum is the balance. Capital is negative only for what was paid beyond the debt."""

    capital: Decimal
    interest: Decimal


def allocate(entries: Iterable[Posted], *, initial_amount: Decimal | None) -> Split:
    """Capital and interest of a case.

    The placement is capital up to `initial_amount` (all of it without one) and interest beyond it. What is added later
    is interest; what is paid or taken off pays interest first and then capital (CCyC art. 903). A correction, of either
    sign, is of the capital. A reversed payment drops out together with its reversal; what an arrangement added, or
    forgave, counts as one entry on the day of its first.
    """
    split = Split(ZERO, ZERO)
    for entry in sorted(_summed(entries), key=lambda entry: (entry.value_date, entry.id)):
        amount = -entry.amount if entry.kind == Kind.PAYMENT else entry.amount
        if entry.kind == Kind.PLACEMENT:
            owed = min(initial_amount, amount) if initial_amount is not None else amount
            split = Split(split.capital + owed, split.interest + amount - owed)
        elif amount < 0:
            split = _less(split, -amount, capital_first=entry.reason == Reason.CORRECTION)
        elif entry.reason == Reason.CORRECTION:
            split = Split(split.capital + amount, split.interest)
        else:
            back = min(max(-split.capital, ZERO), amount)  # what was overpaid is used up first
            split = Split(split.capital + back, split.interest + amount - back)
    return split


def _less(split: Split, amount: Decimal, *, capital_first: bool) -> Split:
    """Interest first and then capital, or the other way; only what exceeds both leaves the capital negative."""
    if capital_first:
        rest = amount - min(max(split.capital, ZERO), amount)
        taken = min(split.interest, rest)
    else:
        taken = min(split.interest, amount)
    return Split(split.capital - (amount - taken), split.interest - taken)


def _summed(entries: Iterable[Posted]) -> list[Posted]:
    """Without what was reversed, and with the entries of one arrangement and reason as one, where the first stands."""
    alone: list[Posted] = []
    together: dict[tuple[int, str], Posted] = {}
    for entry in sorted(entries, key=lambda entry: (entry.value_date, entry.id)):
        if entry.is_void or entry.kind == Kind.REVERSAL:
            continue
        if entry.arrangement is None:
            alone.append(entry)
            continue
        key = entry.arrangement, entry.reason
        first = together.get(key)
        together[key] = entry if first is None else first._replace(amount=first.amount + entry.amount)
    return [*alone, *(entry for entry in together.values() if entry.amount)]
