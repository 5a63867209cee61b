"""The supervisor's bar of a case: each decision is a small form, on a page of its own or in the bar (DESIGN §4)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from accounts.access import Request, for_role, safe_next
from accounts.models import User
from cases import services
from cases.desk.deciding import DECISIONS, Decision, DecisionForm
from cases.desk.forms import ALREADY_SENT
from cases.desk.screen import visible_case
from cases.fields import add_errors
from cases.models import Case
from cases.submitting import form_once


@require_http_methods(["GET", "HEAD", "POST"])
@for_role(User.Role.ADMIN)
def decide(request: Request, pk: int, action: str) -> HttpResponse:
    """GET asks, in the bar for htmx; the POST is the confirmation."""
    case, decision = visible_case(request.user, pk), DECISIONS[action]
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


def act(request: Request, form: DecisionForm, decision: Decision, cases: Any) -> int:
    """Do what was decided, and say it. Returns the status of the answer: 200 when it is done."""
    if not form.is_valid():
        return 422
    try:
        told = form_once(
            request,
            form.cleaned_data["token"],
            lambda: "\n".join(decision.act(cases, form.cleaned_data, request.user)),
        )
    except ValidationError as error:
        add_errors(form, error, {"notes": "reason"})
        return 422
    except services.AnotherSubmission:
        form.add_error(None, ALREADY_SENT)
        return 409
    except services.StaleVersion as stale:
        form.data = with_version(request, stale.current)
        now = f"su estado es «{stale.current.status}»"
        form.add_error(None, f"Otra persona cambió el caso: {now}. Revise y confirme de nuevo.")
        return 409
    done, *rest = (told or "").split("\n")
    messages.success(request, done)
    for line in rest:
        messages.warning(request, line)
    return 200


def with_version(request: Request, current: Case) -> QueryDict:
    """What was sent, as it would be sent by somebody who has seen the case as it is now."""
    data = request.POST.copy()
    data["version"] = str(current.version)
    return data
