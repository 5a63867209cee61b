"""What is usually typed into a field of the gestor's screen, to choose with a click or an arrow key (DESIGN §4)."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from cases.rules.contact import is_contact_hour
from nova.lib import dates
from nova.lib.money import format_money, round_money
from nova.lib.said import WEEKDAYS, read_day, show_day, show_moment

PARTS = {"saldo": 1, "½": 2, "⅓": 3}
DAYS = {"mañana": "mañana", "viernes": "viernes", "día 10": "10", "fin de mes": "fin de mes"}
EVENING, MORNING, AFTERNOON = 18, 9, 15


class Chip(NamedTuple):
    """A word for a value, as the field takes it."""

    words: str
    value: str


def amounts(balance: Decimal) -> list[Chip]:
    """The balance (ARS) and its usual parts; none of nothing."""
    if balance <= 0:
        return []
    return [Chip(words, format_money(round_money(balance / part), symbol=False)) for words, part in PARTS.items()]


def days(now: datetime) -> list[Chip]:
    today = dates.local_date(now)
    return [Chip(words, show_day(read_day(text, today=today))) for words, text in DAYS.items()]


def moments(now: datetime) -> list[Chip]:
    """The usual moments to call back: those still to come at which a call is permitted."""
    today = dates.local_date(now)
    day = dates.next_business_day(today)
    name = "mañana" if day == today + timedelta(days=1) else WEEKDAYS[day.weekday()]
    usual = [
        ("+1 h", now.replace(second=0, microsecond=0) + timedelta(hours=1)),
        (f"hoy {EVENING}", dates.start_of_day(today) + timedelta(hours=EVENING)),
        *((f"{name} {hour}", dates.start_of_day(day) + timedelta(hours=hour)) for hour in (MORNING, AFTERNOON)),
    ]
    return [Chip(words, show_moment(at)) for words, at in usual if at > now and is_contact_hour(at)]
