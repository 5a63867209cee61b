"""What a debt amounts to with simple monthly interest, whole or in instalments (DESIGN §2, §4). Pure."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
MAX_INSTALMENTS = 60
MAX_RATE = Decimal(1000)


class InstalmentPlan(NamedTuple):
    """Amounts in ARS. `months` instalments, all of `instalment` but for the last, which takes the cents left over."""

    months: int
    interest: Decimal
    total: Decimal
    instalment: Decimal
    last_instalment: Decimal


def with_interest(*, balance: Decimal, monthly_rate: Decimal, months: int, capital: Decimal | None = None) -> Decimal:
    """The balance (ARS) plus simple interest of `months` whole months at `monthly_rate` percent, rounded to cents.

    Interest is on `capital`, the part of the balance that is no interest itself (CCyC art. 770); without it, on all.
    """
    base = balance if capital is None else capital
    return (balance + base * monthly_rate * months / HUNDRED).quantize(CENT, rounding=ROUND_HALF_UP)


def plan(*, balance: Decimal, monthly_rate: Decimal, instalments: int) -> InstalmentPlan:
    """The balance (ARS) in monthly instalments; each month adds `monthly_rate` percent of the whole balance.

    Raises ValueError with a Spanish sentence when there is nothing to divide.
    """
    if balance <= 0:
        raise ValueError("Escriba un saldo mayor que cero.")
    if not 0 <= monthly_rate <= MAX_RATE:
        raise ValueError("Escriba un porcentaje entre 0 y 1000.")
    if not 1 <= instalments <= MAX_INSTALMENTS:
        raise ValueError(f"Elija entre 1 y {MAX_INSTALMENTS} cuotas.")
    total = with_interest(balance=balance, monthly_rate=monthly_rate, months=instalments)
    instalment = (total / instalments).quantize(CENT, rounding=ROUND_DOWN)
    if not instalment:
        raise ValueError("El saldo es demasiado chico para tantas cuotas.")
    return InstalmentPlan(instalments, total - balance, total, instalment, total - instalment * (instalments - 1))
