"""The ledger as arithmetic (DESIGN §3.1, §3.2). Pure: no database, no clock. Amounts are Decimals in ARS, in cents."""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What an entry is: its amount is positive but an adjustment's, which carries its own sign."""

    PLACEMENT = "placement"
    ADJUSTMENT = "adjustment"
    PAYMENT = "payment"
    REVERSAL = "reversal"


CENTS = Decimal("0.01")
ZERO = Decimal("0.00")


class Entry(NamedTuple):
    kind: str
    amount: Decimal


def signed(kind: str, amount: Decimal) -> Decimal:
    """What an entry adds to the balance: a payment takes away, all else adds (an adjustment carries its own sign)."""
    return -amount if kind == Kind.PAYMENT else amount


def signed_sql(kind: str = "kind", amount: str = "amount") -> str:
    """`signed` as SQL, of the columns named."""
    return f"CASE {kind} WHEN '{Kind.PAYMENT.value}' THEN -{amount} ELSE {amount} END"


def balance_of(entries: Iterable[Entry]) -> Decimal:
    """Σ signed entries, whatever their order."""
    return sum((signed(entry.kind, entry.amount) for entry in entries), ZERO)


def refresh_adjustment(*, stated: Decimal, previously_stated: Decimal | None, balance: Decimal) -> Decimal:
    """The adjustment that a creditor's restated total asks for; zero when it restates the same figure (§3.2).

    The same figure changes nothing, whatever was paid here meanwhile: the creditor has just not seen it yet.
    """
    if stated == previously_stated:
        return ZERO
    return stated - balance
