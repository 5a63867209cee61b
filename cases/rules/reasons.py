"""Why a case is in the queue, in a few words (DESIGN §4). Pure: no database, no clock."""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from cases.rules import queue
from nova.lib import dates
from nova.lib.money import format_money


class PromiseOf(NamedTuple):
    """The promise that a reason mentions: the earliest pending one or the latest broken one. The amount is in ARS."""

    amount: Decimal
    promise_date: date


def reason(
    *, band: int, next_action_at: datetime | None, pending: PromiseOf | None, broken: PromiseOf | None, today: date
) -> str:
    """One Spanish sentence without a full stop, of about 50 characters at most."""
    if band == queue.Band.CALL_BACK and next_action_at is not None:
        return f"Acordó que lo llamen {_moment(next_action_at, today)}"
    if band == queue.Band.BROKEN_PROMISE and broken is not None:
        return f"Promesa incumplida {days_away(broken.promise_date, today)}"
    if band == queue.Band.SAYS_PAID:
        return "Dice que pagó: verificar"
    if band == queue.Band.PROMISE_DUE and pending is not None:
        verb = "vence" if pending.promise_date >= today else "venció"
        return f"Promesa de {format_money(pending.amount)} {verb} {days_away(pending.promise_date, today)}"
    if band == queue.Band.NEW:
        return "Nuevo: nadie lo gestionó todavía"
    if band == queue.Band.REST:
        return "Reabierto o reasignado"
    if next_action_at is None:
        return "Sin próxima acción"
    return f"Seguimiento previsto {days_away(dates.local_date(next_action_at), today)}"


def days_away(day: date, today: date) -> str:
    """«hoy», «ayer», «hace 3 días», «mañana», «en 5 días»; beyond a month, the date."""
    days = (day - today).days
    near = {0: "hoy", 1: "mañana", -1: "ayer"}
    if days in near:
        return near[days]
    if abs(days) > 31:
        return f"el {day:%d/%m/%Y}"
    return f"en {days} días" if days > 0 else f"hace {-days} días"


def _moment(moment: datetime, today: date) -> str:
    local = dates.to_local(moment)
    day = days_away(local.date(), today)
    return day if (local.hour, local.minute) == (0, 0) else f"{day} a las {local:%H:%M}"
