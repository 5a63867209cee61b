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


class PlanOf(NamedTuple):
    """The arrangement that a reason mentions. Of the active one the next payment: `number` 0 is the down payment.

    `lapsed_on` of one that lapsed; `answer`: what came of the request for it, with `answered_at`.
    """

    number: int = 0
    instalments: int = 0
    due_on: date | None = None
    lapsed_on: date | None = None
    answer: str = ""
    answered_at: datetime | None = None


NO_PLAN = PlanOf()
# The bands whose reason is told by a promise, and those where an arrangement may tell it.
TOLD_BY_PROMISES = (queue.Band.BROKEN_PROMISE, queue.Band.PROMISE_DUE)
TOLD_BY_PLANS = (queue.Band.CALL_BACK, *TOLD_BY_PROMISES)
APPROVED, REJECTED = "approved", "rejected"
ANSWERS = {APPROVED: "Autorizaron el convenio: avisarle", REJECTED: "No autorizaron el convenio"}


def reason(
    *,
    band: int,
    next_action_at: datetime | None,
    pending: PromiseOf | None,
    broken: PromiseOf | None,
    today: date,
    plan: PlanOf = NO_PLAN,
) -> str:
    """One Spanish sentence without a full stop, of about 50 characters at most."""
    if band == queue.Band.CALL_BACK and next_action_at is not None:
        if plan.answer in ANSWERS and plan.answered_at == next_action_at:  # the answer put it there
            return ANSWERS[plan.answer]
        return f"Acordó que lo llamen {_moment(next_action_at, today)}"
    if band == queue.Band.BROKEN_PROMISE and plan.lapsed_on and (not broken or broken.promise_date < plan.lapsed_on):
        return f"Convenio caído {days_away(plan.lapsed_on, today)}"
    if band == queue.Band.BROKEN_PROMISE and broken is not None:
        return f"Promesa incumplida {days_away(broken.promise_date, today)}"
    if band == queue.Band.SAYS_PAID:
        return "Dice que pagó: verificar"
    if band == queue.Band.PROMISE_DUE and pending is not None:
        verb = "vence" if pending.promise_date >= today else "venció"
        return f"Promesa de {format_money(pending.amount)} {verb} {days_away(pending.promise_date, today)}"
    if band == queue.Band.PROMISE_DUE and plan.due_on is not None:
        verb = "vence" if plan.due_on >= today else "venció"
        return f"{payment_name(plan.number, plan.instalments)} {verb} {days_away(plan.due_on, today)}"
    if band == queue.Band.NEW:
        return "Nuevo: nadie lo gestionó todavía"
    if band == queue.Band.REST:
        return "Reabierto o reasignado"
    if next_action_at is None:
        return "Sin próxima acción"
    return f"Seguimiento previsto {days_away(dates.local_date(next_action_at), today)}"


def payment_name(number: int, count: int) -> str:
    """«Anticipo», «Cuota 3 de 6»; of a single one «Pago del convenio»."""
    if not number:
        return "Anticipo"
    return "Pago del convenio" if count == 1 else f"Cuota {number} de {count}"


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
