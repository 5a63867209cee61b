"""The lists of a gestor's own cases: their filters, what each figure counts, its amounts, and how they are saved."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Sum
from django.http import QueryDict

from accounts.models import User
from cases.fields import PesosField
from cases.filters import CaseFilter
from cases.models import Activity, Case, LedgerEntry, Promise, SavedList
from cases.querysets import CaseQuerySet
from cases.rules.queue import IDLE_DAYS
from nova.lib import dates
from nova.lib.money import format_money, round_total

# The orders of a list besides that of the work; each one ends with the unique key.
ORDERS = {
    "name": ("debtor__last_name", "debtor__first_name", "id"),
    "-balance": ("-balance", "id"),
    "balance": ("balance", "id"),
    "last": ("-last_activity_at", "id"),
    "arrears": ("arrears_since", "id"),
}
ORDER_LABELS = {
    "": "Orden de trabajo",
    "next": "Próxima acción",
    "name": "Nombre",
    "-balance": "Mayor saldo",
    "balance": "Menor saldo",
    "last": "Última gestión",
    "arrears": "Mayor mora",
}
LONGEST = 5_000  # a list is walked as far as its pages go (DESIGN §9)
MAX_DAYS = 365


class PesosFilter(django_filters.Filter):
    field_class = PesosField


class WholeFilter(django_filters.Filter):
    field_class = forms.IntegerField


class OwnCaseFilter(CaseFilter):
    """The filters of «Mis casos». `focus` selects the cases of one figure or alert of the screen (DESIGN §4)."""

    FOCUSES = [
        ("due_week", "Promesas que vencen esta semana"),
        ("promises_today", "Promesas que vencen hoy"),
        ("idle", f"Sin gestión en {IDLE_DAYS} días"),
        ("stopped", "Detenidos"),
        ("recovered", "Con pagos acreditados este mes"),
        ("kept", "Con promesas cumplidas este mes"),
        ("worked_today", "Con gestiones mías de hoy"),
    ]
    focus = django_filters.ChoiceFilter(
        label="Vista", method="filter_focus", choices=FOCUSES, empty_label="Todos los casos"
    )
    over = PesosFilter(label="Más de $", method="filter_over")
    days = WholeFilter(
        label="Sin contacto",
        method="filter_days",
        min_value=1,
        max_value=MAX_DAYS,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "placeholder": "días"}),
    )

    def __init__(self, data: Any, *, gestor: User, now: datetime) -> None:
        super().__init__(data, queryset=Case.objects.visible_to(gestor))
        self.gestor, self.now = gestor, now

    def filter_focus(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        if value == "idle":
            return cases.idle(self.now - timedelta(days=IDLE_DAYS))
        if value == "stopped":
            return cases.stopped()
        counted = counted_by(value, gestor=self.gestor, now=self.now)
        return cases.filter(pk__in=counted.rows.order_by().values("case_id")) if counted else cases

    def filter_over(self, cases: CaseQuerySet, name: str, value: Decimal) -> CaseQuerySet:
        return cases.filter(balance__gt=value)

    def filter_days(self, cases: CaseQuerySet, name: str, value: int) -> CaseQuerySet:
        """Open cases of people who have not been reached in so many days, about any of their debts."""
        since = dates.start_of_day(dates.local_date(self.now) - timedelta(days=value))
        reached = Activity.objects.by_people().filter(
            case__debtor=OuterRef("debtor"), result__is_direct_contact=True, created_at__gte=since
        )
        return cases.open().filter(~Exists(reached))


PARAMETERS = (*OwnCaseFilter.base_filters, "order")


# --- What a figure counts ------------------------------------------------------------------------------
class Counted(NamedTuple):
    """The rows that a figure counts, what it adds up of each, and the column that shows that by case."""

    header: str
    rows: QuerySet
    amount: Any
    is_money: bool = True


def counted_by(focus: str, *, gestor: User, now: datetime) -> Counted | None:
    """The conditions are those of `cases.desk.figures`; None for a list of cases that counts nothing else."""
    today = dates.local_date(now)
    month = today.replace(day=1)
    if focus in ("promises_today", "due_week"):
        last = today if focus == "promises_today" else today + timedelta(days=6 - today.weekday())
        due = Promise.objects.pending_of_all().filter(promise_date__range=(today, last), case__in_active_cartera=True)
        return Counted("Promete", due, Sum(F("amount") - F("paid_amount")))
    if focus == "recovered":
        recovered = LedgerEntry.objects.recovered_by(gestor, month, today).signed()
        return Counted("Recuperado", recovered, -Sum("signed_amount"))
    if focus == "kept":
        kept = Promise.objects.filter(
            created_by=gestor, status=Promise.Status.FULFILLED, promise_date__range=(month, today)
        )
        return Counted("Cumplió", kept, Sum("amount"))
    if focus == "worked_today":
        made = Activity.objects.by_people().filter(created_by=gestor, created_at__gte=dates.start_of_day(today))
        return Counted("Gestiones", made, Count("pk"), is_money=False)
    return None


class Total(NamedTuple):
    """What a list adds up, in words; `elsewhere` is what its figure counts in cases that are no longer the gestor's."""

    header: str
    amount: str
    elsewhere: str = ""


