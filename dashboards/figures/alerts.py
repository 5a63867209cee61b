"""What needs an admin today (DESIGN §6), computed from the same readings as the figures. Runs no query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from django.conf import settings

from cases.models import CaseStatus
from dashboards.figures.concerns import Concern
from dashboards.figures.periods import Period
from dashboards.figures.readings import CarteraWeek, CaseTotals, Day, Person
from dashboards.figures.scope import Scope
from nova.lib import dates

FELL_BY_POINTS = 10
IDLE_BUSINESS_DAYS = 2  # 48 hours, in business days: with calendar days every gestor would be idle on Mondays


class Kind(StrEnum):
    UNASSIGNED = "unassigned"
    INACTIVE_GESTOR = "inactive_gestor"
    STOPPED = "stopped"
    BROKEN_TODAY = "broken_today"
    IDLE_GESTOR = "idle_gestor"
    FALLEN_CARTERA = "fallen_cartera"
    RESTATED = Concern.RESTATED.value
    WAIVED_BEYOND = Concern.WAIVED_BEYOND.value
    KEPT_ENDED = Concern.KEPT_ENDED.value


@dataclass(frozen=True)
class Alert:
    """One alert.

    `count` is a number of cases, promises or arrangements. An alert about a gestor or a cartera has its name in
    `subject`, its key in `pk` and the details of its `kind`: the last gestión of an idle gestor, the kept % of a
    cartera before and now.
    """

    kind: Kind
    count: int = 0
    pk: int | None = None
    subject: str = ""
    last_activity: datetime | None = None
    kept_before: Decimal | None = None
    kept_now: Decimal | None = None


def idle_since(now: datetime) -> datetime:
    """A gestor without a gestión since this moment has been idle for 48 hours of business days."""
    day = dates.local_date(now)
    since = dates.start_of_day(dates.add_business_days(day, -IDLE_BUSINESS_DAYS))
    if not dates.is_business_day(day):
        return since
    return since + (now - dates.start_of_day(day))


def broken_today(today: date) -> Period:
    """The promise days whose grace ran out since the last business day: on a Monday, those of Friday.

    Grace ends on business days only (§3.3), so the promises of a weekend count as those of the Friday before it.
    """
    last = dates.previous_business_day(today)
    end = dates.add_business_days(last, -settings.PROMISE_GRACE_BUSINESS_DAYS)
    # A promise for a Saturday has the grace of the Friday before it, so the range ends before the next business day.
    return Period(end, dates.next_business_day(end) - timedelta(days=1))


def alerts(
    scope: Scope,
    *,
    days: Iterable[Day],
    weeks: Iterable[CarteraWeek],
    case_totals: Iterable[CaseTotals],
    people: Iterable[Person],
    concerns: Mapping[str, int],
    now: datetime,
) -> list[Alert]:
    """`concerns`: how many arrangements somebody should look at, by why."""
    people = list(people)
    found = [*_left_behind(scope, people), *_of_cases(case_totals)]
    found += [Alert(Kind(concern.value), count=concerns.get(concern, 0)) for concern in Concern]
    found += [*_broken(days, now), *_idle(scope, people, now), *_fallen(scope, weeks)]
    return [alert for alert in found if alert.count or alert.subject]


def _left_behind(scope: Scope, people: Iterable[Person]) -> list[Alert]:
    """Open cases of somebody who is no active gestor (any more): nobody works them."""
    return [
        Alert(Kind.INACTIVE_GESTOR, count=person.open, pk=person.pk, subject=person.name)
        for person in people
        if not person.is_active_gestor and person.open and (scope.gestor is None or person.pk == scope.gestor.pk)
    ]


def _of_cases(case_totals: Iterable[CaseTotals]) -> list[Alert]:
    case_totals = [group for group in case_totals if group.is_active]
    unassigned = sum(group.unassigned for group in case_totals if group.stage in CaseStatus.OPEN_STAGES)
    return [
        Alert(Kind.UNASSIGNED, count=unassigned),
        Alert(Kind.STOPPED, count=sum(group.stopped for group in case_totals)),
    ]


def _broken(days: Iterable[Day], now: datetime) -> list[Alert]:
    start, end = broken_today(dates.local_date(now))
    return [Alert(Kind.BROKEN_TODAY, count=sum(day.broken for day in days if start <= day.day <= end))]


def _idle(scope: Scope, people: Iterable[Person], now: datetime) -> list[Alert]:
    """Active gestores with open cases. One who joined less than 48 hours ago is not idle."""
    since = idle_since(now)
    return [
        Alert(Kind.IDLE_GESTOR, pk=person.pk, subject=person.name, last_activity=person.last_activity)
        for person in people
        if person.is_active_gestor
        and person.open
        and (person.last_activity or person.joined) < since
        and (scope.gestor is None or person.pk == scope.gestor.pk)
    ]


def _fallen(scope: Scope, weeks: Iterable[CarteraWeek]) -> list[Alert]:
    tallies: dict[tuple[int, str], dict[bool, tuple[int, int]]] = {}
    for week in weeks:
        if not week.is_active:
            continue
        of_one = tallies.setdefault((week.cartera_id, week.cartera), {})
        kept, broken = of_one.get(week.is_current, (0, 0))
        of_one[week.is_current] = (kept + week.kept, broken + week.broken)
    found = []
    for (pk, name), of_one in tallies.items():
        now, before = (_kept_percent(*of_one.get(is_current, (0, 0))) for is_current in (True, False))
        if now is not None and before is not None and before - now > FELL_BY_POINTS:
            found.append(Alert(Kind.FALLEN_CARTERA, pk=pk, subject=name, kept_before=before, kept_now=now))
    return found


def _kept_percent(kept: int, broken: int) -> Decimal | None:
    return Decimal(kept * 100) / (kept + broken) if kept + broken else None
