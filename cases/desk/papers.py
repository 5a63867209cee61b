"""The papers of a person on the screen: the list, issuing, the file, and voiding, which is an admin's (DESIGN §3.9)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import reswap, retarget

from accounts.access import Request, for_role
from accounts.downloads import few_at_once, file_download
from accounts.models import User
from cases import services
from cases.addresses import verify_at
from cases.desk.deciding import Data, Decision, DecisionForm, ReasonField
from cases.desk.forms import ALREADY_SENT
from cases.desk.screen import Screen, SeeOther, query_with, show_changed, visible_case
from cases.desk.supervision import ask
from cases.fields import add_errors
from cases.models import Case, Document, LedgerEntry
from cases.querysets import CaseQuerySet
from cases.services.papers import WRITERS
from cases.submitting import form_once

PART = "papers"


class IssueForm(forms.Form):
    """One button a kind; that of a receipt stands beside its payment. `opens`: in a tab of its own, the file follows.

    A receipt needs no token: the second one of a payment is the first.
    """

    token = forms.CharField(required=False, max_length=64)
    kind = forms.ChoiceField(
        choices=[(kind.value, kind.value) for kind in WRITERS], error_messages={"required": "Elija qué papel se emite."}
    )
    entry = forms.ModelChoiceField(
        LedgerEntry.objects.none(),
        required=False,
        error_messages={"invalid_choice": "Ese movimiento no es un pago de este caso."},
    )
    opens = forms.BooleanField(required=False)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["entry"].queryset = case.entries.all()  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def documents(request: Request, pk: int) -> HttpResponse:
    """The papers of a case on a page of their own; the POST issues one."""
    case = visible_case(request.user, pk)
    if request.method != "POST":
        return _page(request, case)
    form = IssueForm(request.POST, case=case)
    if not form.is_valid():
        return _refused(request, case, form, status=422)
    try:
        issued = _issued(request, case, form)
    except ValidationError as error:
        add_errors(form, error)
        return _refused(request, case, form, status=422)
    except services.AnotherSubmission:
        form.add_error(None, ALREADY_SENT)
        return _refused(request, case, form, status=409)
    document = get_object_or_404(Document.objects.visible_to(request.user).listed(), pk=issued)
    if form.cleaned_data["opens"]:
        return SeeOther(reverse("document-file", args=[document.pk]))
    messages.success(request, f"{document}: emitido.")
    if request.htmx:
        return show_changed(request, Screen(request, case), PART)
    return SeeOther(case.get_absolute_url() + query_with(request.GET))


def _issued(request: Request, case: Case, form: IssueForm) -> int:
    """The id of the paper that this form issued, now or when it was sent before."""
    if token := form.cleaned_data["token"]:
        return int(form_once(request, token, lambda: str(_issue(request, case, form).pk)) or 0)
    return _issue(request, case, form).pk


def _issue(request: Request, case: Case, form: IssueForm) -> Document:
    issued = services.issue_document(
        case=case,
        kind=form.cleaned_data["kind"],
        entry=form.cleaned_data["entry"],
        by=request.user,
        verify_at=verify_at(request),
    )
    return issued.document


def _refused(request: Request, case: Case, form: IssueForm, *, status: int) -> HttpResponse:
    errors = [str(error) for found in form.errors.values() for error in found]
    if not request.htmx:
        return _page(request, case, errors=errors, status=status)
    screen = Screen(request, case, paper_errors=errors)
    response = render(request, f"cases/desk.html#{PART}", {"screen": screen}, status=status)
    return reswap(retarget(response, f"#{PART}"), "outerHTML")


def _page(request: Request, case: Case, *, errors: list[str] | None = None, status: int = 200) -> HttpResponse:
    screen = Screen(request, case, paper_errors=errors or [])
    return render(request, "cases/papers.html", {"screen": screen}, status=status)


@require_safe
@few_at_once
def document_file(request: Request, pk: int) -> HttpResponseBase:
    """The PDF, shown by the browser. Each look is in the audit trail."""
    document = get_object_or_404(Document.objects.visible_to(request.user), pk=pk)
    content = services.file_of(document)
    return file_download(request, content, document.file_name, {"document": document.pk}, is_shown=True)


# --- Voiding -------------------------------------------------------------------------------------------------
class VoidingForm(DecisionForm):
    reason = ReasonField(label="Por qué se anula")


@require_http_methods(["GET", "HEAD", "POST"])
@for_role(User.Role.ADMIN)
def document_voiding(request: Request, pk: int) -> HttpResponse:
    document = get_object_or_404(Document.objects.visible_to(request.user).valid().listed(), pk=pk)
    case = visible_case(request.user, document.case_id)

    def void(cases: CaseQuerySet, data: Data, by: User) -> list[str]:
        services.void_document(document=document, by=by, reason=data["reason"])
        return [f"{document}: anulado."]

    decision = Decision(
        f"Anular: {document}",
        "Anular el papel",
        "Sale con la palabra ANULADO, y quien lo compruebe verá que fue anulado. Su número no se usa otra vez.",
        VoidingForm,
        void,
        is_dangerous=True,
    )
    return ask(request, case, decision)
