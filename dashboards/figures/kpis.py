"""Every figure of the agency (DESIGN §6), computed here for the page, the API and the exports.

Money counts at the value date of its entry. A gestor's money is what was credited to them, their gestiones and promises
are those they created, and a case is theirs while they hold it. Sums are in whole cents, so that both databases are
exact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from operator import add
from typing import NamedTuple

from cases.models import CaseStatus
from dashboards.figures import alerts, readings
from dashboards.figures.alerts import Alert
from dashboards.figures.concerns import concerns
from dashboards.figures.instalments import first_due, kept_and_missed
from dashboards.figures.periods import Period, buckets
from dashboards.figures.readings import CarteraWeek, CaseTotals, Day, DueInstalments, Person
from dashboards.figures.scope import Scope
from nova.lib import dates
from nova.lib.money import CENT

OTHERS = "Otras carteras"
BALANCE = "Saldo"


@dataclass(frozen=True)
class Kpis:
    """Money in ARS; percentages with two decimals, None when there is nothing to divide by.

    The stocks (cases, paid cases, debt, running arrangements) are known for the present only: None in the figures of a
    past period.
    """

    monto_recuperado: Decimal
    tasa_recupero: Decimal | None
    promesas_cumplidas: Decimal | None
    gestiones_realizadas: int
    contactabilidad: Decimal | None
    total_casos: int | None
    casos_pagados: int | None
    total_deuda: Decimal | None
    convenios_vigentes: int | None
    cuotas_cumplidas: Decimal | None
    quitas_otorgadas: Decimal
    quita_media: Decimal | None


class Plans(NamedTuple):
    """The active arrangements, and the instalments that fell due around some periods."""

    running: int
    instalments: list[DueInstalments]


@dataclass(frozen=True)
class ArrangementCounts:
    """The sums from which the figures of arrangements are computed. Money in ARS."""

    running: int
    kept: int
    missed: int
    waived: Decimal
    paid: Decimal  # under the arrangements of those waivers


@dataclass(frozen=True)
class Counts:
    """The sums from which the percentages of a period are computed. Money in ARS."""

    recovered: Decimal
    recoverable: Decimal
    kept: int
    broken: int
    activities: int
    attempts: int
    direct: int


@dataclass(frozen=True)
class Trends:
    """The main figures in each part of the period, in order: a day, a week or a month."""

    monto_recuperado: list[Decimal]
    tasa_recupero: list[Decimal | None]
    promesas_cumplidas: list[Decimal | None]
    gestiones_realizadas: list[int]


@dataclass(frozen=True)
class Chart:
    """One number per label in each series: `{labels, datasets}` of the charts. Money in ARS."""

    labels: list[str]
    series: list[tuple[str, list[Decimal]]]


@dataclass(frozen=True)
class RankedGestor:
    gestor_id: int
    gestor_name: str
    monto_recuperado: Decimal
    total_casos: int
    casos_pagados: int
    promesas_cumplidas: Decimal | None
    gestiones: int


@dataclass(frozen=True)
class StatusShare:
    slug: str
    name: str
    stage: str
    color: str
    count: int
    balance: Decimal


@dataclass(frozen=True)
class Dashboard:
    """Everything the admin's page shows, computed at one moment."""

    current: Kpis
    previous: Kpis
    trends: Trends
    by_week: Chart
    by_cartera: Chart
    by_status: list[StatusShare]
    ranking: list[RankedGestor]
    comparison: Chart
    alerts: list[Alert]
    carteras: list[tuple[int, str]]
    gestores: list[tuple[int, str]]
    computed_at: datetime


def pesos(whole_cents: int) -> Decimal:
    return Decimal(whole_cents).scaleb(-2).quantize(CENT)


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """part ÷ whole × 100, half up to two decimals; None when there is no positive whole."""
    if whole <= 0:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(CENT, rounding=ROUND_HALF_UP)


# --- The public functions -----------------------------------------------------------------------------------
def dashboard(scope: Scope, current: Period, previous: Period, *, limit: int, now: datetime) -> Dashboard:
    """The figures of the whole page. Runs seven queries."""
    today = dates.local_date(now)
    broken_today = alerts.broken_today(today)
    days = readings.days(scope, min(current.start, previous.start, broken_today.start))
    weeks = readings.weeks(scope, current, previous)
    case_totals = readings.case_totals(scope)
    people = readings.people(scope, current)
    plans = _plans(scope, current, previous)
    return Dashboard(
        current=_kpis(scope, days, case_totals, plans, current, today),
        previous=_without_stocks(_kpis(scope, days, case_totals, plans, previous, today)),
        trends=_trends(scope, days, case_totals, current),
        by_week=_by_week(scope, weeks, current, limit),
        by_cartera=_by_cartera(case_totals, limit),
        by_status=_by_status(case_totals),
        ranking=_ranking(scope, people),
        comparison=_comparison(days, current, previous),
        alerts=alerts.alerts(
            scope,
            days=days,
            weeks=weeks,
            case_totals=case_totals,
            people=people,
            concerns=concerns(scope, today),
            now=now,
        ),
        carteras=list(dict.fromkeys((week.cartera_id, week.cartera) for week in weeks)),
        gestores=[(person.pk, person.name) for person in people],
        computed_at=now,
    )


