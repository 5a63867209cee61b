"""The list of stopped cases, which an admin filters, and walks case by case as a gestor walks theirs (DESIGN §3.6)."""

from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import django_filters
from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.urls import reverse

from accounts.models import User
from cases.filters import CaseFilter
from cases.lists import LONGEST
from cases.models import Cartera, Case, StopFlag
from cases.querysets import CaseQuerySet

PER_PAGE = 50
NOBODY = "none"
NAME = "detenidos"  # in the address of a case: which list its parameters belong to


class StoppedFilter(CaseFilter):
    reason = django_filters.ChoiceFilter(
        label="Motivo", method="filter_reason", choices=StopFlag.Reason.choices, empty_label="Todos"
    )
    gestor = django_filters.ChoiceFilter(label="Gestor", method="filter_gestor", empty_label="Todos")

    status = None
    band = None

    def __init__(self, data: Any, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        holders = User.objects.filter(
            Q(role=User.Role.GESTOR, is_active=True)
            | Exists(Case.objects.stopped().filter(assigned_to=OuterRef("pk")).order_by())
        ).order_by("first_name", "last_name", "pk")
        choices = [(str(holder.pk), str(holder)) for holder in holders]
        self.form.fields["gestor"].choices = [("", "Todos"), (NOBODY, "Sin gestor"), *choices]
        carteras = Cartera.objects.values_list("pk", "name")
        self.form.fields["cartera"].widget.choices = [("", "Todas"), *carteras]

    def filter_reason(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        """Held by a stop of that reason: of the debt, or of the whole person."""
        holding = StopFlag.objects.stopping().filter(
            Q(case__isnull=True) | Q(case=OuterRef("pk")), debtor=OuterRef("debtor"), reason=value
        )
        return cases.filter(Exists(holding))

    def filter_gestor(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        return cases.unassigned() if value == NOBODY else cases.filter(assigned_to=value)


PARAMETERS = tuple(StoppedFilter.base_filters)


class StoppedCases:
    """The cases that wait for a decision, the longest waiting first, with the filters of a query string."""

    title = "Detenidos"

    def __init__(self, user: User, data: Any) -> None:
        self.user = user
        self.parameters = {name: data[name] for name in PARAMETERS if data.get(name, "").strip()}

    @cached_property
    def filter(self) -> StoppedFilter:
        asked = QueryDict(mutable=True)
        asked.update(self.parameters)
        waiting = Case.objects.visible_to(self.user).stopped().filter(in_active_cartera=True)
        return StoppedFilter(asked, queryset=waiting)

    @property
    def cases(self) -> CaseQuerySet:
        return self.filter.qs.order_by("stopped_at", "id")

    @property
    def query(self) -> str:
        """The parameters of the list, with its name, as text for a URL."""
        return urlencode({"of": NAME, **self.parameters})

    @cached_property
    def _read(self) -> list[int]:
        """The keys of the list, and of one more than it shows. Runs a query."""
        return list(self.cases.values_list("pk", flat=True)[: LONGEST + 1])

    @property
    def is_capped(self) -> bool:
        return len(self._read) > LONGEST

    @property
    def ids(self) -> list[int]:
        return self._read[:LONGEST]

    def address(self, page: int) -> str:
        query = urlencode(self.parameters | ({"page": page} if page > 1 else {}))
        return f"{reverse('stopped')}?{query}" if query else reverse("stopped")
