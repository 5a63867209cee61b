"""The filtered queue of a gestor, one row a person, in pages, and the next case of it."""

from datetime import datetime
from decimal import Decimal
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Any

from django.db import models
from django.db.models import Subquery

from accounts.models import User
from cases.desk.rows import ROW_FIELDS, Row, of_people, rows_of
from cases.filters import CaseFilter
from cases.models import Cartera, Case, CaseStatus
from cases.querysets import CaseQuerySet
from nova.lib.prepared import KEY, MOMENT, Prepared

QUEUE_PAGE = 25


class Queue:
    """The queue of a gestor with the filters of a request, in pages."""

    def __init__(self, gestor: User, filters: Any, *, now: datetime) -> None:
        self.gestor, self.now, self.filters = gestor, now, filters
        self.is_search = bool(filters.get("search", "").strip())

    @cached_property
    def filter(self) -> CaseFilter:
        filter = CaseFilter(self.filters, queryset=self._everything())
        form = filter.form
        form.auto_id = "id_filter_%s"  # the form of the gestión on the same page has a status too
        # Lists, because for querysets Django would open a server-side cursor for a few rows.
        carteras = Cartera.objects.values_list("pk", "name")
        form.fields["cartera"].widget.choices = [("", "Todas las carteras"), *carteras]
        statuses = CaseStatus.objects.values_list("slug", "name")
        form.fields["status"].widget.choices = [("", "Todos los estados"), *statuses]
        return filter

    def _everything(self) -> CaseQuerySet:
        """The queue; for a search, all cases of the gestor, because a debtor who calls may not be in today's queue."""
        if self.is_search:
            return Case.objects.visible_to(self.gestor).by_next_action()
        return Case.objects.visible_to(self.gestor).in_queue(self.gestor, self.now)

    @property
    def is_whole(self) -> bool:
        """Whether nothing narrows it: then its SQL is always the same."""
        return not any(self.filters.get(name, "").strip() for name in ("search", "cartera", "status", "band"))

    @cached_property
    def is_narrowed(self) -> bool:
        return CaseFilter.narrows(self.filters)

    @property
    def complaints(self) -> list[str]:
        return self.filter.complaints if self.is_narrowed else []

    @cached_property
    def _debts(self) -> CaseQuerySet:
        """The eligible cases of the filters of cartera and status: of those of a person the best one is shown."""
        queue = Case.objects.in_queue(self.gestor, self.now)
        narrowed = {name: self.filters.get(name, "") for name in ("cartera", "status")}
        return CaseFilter(narrowed, queryset=queue).qs if any(narrowed.values()) else queue

    @cached_property
    def cases(self) -> CaseQuerySet:
        """One case a person; of a search, every case."""
        if self.is_search:
            return self.filter.qs
        people = self._debts.one_a_person()
        band = self.filter.form.cleaned_data.get("band") if self.is_narrowed and self.filter.qs is not None else ""
        return people.filter(queue_band=band) if band else people

    @cached_property
    def bands(self) -> dict[int, int]:
        """The number of people of the whole queue in each band. Runs a query."""
        return Case.objects.in_queue(self.gestor, self.now).people_by_band()

    @cached_property
    def filtered_bands(self) -> dict[int, int]:
        """The number of people in each band, with the filters of cartera and status."""
        if not any(self.filters.get(name, "") for name in ("cartera", "status")):
            return self.bands
        return self._debts.people_by_band()

    def page(self, after: Case | None = None) -> tuple[list[Row], bool]:
        """The page of rows after a case (None: the first page), and whether there are more. Runs three queries."""
        if self.is_whole and after is None:
            found = FIRST_PAGE(gestor=self.gestor.pk, now=self.now)
        else:
            found = list(_page_of(self.cases if after is None or self.is_search else self.cases.after_in_queue(after)))
        rows = rows_of(found[:QUEUE_PAGE], now=self.now)
        return rows if self.is_search else of_people(rows), len(found) > QUEUE_PAGE

    @property
    def _walked(self) -> CaseQuerySet:
        """What next and previous go through: after a search the whole queue."""
        return Case.objects.in_queue(self.gestor, self.now).one_a_person() if self.is_search else self.cases

    def next_after(self, place: Case | None, *, leaving: Case | None = None) -> Case | None:
        """The next case: the first after `place`, else the first of the queue; never one of the person being left.

        With the relations that its screen shows.
        """
        if (self.is_whole or self.is_search) and leaving is not None:
            return self._next_of_all(place, leaving)
        others = self._walked
        if leaving:
            others = others.exclude(debtor=leaving.debtor_id)
        following = _first(others.after_in_queue(place)) if place is not None else None
        return following or _first(others)

    def _next_of_all(self, place: Case | None, leaving: Case) -> Case | None:
        """`next_after` in the whole queue."""
        asked = {"gestor": self.gestor.pk, "now": self.now, "leaving": leaving.debtor_id}
        following: list[Case] = []
        if place is not None:
            at = {name: getattr(place, name) for name in (*PLACE, "pk")}
            if place.next_action_at is None:
                following = FIRST_AFTER_UNDATED(**asked, **at)
            else:
                following = FIRST_AFTER(**asked, **at, next_action_at=place.next_action_at)
        return next(iter(following or FIRST_OTHER(**asked)), None)

    def previous_before(self, case: Case) -> Case | None:
        """The case of another person before `case`; None at the beginning of the queue."""
        return _first(self._walked.exclude(debtor=case.debtor_id).before_in_queue(case))


