"""What a debt amounts to with simple monthly interest (DESIGN §2). Pure."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
MAX_INSTALMENTS = 60
MAX_RATE = Decimal(1000)


def with_interest(*, balance: Decimal, monthly_rate: Decimal, months: int, capital: Decimal | None = None) -> Decimal:
    """The balance (ARS) plus simple interest of `months` whole months at `monthly_rate` percent, rounded to cents.

    Interest is on `capital`, the part of the balance that is no interest itself (CCyC art. 770); without it, on all.
    """
    base = balance if capital is None else capital
    return (balance + base * monthly_rate * months / HUNDRED).quantize(CENT, rounding=ROUND_HALF_UP)
