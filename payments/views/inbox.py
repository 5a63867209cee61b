"""«Pagos por identificar»: the payments that wait for a person, one at a time, by keyboard (DESIGN §5.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Page
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Request, for_role
from accounts.models import User
from cases.desk.keys import Command
from nova.lib.money import format_money, parse_money
from nova.lib.paginators import CappedPaginator
from nova.lib.text import key_in
from payments.models import PaymentFile, PaymentRow
from payments.services.candidates import waiting_row
from payments.services.deciding import Decision, decide
from payments.services.waiting import waiting_payments, waiting_rows

PER_PAGE = 25
MOST_SEARCHED = 80
RELATED = ("file__cartera", "case__debtor", "entry")
PARTS = ("inbox", "inbox-cases")
NOT_WAITING = "Ese pago ya no espera una decisión."
CHANGED = "Otra persona ya decidió sobre ese pago: mire cómo quedó antes de cambiarlo."
# Each acts on the payment that is open (static/js/payments.js). None of them writes by itself: Enter, or a click, does.
COMMANDS = (
    Command("next", ("j",), "siguiente"),
    Command("previous", ("k",), "anterior"),
    Command("find", ("/",), "buscar"),
    Command("choose", tuple("123456789"), "elegir el caso; Enter registra"),
    Command("split", ("r",), "repartir"),
    Command("ignore", ("i",), "ignorar"),
)


@dataclass(frozen=True)
class Place:
    """Where one is in the inbox: the file that it is narrowed to, the page, the open row and what is searched."""

    file: int | None = None
    page: str = ""
    row: int | None = None
    search: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Place":
        search = " ".join(query.get("q", "").replace("\x00", "").split())[:MOST_SEARCHED]
        return cls(key_in(query.get("file", "")), query.get("page", ""), key_in(query.get("row", "")), search)

    def address(self, **other: Any) -> str:
        """The inbox at this place, or with these parts of it changed."""
        query = QueryDict(mutable=True)
        parts = {"file": self.file, "page": self.page, "row": self.row, "q": self.search} | other
        query.update({name: str(value) for name, value in parts.items() if value})
        return reverse("payments-inbox") + (f"?{query.urlencode()}" if query else "")


@require_safe
@for_role(User.Role.ADMIN)
def inbox(request: Request) -> HttpResponse:
    """The oldest first; the first is open, or the one that the address names."""
    return _show(request, Place.of(request.GET))


def _show(request: Request, place: Place, *, status: int = 200, at: int = 0, **refused: Any) -> HttpResponse:
    """`at`: which of the page's rows is opened where the address names none. `refused`: what a decision was refused for
    (`refusal`, `field`, `typed`)."""
    rows = waiting_rows(place.file).select_related(*RELATED).order_by("value_date", "id")
    page = CappedPaginator(rows, PER_PAGE).get_page(place.page)
    shown = list(page.object_list)
    current = _open(shown, place.row, at)
    if place.row and (current is None or current.pk != place.row):
        messages.info(request, NOT_WAITING)
    file = PaymentFile.objects.filter(pk=place.file).first() if place.file else None
    opened = waiting_row(current, by=request.user, search=place.search) if current else None
    typed = refused.get("typed", {})
    context = {
        "place": place,
        "file": file,
        "page": page,
        "lines": [(row, place.address(row=row.pk, q="")) for row in shown],
        "open": opened,
        "parts": [
            (each, typed.get(f"part-{each.case.pk}", format_money(each.share, symbol=False)))
            for each in (opened.shared if opened else [])
        ],
        "steps": _steps(shown, current, place, page),
        "waiting": waiting_payments(place.file),
        "commands": COMMANDS,
        **refused,
    }
    is_part = request.htmx and request.htmx.target in PARTS and not request.htmx.history_restore_request
    response = render(request, f"payments/inbox.html{'#inbox' if is_part else ''}", context, status=status)
    if is_part:
        response.write(render_to_string("_messages.html", {"oob": True}, request))
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


def _open(shown: list[PaymentRow], pk: int | None, at: int) -> PaymentRow | None:
    """The row that the address names, wherever it is; else that place of the page. None where none waits."""
    if pk:
        named = next((row for row in shown if row.pk == pk), None)
        named = named or PaymentRow.objects.decidable().select_related(*RELATED).filter(pk=pk).first()
        if named is not None:
            return named
    return shown[min(at, len(shown) - 1)] if shown else None


def _steps(rows: list[PaymentRow], current: PaymentRow | None, place: Place, page: Page) -> dict[str, Any]:
    """The number of the open one, and the addresses before and after it."""
    if current is None or current not in rows:
        return {"number": 0, "at": 0}
    index = rows.index(current)
    before, after = rows[index - 1] if index else None, rows[index + 1] if index + 1 < len(rows) else None
    return {
        "number": page.start_index() + index,
        "at": index,
        "before": place.address(row=before.pk, q="") if before else "",
        "after": place.address(row=after.pk, q="") if after else "",
    }


# --- Decisions ---------------------------------------------------------------------------------------
@require_POST
@for_role(User.Role.ADMIN)
def decision(request: Request, pk: int) -> HttpResponse:
    """A decision about a row. The answer is the inbox with the next one open."""
    row = get_object_or_404(PaymentRow.objects.select_related("file"), pk=pk)
    place = Place.of(request.POST)
    at = key_in(request.POST.get("at", "")) or 0
    action = ACTIONS.get(request.POST.get("do", ""))
    try:
        if action is None:
            raise ValidationError({"do": "Elija qué se hace con el pago."})
        version = key_in(request.POST.get("version", ""))
        decided = decide(row, action(request.POST, row), version=version, by=request.user)
    except ValidationError as error:
        refused = error.message_dict
        if "state" in refused:  # somebody else, or the first of two clicks
            messages.info(request, NOT_WAITING)
            return _next(request, place, at, status=409)
        if "version" in refused:
            messages.info(request, CHANGED)
            return _show(request, Place(place.file, place.page, row.pk), status=409)
        field, sentences = next(iter(refused.items()))
        typed = {name: request.POST.get(name, "") for name in request.POST}
        known: dict[str, Any] = {"refusal": " ".join(sentences), "field": field, "typed": typed}
        return _show(request, Place(place.file, place.page, row.pk, place.search), status=422, **known)
    messages.success(request, _said(decided), extra_tags=f"payment:{row.pk}")
    return _next(request, place, at)


def _next(request: Request, place: Place, at: int, *, status: int = 200) -> HttpResponse:
    there = Place(place.file, place.page)
    if not request.htmx:
        return redirect(there.address())
    return _show(request, there, at=at, status=status)


def _said(row: PaymentRow) -> str:
    amount = format_money(row.amount or 0)
    if row.state == PaymentRow.State.UNMATCHED:
        return f"{amount}. {row.why}"
    if row.state == PaymentRow.State.IGNORED:
        return f"Ignorado: {amount}."
    whose = f"{amount} · {row.case.debtor.listed_name}" if row.case else amount
    if row.state == PaymentRow.State.MATCHED:
        return f"Identificado: {whose}. Se registra cuando se registre el archivo."
    if row.kind == PaymentRow.Kind.REVERSAL:
        return f"Revertido: {whose}."
    return f"Registrado: {whose}." if row.postings.filter(posted_by_row=True).exists() else f"{whose}. {row.why}"


def _case(data: QueryDict, row: PaymentRow) -> Decision:
    case = key_in(data.get("case", ""))
    if case is None:
        raise ValidationError({"case_id": "Elija el caso al que va el pago."})
    return Decision(case=case, not_duplicate=_is_on(data, "another"), confirm_overpayment=_is_on(data, "confirm"))


def _another(data: QueryDict, row: PaymentRow) -> Decision:
    return Decision(not_duplicate=True, confirm_overpayment=_is_on(data, "confirm"))


def _ignore(data: QueryDict, row: PaymentRow) -> Decision:
    reason = " ".join(data.get("reason", "").replace("\x00", "").split())
    if not reason:
        raise ValidationError({"ignore": "Escriba por qué se ignora."})
    if len(reason) > 200:
        raise ValidationError({"ignore": "El motivo tiene más de 200 caracteres: acórtelo."})
    return Decision(ignore=reason)


def _split(data: QueryDict, row: PaymentRow) -> Decision:
    """The parts that were typed: `part-<case id>`; an empty one, or a zero, takes nothing."""
    parts: list[tuple[int, Decimal]] = []
    for name in data:
        case = key_in(name.removeprefix("part-")) if name.startswith("part-") else None
        text = data.get(name, "").strip()
        if case is None or not text:
            continue
        try:
            amount = parse_money(text)
        except ValueError as error:
            raise ValidationError({"split": f"«{text[:40]}» {error}."}) from error
        if amount:
            parts.append((case, amount))
    if not parts:
        raise ValidationError({"split": "Escriba cuánto va a cada deuda."})
    return Decision(
        split=tuple(parts), not_duplicate=_is_on(data, "another"), confirm_overpayment=_is_on(data, "confirm")
    )


def _is_on(data: QueryDict, name: str) -> bool:
    return data.get(name) == "on"


ACTIONS: dict[str, Callable[[QueryDict, PaymentRow], Decision]] = {
    "case": _case,
    "same": lambda data, row: Decision(duplicate_of=row.entry_id),
    "another": _another,
    "reverse": lambda data, row: Decision(reverse=row.entry_id),
    "split": _split,
    "ignore": _ignore,
}
