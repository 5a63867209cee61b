"""Which part of a balance is capital and which is interest (DESIGN §2): a fold over the ledger, never stored. Pure."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from cases.rules.ledger import Kind

ZERO = Decimal("0.00")


class Posted(NamedTuple):
    """An entry of a ledger. `amount` is in ARS and signed only for adjustments; `is_void`: a reversed payment."""

    kind: str
    amount: Decimal
    value_date: date
    id: int
    is_void: bool = False


class Split(NamedTuple):
    """In ARS; their sum is the balance. Capital is negative only for what was paid beyond the debt."""

    capital: Decimal
    interest: Decimal


def allocate(entries: Iterable[Posted], *, initial_amount: Decimal | None) -> Split:
    """Capital and interest of a case.

    The placement is capital up to `initial_amount` (all of it without one) and interest beyond it. What is added later
    is interest; what is paid or taken off pays interest first and then capital (CCyC art. 903). A reversed payment
    drops out together with its reversal.
    """
    capital = interest = ZERO
    for entry in sorted(entries, key=lambda entry: (entry.value_date, entry.id)):
        if entry.is_void or entry.kind == Kind.REVERSAL:
            continue
        amount = -entry.amount if entry.kind == Kind.PAYMENT else entry.amount
        if entry.kind == Kind.PLACEMENT:
            owed = min(initial_amount, amount) if initial_amount is not None else amount
            capital, interest = capital + owed, interest + amount - owed
        elif amount < 0:
            paid = min(interest, -amount)
            capital, interest = capital + amount + paid, interest - paid
        else:
            back = min(max(-capital, ZERO), amount)  # what was overpaid is used up first
            capital, interest = capital + back, interest + amount - back
    return Split(capital, interest)