def kpis(scope: Scope, current: Period, previous: Period) -> tuple[Kpis, Kpis]:
    """The same figures of two periods. Runs four queries."""
    today = dates.today()
    days = readings.days(scope, min(current.start, previous.start))
    case_totals = readings.case_totals(scope)
    plans = _plans(scope, current, previous)
    return (
        _kpis(scope, days, case_totals, plans, current, today),
        _without_stocks(_kpis(scope, days, case_totals, plans, previous, today)),
    )


def arrangement_counts(scope: Scope, period: Period) -> ArrangementCounts:
    """The sums from which the figures of arrangements are computed. Runs three queries."""
    within = _total(day for day in readings.days(scope, period.start) if day.day <= period.end)
    return _arrangement_counts(_plans(scope, period), within, period, dates.today())


def counts(scope: Scope, period: Period) -> Counts:
    """The sums from which the percentages are computed. Runs two queries."""
    days, case_totals = readings.days(scope, period.start), readings.case_totals(scope)
    within = _total(day for day in days if period.start <= day.day <= period.end)
    return Counts(
        recovered=pesos(within.recovered),
        recoverable=pesos(_recoverable(scope, days, _owed(case_totals), period)),
        kept=within.kept,
        broken=within.broken,
        activities=within.activities,
        attempts=within.attempts,
        direct=within.direct,
    )


def recovered_by_week(scope: Scope, period: Period, limit: int) -> Chart:
    """Payments minus reversals per week and cartera, largest first. Carteras beyond `limit` are added up as one. Runs
    one query.
    """
    return _by_week(scope, readings.weeks(scope, period, period), period, limit)


def balance_by_cartera(scope: Scope, limit: int) -> Chart:
    """The current balance of each cartera, largest first. Those beyond `limit` are added up as one. Runs one query."""
    return _by_cartera(readings.case_totals(scope), limit)


def cases_by_status(scope: Scope) -> list[StatusShare]:
    """The current cases by status, in the order of the statuses, including statuses without cases. Runs one query."""
    return _by_status(readings.case_totals(scope))


def ranking(scope: Scope, period: Period, limit: int) -> list[RankedGestor]:
    """Active gestores, and other users who hold cases or were credited money in the period; most recovered first.

    So the column adds up to the recovered total, except for money credited to nobody. Runs one query.
    """
    return _ranking(scope, readings.people(scope, period))[:limit]


# --- The KPIs -----------------------------------------------------------------------------------------
def _kpis(
    scope: Scope,
    days: Sequence[Day],
    case_totals: Iterable[CaseTotals],
    plans: Plans,
    period: Period,
    today: date,
) -> Kpis:
    """`days` must cover everything from the start of the period to the last day with data."""
    within = _total(day for day in days if period.start <= day.day <= period.end)
    agreed = _arrangement_counts(plans, within, period, today)
    owed_now = _owed(case_totals)
    return Kpis(
        monto_recuperado=pesos(within.recovered),
        tasa_recupero=percent(within.recovered, _recoverable(scope, days, owed_now, period)),
        promesas_cumplidas=percent(within.kept, within.kept + within.broken),
        gestiones_realizadas=within.activities,
        contactabilidad=percent(within.direct, within.attempts),
        total_casos=sum(group.cases for group in case_totals),
        casos_pagados=sum(group.cases for group in case_totals if group.stage == CaseStatus.Stage.PAGADA),
        total_deuda=pesos(owed_now),
        convenios_vigentes=agreed.running,
        cuotas_cumplidas=percent(agreed.kept, agreed.kept + agreed.missed),
        quitas_otorgadas=agreed.waived,
        quita_media=percent(agreed.waived, agreed.waived + agreed.paid),
    )


def _without_stocks(figures: Kpis) -> Kpis:
    stocks = ("total_casos", "casos_pagados", "total_deuda", "convenios_vigentes")
    return Kpis(**{**vars(figures), **dict.fromkeys(stocks)})


def _plans(scope: Scope, *periods: Period) -> Plans:
    """Runs two queries."""
    start, end = min(period.start for period in periods), max(period.end for period in periods)
    return Plans(readings.running(scope), readings.instalments(scope, first_due(start), end))


def _arrangement_counts(plans: Plans, within: Day, period: Period, today: date) -> ArrangementCounts:
    """`within` is the sum of the days of the period."""
    kept, missed = kept_and_missed(plans.instalments, period, today)
    return ArrangementCounts(plans.running, kept, missed, waived=pesos(within.waived), paid=pesos(within.agreed))


def _recoverable(scope: Scope, days: Sequence[Day], owed_now: int, period: Period) -> int:
    """The denominator of `tasa_recupero`, in cents: what could be recovered in the period.

    For a gestor it is what they recovered plus what the cases they hold owe now: who held a case in the past is not
    stored (§6).
    """
    within = _total(day for day in days if period.start <= day.day <= period.end)
    if scope.gestor is not None:
        return within.recovered + owed_now
    opening = owed_now - sum(day.owed for day in days if day.day >= period.start)
    return opening + within.placed


