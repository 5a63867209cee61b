"""The agenda of a gestor: the calls that were agreed and the promises that fall due, by hour and by day (DESIGN §4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count
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
from cases.lists import promises_of
from cases.models import Case, Promise
from cases.querysets import CaseQuerySet
from cases.rules.queue import Band
from nova.lib import dates
from nova.lib.money import format_money, round_total

DAYS = 7
OLDEST = timedelta(days=60)  # a promise is broken long before, when its days of grace are over
MOST = 30  # of a day; whoever has more sees that there are more
WEEKDAYS = ("lun", "mar", "mié", "jue", "vie", "sáb", "dom")


@dataclass(frozen=True)
class Day:
    """What a day of the week holds. `promised` is what its promises still owe, in ARS."""

    day: date
    calls: int
    promises: int
    promised: str

    @property
    def words(self) -> str:
        return f"{WEEKDAYS[self.day.weekday()]} {self.day:%d/%m}"


@dataclass(frozen=True)
class Entry:
    """A line of a day: when, what, and the case as the lists show it. `is_late`: its hour or its day has passed."""

    when: str
    row: Row
    amount: str = ""
    is_late: bool = False


class Agenda:
    """The next seven days of a gestor, and one of them in full. What is late stands with today. Runs six queries."""

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
    def _due(self) -> list[tuple[int, date, Decimal]]:
        """(key, day, what is still owed) of what is pending until the end of the week. What is late stands with today.

        Runs a query.
        """
        rows = promises_of(self._worked, self.today - OLDEST, self.last).order_by("promise_date", "-amount", "id")
        return [
            (pk, max(day, self.today), amount - paid)
            for pk, day, amount, paid in rows.values_list("pk", "promise_date", "amount", "paid_amount")
        ]

    @cached_property
    def week(self) -> list[Day]:
        end = dates.start_of_day(self.last + timedelta(days=1))
        by_day = self._calls().filter(next_action_at__lt=end).order_by().annotate(day=TruncDate("next_action_at"))
        calls: dict[date, int] = {}
        for day, count in by_day.values_list("day").annotate(count=Count("pk")):
            calls[max(day, self.today)] = calls.get(max(day, self.today), 0) + count
        promises: dict[date, tuple[int, Decimal]] = {}
        for _, day, owed in self._due:
            counted, summed = promises.get(day, (0, Decimal(0)))
            promises[day] = counted + 1, summed + owed
        days = [self.today + timedelta(days=ahead) for ahead in range(DAYS)]
        return [
            Day(
                day,
                calls.get(day, 0),
                promises.get(day, (0, Decimal(0)))[0],
                format_money(round_total(promises.get(day, (0, Decimal(0)))[1])),
            )
            for day in days
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
            Entry(self._hour(at), row, is_late=at < self.now)
            for row in self._rows(cases)
            if (at := row.case.next_action_at) is not None
        ]

    def _hour(self, at: datetime) -> str:
        moment = dates.to_local(at)
        hour = f"{moment:%H:%M}" if moment.time() != time.min else "sin hora"
        return hour if moment.date() == self.day else f"{moment:%d/%m} {hour}"

    @cached_property
    def promises(self) -> list[Entry]:
        keys = [pk for pk, day, _ in self._due if day == self.day][:MOST]
        related = ("case__debtor", "case__cartera", "case__status", "case__assigned_to")
        found = Promise.objects.filter(pk__in=keys).select_related(*related)
        due = list(found.order_by("promise_date", "-amount", "id"))
        rows = {row.case.pk: row for row in self._rows({promise.case_id: promise.case for promise in due}.values())}
        return [
            Entry(
                "" if promise.promise_date == self.day else f"{promise.promise_date:%d/%m}",
                rows[promise.case_id],
                amount=format_money(promise.amount - promise.paid_amount),
                is_late=promise.promise_date < self.today,
            )
            for promise in due
        ]

    def _rows(self, cases: Iterable[Case]) -> list[Row]:
        return with_tools(rows_of(cases, now=self.now))


@require_safe
@for_role(User.Role.GESTOR)
def agenda(request: Request) -> HttpResponse:
    shown = Agenda(request.user, request.GET.get("day", ""), now=timezone.now())
    context: dict[str, Any] = {"screen": Screen(request), "agenda": shown, "most": MOST}
    part = "#agenda" if request.htmx and request.htmx.target == "agenda" else ""
    response = render(request, f"cases/agenda.html{part}", context)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response
