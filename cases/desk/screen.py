"""The data of the gestor's screen for one request. Each part is read only when the template uses it."""

import re
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

from django.contrib.messages import get_messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django_htmx.http import push_url, retarget

from accounts.access import Request
from accounts.models import User
from cases.desk import timeline
from cases.desk.deciding import DECISIONS
from cases.desk.figures import Figures, figures_of
from cases.desk.forms import ContactForm, GestionForm, PhoneForm, SnoozeForm
from cases.desk.keys import COMMANDS, Command
from cases.desk.negotiating import ACCEPTED
from cases.desk.queue import Queue, parse_place, place_of
from cases.desk.rows import ROW_FIELDS, Row, new_token, rows_of
from cases.desk.sheet import Sheet
from cases.desk.undo_offer import Offer, offer_to
from cases.desk.walk import KEPT, Walk, walk_of
from cases.models import Activity, ActivityResult, Case, Document, Submission
from cases.rules.queue import Band
from cases.services.papers import refusal_of
from nova.lib.prepared import KEY, Prepared

JUST_DUE = timedelta(minutes=30)
SHOWN_CALLS = 3
SAID_AGAIN = timedelta(hours=12)
FEWEST_ROWS = 12  # of the queue on the page, while each save takes one out
SHOWN_PAPERS, MOST_PAPERS = 4, 100
FILTERS = ("search", "cartera", "status", "band")
# The parts of the page that htmx may request, by the id of its target.
PARTS = {"desk", "case", "queue", "queue-results", "more-rows", "timeline", "more-events"}
PARTS |= {"negotiator", "contact", "phones"}
INDENTATION = re.compile(rb"\n[ \t]+")


def visible_case(user: User, pk: int) -> Case:
    """The case with its relations, to act on it. Raises Http404 when the user may not see it."""
    return get_object_or_404(Case.objects.visible_to(user).listed(), pk=pk)


def opened_case(user: User, pk: int) -> Case:
    """The case with what its screen shows of it. Raises Http404 when the user may not see it."""
    return opened(get_object_or_404(Case.objects.visible_to(user).only("pk"), pk=pk))


def opened(case: Case) -> Case:
    """A case that the user was found to see, with what its screen shows of it. Raises Http404 when it was deleted."""
    for found in OPENED(pk=case.pk):
        return found
    raise Http404


OPENED = Prepared(lambda pk: Case.objects.opened().filter(pk=pk), pk=KEY)


