"""Which instalments count as kept or missed in a period, as sums and as rows (DESIGN §6).

An instalment is decided once its grace has ended. One that an arrangement left unpaid when it closed, before the grace
ended, counts neither way.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import reduce
from operator import or_

from django.conf import settings
from django.db.models import F, Q

from dashboards.figures.periods import Period
from dashboards.figures.readings import DueInstalments
from nova.lib import dates

NOTHING = Q(pk__in=[])


def last_of_grace(due_on: date) -> date:
    """The last day on which a payment is in time."""
    return dates.add_business_days(due_on, settings.PLAN_GRACE_BUSINESS_DAYS)


def first_due(start: date) -> date:
    """The first due date whose grace ends on `start` or later."""
    day = start
    while last_of_grace(day - timedelta(days=1)) >= start:
        day -= timedelta(days=1)
    return day


def due_within(period: Period) -> Q:
    """The due dates whose grace may end in the period: what an index answers, before `kept` and `missed` decide."""
    return Q(due_on__range=(first_due(period.start), period.end))


def ended(period: Period, today: date) -> Period:
    """The days of a period on which a grace has ended by `today`."""
    return Period(period.start, min(period.end, today - timedelta(days=1)))


def kept_and_missed(rows: Iterable[DueInstalments], period: Period, today: date) -> tuple[int, int]:
    """(paid in time, not paid in time) of the instalments whose grace ended in the period, before today."""
    within = ended(period, today)
    graces: dict[date, date] = {}
    kept = missed = 0
    for row in rows:
        last = graces.get(row.due_on) or graces.setdefault(row.due_on, last_of_grace(row.due_on))
        if not within.start <= last <= within.end:
            continue
        grace = (last - row.due_on).days
        if row.late is not None and row.late <= grace:
            kept += row.instalments
        elif row.late is not None or row.closed is None or row.closed > grace:
            missed += row.instalments
    return kept, missed


def kept(period: Period, today: date) -> Q:
    """The rows of the instalments that were paid in time."""
    return _accepted(
        Q(due_on__in=days, paid_on__lte=F("due_on") + grace) for grace, days in _by_grace(ended(period, today))
    )


def missed(period: Period, today: date) -> Q:
    """The rows of those that were not."""
    return _accepted(
        Q(due_on__in=days)
        & (
            Q(paid_on__gt=F("due_on") + grace)
            | Q(paid_on__isnull=True, arrangement__closed_on__isnull=True)
            | Q(paid_on__isnull=True, arrangement__closed_on__gt=F("due_on") + grace)
        )
        for grace, days in _by_grace(ended(period, today))
    )


def _accepted(conditions: Iterator[Q]) -> Q:
    return Q(arrangement__accepted_at__isnull=False) & reduce(or_, conditions, NOTHING)


def _by_grace(period: Period) -> Iterator[tuple[timedelta, list[date]]]:
    """The due dates whose grace ends in the period, by its length."""
    found: dict[timedelta, list[date]] = {}
    day = first_due(period.start)
    while day <= period.end and (last := last_of_grace(day)) <= period.end:
        found.setdefault(last - day, []).append(day)
        day += timedelta(days=1)
    yield from found.items()