# --- A list --------------------------------------------------------------------------------------------
class OwnCases:
    """A list of a gestor's own cases, with the filters and the order of a query string."""

    def __init__(self, gestor: User, data: Any, *, now: datetime) -> None:
        self.gestor, self.data, self.now = gestor, data, now
        order = data.get("order", "")
        self.order = order if order in ORDER_LABELS else ""

    @cached_property
    def filter(self) -> OwnCaseFilter:
        return OwnCaseFilter(self.data, gestor=self.gestor, now=self.now)

    @cached_property
    def cases(self) -> CaseQuerySet:
        found = self.filter.qs
        if self.order in ORDERS:
            return found.order_by(*ORDERS[self.order])
        return found.by_next_action() if self.order == "next" else found.work_first(self.now)

    @property
    def focus(self) -> str:
        focus = self.data.get("focus", "")
        return focus if focus in dict(OwnCaseFilter.FOCUSES) else ""

    @property
    def title(self) -> str:
        return dict(OwnCaseFilter.FOCUSES).get(self.focus, "Mis casos")

    @cached_property
    def query(self) -> str:
        """The parameters of the list alone, as text for a URL; empty for the list of all cases."""
        return urlencode({name: self.data[name] for name in PARAMETERS if self.data.get(name, "").strip()})

    @cached_property
    def counted(self) -> Counted | None:
        return counted_by(self.focus, gestor=self.gestor, now=self.now)

    def amounts(self, cases: Iterable[Case]) -> dict[int, str]:
        """What the figure adds up in each of these cases, in words. Runs a query, none for a list without a figure."""
        counted = self.counted
        if counted is None:
            return {}
        rows = counted.rows.order_by().filter(case__in=[case.pk for case in cases])
        sums = rows.values_list("case_id").annotate(summed=counted.amount)
        return {pk: in_words(summed, counted) for pk, summed in sums}

    def total(self) -> Total:
        """What all cases of the list add up. Runs a query, with a figure two."""
        counted, cases = self.counted, self.filter.qs.order_by()
        if counted is None:
            return Total("Saldo", format_money(round_total(cases.aggregate(summed=Sum("balance"))["summed"] or 0)))
        shown = counted.rows.order_by().filter(case__in=cases.values("pk"))
        here = shown.aggregate(summed=counted.amount)["summed"] or 0
        return Total(counted.header, in_words(here, counted), self._elsewhere(counted))

    def _elsewhere(self, counted: Counted) -> str:
        """The part of the gestor's figure that stands on cases of other gestores now; only they credited it."""
        if self.focus not in ("recovered", "kept", "worked_today"):
            return ""
        others = counted.rows.order_by().exclude(case__assigned_to=self.gestor)
        found = others.aggregate(summed=counted.amount, cases=Count("case", distinct=True))
        if not found["cases"]:
            return ""
        count = f"{found['cases']} {'caso que ya no es suyo' if found['cases'] == 1 else 'casos que ya no son suyos'}"
        return f"{in_words(found['summed'] or 0, counted)} más en {count}"

    def ids(self) -> list[int]:
        """The cases of the list in its order, as far as its pages go. Runs a query."""
        return list(self.cases.values_list("pk", flat=True)[:LONGEST])


def in_words(value: Any, counted: Counted) -> str:
    return format_money(round_total(value)) if counted.is_money else f"{value}"


# --- Saved lists -----------------------------------------------------------------------------------------
def checked_query(data: Mapping[str, Any], *, owner: User, now: datetime) -> dict[str, str]:
    """The parameters of a list that may be saved. Raises ValidationError (key query) for what no list knows."""
    unknown = sorted(set(data) - set(PARAMETERS))
    if unknown:
        raise ValidationError({"query": [f"«{name}» no es un filtro de Mis casos." for name in unknown]})
    if not all(isinstance(value, str) for value in data.values()):
        raise ValidationError({"query": ["Cada filtro es un texto."]})
    kept = {name: value.strip() for name, value in data.items() if value.strip()}
    if kept.get("order", "") not in ORDER_LABELS:
        raise ValidationError({"query": [f"«{kept['order']}» no es un orden de Mis casos."]})
    asked = QueryDict(mutable=True)
    asked.update(kept)
    if complaints := OwnCaseFilter(asked, gestor=owner, now=now).complaints:
        raise ValidationError({"query": complaints})
    return {name: kept[name] for name in PARAMETERS if name in kept}


def query_of(saved: SavedList) -> str:
    """The parameters of a saved list, as text for a URL."""
    return urlencode({name: saved.query[name] for name in PARAMETERS if name in saved.query})
