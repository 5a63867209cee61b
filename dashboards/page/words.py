"""Numbers as text of the dashboard."""

from decimal import Decimal

from nova.lib import text
from nova.lib.money import format_money, format_percentage

NOTHING = "—"


def whole(value: int | None) -> str:
    return NOTHING if value is None else text.whole(value)


def percentage(value: Decimal | None) -> str:
    """`41,67 %`"""
    return NOTHING if value is None else format_percentage(value)


def money(value: Decimal | None) -> str:
    return NOTHING if value is None else format_money(value)
