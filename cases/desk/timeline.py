"""The timeline of a case, newest first, in pages: gestiones with their money and promises, and rows without one."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import CharField, F, Q, Value
from django.utils.dateparse import parse_datetime

from accounts.models import User
from cases.models import Activity, Case, LedgerEntry, Promise

PER_PAGE = 15
ACTIVITY, ENTRY, PROMISE = "a", "e", "p"
# Rows that get a line of their own: those without a gestión, and those of a voided one, whose effects stay (DESIGN
# §3.6).
ALONE = Q(activity__isnull=True) | Q(activity__voided_at__isnull=False)

Key = tuple[datetime, str, int]


@dataclass
class Event:
    """One line of the timeline: a gestión with its money and promises, or an entry or a promise alone."""

    at: datetime
    activity: Activity | None = None
    entries: list[LedgerEntry] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    may_void: bool = False

    @property
    def title(self) -> str:
        """«Llamada: No contesta», «Promesa», «Pago»."""
        if self.activity is None:
            return "Promesa" if self.promises else self.entries[0].get_kind_display()
        kind = self.activity.get_type_display()
        return f"{kind}: {self.activity.result.name}" if self.activity.result else kind

    @property
    def author(self) -> str:
        row: Any = self.activity or (self.promises or self.entries)[0]
        return str(row.created_by or getattr(row, "imported_author", "") or "Sistema")


@dataclass
class TimelinePage:
    events: list[Event]
    after: str  # where the next page begins; empty on the last one


def page_of(case: Case, user: User, *, after: str = "") -> TimelinePage:
    """The page that begins after the line `after` (empty: the first page). Runs four queries."""
    keys = _keys(case, _parsed(after))
    shown = keys[:PER_PAGE]
    last = "~".join((shown[-1][0].isoformat(), shown[-1][1], str(shown[-1][2]))) if len(keys) > PER_PAGE else ""
    return TimelinePage(_events(shown, user), last)


def _parsed(after: str) -> Key | None:
    """The key in `after`; None (the first page) when it is not valid."""
    try:
        moment, kind, pk = after.split("~")
        at = parse_datetime(moment)
        return (at, kind, int(pk)) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _keys(case: Case, after: Key | None) -> list[Key]:
    """(moment, kind, id) of the rows of a page, and one more if there is a next page. Runs one query."""
    sources = {
        ACTIVITY: Activity.objects.standing().filter(case=case),
        ENTRY: LedgerEntry.objects.filter(ALONE, case=case),
        PROMISE: Promise.objects.filter(ALONE, case=case),
    }
    parts = []
    for kind, rows in sources.items():
        marked = rows.order_by().annotate(line=Value(kind, output_field=CharField()))
        if after is not None:
            at, last_kind, last_pk = after
            same = Q(created_at=at) & (Q(line__lt=last_kind) | Q(line=last_kind, pk__lt=last_pk))
            marked = marked.filter(Q(created_at__lt=at) | same)
        parts.append(marked.annotate(key=F("pk")).values_list("created_at", "line", "key"))
    first, *others = parts
    return list(first.union(*others, all=True).order_by("-created_at", "-line", "-key")[: PER_PAGE + 1])


def _events(keys: list[Key], user: User) -> list[Event]:
    """The lines of these keys, with the entries and promises of their gestiones. Runs three queries."""
    ids = {kind: [pk for _, line, pk in keys if line == kind] for kind in (ACTIVITY, ENTRY, PROMISE)}
    activities = Activity.objects.select_related("result", "phone", "created_by").in_bulk(ids[ACTIVITY])
    entries = LedgerEntry.objects.filter(Q(pk__in=ids[ENTRY]) | Q(activity__in=ids[ACTIVITY])).order_by("id")
    promises = Promise.objects.filter(Q(pk__in=ids[PROMISE]) | Q(activity__in=ids[ACTIVITY])).order_by("id")
    events: dict[tuple[str, int], Event] = {}
    for at, line, pk in keys:
        events[line, pk] = Event(at)
    for pk, activity in activities.items():
        event = events[ACTIVITY, pk]
        event.activity = activity
        event.may_void = not activity.is_system and (user.is_admin or activity.created_by_id == user.pk)
    for entry in entries.select_related("created_by", "reversal", "reverses"):
        _place(events, ENTRY, entry).entries.append(entry)
    for promise in promises.select_related("created_by"):
        _place(events, PROMISE, promise).promises.append(promise)
    return list(events.values())


def _place(events: dict[tuple[str, int], Event], line: str, row: Any) -> Event:
    return events.get((ACTIVITY, row.activity_id)) or events[line, row.pk]
