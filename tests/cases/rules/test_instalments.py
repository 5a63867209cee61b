"""Interest and instalments (DESIGN §2, §4)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.rules.instalments import plan, with_interest

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
    made = plan(balance=balance, monthly_rate=rate, instalments=instalments)

    assert made.instalment * (instalments - 1) + made.last_instalment == made.total
    assert 0 < made.instalment <= made.last_instalment < made.instalment + instalments * Decimal("0.01")
    assert made.total - made.interest == balance
    assert made.interest >= 0
    assert made.total == with_interest(balance=balance, monthly_rate=rate, months=instalments)


@pytest.mark.parametrize(
    ("balance", "rate", "instalments"),
    [
        ("0", "5", 3),
        ("-1", "5", 3),
        ("100", "-1", 3),
        ("100", "1001", 3),
        ("100", "5", 0),
        ("100", "5", 61),
        ("0.02", "0", 3),
    ],
)
def test_what_cannot_be_divided_says_why(balance: str, rate: str, instalments: int) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        plan(balance=Decimal(balance), monthly_rate=Decimal(rate), instalments=instalments)
