"""The gestor's own figures and alerts, on top of their screen (DESIGN §4). The dashboard's are in `dashboards`."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q

from accounts.models import User
from cases import queue
from cases.filters import IDLE_DAYS
from cases.models import Activity, Case, LedgerEntry, Promise
from nova.lib import dates


class Figures(NamedTuple):
    """This month to date but for the gestiones, which are today's; `kept_percent` is None before any is decided."""

    recovered: Decimal
    kept_percent: Decimal | None
    kept: int
    decided: int
    activities_today: int
    promises_today: int
    idle: int
    in_queue: int
    broken: int
    call_backs: int


def figures_of(gestor: User, *, bands: dict[int, int], now: datetime) -> Figures:
    """`bands` counts the gestor's whole queue by band. Runs five queries."""
    today = dates.local_date(now)
    month = today.replace(day=1)
    # The queue's index knows the sign of neither kind: a reversal takes away what its payment brought.
    recovered = -LedgerEntry.objects.recovered_by(gestor, month, today).balance()
    promises = Promise.objects.filter(created_by=gestor, promise_date__range=(month, today)).aggregate(
        kept=Count("pk", filter=Q(status=Promise.Status.FULFILLED)),
        decided=Count("pk", filter=Q(status__in=[Promise.Status.FULFILLED, Promise.Status.BROKEN])),
    )
    kept, decided = promises["kept"], promises["decided"]
    mine = Case.objects.visible_to(gestor)
    return Figures(
        recovered=recovered,
        kept_percent=Decimal(kept * 100) / decided if decided else None,
        kept=kept,
        decided=decided,
        activities_today=Activity.objects.by_people()
        .filter(created_by=gestor, created_at__gte=dates.start_of_day(today))
        .count(),
        promises_today=Promise.objects.pending()
        .filter(promise_date=today, case__assigned_to=gestor)
        .values("case_id")
        .distinct()
        .count(),
        idle=mine.idle(now - timedelta(days=IDLE_DAYS)).count(),
        in_queue=sum(bands.values()),
        broken=bands.get(queue.BROKEN_PROMISE, 0),
        call_backs=bands.get(queue.CALL_BACK, 0),
    )
