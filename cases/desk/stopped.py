"""«Detenidos»: the cases that wait for an admin, with why, since when and whose; and the decisions (DESIGN §3.6)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import Request, for_role, safe_next
from accounts.models import User
from cases.desk.deciding import DECISIONS, act
from cases.desk.selection import chosen_cases
from cases.desk.waiting import PER_PAGE, StoppedCases, StoppedFilter
from cases.models import Case, StopFlag
from nova.lib import dates
from nova.lib.documents import format_dni
from nova.lib.money import format_money
from nova.lib.paginators import CappedPaginator

OFFERED = ("release", "reassignment")


@dataclass(frozen=True)
class Line:
    """A stopped case: why, what was noted, since when, and what a decision about it needs to know."""

    case: Case
    name: str
    dni: str
    balance: str
    reasons: str
    reach: str
    note: str
    since: str
    days: int
    walk: str = ""  # the query of its link: the list, and its place in it


def lines_of(cases: Iterable[Case]) -> list[Line]:
    """The lines of `cases`, which need their relations loaded. Runs one query for any number of cases."""
    cases = list(cases)
    held: dict[int, list[StopFlag]] = {}
    stops = StopFlag.objects.stopping().filter(debtor__in={case.debtor_id for case in cases})
    for stop in stops.select_related("activity", "set_by").order_by("since", "id"):
        held.setdefault(stop.debtor_id, []).append(stop)
    today = dates.today()
    return [_line(case, held.get(case.debtor_id, []), today) for case in cases]


def _line(case: Case, stops: list[StopFlag], today: Any) -> Line:
    holding = [stop for stop in stops if stop.case_id in (None, case.pk)]
    since = dates.local_date(case.stopped_at) if case.stopped_at else today
    noted = next((stop.activity.notes for stop in holding if stop.activity and stop.activity.notes), "")
    until = next((stop.until for stop in holding if stop.until), None)
    reach = "toda la persona" if any(stop.case_id is None for stop in holding) else "esta deuda"
    return Line(
        case=case,
        name=case.debtor.listed_name,
        dni=format_dni(case.debtor.dni) if case.debtor.dni else "",
        balance=format_money(case.balance),
        reasons=", ".join(dict.fromkeys(stop.get_reason_display() for stop in holding)) or "—",
        reach=f"{reach}, hasta el {dates.local_date(until):%d/%m/%Y}" if until else reach,
        note=noted,
        since=f"{since:%d/%m/%Y}",
        days=(today - since).days,
    )


@require_safe
@for_role(User.Role.ADMIN)
def stopped(request: Request) -> HttpResponse:
    """The longest waiting first."""
    waiting = StoppedCases(request.user, request.GET)
    paginator = CappedPaginator(waiting.cases.listed(), PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    first = page.start_index() - 1
    context: dict[str, Any] = {
        "filter": waiting.filter,
        "page": page,
        "lines": [
            replace(line, walk=urlencode({"list": waiting.query, "at": first + place}))
            for place, line in enumerate(lines_of(page.object_list))
        ],
        "is_narrowed": StoppedFilter.narrows(request.GET),
        "bulk": [(reverse("stopped-decision", args=[name]), DECISIONS[name].link) for name in OFFERED],
    }
    part = "#list" if request.htmx and request.htmx.target == "list" else ""
    response = render(request, f"cases/stopped.html{part}", context)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@for_role(User.Role.ADMIN)
def stopped_decision(request: Request, action: str) -> HttpResponse:
    """GET shows the marked cases and asks; the POST decides, and goes back to the list."""
    decision = DECISIONS[action]
    asked = request.POST if request.method == "POST" else request.GET
    back = safe_next(request, asked.get("back", "")) or reverse("stopped")
    cases = chosen_cases(request.user, asked)
    if cases is None:
        messages.warning(request, "Marque primero los casos de la lista.")
        return redirect(back)
    form = decision.form(request.POST if request.method == "POST" else None)
    status = act(request, form, decision, cases) if form.is_bound else 200
    if form.is_bound and status == 200:
        return redirect(back)
    shown = list(cases.select_related("debtor", "cartera").order_by("debtor__last_name", "debtor__first_name", "id"))
    context = {"choice": decision, "form": form, "cases": shown, "back": back}
    return render(request, "cases/selection.html", context, status=status)
