"""The timeline of a person, newest first, in pages: the gestiones on all of their debts that the user sees, with their
money and promises, and rows without a gestión."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.utils.dateparse import parse_datetime

from accounts.models import User, named
from cases.desk.plan_card import told as words_of
from cases.models import Activity, Arrangement, Document, LedgerEntry, Promise
from nova.lib.prepared import KEY, Prepared

PER_PAGE = 15
ACTIVITY, ENTRY, PROMISE, PLAN = "a", "e", "p", "c"
# Rows that get a line of their own: those without a gestión, and those of a voided one, whose effects stay (DESIGN
# §3.6).
ALONE = Q(activity__isnull=True) | Q(activity__voided_at__isnull=False)
CONTACTS = (Activity.Type.CALL, Activity.Type.MESSAGE, Activity.Type.EMAIL, Activity.Type.VISIT)
# What a person may want to see alone: a word of the address and its label.
KINDS = {"contactos": "Contactos", "notas": "Notas", "pagos": "Pagos", "promesas": "Promesas", "convenios": "Convenios"}
LAST_CONTACTS = 3
# What is shown of a gestión.
ACTIVITY_FIELDS = (
    *("case", "type", "notes", "override_reason", "imported_author", "created_at", "is_system"),
    *("result__name", "phone__number", *named("created_by")),
)
FOLDED_FROM = 240  # characters of a note that stay in view

Key = tuple[datetime, str, int]


@dataclass
class Event:
    """One line of the timeline: a gestión with its money, promises and arrangement, or one of them alone."""

    at: datetime
    case_id: int
    cartera: str = ""  # only of a person with several debts: which one it was about
    activity: Activity | None = None
    entries: list[LedgerEntry] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    plans: list[Arrangement] = field(default_factory=list)
    may_void: bool = False

    @property
    def title(self) -> str:
        """«Llamada: No contesta», «Promesa», «Pago»."""
        if self.activity is None:
            if self.plans:
                return "Convenio"
            return "Promesa" if self.promises else self.entries[0].get_kind_display()
        kind = self.activity.get_type_display()
        return f"{kind}: {self.activity.result.name}" if self.activity.result else kind

    @property
    def author(self) -> str:
        row: Any = self.activity or (self.promises or self.entries or self.plans)[0]
        made_by = row.requested_by if isinstance(row, Arrangement) else row.created_by
        return str(made_by or getattr(row, "imported_author", "") or "Sistema")

    @property
    def notes(self) -> str:
        return self.activity.notes if self.activity else ""

    @property
    def plan_words(self) -> list[str]:
        return [words_of(plan) for plan in self.plans]

    @property
    def beginning(self) -> str:
        """What stays in view of a long note; empty for a short one."""
        notes = self.notes
        if len(notes) <= FOLDED_FROM and notes.count("\n") < 4:
            return ""
        return " ".join(notes[:FOLDED_FROM].split()).rsplit(" ", 1)[0] + "…"


@dataclass
class TimelinePage:
    events: list[Event]
    after: str  # where the next page begins; empty on the last one


def page_of(
    debts: Mapping[int, str], user: User, *, lacks: Collection[str] = (), after: str = "", kind: str = ""
) -> TimelinePage:
    """The page that begins after the line `after` (empty: the first page), of one of KINDS or of all.

    `debts` are the cases (ids) with their cartera, those that the user may see; `lacks`: the kinds of lines that are
    known not to be there. Runs five queries, one less for each of those.
    """
    keys = _keys(list(debts), _parsed(after), kind, lacks)
    shown = keys[:PER_PAGE]
    last = "~".join((shown[-1][0].isoformat(), shown[-1][1], str(shown[-1][2]))) if len(keys) > PER_PAGE else ""
    events = _events(shown, user, lacks)
    if len(debts) > 1:
        for event in events:
            event.cartera = debts[event.case_id]
    return TimelinePage(events, last)


def contacts_in(page: TimelinePage) -> list[Activity] | None:
    """The latest contacts with the person, where the first page of the timeline has them all; None where it has not."""
    made = [event.activity for event in page.events if event.activity]
    contacts = [activity for activity in made if activity.type in CONTACTS and not activity.is_system]
    return contacts[:LAST_CONTACTS] if len(contacts) >= LAST_CONTACTS or not page.after else None


def last_contacts(debts: Mapping[int, str]) -> list[Activity]:
    """The latest contacts with the person on these debts, newest first. Runs a query."""
    contacts = Activity.objects.by_people().filter(case__in=debts, type__in=CONTACTS)
    related = contacts.select_related("result", "created_by").order_by("-created_at", "-id")
    return list(related[:LAST_CONTACTS])


def _parsed(after: str) -> Key | None:
    """The key in `after`; None (the first page) when it is not valid."""
    try:
        moment, kind, pk = after.split("~")
        at = parse_datetime(moment)
        return (at, kind, int(pk)) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _sources(debts: Any, kind: str) -> dict[str, Any]:
    """The rows that are lines of their own, by kind of row."""
    activities = Activity.objects.standing().filter(case__in=debts)
    entries = LedgerEntry.objects.filter(ALONE, case__in=debts)
    promises = Promise.objects.filter(ALONE, case__in=debts)
    plans = Arrangement.objects.filter(ALONE, case__in=debts)
    if kind == "contactos":
        return {ACTIVITY: activities.filter(type__in=CONTACTS)}
    if kind == "notas":
        return {ACTIVITY: activities.exclude(notes="")}
    if kind == "pagos":
        paid = LedgerEntry.objects.filter(activity=OuterRef("pk"))
        return {ACTIVITY: activities.filter(Exists(paid)), ENTRY: entries}
    if kind == "promesas":
        return {ACTIVITY: activities.filter(Exists(Promise.objects.filter(activity=OuterRef("pk")))), PROMISE: promises}
    if kind == "convenios":
        agreed = Arrangement.objects.filter(activity=OuterRef("pk"))
        return {ACTIVITY: activities.filter(Exists(agreed)), PLAN: plans}
    return {ACTIVITY: activities, ENTRY: entries, PROMISE: promises, PLAN: plans}


def _keys(debts: list[int], after: Key | None, kind: str, lacks: Collection[str]) -> list[Key]:
    """(moment, kind, id) of the rows of a page, and one more if there is a next page. Runs one query."""
    if after is None and not kind:
        return LATEST[PROMISE in lacks, PLAN in lacks](debts=debts)
    return list(_lines(debts, after, kind, lacks))


def _lines(debts: Any, after: Key | None, kind: str, lacks: Collection[str]) -> QuerySet:
    parts = []
    for line, rows in _sources(debts, kind).items():
        if line in lacks:
            continue
        marked = rows.order_by().annotate(line=Value(line, output_field=CharField()))
        if after is not None:
            at, last_kind, last_pk = after
            same = Q(created_at=at) & (Q(line__lt=last_kind) | Q(line=last_kind, pk__lt=last_pk))
            marked = marked.filter(Q(created_at__lt=at) | same)
        parts.append(marked.annotate(key=F("pk")).values_list("created_at", "line", "key"))
    first, *others = parts
    lines = first.union(*others, all=True) if others else first
    return lines.order_by("-created_at", "-line", "-key")[: PER_PAGE + 1]


# The first page of all kinds, with and without promises and arrangements: what every person is opened with.
LATEST = {
    (PROMISE in lacks, PLAN in lacks): Prepared(partial(_lines, after=None, kind="", lacks=lacks), debts=KEY)
    for lacks in ((), (PROMISE,), (PLAN,), (PROMISE, PLAN))
}


def _events(keys: list[Key], user: User, lacks: Collection[str]) -> list[Event]:
    """The lines of these keys, with the entries, promises and arrangements of their gestiones. Runs four queries, less
    those of the kinds that are not there.
    """
    ids = {kind: [pk for _, line, pk in keys if line == kind] for kind in (ACTIVITY, ENTRY, PROMISE, PLAN)}
    events: dict[tuple[str, int], Event] = {}
    for at, line, pk in keys:
        events[line, pk] = Event(at, 0)
    for activity in ACTIVITIES(pks=ids[ACTIVITY]) if ids[ACTIVITY] else ():
        event = events[ACTIVITY, activity.pk]
        event.case_id = activity.case_id
        event.activity = activity
        event.may_void = not activity.is_system and (user.is_admin or activity.created_by_id == user.pk)

    def told(line: str, rows: Prepared) -> Iterator[tuple[Event, Any]]:
        """The rows of a kind, with the line that each one stands in."""
        if line in lacks or not (ids[line] or ids[ACTIVITY]):
            return
        for row in sorted(rows(pks=ids[line] or [NOBODY], of=ids[ACTIVITY] or [NOBODY]), key=lambda row: row.pk):
            event = events.get((ACTIVITY, row.activity_id)) or events[line, row.pk]
            event.case_id = row.case_id
            yield event, row

    for event, entry in told(ENTRY, ENTRIES):
        event.entries.append(entry)
    for event, promise in told(PROMISE, PROMISES):
        event.promises.append(promise)
    for event, plan in told(PLAN, PLANS):
        event.plans.append(plan)
    return list(events.values())


def _told(pks: Any, of: Any, model: Any, author: str) -> Any:
    """Rows that are lines of their own (`pks`), and those of gestiones."""
    return model.objects.filter(Q(pk__in=pks) | Q(activity__in=of)).select_related(author)


def _entries(pks: Any, of: Any) -> Any:
    receipt = Document.objects.valid().filter(entry=OuterRef("pk")).values("pk")
    entries = _told(pks, of, LedgerEntry, "created_by").select_related("created_by", "reversal")
    return entries.annotate(receipt=Subquery(receipt[:1]))


NOBODY = 0  # the key of no row
ACTIVITIES = Prepared(
    lambda pks: (
        Activity.objects.filter(pk__in=pks).select_related("result", "phone", "created_by").only(*ACTIVITY_FIELDS)
    ),
    pks=KEY,
)
ENTRIES = Prepared(_entries, pks=KEY, of=KEY)
PROMISES = Prepared(partial(_told, model=Promise, author="created_by"), pks=KEY, of=KEY)
PLANS = Prepared(partial(_told, model=Arrangement, author="requested_by"), pks=KEY, of=KEY)