def _page_of(cases: CaseQuerySet) -> CaseQuerySet:
    """The rows of a page, and of one more if there is a next page."""
    return cases.select_related("debtor", "cartera", "status").only(*ROW_FIELDS)[: QUEUE_PAGE + 1]


def _first_of(cases: CaseQuerySet) -> CaseQuerySet:
    """The first of ordered cases, with what its screen shows. It orders keys, not wide rows."""
    return Case.objects.opened().filter(pk=Subquery(cases.values("pk")[:1]))


def _first(cases: CaseQuerySet) -> Case | None:
    return next(iter(_first_of(cases)), None)


# --- The whole queue, which is what is asked for a hundred times a day
def _people(gestor: Any, now: Any) -> CaseQuerySet:
    return Case.objects.in_queue(gestor, now).one_a_person()


def _others_after(gestor: Any, now: Any, leaving: Any, **place: Any) -> CaseQuerySet:
    others = _people(gestor, now).exclude(debtor=leaving)
    return _first_of(others.after_in_queue(SimpleNamespace(**place)) if place else others)


OTHERS: dict[str, Any] = {"gestor": KEY, "now": MOMENT, "leaving": KEY}
PLACE: dict[str, Any] = {
    "queue_band": models.SmallIntegerField(),
    "balance": models.DecimalField(max_digits=15, decimal_places=2),
}
FIRST_PAGE = Prepared(lambda gestor, now: _page_of(_people(gestor, now)), gestor=KEY, now=MOMENT)
FIRST_OTHER = Prepared(_others_after, **OTHERS)
FIRST_AFTER = Prepared(_others_after, **OTHERS, **PLACE, pk=KEY, next_action_at=MOMENT)
FIRST_AFTER_UNDATED = Prepared(partial(_others_after, next_action_at=None), **OTHERS, **PLACE, pk=KEY)


def place_of(case: Case) -> str:
    """The place of a case in the queue when it was read, as text for a url."""
    moment = case.next_action_at.isoformat() if case.next_action_at else ""
    return f"{case.queue_band}~{moment}~{case.balance}~{case.pk}"


def parse_place(text: str) -> Case | None:
    """A case with only the four fields of `place_of`, parsed from its text; None when the text is not valid."""
    try:
        band, moment, balance, pk = text.split("~")
        at = datetime.fromisoformat(moment) if moment else None
        if at is not None and at.tzinfo is None:
            return None
        amount = Decimal(balance)
        if not amount.is_finite() or abs(amount) >= 10**13 or not 0 < int(pk) < 2**63 or not 1 <= int(band) <= 7:
            return None
        return Case(pk=int(pk), queue_band=int(band), next_action_at=at, balance=amount)
    except (ValueError, ArithmeticError):
        return None
