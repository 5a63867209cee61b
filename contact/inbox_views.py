"""The admin's pages of contact messages, and the test of the mail settings."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.access import Request, for_role
from accounts.downloads import csv_download, few_at_once, file_download, no_export
from accounts.models import AuditEvent, User
from contact import mail, outbox, services
from contact.inbox import COLUMNS, SHOWN, InboxFilters, as_json, read_filters
from contact.models import ContactSubmission
from nova.lib import dates, envelope
from nova.lib.databases import reads_from_replica
from nova.lib.paginators import CappedPaginator
from nova.lib.spreadsheets import TOO_LONG, Workbook, csv_lines, is_too_long

PER_PAGE = 25


# --- The messages -------------------------------------------------------------------------------------------
@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
def submissions(request: Request) -> HttpResponse:
    """A page of messages as HTML; with `Accept: application/json` the same in the envelope."""
    filters = read_filters(request.GET)
    page = CappedPaginator(filters.rows, PER_PAGE).get_page(request.GET.get("page"))
    if envelope.wants_json(request):
        return JsonResponse(as_json(page))
    context = {
        "asked": filters,
        "page": page,
        "choices": [(value, label, _query(filters, show=value)) for value, label in SHOWN.items()],
        "query": _query(filters),
        "has_recipients": outbox.is_configured(),
        "unsent": ContactSubmission.objects.unsent().count(),
    }
    return render(request, "contact/submissions.html", context)


def _query(filters: InboxFilters, **changes: str) -> str:
    parameters = {"show": filters.shown, "search": filters.search} | changes
    found = urlencode({name: value for name, value in parameters.items() if value})
    return f"?{found}" if found else ""


@require_POST
@for_role(User.Role.ADMIN)
def handled(request: Request, pk: int) -> HttpResponse:
    """Mark a message as handled, or with `undo` as not handled; then back to the same list."""
    submission = get_object_or_404(ContactSubmission, pk=pk)
    now = timezone.now()
    is_handled = "undo" not in request.POST
    with transaction.atomic():
        if services.set_handled(submission=submission, is_handled=is_handled, now=now):
            after = now if is_handled else None
            audit.record(
                AuditEvent.Action.EDITED,
                by=request.user,
                target=submission,
                before={"handled_at": submission.handled_at},
                after={"handled_at": after},
            )
    messages.success(request, f"El mensaje de {submission.name} quedó {'atendido' if is_handled else 'sin atender'}.")
    return redirect(reverse("submissions") + _query(read_filters(request.POST)))


@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
@few_at_once
def submissions_export(request: Request, form: str) -> HttpResponseBase:
    """All messages of the page's filters: CSV streamed, a workbook up to a limit."""
    filters = read_filters(request.GET)
    name = f"mensajes-{dates.today()}"
    parameters = {"show": SHOWN[filters.shown], "search": filters.search}
    if form == "csv":
        return csv_download(request, csv_lines(COLUMNS, filters.all_cells()), name, parameters)
    if is_too_long(filters.rows):
        return no_export(request, [TOO_LONG])
    workbook = Workbook()
    notes = [SHOWN[filters.shown], f"Generado el {dates.format_moment(timezone.now())}"]
    workbook.add_sheet("Mensajes", title="Mensajes de contacto", notes=notes, columns=COLUMNS, rows=filters.all_cells())
    return file_download(request, workbook.content(), f"{name}.xlsx", parameters)


# --- The mail about them ----------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@for_role(User.Role.ADMIN)
def test_email_config(request: Request) -> HttpResponse:
    """The mail settings without secrets. A POST sends a test message and shows the server's answer.

    The request waits at most MAIL_TIMEOUT seconds for each step of the SMTP conversation. 502 when it failed.
    """
    default = request.user.email or next(iter(settings.CONTACT_RECIPIENTS), "")
    to = (request.POST if request.method == "POST" else request.GET).get("to", default).strip()
    outcome: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        outcome = _try_mail(request, to)
        status = outcome.pop("status")
    context = {"settings": _mail_settings(), "to": to, "is_real": _is_real(), **outcome}
    if envelope.wants_json(request):
        if status == 200:
            return envelope.success({"settings": dict(context["settings"]), **outcome})
        return envelope.failure(outcome["error"], status=status)
    return render(request, "contact/test_email.html", context, status=status)


def _try_mail(request: Request, to: str) -> dict[str, Any]:
    try:
        validate_email(to)
    except ValidationError:
        return {"status": 422, "error": "Escriba a qué dirección se envía la prueba, como nombre@empresa.com.ar."}
    audit.record(AuditEvent.Action.MAIL_TEST, by=request.user, label=to, after={"to": to})
    try:
        mail.deliver(mail.trial(to=[to], by=str(request.user)))
    except Exception as error:  # any error is what the admin needs to see
        return {"status": 502, "error": mail.in_words(error)}
    return {"status": 200, "sent_to": to}


def _is_real() -> bool:
    return settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"


def _mail_settings() -> list[tuple[str, str]]:
    """The settings as configured. Of the password, only whether there is one."""
    encryption = "TLS desde el inicio (MAIL_USE_SSL)" if settings.EMAIL_USE_SSL else "ninguno"
    if settings.EMAIL_USE_TLS:
        encryption = "STARTTLS (MAIL_USE_TLS)"
    return [
        ("Servidor", settings.EMAIL_HOST),
        ("Puerto", str(settings.EMAIL_PORT)),
        ("Cifrado", encryption),
        ("Usuario", settings.EMAIL_HOST_USER or "ninguno"),
        ("Contraseña", "configurada" if settings.EMAIL_HOST_PASSWORD else "ninguna"),
        ("Remitente", settings.DEFAULT_FROM_EMAIL),
        ("Reciben los avisos", ", ".join(settings.CONTACT_RECIPIENTS) or "nadie (CONTACT_RECIPIENTS está vacío)"),
        ("Espera máxima por paso", dates.wait_in_words(settings.EMAIL_TIMEOUT)),
        ("Los avisos los envía", "manage.py worker" if settings.CONTACT_WORKER else "el servidor web"),
    ]
