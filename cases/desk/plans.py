"""What is done about an arrangement on the person's page: figures while terms are typed, acceptance, cancellation."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Request
from cases import services
from cases.desk.actions import changed, refused
from cases.desk.negotiating import OwnTermsForm
from cases.desk.screen import visible_case
from cases.desk.sheet import Sheet
from cases.models import Arrangement

PART = "arrangements"


@require_safe
def figures(request: Request, pk: int) -> HttpResponse:
    """What other terms come to for this case; nothing is saved."""
    case = visible_case(request.user, pk)
    form = OwnTermsForm(request.GET, sheet=Sheet(case, request.user, now=timezone.now()))
    return render(request, "cases/_own_figures.html", {"worked": form.worked, "complaints": form.complaints})


def _visible(request: Request, pk: int) -> Arrangement:
    found = Arrangement.objects.visible_to(request.user).select_related("case")
    return get_object_or_404(found, pk=pk)


@require_POST
def acceptance(request: Request, pk: int) -> HttpResponse:
    """The debtor accepts what was on the table."""
    plan = _visible(request, pk)
    try:
        services.accept_arrangement(
            arrangement=plan, by=request.user, accepted_how=request.POST.get("accepted_how", "")
        )
    except services.ArrangementConflict as conflict:
        messages.error(request, str(conflict))
        return refused(request, plan.case, PART, status=409)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return refused(request, plan.case, PART)
    messages.success(request, "Convenio aceptado: está vigente.")
    return changed(request, plan.case, PART)


@require_POST
def cancellation(request: Request, pk: int) -> HttpResponse:
    """By its creator or an admin, with the reason."""
    plan = _visible(request, pk)
    ran, reason = plan.is_active, request.POST.get("reason", "").strip()
    bound: dict[str, Any] = {"refused_plan": plan.pk, "refused_reason": reason}
    try:
        services.cancel_arrangement(arrangement=plan, by=request.user, reason=reason)
    except services.ArrangementConflict as conflict:
        messages.error(request, str(conflict))
        return refused(request, plan.case, PART, status=409)
    except ValidationError as error:
        return refused(request, plan.case, PART, refusal=" ".join(error.messages), **bound)
    except PermissionDenied as error:
        return refused(request, plan.case, PART, status=403, refusal=str(error), **bound)
    done = "Convenio cancelado." if ran else "Retirado: el caso sigue como estaba."
    messages.success(request, done, extra_tags=f"plan:{plan.pk}")
    return changed(request, plan.case, PART)
