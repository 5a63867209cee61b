"""The arithmetic of the ledger (DESIGN §3.1, §3.2). Pure: no database, no clock.

Amounts are Decimals in ARS with two decimals.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The kind of an entry. Amounts are positive, except those of adjustments, which may be negative."""

    PLACEMENT = "placement"
    ADJUSTMENT = "adjustment"
    PAYMENT = "payment"
    REVERSAL = "reversal"


class Reason(StrEnum):
    """Why an adjustment was posted; those of an arrangement are PLAN_INTEREST and WAIVER."""

    CREDITOR = "creditor"
    PLAN_INTEREST = "plan_interest"
    WAIVER = "waiver"
    CORRECTION = "correction"
    FEE = "fee"


CENTS = Decimal("0.01")
ZERO = Decimal("0.00")


class Entry(NamedTuple):
    kind: str
    amount: Decimal


def signed(kind: str, amount: Decimal) -> Decimal:
    """What an entry adds to the balance: minus its amount for a payment, its amount for any other kind."""
    return -amount if kind == Kind.PAYMENT else amount


def signed_sql(kind: str = "kind", amount: str = "amount") -> str:
    """`signed` as an SQL expression; `kind` and `amount` are the names of the columns."""
    return f"CASE {kind} WHEN '{Kind.PAYMENT.value}' THEN -{amount} ELSE {amount} END"


def balance_of(entries: Iterable[Entry]) -> Decimal:
    """The sum of the signed entries, in ARS; their order does not matter."""
    return sum((signed(entry.kind, entry.amount) for entry in entries), ZERO)


def refresh_adjustment(*, stated: Decimal, previously_stated: Decimal | None, balance: Decimal) -> Decimal:
    """The adjustment (ARS) that makes the balance equal to the total that the creditor now states (§3.2).

    Zero when the creditor states the same total as before: a payment received here since then is only not yet known to
    the creditor.
    """
    if stated == previously_stated:
        return ZERO
    return stated - balance