class Screen:
    def __init__(self, request: Request, case: Case | None = None, *, address: str = "", **bound: Any) -> None:
        """`address` is that of the page where it is not the one of the request: an action leads to another page.

        `bound` are forms with errors to show again: gestion_form, contact_form, phone_form. And `phone_was`, the phone
        that has just been marked as bad, with the state to which that is undone; `left`, the case that has just been
        dealt with.
        """
        self.request, self.user, self.case, self.now = request, request.user, case, timezone.now()
        self.address = address or request.get_full_path()
        self.path, _, query = self.address.partition("?")
        self.data = QueryDict(query) if address else request.GET
        self.bound = bound

    @property
    def is_home(self) -> bool:
        """Whether this is the page of the queue: a phone shows one column, the queue here and the case elsewhere."""
        return self.path == reverse("dashboard-gestor")

    @property
    def title(self) -> str:
        """The title of the page; a part of it that changes the person brings it too."""
        return f"{self.sheet.name if self.sheet else 'Mi bandeja'} · NOVA"

    @cached_property
    def has_queue(self) -> bool:
        return self.user.is_gestor

    @property
    def has_cases(self) -> bool:
        """Whether any case is assigned to the user, in the queue or not. Runs a query."""
        return Case.objects.visible_to(self.user).exists()

    @cached_property
    def queue(self) -> Queue:
        return Queue(self.user, self.data, now=self.now)

    @cached_property
    def _page(self) -> tuple[list[Row], bool]:
        return self.queue.page(parse_place(self.data.get("after", "")))

    @property
    def rows(self) -> list[Row]:
        return self._page[0]

    @property
    def left(self) -> Case | None:
        return self.bound.get("left")

    @cached_property
    def keeps_queue(self) -> bool:
        """Whether the rows on the page are still those of the queue, but for the person that has just been left.

        Not while a search shows other rows, nor when few are left, nor while the person is still in the queue. Runs a
        query.
        """
        shown = self.request.headers.get("Rows-Shown", "")
        if self.left is None or self.case is None or self.queue.is_search or self.walk:
            return False
        if not shown.isdecimal() or len(shown) > 4 or int(shown) < FEWEST_ROWS:
            return False
        return not Case.objects.in_queue(self.user, self.now).filter(debtor=self.left.debtor_id).exists()

    @property
    def more_query(self) -> str:
        """The query string of the next page; empty on the last one. A search shows only its first page."""
        rows, has_more = self._page
        if not has_more or self.queue.is_search:
            return ""
        return urlencode({**self.filters, "after": place_of(rows[-1].case)})

    @property
    def is_cut(self) -> bool:
        return self._page[1] and self.queue.is_search

    @property
    def is_first_page(self) -> bool:
        return not self.data.get("after")

    @cached_property
    def filters(self) -> dict[str, str]:
        return {name: self.data[name] for name in FILTERS if self.data.get(name, "").strip()}

    @property
    def query(self) -> str:
        """`?…` with the filters and the place reached with «skip», for the links and forms of the screen."""
        return query_with(self.data, skip=self.skip)

    @property
    def next_url(self) -> str:
        return f"{reverse('next-case')}?{urlencode({**self.filters, **self.walked, 'from': self._sheet.case.pk})}"

    @property
    def previous_url(self) -> str:
        return f"{reverse('previous-case')}?{urlencode({**self.filters, **self.walked, 'from': self._sheet.case.pk})}"

    @cached_property
    def walk(self) -> Walk | None:
        """The list from which the case was opened."""
        return walk_of(self.user, self.data, now=self.now)

    @property
    def walked(self) -> dict[str, str]:
        return {name: self.data[name] for name in KEPT if name in self.data}

    @property
    def tab(self) -> str:
        return "casos" if self.walk else "queue"

    @property
    def place(self) -> str:
        """«12 de 58», in the list from which the case was opened."""
        return self.walk.words(self._sheet.case) if self.walk else ""

    @property
    def list_url(self) -> str:
        """The list from which the case was opened, at its page."""
        return self.walk.address(self.walk.place(self._sheet.case) or self.walk.at) if self.walk else ""

    @cached_property
    def undo(self) -> Offer | None:
        return offer_to(self.user, now=self.now)

    @property
    def saved_late(self) -> list[tuple[str, str]]:
        """(token, what was said) of the last gestiones saved: an answer may have got lost on its way, and the page that
        still has its draft says it again (static/js/drafts.js). Runs a query.
        """
        sent = Submission.objects.filter(created_by=self.user, created_at__gt=self.now - SAID_AGAIN)
        last = sent.filter(key__startswith="POST /cases/", key__contains="/activities ").order_by("-created_at")[:3]
        return [(row.key.rpartition(" ")[2], row.answer["done"]) for row in last if row.answer.get("done")]

    @property
    def commands(self) -> tuple[Command, ...]:
        """The keys of the screen, for the list that prints them and the script that reads it."""
        return COMMANDS

    @property
    def result_keys(self) -> list[dict[str, Any]]:
        """The results that have a key, by key. Runs a query."""
        return list(
            ActivityResult.objects.active().exclude(shortcut="").order_by("shortcut").values("shortcut", "name")
        )

    @property
    def filter_query(self) -> str:
        return f"?{urlencode(self.filters)}" if self.filters else ""

    @property
    def shows_filters(self) -> bool:
        """Whether to show the lists of carteras and statuses: on request, or when one of them is in use."""
        return self.data.get("edit") == "filters" or bool({"cartera", "status"} & self.filters.keys())

    @property
    def skip(self) -> str:
        return self.data.get("skip", "")

    @property
    def band_links(self) -> list[tuple[int, str, int, str]]:
        """(band, name, number of cases, url) of every band; the url of the chosen band clears the choice."""
        counts = self.queue.filtered_bands
        links, home = [], reverse("dashboard-gestor")
        for band, label in Case.Band.choices:
            is_chosen = self.filters.get("band") == str(band)
            others = {name: value for name, value in self.filters.items() if name != "band"}
            kept = others if is_chosen else {**others, "band": band}
            links.append((band, label, counts.get(band, 0), f"{home}?{urlencode(kept)}"))
        return links

    @cached_property
    def figures(self) -> Figures:
        figures, self.queue.bands = figures_of(self.user, now=self.now)
        return figures

    @cached_property
    def calls_due(self) -> list[Row]:
        """The agreed calls whose hour came just now, but for the open case. Runs two queries where there are any."""
        if not self.figures.call_backs:
            return []
        since = self.now - JUST_DUE
        calls = Case.objects.in_queue(self.user, self.now).filter(queue_band=Band.CALL_BACK, next_action_at__gt=since)
        cases = calls.exclude(pk=self.case.pk) if self.case else calls
        found = list(cases.select_related("debtor", "cartera", "status").only(*ROW_FIELDS)[:SHOWN_CALLS])
        return rows_of(found, now=self.now) if found else []

    @property
    def pulse(self) -> str:
        """Changes whenever the figures or the calls that are due change: a poll that finds it again gets nothing."""
        return f"{crc32(repr((self.figures, [row.case.pk for row in self.calls_due])).encode()):x}"

    # --- The case
    @property
    def edit_url(self) -> str:
        """`…edit`, to which a link adds the part to edit."""
        return f"{self._sheet.case.get_absolute_url()}{self.query}{'&' if self.query else '?'}edit"

    @property
    def edits_contact(self) -> bool:
        return "contact_form" in self.bound or self.data.get("edit") == "contact"

    @property
    def edits_phones(self) -> bool:
        return "phone_form" in self.bound or self.data.get("edit") == "phone"

    @property
    def negotiates(self) -> bool:
        """Whether the negotiator is open; it reads offers and limits."""
        return bool(self.gestion_form["with_arrangement"].value())

    @property
    def may_negotiate(self) -> bool:
        case = self._sheet.case
        has_room = case.is_open and case.stopped_at is None and case.balance > 0
        return has_room and self._sheet.arrangement is None and self._sheet.request is None

    @cached_property
    def sheet(self) -> Sheet | None:
        return Sheet(self.case, self.user, now=self.now) if self.case is not None else None

    @cached_property
    def row(self) -> Row:
        return self._sheet.row

    @property
    def _sheet(self) -> Sheet:
        if self.sheet is None:
            raise Http404
        return self.sheet

    @cached_property
    def timeline(self) -> timeline.TimelinePage:
        after = self.data.get("events", "")
        sheet = self._sheet
        return timeline.page_of(sheet.seen_debts, self.user, lacks=sheet.lacks, after=after, kind=self.kind)

    @cached_property
    def last_contacts(self) -> list[Activity]:
        """The latest contacts with the person. They are in the first page of the timeline; else runs a query."""
        is_first = not self.kind and not self.data.get("events")
        shown = timeline.contacts_in(self.timeline) if is_first else None
        return timeline.last_contacts(self._sheet.seen_debts) if shown is None else shown

    @property
    def kind(self) -> str:
        """The kind of events that the timeline shows; empty for all."""
        kind = self.data.get("kind", "")
        return kind if kind in timeline.KINDS else ""

    @property
    def kind_links(self) -> list[tuple[str, str, bool]]:
        """(name, url, whether it is the chosen one) of every kind of event."""
        address = self._sheet.case.get_absolute_url()
        return [
            (words, address + query_with(self.data, skip=self.skip, kind=kind), kind == self.kind)
            for kind, words in {"": "Todo", **timeline.KINDS}.items()
        ]

    @cached_property
    def gestion_form(self) -> GestionForm:
        if "gestion_form" in self.bound:
            return self.bound["gestion_form"]
        initial: dict[str, Any] = {}
        if amount := self.data.get("promise"):
            initial = {"with_promise": True, "promise_amount": amount}
        if self.data.get("edit") == "arrangement":
            initial = {**initial, "with_arrangement": True}
        return GestionForm(sheet=self._sheet, initial=initial)

    # An arrangement whose cancellation was refused: which, what was typed, and why.
    @property
    def refused_plan(self) -> int | None:
        return self.bound.get("refused_plan")

    @property
    def refused_reason(self) -> str:
        return self.bound.get("refused_reason", "")

    @property
    def refusal(self) -> str:
        return self.bound.get("refusal", "")

    @property
    def ways_to_accept(self) -> list[tuple[str, str]]:
        """(value, words) of how a debtor accepts what is on the table."""
        return ACCEPTED

    @property
    def decisions(self) -> list[tuple[str, str]]:
        """(words, address) of what an admin may decide about the case."""
        case = self._sheet.case
        back = f"?{urlencode({'back': self.address})}" if self.walk else ""
        return [
            (decision.link, f"{reverse(f'case-{name}', args=[case.pk])}{back}")
            for name, decision in DECISIONS.items()
            if decision.applies(case)
        ]

    @cached_property
    def snooze_form(self) -> SnoozeForm:
        return self.bound.get("snooze_form") or SnoozeForm(auto_id="id_snooze_%s")

    @property
    def may_snooze(self) -> bool:
        return self._sheet.case.is_open and self._sheet.case.stopped_at is None

    @cached_property
    def contact_form(self) -> ContactForm:
        return self.bound.get("contact_form") or ContactForm(instance=self._sheet.case)

    @cached_property
    def phone_form(self) -> PhoneForm:
        return self.bound.get("phone_form") or PhoneForm(auto_id="id_phone_%s")

    @property
    def phone_was(self) -> Any:
        return self.bound.get("phone_was")

    # --- Papers
    @property
    def paper_errors(self) -> list[str]:
        return self.bound.get("paper_errors", [])

    @property
    def paper_token(self) -> str:
        return new_token()

    @cached_property
    def _papers(self) -> list[Document]:
        """The papers of the debts that the user may see, newest first. Runs a query for a person who has any."""
        if not self._sheet.case.has_papers:
            return []
        papers = Document.objects.filter(case__in=self._sheet.seen_debts).listed()
        return list(papers.select_related("issued_by", "case__cartera")[:MOST_PAPERS])

    @property
    def first_papers(self) -> list[Document]:
        return self._papers[:SHOWN_PAPERS]

    @property
    def more_papers(self) -> list[Document]:
        """Those that stay folded."""
        return self._papers[SHOWN_PAPERS:]

    @property
    def several_debts(self) -> bool:
        return len(self._sheet.seen_debts) > 1

    @property
    def paper_choices(self) -> list[tuple[str, str, str]]:
        """(kind, name, why it cannot be issued now) of what can be issued of a case."""
        refusal = refusal_of(Document.Kind.CLEARANCE, self._sheet.case, now=self.now)
        kinds = {Document.Kind.STATEMENT: "", Document.Kind.CLEARANCE: refusal}
        if self._sheet.arrangement:
            kinds = {Document.Kind.AGREEMENT: "", **kinds}
        return [(kind.value, str(kind.label), why) for kind, why in kinds.items()]

    @property
    def conflict(self) -> Any:
        """The fields that somebody else changed meanwhile, for a stale form."""
        return self.bound.get("conflict")