def _owed(case_totals: Iterable[CaseTotals]) -> int:
    return sum(group.owed for group in case_totals)


def _total(days: Iterable[Day]) -> Day:
    """The sum of all days, as one Day."""
    return Day(date.min, *map(sum, zip(*(day[1:] for day in days), strict=True))) if (days := list(days)) else NO_DAY


NO_DAY = Day(date.min, *[0] * (len(Day._fields) - 1))


def _trends(scope: Scope, days: Sequence[Day], case_totals: Iterable[CaseTotals], period: Period) -> Trends:
    """One pass, from the last day back to the first: `opening` is the debt at the start of each part."""
    rest, opening = list(days), _owed(case_totals)
    owed_now, parts = opening, []
    for part in reversed(buckets(period)):
        within = NO_DAY
        while rest and rest[-1].day >= part.start:
            day = rest.pop()
            opening -= day.owed
            if day.day <= part.end:
                within = Day(part.start, *map(add, within[1:], day[1:]))
        recoverable = within.recovered + owed_now if scope.gestor is not None else opening + within.placed
        parts.append((within, percent(within.recovered, recoverable)))
    parts.reverse()
    return Trends(
        monto_recuperado=[pesos(part.recovered) for part, _ in parts],
        tasa_recupero=[rate for _, rate in parts],
        promesas_cumplidas=[percent(part.kept, part.kept + part.broken) for part, _ in parts],
        gestiones_realizadas=[part.activities for part, _ in parts],
    )


# --- The charts ---------------------------------------------------------------------------------------
def _by_week(scope: Scope, weeks: Iterable[CarteraWeek], period: Period, limit: int) -> Chart:
    recovered: dict[tuple[int, str], dict[date, int]] = {}
    if scope.cartera is not None:
        recovered[scope.cartera.pk, scope.cartera.name] = {}
    for week in weeks:
        if week.is_current and week.monday and week.recovered:
            recovered.setdefault((week.cartera_id, week.cartera), {})[week.monday] = week.recovered
    mondays = period.mondays()
    by_cartera = [(name, [found.get(monday, 0) for monday in mondays]) for (_, name), found in recovered.items()]
    by_cartera.sort(key=lambda row: -sum(row[1]))
    shown, others = by_cartera[:limit], by_cartera[limit:]
    if others:
        shown.append((OTHERS, [sum(column) for column in zip(*(numbers for _, numbers in others), strict=True)]))
    series = [(name, [pesos(number) for number in numbers]) for name, numbers in shown]
    return Chart([monday.isoformat() for monday in mondays], series)


def _by_cartera(case_totals: Iterable[CaseTotals], limit: int) -> Chart:
    owed: dict[tuple[str, int], int] = {}
    for group in case_totals:
        if group.cartera is not None and group.cartera_id is not None:
            key = (group.cartera, group.cartera_id)
            owed[key] = owed.get(key, 0) + group.owed
    rows = sorted(owed.items(), key=lambda row: (-row[1], row[0]))
    shown = [(name, cents) for (name, _), cents in rows[:limit]]
    if rows[limit:]:
        shown.append((OTHERS, sum(cents for _, cents in rows[limit:])))
    return Chart([name for name, _ in shown], [(BALANCE, [pesos(cents) for _, cents in shown])])


def _by_status(case_totals: Iterable[CaseTotals]) -> list[StatusShare]:
    found: dict[int, list[CaseTotals]] = {}
    for group in case_totals:
        found.setdefault(group.status_id, []).append(group)
    return [
        StatusShare(
            slug=of_one[0].slug,
            name=of_one[0].status,
            stage=of_one[0].stage,
            color=of_one[0].color,
            count=sum(group.cases for group in of_one),
            balance=pesos(_owed(of_one)),
        )
        for of_one in found.values()
    ]


def _comparison(days: Iterable[Day], current: Period, previous: Period) -> Chart:
    """The running total recovered by each day of the period, and by the same day of the previous period."""
    recovered = {day.day: day.recovered for day in days}
    length = max(len(current.days()), len(previous.days()))
    series = [
        (name, [pesos(cents) for cents in accumulate(recovered.get(day, 0) for day in period.days())])
        for name, period in (("Este período", current), ("Período anterior", previous))
    ]
    return Chart([str(number) for number in range(1, length + 1)], series)


# --- The ranking --------------------------------------------------------------------------------------
def _ranking(scope: Scope, people: Iterable[Person]) -> list[RankedGestor]:
    rows = [
        RankedGestor(
            gestor_id=person.pk,
            gestor_name=person.name,
            monto_recuperado=pesos(person.recovered),
            total_casos=person.cases,
            casos_pagados=person.paid,
            promesas_cumplidas=percent(person.kept, person.kept + person.broken),
            gestiones=person.activities,
        )
        for person in people
        if scope.gestor is None or person.pk == scope.gestor.pk
    ]
    return sorted(rows, key=lambda row: (-row.monto_recuperado, row.gestor_id))
