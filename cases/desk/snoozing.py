"""Snoozing from the case: a few days to choose from, or a moment as it is said (DESIGN §4)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import Request
from cases import services
from cases.desk.actions import go_on_after, refused
from cases.desk.forms import ALREADY_SENT, SnoozeForm
from cases.desk.screen import visible_case
from cases.fields import add_errors
from cases.submitting import form_once
from nova.lib import dates


@require_POST
def snooze(request: Request, pk: int) -> HttpResponse:
    case = visible_case(request.user, pk)
    form = SnoozeForm(request.POST, auto_id="id_snooze_%s")
    if not form.is_valid():
        return refused(request, case, "snooze", snooze_form=form)

    def act() -> Any:
        services.snooze(case=case, by=request.user, until=form.cleaned_data["until"], whole_person=True)

    try:
        form_once(request, form.cleaned_data["token"], act)
    except ValidationError as error:
        add_errors(form, error)
        return refused(request, case, "snooze", snooze_form=form)
    except services.AnotherSubmission:
        form.add_error(None, ALREADY_SENT)
        return refused(request, case, "snooze", status=409, snooze_form=form)
    messages.success(
        request, f"{case.debtor.listed_name}: vuelve el {dates.format_moment(form.cleaned_data['until'])}."
    )
    return go_on_after(request, case)
