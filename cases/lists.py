"""The lists of a gestor's own cases: their filters, what each figure counts, its amounts, and how they are saved."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Sum
from django.db.models.functions import Least
from django.http import QueryDict
from django.urls import reverse

from accounts.models import User
from cases.fields import PesosField
from cases.filters import CaseFilter
from cases.models import Activity, Case, Instalment, LedgerEntry, Promise
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


# --- What a figure counts ------------------------------------------------------------------------------
class Counted(NamedTuple):
    """What a figure adds up, as pairs of case (id) and amount, and the column that shows the sum of each case."""

    header: str
    pairs: QuerySet
    is_money: bool = True


def by_case(rows: QuerySet, amount: Any, path: str = "case_id") -> QuerySet:
    """What rows of a case (at `path`) add up, as pairs."""
    return rows.order_by().values_list(path).annotate(summed=amount)


def promises_of(cases: CaseQuerySet, first: date | None, last: date) -> QuerySet:
    """The pending promises of these cases, which are one gestor's, from `first` to `last`.

    PostgreSQL reads the gestor's cases from `case_by_gestor_person` alone, and joins them with the days' promises.
    """
    due = Promise.objects.pending_of_all().filter(case__in=cases.order_by().values("pk"), promise_date__lte=last)
    return due if first is None else due.filter(promise_date__gte=first)


def instalments_of(cases: CaseQuerySet, first: date | None, last: date) -> QuerySet:
    """The unpaid instalments of the arrangements of these cases that run, likewise."""
    mine = cases.order_by().values("pk")
    due = Instalment.objects.asked().filter(arrangement__case__in=mine, due_on__lte=last)
    return due if first is None else due.filter(due_on__gte=first)


# What is left of a promise, and what is asked of an instalment: never more than the case owes (DESIGN §3.8).
OWED_OF_PROMISE = F("amount") - F("paid_amount")
OWED_OF_INSTALMENT = Least(F("amount") - F("paid_amount"), F("arrangement__case__balance"))


def counted_by(focus: str, *, gestor: User, now: datetime) -> Counted | None:
    """The conditions are those of `cases.desk.figures`; None for a list of cases that counts nothing else."""
    today = dates.local_date(now)
    month = today.replace(day=1)
    if focus in ("promises_today", "due_week"):
        last = today if focus == "promises_today" else today + timedelta(days=6 - today.weekday())
        mine = Case.objects.visible_to(gestor).filter(in_active_cartera=True)
        promised = by_case(promises_of(mine, today, last), Sum(OWED_OF_PROMISE))
        agreed = by_case(instalments_of(mine, today, last), Sum(OWED_OF_INSTALMENT), "arrangement__case")
        return Counted("Vence", promised.union(agreed, all=True))
    if focus == "recovered":
        recovered = LedgerEntry.objects.recovered_by(gestor, month, today).signed()
        return Counted("Recuperado", by_case(recovered, -Sum("signed_amount")))
    if focus == "kept":
        kept = Promise.objects.filter(
            created_by=gestor, status=Promise.Status.FULFILLED, promise_date__range=(month, today)
        )
        return Counted("Cumplió", by_case(kept, Sum("amount")))
    if focus == "worked_today":
        made = Activity.objects.by_people().filter(created_by=gestor, created_at__gte=dates.start_of_day(today))
        return Counted("Gestiones", by_case(made, Count("pk")), is_money=False)
    return None


# --- The filters -----------------------------------------------------------------------------------------
class PesosFilter(django_filters.Filter):
    field_class = PesosField


class WholeFilter(django_filters.Filter):
    field_class = forms.IntegerField


class OwnCaseFilter(CaseFilter):
    """The filters of «Mis casos». `focus` selects the cases of one figure or alert of the screen (DESIGN §4)."""

    FOCUSES = [
        ("due_week", "Promesas y cuotas que vencen esta semana"),
        ("promises_today", "Promesas y cuotas que vencen hoy"),
        ("idle", f"Sin gestión en {IDLE_DAYS} días"),
        ("stopped", "Detenidos"),
        ("recovered", "Con pagos acreditados este mes"),
        ("kept", "Con promesas cumplidas este mes"),
        ("worked_today", "Con gestiones mías de hoy"),
    ]
    focus = django_filters.ChoiceFilter(label="Vista", method="filter_focus", choices=FOCUSES, empty_label="Todos")
    over = PesosFilter(
        label="Más de $",
        method="filter_over",
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-said": "amount", "placeholder": "50 mil"}),
    )
    days = WholeFilter(
        label="Sin contacto",
        method="filter_days",
        min_value=1,
        max_value=MAX_DAYS,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "placeholder": "días"}),
    )

    def __init__(self, data: Any, *, gestor: User, now: datetime) -> None:
        super().__init__(data, queryset=Case.objects.visible_to(gestor))
        self.form.fields["cartera"].empty_label = "Todas"  # short: eight of them stand in a line
        self.form.fields["status"].empty_label = "Todos"
        self.gestor, self.now = gestor, now

    @property
    def looks_for_contacts(self) -> bool:
        return bool(self.data and self.data.get("days", "").strip())

    @cached_property
    def counted(self) -> Counted | None:
        focus = self.data.get("focus", "") if self.data else ""
        return counted_by(focus, gestor=self.gestor, now=self.now)

    @cached_property
    def sums(self) -> dict[int, Any]:
        """What the figure adds up in each case that it counts. Runs a query, at once: it has few cases, and the list of
        those is then found by their keys alone."""
        sums: dict[int, Any] = {}
        for pk, amount in self.counted.pairs if self.counted else ():
            sums[pk] = sums.get(pk, 0) + amount
        return sums

    def filter_focus(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        if value == "idle":
            return cases.idle(self.now - timedelta(days=IDLE_DAYS))
        if value == "stopped":
            return cases.stopped()
        return cases.filter(pk__in=self.sums)

    def filter_over(self, cases: CaseQuerySet, name: str, value: Decimal) -> CaseQuerySet:
        return cases.filter(balance__gt=value)

    def filter_days(self, cases: CaseQuerySet, name: str, value: int) -> CaseQuerySet:
        """Open cases of people who have not been reached in so many days, about any of their debts.

        A debt whose last gestión is older has none since, so that only those of the others are looked up.
        """
        since = dates.start_of_day(dates.local_date(self.now) - timedelta(days=value))
        reached = Activity.objects.by_people().filter(
            case__debtor=OuterRef("debtor"),
            case__last_activity_at__gte=since,
            result__is_direct_contact=True,
            created_at__gte=since,
        )
        return cases.open().filter(~Exists(reached))


PARAMETERS = (*OwnCaseFilter.base_filters, "order")


def parameters_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """What these data say of a list, in one order; what is empty says nothing."""
    return {name: data[name] for name in PARAMETERS if str(data.get(name, "")).strip()}


def address_of(data: Mapping[str, Any]) -> str:
    """The page of the list that these data describe; without any, of all cases."""
    return f"{reverse('dashboard-gestor')}?{urlencode({'tab': 'casos', **parameters_of(data)})}"


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
        return urlencode(parameters_of(self.data))

    @property
    def counted(self) -> Counted | None:
        return self.filter.counted if self.focus else None

    def amount(self, case: Case) -> str:
        """What the figure adds up in this case, in words; empty for a list without a figure."""
        return in_words(self.filter.sums[case.pk], self.counted) if self.counted else ""

    @cached_property
    def _read(self) -> list[tuple[int, Decimal]]:
        """Key and balance of the cases in the order of the list, and of one more than it shows. Runs a query.

        Of all of them where it is the looking that costs, and the total would look once more.
        """
        found = self.cases.values_list("pk", "balance")
        return list(found if self.filter.looks_for_contacts else found[: LONGEST + 1])

    @property
    def is_capped(self) -> bool:
        return len(self._read) > LONGEST

    @cached_property
    def ids(self) -> list[int]:
        """The cases of the list in its order, as far as its pages go."""
        return [pk for pk, _ in self._read[:LONGEST]]

    def total(self) -> Total:
        """What all cases of the list add up. Runs a query when the list is longer than its pages, or for a figure."""
        if self.counted is None:
            owed: Any = sum((balance for _, balance in self._read), Decimal(0))
            if self.is_capped and not self.filter.looks_for_contacts:
                owed = self.filter.qs.order_by().aggregate(owed=Sum("balance"))["owed"]
            return Total("Saldo", format_money(round_total(owed)))
        here = sum((self.filter.sums[pk] for pk in self.ids), start=Decimal(0))
        return Total(self.counted.header, in_words(here, self.counted), self._elsewhere(self.counted))

    def _elsewhere(self, counted: Counted) -> str:
        """The part of the gestor's figure that stands on cases of other gestores now; only they credited it."""
        unseen = self.filter.sums.keys() - set(self.ids)
        if not unseen:
            return ""
        mine = set(Case.objects.visible_to(self.gestor).filter(pk__in=unseen).values_list("pk", flat=True))
        others = [self.filter.sums[pk] for pk in unseen - mine]
        if not others:
            return ""
        count = f"{len(others)} {'caso que ya no es suyo' if len(others) == 1 else 'casos que ya no son suyos'}"
        return f"{in_words(sum(others, start=Decimal(0)), counted)} más en {count}"


def in_words(value: Any, counted: Counted) -> str:
    return format_money(round_total(value)) if counted.is_money else f"{value:.0f}"


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
    return parameters_of(kept)
