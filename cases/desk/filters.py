"""The filters of «Mis casos», among them the cases that each figure of the gestor counts."""

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
    """The filters of «Mis casos». `focus` selects the cases of one figure or alert of the screen (DESIGN §4)."""

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
    """Those of `cases` that one figure of the gestor counts. The conditions are those of `cases.desk.figures`."""
    now = timezone.now()
    if focus == "idle":
        return cases.idle(now - timedelta(days=IDLE_DAYS))
    today = dates.local_date(now)
    month = today.replace(day=1)
    counted: Any
    if focus == "promises_today":
        counted = Promise.objects.pending_of_all().filter(promise_date=today, case__in_active_cartera=True)
    elif focus == "recovered":
        counted = LedgerEntry.objects.recovered_by(gestor, month, today)
    elif focus == "kept":
        counted = Promise.objects.filter(
            created_by=gestor, status=Promise.Status.FULFILLED, promise_date__range=(month, today)
        )
    else:
        counted = Activity.objects.by_people().filter(created_by=gestor, created_at__gte=dates.start_of_day(today))
    return cases.filter(pk__in=counted.order_by().values("case_id"))