def show(request: Request, screen: Screen, *, status: int = 200, part: str = "") -> HttpResponse:
    """The page, or the part of it that htmx requests. A part keeps the url of the page that requested it."""
    if not part and request.htmx and not request.htmx.history_restore_request and request.htmx.target in PARTS:
        part = request.htmx.target  # a boosted link without a target part gets the whole page
    template = f"cases/desk.html#{part}" if part else "cases/desk.html"
    response = render(request, template, {"screen": screen}, status=status)
    if part in ("desk", "case") and status == 200:
        # Person, title and URL come in one response: they never belong to two people.
        response.write(render_to_string("cases/_title.html", {"screen": screen}))
        push_url(response, screen.address)
    if part:
        add_messages(request, screen, response)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


class SeeOther(HttpResponseRedirect):
    """After a form: what follows is read with GET."""

    status_code = 303


def arrive(request: Request, address: str, case: Case | None, *, left: Case | None = None) -> HttpResponse:
    """Where an action or a step through the queue leads: the screen of `address` in this very answer for htmx, else a
    redirect. `case` has its relations; without one it is the queue, with its first case open.

    A step changes the person alone. So does a save that takes a person (of the case `left`) out of the queue: figures
    and counts come with it, and the page takes the row out (static/js/desk.js).
    """
    if request.htmx.target not in ("desk", "case"):
        return redirect(address) if request.method == "GET" else SeeOther(address)
    screen = Screen(request, address=address, left=left)
    if case is None and screen.rows:
        case = opened(screen.rows[0].case)
    screen.case = case
    is_step = request.htmx.target == "case" and case is not None
    part = "case" if is_step or screen.keeps_queue else "desk"
    response = show(request, screen, part=part)
    if part == "case" and not is_step:
        response.write(render_to_string("cases/_left.html", {"screen": screen}))
    # A save is done a hundred times a day, often over a poor line: without the indentation it is a sixth shorter.
    response.content = INDENTATION.sub(b"\n", response.content)
    return retarget(response, f"#{part}")


def show_changed(request: Request, screen: Screen, part: str) -> HttpResponse:
    """A part of the page after an action on it, and what else on the page the action has changed."""
    response = render(request, f"cases/desk.html#{part}", {"screen": screen})
    response.write(render_to_string("cases/_around.html", {"screen": screen, "part": part}, request))
    add_messages(request, screen, response)
    return response


def add_messages(request: Request, screen: Screen, response: HttpResponse) -> None:
    """Add the messages, if there are any, for the live region of the page that asked for a part."""
    if len(get_messages(request)):
        response.write(render_to_string("_messages.html", {"oob": True, "screen": screen}, request))


def query_with(query: QueryDict, **values: Any) -> str:
    """The filters of the url with `values` added, as `?…`; empty values are left out."""
    kept = {name: query[name] for name in FILTERS if query.get(name, "").strip()}
    kept |= {name: query[name] for name in KEPT if name in query}
    kept.update({name: value for name, value in values.items() if value})
    return f"?{urlencode(kept)}" if kept else ""
