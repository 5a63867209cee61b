"""Why a case is in the queue, in a few words."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from cases.rules import queue
from cases.rules.reasons import NO_PLAN, TOLD_BY_PLANS, TOLD_BY_PROMISES, PlanOf, PromiseOf, days_away, reason
from nova.lib import dates

TODAY = date(2026, 12, 31)


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=dates.BuenosAires())


def why(band: int, next_action_at: datetime | None = None, *, pending=None, broken=None, today: date = TODAY) -> str:
    return reason(band=band, next_action_at=next_action_at, pending=pending, broken=broken, today=today)


@pytest.mark.parametrize(
    ("day", "today", "expected"),
    [
        (date(2026, 12, 31), TODAY, "hoy"),
        (date(2027, 1, 1), TODAY, "mañana"),
        (date(2026, 12, 30), TODAY, "ayer"),
        (date(2028, 2, 29), date(2028, 3, 2), "hace 2 días"),
        (date(2028, 3, 1), date(2028, 2, 27), "en 3 días"),
        (date(2026, 11, 30), TODAY, "hace 31 días"),
        (date(2026, 11, 29), TODAY, "el 29/11/2026"),
    ],
)
def test_days_away(day: date, today: date, expected: str) -> None:
    assert days_away(day, today) == expected


def test_each_band_says_why() -> None:
    promise = PromiseOf(Decimal("1500"), date(2027, 1, 1))
    late = PromiseOf(Decimal("1500"), date(2026, 12, 29))

    assert why(queue.Band.CALL_BACK, at(TODAY, 15, 30)) == "Acordó que lo llamen hoy a las 15:30"
    assert why(queue.Band.CALL_BACK, at(date(2026, 12, 30))) == "Acordó que lo llamen ayer"
    assert why(queue.Band.BROKEN_PROMISE, broken=late) == "Promesa incumplida hace 2 días"
    assert why(queue.Band.SAYS_PAID, at(TODAY)) == "Dice que pagó: verificar"
    assert why(queue.Band.PROMISE_DUE, at(TODAY), pending=promise) == "Promesa de $ 1.500,00 vence mañana"
    assert why(queue.Band.PROMISE_DUE, at(TODAY), pending=late) == "Promesa de $ 1.500,00 venció hace 2 días"
    assert why(queue.Band.NEW) == "Nuevo: nadie lo gestionó todavía"
    assert why(queue.Band.FOLLOW_UP, at(date(2026, 12, 28))) == "Seguimiento previsto hace 3 días"
    assert why(queue.Band.REST, at(TODAY)) == "Reabierto o reasignado"


def test_only_the_named_bands_are_told_by_promises_and_arrangements() -> None:
    """The lists ask for promises and arrangements of no other case."""
    promise = PromiseOf(Decimal("1500"), date(2027, 1, 1))
    answered = PlanOf(answer="approved", answered_at=at(TODAY, 15))
    due, lapsed = PlanOf(2, 3, due_on=TODAY), PlanOf(lapsed_on=TODAY)

    def said(band: int, *, pending=None, broken=None, plan: PlanOf = NO_PLAN) -> str:
        return reason(band=band, next_action_at=at(TODAY, 15), pending=pending, broken=broken, today=TODAY, plan=plan)

    by_promises = {
        band
        for band in queue.Band
        if said(band, pending=promise) != said(band) or said(band, broken=promise) != said(band)
    }
    by_plans = {band for band in queue.Band for plan in (answered, due, lapsed) if said(band, plan=plan) != said(band)}
    assert by_promises == set(TOLD_BY_PROMISES)
    assert by_plans == set(TOLD_BY_PLANS)


def test_without_the_promise_it_still_says_something() -> None:
    assert why(queue.Band.BROKEN_PROMISE) == "Sin próxima acción"
    assert why(queue.Band.PROMISE_DUE, at(TODAY)) == "Seguimiento previsto hoy"


def test_midnight_belongs_to_buenos_aires() -> None:
    late_evening = datetime(2027, 1, 1, 1, 30, tzinfo=dates.start_of_day(TODAY).tzinfo).astimezone()

    assert why(queue.Band.CALL_BACK, late_evening, today=TODAY).startswith("Acordó que lo llamen mañana")
