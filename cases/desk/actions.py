"""The actions of a gestor on a case: each view takes one form, calls one service and redirects."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget

from accounts.access import Request, safe_next
from accounts.models import User
from cases import services
from cases.conflict import describe_conflict, rebase
from cases.desk.forms import (
    ALREADY_SENT,
    ContactForm,
    GestionForm,
    PhoneForm,
    PromiseForm,
    QuickPaymentForm,
    add_refusal_of_part,
)
from cases.desk.pages import go_on
from cases.desk.queue import Queue, parse_place
from cases.desk.recorded import recorded_in_words
from cases.desk.screen import (
    Screen,
    SeeOther,
    add_messages,
    arrive,
    opened_case,
    query_with,
    show,
    show_changed,
    visible_case,
)
from cases.desk.sheet import Sheet, is_of_work
from cases.desk.undo_offer import FROM_REQUESTS, saved_words
from cases.desk.walk import walk_of
from cases.models import Activity, Case, DebtorPhone, Promise
from cases.submitting import form_once, was_sent
from nova.lib.phones import format_phone


def refused(request: Request, case: Case, part: str, *, status: int = 422, **bound: Any) -> HttpResponse:
    """Show the form again with the data sent and its errors: the fragment for htmx, else the whole page."""
    screen = Screen(request, opened_case(request.user, case.pk), **bound)
    if not request.htmx:
        return show(request, screen, status=status)
    response = render(request, f"cases/desk.html#{part}", {"screen": screen}, status=status)
    add_messages(request, screen, response)
    return reswap(retarget(response, f"#{part}"), "outerHTML")


# --- The gestión -------------------------------------------------------------------------------------
@require_POST
def activities(request: Request, pk: int) -> HttpResponse:
    case = visible_case(request.user, pk)
    form = GestionForm(request.POST, sheet=Sheet(case, request.user, now=timezone.now()))
    if form.is_calculation:
        form.is_valid()
        return refused(request, case, "gestion", status=200, gestion_form=form)
    if not form.is_valid():
        # Sent again because the answer was slow: saved, and the phone or the status it named is no choice any more.
        if was_sent(request, form.data.get("token", "")):
            return _go_on(request, case)
        return refused(request, case, "gestion", gestion_form=form)
    try:
        form_once(request, form.cleaned_data["token"], lambda: _record(form, case, by=request.user))
    except ValidationError as error:
        form.add_refusal(error)
        return refused(request, case, "gestion", gestion_form=form)
    except services.AnotherSubmission:
        return _again(request, case, form, ALREADY_SENT)
    except services.StaleVersion as stale:
        return _stale(request, case, form, stale.current)
    except services.ArrangementConflict as conflict:
        return _again(request, case, form, f"{conflict} No se guardó nada: lo que escribió sigue aquí.")
    return _go_on(request, case)


def _record(form: GestionForm, case: Case, *, by: User) -> str:
    """Save the form. Returns what to say; a later page says it again when the answer got lost (`Screen.saved_late`)."""
    data = form.cleaned_data
    if form.is_status_alone():
        services.change_status(
            case=case, status=data["status"], by=by, notes=data["notes"].strip(), version=data["version"]
        )
        return saved_words(case)
    services.record_activities(
        case=case,
        also=data["also"],
        by=by,
        type=form.kind,
        result=data["result"],
        phone=form.phone_used,
        override_reason=data["override_reason"].strip() if form.phone_used and is_of_work(form.phone_used) else "",
        notes=data["notes"].strip(),
        next_action_at=data["next_action_at"],
        promise=form.promise() if form.wants_promise else None,
        payment=form.payment() if data["with_payment"] else None,
        arrangement=form.arrangement() if data["with_arrangement"] else None,
        status=data["status"],
        version=data["version"],
    )
    return saved_words(case)


def _again(request: Request, case: Case, form: GestionForm, message: str, **changes: Any) -> HttpResponse:
    """Answer 409: nothing was written, the form keeps its data, and its next attempt uses the current case."""
    data = request.POST.copy()
    data["token"] = form.fields["token"].initial()
    data.update(changes)
    fresh = GestionForm(data, sheet=form.sheet)
    fresh.is_valid()
    return refused(request, case, "gestion", status=409, gestion_form=fresh, conflict={"message": message})


def _stale(request: Request, case: Case, form: GestionForm, current: Case) -> HttpResponse:
    read = form.cleaned_data["read_status"]
    change = (
        f"Otra persona pasó el caso de «{read}» a «{current.status.name}»."
        if read and read != current.status.name
        else "Otra persona editó el caso mientras usted escribía."
    )
    message = f"{change} No se guardó nada todavía: lo que escribió sigue aquí. Revise el estado y guarde de nuevo."
    return _again(request, case, form, message, version=str(current.version), read_status=current.status.name)


def _go_on(request: Request, case: Case) -> HttpResponse:
    """After saving, redirect to the list, to the next case or to this one."""
    then = request.POST.get("then", "")
    saved = request.POST.get("token", "")
    if back := safe_next(request, request.POST.get("back", "")):
        messages.success(request, f"Guardado en el caso de {case.debtor.listed_name}.", extra_tags=saved)
        return SeeOther(back)
    messages.success(request, saved_words(case), extra_tags=saved)
    if then != "next":
        return back_to(request, case)
    return go_on_after(request, case)


def go_on_after(request: Request, case: Case) -> HttpResponse:
    """Redirect to what comes after a case that has been dealt with; an admin, who has no queue, else stays with it."""
    if walk := walk_of(request.user, request.GET, now=timezone.now()):
        return SeeOther(walk.after_saving(case))
    if not request.user.is_gestor:
        return back_to(request, case)
    queue = Queue(request.user, request.GET, now=timezone.now())
    return go_on(request, queue, parse_place(request.GET.get("skip", "")), leaving=case)


@require_POST
def activity_voiding(request: Request, pk: int) -> HttpResponse:
    activity = get_object_or_404(
        Activity.objects.visible_to(request.user).select_related("case").filter(is_system=False), pk=pk
    )
    try:
        services.void_activity(activity=activity, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "Gestión anulada: salió de la línea de tiempo y de las cuentas.")
    return changed(request, activity.case, "timeline")


@require_POST
def activity_undoing(request: Request, pk: int) -> HttpResponse:
    """Take back what was just saved, and go to its case to do it right; a decision is made anew in the inbox."""
    recorded = Activity.objects.visible_to(request.user).with_parts().select_related("result", "case__debtor")
    activity = get_object_or_404(recorded, pk=pk)
    try:
        undone = services.undo(activity=activity, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return back_to(request, activity.case)
    more = f" y {len(undone.activities) - 1} más" if len({row.case_id for row in undone.activities}) > 1 else ""
    messages.success(request, f"Deshecho: {recorded_in_words(activity)} · {activity.case.debtor.listed_name}{more}.")
    if undone.left:
        messages.warning(request, f"No se pudo deshacer {'; '.join(undone.left)}.")
    return redirect("requests") if FROM_REQUESTS in request.GET else back_to(request, activity.case)


@require_POST
def promise_cancellation(request: Request, pk: int) -> HttpResponse:
    promise = get_object_or_404(Promise.objects.visible_to(request.user).select_related("case"), pk=pk)
    try:
        services.cancel_promise(promise=promise, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "Promesa cancelada.")
    return changed(request, promise.case, "promises")


# --- A promise or a payment alone, from the list of cases ----------------------------------------------
def promises(request: Request, pk: int) -> HttpResponse:
    return _alone(request, pk, PromiseForm, "promesa", lambda form, case: _promise(form, case, request.user))


def payments(request: Request, pk: int) -> HttpResponse:
    return _alone(request, pk, QuickPaymentForm, "pago", lambda form, case: _payment(form, case, request.user))


def _promise(form: Any, case: Case, by: User) -> None:
    services.promise_payment(case=case, by=by, **form.promise())


def _payment(form: Any, case: Case, by: User) -> None:
    services.record_payment(case=case, by=by, **form.payment())


@require_http_methods(["GET", "POST"])
def _alone(request: Request, pk: int, form_class: Any, kind: str, action: Callable[[Any, Case], None]) -> HttpResponse:
    case = visible_case(request.user, pk)
    sheet = Sheet(case, request.user, now=timezone.now())
    form = form_class(request.POST if request.method == "POST" else None, sheet=sheet)
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                form_once(request, form.cleaned_data["token"], lambda: action(form, case))
            except ValidationError as error:
                add_refusal_of_part(form, error, "promise" if kind == "promesa" else "payment")
            except services.AnotherSubmission:
                form.add_error(None, ALREADY_SENT)
            else:
                return _go_on(request, case)
    back = safe_next(request, request.POST.get("back", "") or request.GET.get("back", "")) or case.get_absolute_url()
    context = {"form": form, "sheet": sheet, "kind": kind, "back": back}
    return render(request, "cases/alone.html", context, status=status)


# --- The debtor ---------------------------------------------------------------------------------------
@require_POST
def contact(request: Request, pk: int) -> HttpResponse:
    case = visible_case(request.user, pk)
    form = ContactForm(request.POST, instance=visible_case(request.user, pk))
    if not form.is_valid():
        return refused(request, case, "contact", contact_form=form)
    try:
        services.edit_case(case=case, by=request.user, version=form.cleaned_data["read_version"], **form.changes())
    except services.StaleVersion as stale:
        changes = describe_conflict(form, stale.current)
        fresh = ContactForm(rebase(request.POST, form, stale.current), instance=stale.current)
        return refused(request, case, "contact", status=409, contact_form=fresh, conflict={"changes": changes})
    except ValidationError as error:
        form.add_error(None, error.messages)
        return refused(request, case, "contact", contact_form=form)
    messages.success(request, "Datos guardados.", extra_tags=f"contact:{case.pk}")
    return changed(request, case, "contact")


@require_POST
def phones(request: Request, pk: int) -> HttpResponse:
    case = visible_case(request.user, pk)
    form = PhoneForm(request.POST, instance=DebtorPhone(debtor=case.debtor), auto_id="id_phone_%s")
    if not form.is_valid():
        return refused(request, case, "phones", phone_form=form)
    services.add_phone(case=case, phone=form.save(commit=False))
    messages.success(request, f"Teléfono {format_phone(form.instance.number)} agregado.", extra_tags=f"phone:{case.pk}")
    return changed(request, case, "phones")


@require_POST
def phone_state(request: Request, pk: int, phone_pk: int) -> HttpResponse:
    case = visible_case(request.user, pk)
    phone = get_object_or_404(DebtorPhone, pk=phone_pk, debtor=case.debtor_id)
    state = request.POST.get("state", "")
    if state not in DebtorPhone.State.values:
        raise Http404
    was = services.mark_phone(phone=phone, state=state)
    label = {"bad": "no se ofrecerá más", "good": "quedó como bueno"}.get(state, "quedó sin verificar")
    messages.success(request, f"El teléfono {format_phone(phone.number)} {label}.")
    return changed(request, case, "phones", phone_was={"pk": phone.pk, "state": was} if state == "bad" else None)


def changed(request: Request, case: Case, part: str, **bound: Any) -> HttpResponse:
    """After an action on a part of the page: htmx gets that part, so that nothing typed elsewhere is lost."""
    if request.htmx:
        return show_changed(request, Screen(request, opened_case(request.user, case.pk), **bound), part)
    return back_to(request, case)


def back_to(request: Request, case: Case) -> HttpResponse:
    skip = request.GET.get("skip", "")
    address = case.get_absolute_url() + query_with(request.GET, skip=skip)
    return arrive(request, address, opened_case(request.user, case.pk) if request.htmx.target == "desk" else case)
