"""The agenda of a gestor: the calls that were agreed, and what falls due, by hour and by day (DESIGN §4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet, Value
from django.db.models.functions import TruncDate
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.access import Request, for_role
from accounts.models import User
from cases.desk.rows import Row, rows_of, with_tools
from cases.desk.screen import Screen
from cases.lists import OWED_OF_INSTALMENT, OWED_OF_PROMISE, instalments_of, promises_of
from cases.models import Case, Instalment, Promise
from cases.querysets import CaseQuerySet
from cases.rules.queue import Band
from cases.rules.reasons import payment_name
from nova.lib import dates
from nova.lib.money import format_money, round_total

DAYS = 7
OLDEST = timedelta(days=60)  # a promise is broken long before, when its days of grace are over
MOST = 30  # of a day; whoever has more sees that there are more
IN_GRACE = "venció, en días de gracia"
WEEKDAYS = ("lun", "mar", "mié", "jue", "vie", "sáb", "dom")


@dataclass(frozen=True)
class Day:
    """What a day of the week holds. `due` counts promises and instalments; `owed` is what they still owe, in ARS."""

    day: date
    calls: int
    due: int
    owed: str

    @property
    def words(self) -> str:
        return f"{WEEKDAYS[self.day.weekday()]} {self.day:%d/%m}"


@dataclass(frozen=True)
class Entry:
    """A line of a day: when, what, and the case as the lists show it. `late`: how its hour or its day has passed."""

    when: str
    row: Row
    what: str = ""
    amount: str = ""
    late: str = ""


class Due(NamedTuple):
    """A promise or an instalment; `day` is that of the agenda, `amount` what is still owed in ARS."""

    is_promise: bool
    pk: int
    day: date
    amount: Decimal


class Agenda:
    """The next seven days of a gestor, and one of them in full. What is late stands with today. Runs ten queries."""

    def __init__(self, gestor: User, day: str, *, now: datetime) -> None:
        self.gestor, self.now, self.today = gestor, now, dates.local_date(now)
        self.last = self.today + timedelta(days=DAYS - 1)
        self.day = self._read(day)

    def _read(self, text: str) -> date:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return self.today
        return day if self.today <= day <= self.last else self.today

    @property
    def is_today(self) -> bool:
        return self.day == self.today

    # --- What is in it
    @cached_property
    def _worked(self) -> CaseQuerySet:
        return Case.objects.visible_to(self.gestor).worked().filter(stopped_at__isnull=True)

    def _calls(self) -> CaseQuerySet:
        return self._worked.filter(queue_band=Band.CALL_BACK, next_action_at__isnull=False)

    @cached_property
    def _due(self) -> list[Due]:
        """What is pending until the end of the week, by its date. What is late stands with today. Runs a query."""
        days = self.today - OLDEST, self.last
        promised = _dues(promises_of(self._worked, *days), "promise_date", OWED_OF_PROMISE, is_promise=True)
        agreed = _dues(instalments_of(self._worked, *days), "due_on", OWED_OF_INSTALMENT, is_promise=False)
        rows = sorted(promised.union(agreed, all=True), key=lambda row: (row[2], -row[3], row[:2]))
        return [Due(is_promise, pk, max(day, self.today), amount) for is_promise, pk, day, amount in rows]

    @cached_property
    def week(self) -> list[Day]:
        end = dates.start_of_day(self.last + timedelta(days=1))
        by_day = self._calls().filter(next_action_at__lt=end).order_by().annotate(day=TruncDate("next_action_at"))
        calls: dict[date, int] = {}
        for day, count in by_day.values_list("day").annotate(count=Count("pk")):
            calls[max(day, self.today)] = calls.get(max(day, self.today), 0) + count
        amounts: dict[date, list[Decimal]] = {self.today + timedelta(days=ahead): [] for ahead in range(DAYS)}
        for due in self._due:
            amounts[due.day].append(due.amount)
        return [
            Day(day, calls.get(day, 0), len(owed), format_money(round_total(sum(owed, Decimal(0)))))
            for day, owed in amounts.items()
        ]

    @property
    def shown(self) -> Day:
        return next(day for day in self.week if day.day == self.day)

    @cached_property
    def calls(self) -> list[Entry]:
        start, end = dates.start_of_day(self.day), dates.start_of_day(self.day + timedelta(days=1))
        found = self._calls().filter(next_action_at__lt=end)
        if not self.is_today:
            found = found.filter(next_action_at__gte=start)
        cases = list(found.listed().order_by("next_action_at", "id")[:MOST])
        return [
            Entry(self._hour(at), row, late="la hora ya pasó" if at < self.now else "")
            for row in self._rows(cases)
            if (at := row.case.next_action_at) is not None
        ]

    def _hour(self, at: datetime) -> str:
        moment = dates.to_local(at)
        hour = f"{moment:%H:%M}" if moment.time() != time.min else "sin hora"
        return hour if moment.date() == self.day else f"{moment:%d/%m} {hour}"

    @cached_property
    def due(self) -> list[Entry]:
        """Its promises and instalments. Runs six queries."""
        shown = [due for due in self._due if due.day == self.day][:MOST]
        promises = Promise.objects.select_related(*_case_at("case")).in_bulk(
            [due.pk for due in shown if due.is_promise]
        )
        instalments = Instalment.objects.select_related(*_case_at("arrangement__case")).in_bulk(
            [due.pk for due in shown if not due.is_promise]
        )
        cases = [promise.case for promise in promises.values()]
        cases += [instalment.arrangement.case for instalment in instalments.values()]
        rows = {row.case.pk: row for row in self._rows({case.pk: case for case in cases}.values())}
        found = []
        for due in shown:
            if due.is_promise:
                promise = promises[due.pk]
                day, row, what, late = promise.promise_date, rows[promise.case_id], "", IN_GRACE
            else:
                part = instalments[due.pk]
                day, row = part.due_on, rows[part.arrangement.case_id]
                what = payment_name(part.number, part.arrangement.instalments).lower()
                late = "vencida" if part.status == Instalment.Status.OVERDUE else IN_GRACE
            when = "" if day == self.day else f"{day:%d/%m}"
            is_late = day < self.today
            found.append(Entry(when, row, what, format_money(round_total(due.amount)), late if is_late else ""))
        return found

    def _rows(self, cases: Iterable[Case]) -> list[Row]:
        return with_tools(rows_of(cases, now=self.now))


def _dues(rows: QuerySet, day: str, owed: Any, *, is_promise: bool) -> QuerySet:
    return (
        rows.order_by().annotate(is_promise=Value(is_promise), owed=owed).values_list("is_promise", "pk", day, "owed")
    )


def _case_at(path: str) -> list[str]:
    return [f"{path}__{name}" for name in ("debtor", "cartera", "status", "assigned_to")]


@require_safe
@for_role(User.Role.GESTOR)
def agenda(request: Request) -> HttpResponse:
    shown = Agenda(request.user, request.GET.get("day", ""), now=timezone.now())
    context: dict[str, Any] = {"screen": Screen(request), "agenda": shown, "most": MOST}
    part = "#agenda" if request.htmx and request.htmx.target == "agenda" else ""
    response = render(request, f"cases/agenda.html{part}", context)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response
