"""«Mis casos»: every case assigned to the user, of any status, and the lists that were saved of them (DESIGN §4)."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from accounts.access import Request
from cases.desk.rows import rows_of, with_tools
from cases.desk.saving import SavedListForm
from cases.desk.screen import Screen
from cases.desk.selection import CHOICES
from cases.desk.walk import CASES_PER_PAGE
from cases.lists import ORDER_LABELS, OwnCases, address_of, parameters_of
from cases.models import ActivityResult, Case, SavedList
from nova.lib.money import format_money

NO_ANSWER = "NC"  # the result code that a row of the list records with one click
LARGE = 500_000  # what «más de $ X» offers until somebody writes another amount
LONG_AGO = 15


def own_cases(request: Request, *, form: SavedListForm | None = None, status: int = 200) -> HttpResponse:
    """`form` is that of the list to save, with its errors."""
    now = timezone.now()
    own = OwnCases(request.user, request.GET, now=now)
    page = Paginator(own.ids, CASES_PER_PAGE).get_page(request.GET.get("page"))
    found = Case.objects.listed().in_bulk(list(page.object_list))
    rows = with_tools(rows_of([found[pk] for pk in page.object_list if pk in found], now=now))
    walked = {"list": own.query}
    first = page.start_index() - 1
    context: dict[str, Any] = {
        "screen": Screen(request),
        "own": own,
        "filter": own.filter,
        "page": page,
        "rows": rows,
        "lines": [
            (row, own.amount(row.case), urlencode({**walked, "at": first + place})) for place, row in enumerate(rows)
        ],
        "total": own.total(),
        "no_answer": ActivityResult.objects.active().filter(code=NO_ANSWER).first(),
        "order": own.order,
        "orders": ORDER_LABELS,
        "bulk": [(reverse("selection", args=[name]), choice.title) for name, choice in CHOICES.items()],
        "chips": chips(own),
        "saved": saved_lists(own),
        "saving": form or SavedListForm(owner=request.user),
        "parameters": parameters_of(own.data).items(),
    }
    part = "#list" if request.htmx and request.htmx.target == "list" else ""
    response = render(request, f"cases/own_cases.html{part}", context, status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


def chips(own: OwnCases) -> list[tuple[str, str, bool]]:
    """(words, address, whether it is on) of the lists that are asked for most; a second click clears the choice."""
    over, days = own.data.get("over", "").strip(), own.data.get("days", "").strip()
    offered: list[tuple[str, dict[str, Any]]] = [
        ("Vencen esta semana", {"focus": "due_week"}),
        (f"Más de {_amount(over)}", {"over": over or LARGE}),
        (f"Sin contacto {days if days.isdecimal() else LONG_AGO} días", {"days": days or LONG_AGO}),
        ("Detenidos", {"focus": "stopped"}),
    ]
    kept = parameters_of(own.data)
    found = []
    for words, chosen in offered:
        is_on = all(kept.get(name) == str(value) for name, value in chosen.items())
        others = {name: value for name, value in kept.items() if name not in chosen}
        found.append((words, address_of(others if is_on else {**kept, **chosen}), is_on))
    return found


def _amount(over: str) -> str:
    return over if over.startswith("$") else f"$ {over}" if over else format_money(LARGE).removesuffix(",00")


def saved_lists(own: OwnCases) -> list[tuple[SavedList, str, bool, bool]]:
    """(list, address, whether it is the one shown, whether it is one's own). Runs a query."""
    found, shown = SavedList.objects.visible_to(own.gestor).listed(), parameters_of(own.data)
    return [
        (saved, address_of(saved.query), saved.query == shown, saved.owner_id == own.gestor.pk) for saved in found[:60]
    ]
