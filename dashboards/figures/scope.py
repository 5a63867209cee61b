"""The scope (cartera, gestor) and the date conditions of every dashboard query (DESIGN §6)."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from accounts.models import User
from cases.models import Activity, Arrangement, Cartera, Case, Instalment, LedgerEntry, Promise
from cases.querysets import ArrangementQuerySet, CaseQuerySet, LedgerEntryQuerySet
from dashboards.figures.periods import Period
from nova.lib import dates


class Scope(NamedTuple):
    """Everything, one cartera, one gestor, or one gestor in one cartera. The querysets are the rows that the figures
    add up.
    """

    cartera: Cartera | None = None
    gestor: User | None = None

    def cases(self) -> CaseQuerySet:
        """Cases that the gestor holds now."""
        return Case.objects.filter(**self._by(cartera="cartera", gestor="assigned_to"))

    def entries(self) -> LedgerEntryQuerySet:
        """Entries credited to the gestor when they were posted, annotated with what each adds to the balance of its
        case.
        """
        return LedgerEntry.objects.signed().filter(**self._by(cartera="cartera", gestor="credited_to"))

    def promises(self) -> QuerySet[Promise]:
        return Promise.objects.filter(**self._by(cartera="case__cartera", gestor="created_by"))

    def arrangements(self) -> ArrangementQuerySet:
        """Those of the cases that the gestor holds now."""
        return Arrangement.objects.filter(**self._by(cartera="case__cartera", gestor="case__assigned_to"))

    def instalments(self) -> QuerySet[Instalment]:
        """Those of the arrangements that the gestor asked for."""
        paths = {"cartera": "arrangement__case__cartera", "gestor": "arrangement__requested_by"}
        return Instalment.objects.filter(**self._by(**paths))

    def activities(self) -> QuerySet[Activity]:
        """Gestiones by people: neither automatic nor voided."""
        return Activity.objects.by_people().filter(**self._by(cartera="case__cartera", gestor="created_by"))

    def _by(self, **paths: str) -> dict[str, Any]:
        return {path: value for name, path in paths.items() if (value := getattr(self, name)) is not None}


def due_in(period: Period) -> Q:
    """Promises whose day is in the period."""
    return Q(promise_date__range=period)


def made_in(period: Period) -> Q:
    """Gestiones of the period: from 00:00 of its first day to 24:00 of its last, Buenos Aires time."""
    after = dates.start_of_day(period.end + timedelta(days=1))
    return Q(created_at__gte=dates.start_of_day(period.start), created_at__lt=after)
