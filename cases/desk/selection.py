"""What is done with several cases of a list at once: put them off, note the same on each.

Results that are attempts are not among it: fifty «no contesta» at once would be false (DESIGN §4).
"""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import Request, for_role, safe_next
from accounts.models import User
from cases import services
from cases.desk.deciding import act, lines_of
from cases.desk.forms import ResultChoice, SnoozeForm, TokenForm
from cases.lists import address_of
from cases.models import ActivityResult, Case
from cases.querysets import CaseQuerySet
from nova.lib import dates
from nova.lib.text import key_in

MOST = 100


class NotesForm(TokenForm):
    """A note on each, perhaps with a result that nobody was contacted for."""

    result = ResultChoice(
        label="Resultado", queryset=ActivityResult.objects.none(), required=False, empty_label="Nota, sin resultado"
    )
    notes = forms.CharField(
        label="Nota",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Escriba la nota."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["result"].queryset = ActivityResult.objects.active().filter(  # type: ignore[attr-defined]
            is_attempt=False, stops_case=False, asks_when=False, needs_promise=False, marks_phone_bad=False
        )


def _snooze(cases: CaseQuerySet, data: dict[str, Any], by: User) -> list[str]:
    told, _ = services.snooze_cases(cases=cases, by=by, until=data["until"])
    until = dates.format_moment(data["until"])
    return [f"Vuelven el {until}: {told.changed}.", *lines_of(told)]


@transaction.atomic
def _note(cases: CaseQuerySet, data: dict[str, Any], by: User) -> list[str]:
    """One gestión each, all of one submission: one undo takes them back."""
    submission = uuid4()
    kind = data["result"].type if data["result"] else "note"
    noted = [
        services.record_activity(
            case=case, by=by, type=kind, result=data["result"], notes=data["notes"].strip(), submission=submission
        )
        for case in cases.order_by("id")
    ]
    return [f"Nota guardada en {len(noted)} {'caso' if len(noted) == 1 else 'casos'}."]


class Choice(NamedTuple):
    """Something that is done with the chosen cases. `act` answers with sentences, what was done first."""

    title: str
    explains: str
    form: type[TokenForm]
    act: Callable[[CaseQuerySet, dict[str, Any], User], list[str]]


CHOICES = {
    "snooze": Choice(
        "Posponer",
        "No cuenta como gestión. Los que tengan algo acordado antes de ese día quedan como están, y se dice cuáles.",
        SnoozeForm,
        _snooze,
    ),
    "notes": Choice(
        "Agregar la misma nota", "La nota queda en la línea de tiempo de cada uno de estos casos.", NotesForm, _note
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@for_role(User.Role.GESTOR)
def selection(request: Request, action: str) -> HttpResponse:
    """GET shows which cases and asks what; the POST does it, and goes back to the list."""
    choice = CHOICES[action]
    asked = request.POST if request.method == "POST" else request.GET
    back = safe_next(request, asked.get("back", "")) or address_of({})
    cases = chosen_cases(request.user, asked)
    if cases is None:
        messages.warning(request, "Marque primero los casos de la lista.")
        return redirect(back)
    form = choice.form(request.POST if request.method == "POST" else None)
    status = act(request, form, choice, cases) if form.is_bound else 200
    if form.is_bound and status == 200:
        return redirect(back)
    shown = list(cases.select_related("debtor", "cartera").order_by("debtor__last_name", "debtor__first_name", "id"))
    context = {"choice": choice, "form": form, "cases": shown, "back": back, "action": action}
    return render(request, "cases/selection.html", context, status=status)


def chosen_cases(user: User, data: Any) -> CaseQuerySet | None:
    """The chosen cases that the user sees; None when none was chosen. Raises Http404 when they see none of them."""
    keys = {key for text in data.getlist("case")[:MOST] if (key := key_in(text)) is not None}
    if not keys:
        return None
    cases = Case.objects.visible_to(user).filter(pk__in=keys)
    if not cases.exists():
        raise Http404
    return cases
