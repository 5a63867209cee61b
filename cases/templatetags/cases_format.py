"""Template filters that format values as usual in Argentina."""

from datetime import date, datetime
from decimal import Decimal

from django import template

from cases.rules.reasons import days_away
from nova.lib import dates
from nova.lib.documents import format_cuit, format_dni
from nova.lib.money import format_money, format_percentage
from nova.lib.phones import format_phone

register = template.Library()


@register.filter
def money(amount: Decimal | None) -> str:
    """`$ 1.234,56`; a dash for None."""
    return "—" if amount is None else format_money(amount)


@register.filter
def moment(at: datetime | None) -> str:
    """24/11/2026 15:30, or only the date at 00:00 (no hour was agreed); a dash for None."""
    return dates.format_moment(at) if at else "—"


@register.filter
def away(day: date | None) -> str:
    """«hoy», «mañana», «hace 3 días»."""
    return days_away(day, dates.today()) if day else "—"


@register.filter
def dni(value: str | None) -> str:
    return format_dni(value) if value else "—"


@register.filter
def cuit(value: str | None) -> str:
    return format_cuit(value) if value else "—"


@register.filter
def phone(number: str) -> str:
    """`+54 9 11 4444-5555`"""
    return format_phone(number)


@register.filter
def percent(value: Decimal | None) -> str:
    """`87,50 %`; a dash when there is nothing to compare."""
    return "—" if value is None else format_percentage(value)
