"""Simple interest, and what it comes to in instalments (DESIGN §2, §3.8)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.rules.arrangements import direct_parts
from cases.rules.instalments import with_interest

AMOUNTS = st.decimals("1.00", "9999999999.99", places=2)
RATES = st.decimals("0", "100", places=2)


@pytest.mark.parametrize(
    ("balance", "rate", "months", "expected"),
    [
        ("10000", "5", 3, "11500.00"),
        ("10000", "0", 12, "10000.00"),
        ("0.01", "5", 1, "0.01"),
        ("0.10", "5", 1, "0.11"),  # 0.105, half up
        ("1234.56", "3.75", 7, "1558.63"),
    ],
)
def test_simple_interest(balance: str, rate: str, months: int, expected: str) -> None:
    assert with_interest(balance=Decimal(balance), monthly_rate=Decimal(rate), months=months) == Decimal(expected)


@given(balance=AMOUNTS, rate=RATES, instalments=st.integers(1, 60))
def test_the_instalments_are_the_total_to_the_cent(balance: Decimal, rate: Decimal, instalments: int) -> None:
    made = direct_parts(balance, rate, instalments)

    assert sum(made) == with_interest(balance=balance, monthly_rate=rate, months=instalments) >= balance
    assert made[:-1] == made[:1] * (instalments - 1)
    assert 0 < made[0] <= made[-1] < made[0] + instalments * Decimal("0.01")
