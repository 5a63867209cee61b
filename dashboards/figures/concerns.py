"""Arrangements that somebody should look at (DESIGN §6): the rows that their alerts count. For 30 days, each once."""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum

from django.db.models import Count, Value

from cases.querysets import ArrangementQuerySet
from dashboards.figures.scope import Scope

RECENT = timedelta(days=30)


class Concern(StrEnum):
    """Why: the values of `only` of the rows."""

    RESTATED = "restated"
    WAIVED_BEYOND = "waived_beyond"
    KEPT_ENDED = "kept_ended"


ROWS: dict[Concern, Callable[[ArrangementQuerySet, date], ArrangementQuerySet]] = {
    Concern.RESTATED: lambda found, since: found.restated(since),
    Concern.WAIVED_BEYOND: lambda found, since: found.waived_beyond().filter(closed_on__gte=since),
    Concern.KEPT_ENDED: lambda found, since: found.kept_ended(since),
}


def rows_of(concern: Concern, scope: Scope, today: date) -> ArrangementQuerySet:
    return ROWS[concern](scope.arrangements(), today - RECENT)


def concerns(scope: Scope, today: date) -> dict[str, int]:
    """How many arrangements there are of each, where there are any. Runs one query."""
    counted = [
        rows_of(concern, scope, today)
        .order_by()
        .annotate(concern=Value(concern.value))
        .values("concern")
        .annotate(count=Count("pk"))
        .values_list("concern", "count")
        for concern in Concern
    ]
    first, *others = counted
    return dict(first.union(*others, all=True))
