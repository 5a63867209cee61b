"""The filtered queue of a gestor, in pages, and the next case of it."""

from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from accounts.models import User
from cases.desk.rows import ROW_FIELDS, Row, rows_of
from cases.filters import CaseFilter
from cases.models import Cartera, Case, CaseStatus
from cases.querysets import CaseQuerySet

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

    @cached_property
    def is_narrowed(self) -> bool:
        return CaseFilter.narrows(self.filters)

    @property
    def complaints(self) -> list[str]:
        return self.filter.complaints if self.is_narrowed else []

    @cached_property
    def cases(self) -> CaseQuerySet:
        return self.filter.qs if self.is_narrowed else self._everything()

    @cached_property
    def bands(self) -> dict[int, int]:
        """The number of cases of the whole queue in each band. Runs a query."""
        return Case.objects.in_queue(self.gestor, self.now).count_by_band()

    @cached_property
    def filtered_bands(self) -> dict[int, int]:
        """The number of cases in each band, with the filters of cartera and status."""
        names = ("cartera", "status")
        narrowed = {name: self.filters.get(name, "") for name in names}
        if not any(narrowed.values()):
            return self.bands
        return CaseFilter(narrowed, queryset=Case.objects.in_queue(self.gestor, self.now)).qs.count_by_band()

    def page(self, after: Case | None = None) -> tuple[list[Row], bool]:
        """The page of rows after a case (None: the first page), and whether there are more. Runs two queries."""
        cases = self.cases if after is None or self.is_search else self.cases.after_in_queue(after)
        found = list(cases.select_related("debtor", "cartera", "status").only(*ROW_FIELDS)[: QUEUE_PAGE + 1])
        return rows_of(found[:QUEUE_PAGE], now=self.now), len(found) > QUEUE_PAGE

    def next_after(self, place: Case | None, *, leaving: int | None = None) -> Case | None:
        """The next case: the first after `place`, else the first of the queue; never the case `leaving` (its id)."""
        cases = Case.objects.in_queue(self.gestor, self.now) if self.is_search else self.cases
        others = cases.exclude(pk=leaving) if leaving else cases
        following = others.after_in_queue(place).first() if place is not None else None
        return following or others.first()

    def previous_before(self, case: Case) -> Case | None:
        """The case before `case`; None at the beginning of the queue."""
        cases = Case.objects.in_queue(self.gestor, self.now) if self.is_search else self.cases
        return cases.before_in_queue(case).first()


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
