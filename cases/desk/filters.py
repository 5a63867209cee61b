"""«Mis casos»: what the gestor's list can be narrowed by, and the cases that each of their figures counts."""

from datetime import timedelta
from typing import Any

import django_filters
from django.utils import timezone

from cases.filters import CaseFilter
from cases.models import Activity, LedgerEntry, Promise
from cases.querysets import CaseQuerySet
from cases.rules.queue import IDLE_DAYS
from nova.lib import dates


class OwnCaseFilter(CaseFilter):
    """«Mis casos»: also the cases behind each figure and alert of the gestor's screen (DESIGN §4)."""

    FOCUSES = [
        ("promises_today", "Promesas que vencen hoy"),
        ("idle", f"Sin gestión en {IDLE_DAYS} días"),
        ("recovered", "Con pagos acreditados este mes"),
        ("kept", "Con promesas cumplidas este mes"),
        ("worked_today", "Con gestiones mías de hoy"),
    ]
    focus = django_filters.ChoiceFilter(
        label="Vista", method="filter_focus", choices=FOCUSES, empty_label="Todos los casos"
    )

    def filter_focus(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        return focused(cases, value, gestor=self.request.user)


def focused(cases: CaseQuerySet, focus: str, *, gestor: Any) -> CaseQuerySet:
    """Those of `cases` that one of the gestor's figures counts; the same conditions as in `cases.desk.figures`."""
    now = timezone.now()
    if focus == "idle":
        return cases.idle(now - timedelta(days=IDLE_DAYS))
    today = dates.local_date(now)
    month = today.replace(day=1)
    behind: Any
    if focus == "promises_today":
        behind = Promise.objects.pending().filter(promise_date=today)
    elif focus == "recovered":
        behind = LedgerEntry.objects.recovered_by(gestor, month, today)
    elif focus == "kept":
        behind = Promise.objects.filter(
            created_by=gestor, status=Promise.Status.FULFILLED, promise_date__range=(month, today)
        )
    else:
        behind = Activity.objects.by_people().filter(created_by=gestor, created_at__gte=dates.start_of_day(today))
    return cases.filter(pk__in=behind.order_by().values("case_id"))
