"""The supervisor's bar of a case: each decision is a small form, on a page of its own or in the bar (DESIGN §4)."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from accounts.access import Request, for_role, safe_next
from accounts.models import User
from cases.desk.deciding import DECISIONS, Decision, act
from cases.desk.screen import visible_case
from cases.models import Case


@require_http_methods(["GET", "HEAD", "POST"])
@for_role(User.Role.ADMIN)
def decide(request: Request, pk: int, action: str) -> HttpResponse:
    """GET asks, in the bar for htmx; the POST is the confirmation."""
    return ask(request, visible_case(request.user, pk), DECISIONS[action])


def ask(request: Request, case: Case, decision: Decision) -> HttpResponse:
    """The page of one decision about a case; once it is done, back to where it was asked for."""
    asked = request.POST if request.method == "POST" else request.GET
    back = safe_next(request, asked.get("back", "")) or case.get_absolute_url()
    form = decision.form(request.POST if request.method == "POST" else None, case=case)
    status = 200
    if form.is_bound:
        status = act(request, form, decision, Case.objects.filter(pk=case.pk))
        if status == 200:
            return redirect(back)
    context: dict[str, Any] = {"case": case, "decision": decision, "form": form, "back": back, "action": request.path}
    part = "#decision" if request.htmx and request.htmx.target == "decision" else ""
    response = render(request, f"cases/decision.html{part}", context, status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response
