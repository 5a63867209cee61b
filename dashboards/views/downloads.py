"""Files for an admin: the view of the dashboard, the creditor report. Each is in the audit trail (DESIGN §8)."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.access import Request, for_role
from accounts.models import AuditEvent, User
from dashboards import creditor_report, exports, printing
from dashboards.asking import all_carteras, choices, figures_of, read_filters
from dashboards.filters import Asked
from dashboards.views.parts import page_or_part
from nova.lib.databases import reads_from_replica
from nova.lib.spreadsheets import csv_lines

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


# --- Downloads ----------------------------------------------------------------------------------------------
def csv_download(
    request: Request, lines: Iterator[bytes], name: str, asked: Mapping[str, Any]
) -> StreamingHttpResponse:
    """Sent as it is read from the database, so that memory holds a few hundred rows.

    The first of them are read before anything is sent: what cannot be read is an error, never an empty file.
    """
    first = list(islice(lines, 2))
    _record(request, f"{name}.csv", asked)
    return StreamingHttpResponse(
        _resumed(first, lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )


def _resumed(first: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    """A generator, so that the response closes it, and what it reads from, when the browser goes away."""
    yield from first
    yield from rest


def file_download(request: Request, content: bytes, name: str, asked: Mapping[str, Any]) -> HttpResponse:
    _record(request, name, asked)
    return HttpResponse(
        content,
        content_type=TYPES[name.rsplit(".", 1)[1]],
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _record(request: Request, name: str, asked: Mapping[str, Any]) -> None:
    with transaction.atomic():
        audit.record(AuditEvent.Action.EXPORT, by=request.user, label=name, after=dict(asked))


# --- The view of the dashboard ------------------------------------------------------------------------------
@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
def view_export(request: Request, form: str) -> HttpResponseBase:
    now = timezone.now()
    asked, errors = read_filters(request.GET, now=now)
    if asked is None:
        return render(request, "dashboards/no_export.html", {"errors": errors}, status=400)
    figures = figures_of(asked, now=now)
    name = f"tablero-{asked.period.start}-{asked.period.end}"
    if form == "csv":
        lines = csv_lines(exports.VIEW_COLUMNS, exports.view_rows(figures, asked))
        return csv_download(request, lines, name, asked.parameters)
    content = exports.view_workbook(figures, asked) if form == "xlsx" else printing.view_pdf(figures, asked)
    return file_download(request, content, f"{name}.{form}", asked.parameters)


# --- The creditor's report ----------------------------------------------------------------------------------
@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
def reports(request: Request) -> HttpResponse:
    """The rendición of a cartera and a period, on screen, with its files."""
    asked, errors = read_filters(request.GET, now=timezone.now())
    context: dict[str, Any] = {"errors": errors, "choices": choices(asked, request.GET, all_carteras(), None)}
    if asked is not None and asked.scope.cartera is not None:
        report = creditor_report.report_of(asked.scope.cartera, asked.period)
        context |= {
            "asked": asked,
            "report": report,
            "balances": exports.report_lines(report),
            "promises": exports.report_promises(report),
            "parts": creditor_report.parts(report.cartera, report.period).values(),
        }
    query = asked.query() if asked else ""
    return page_or_part(request, "dashboards/report.html", "report", context, asked=asked, query=query)


@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
def report_export(request: Request, form: str) -> HttpResponseBase:
    asked, errors = read_filters(request.GET, now=timezone.now())
    if asked is None or asked.scope.cartera is None:
        errors = errors or ["Elija de qué cartera es la rendición."]
        return render(request, "dashboards/no_export.html", {"errors": errors}, status=400)
    name = _report_name(asked)
    if form == "csv":
        parts = creditor_report.parts(asked.scope.cartera, asked.period)
        part = parts.get(request.GET.get("part", "pagos"))
        if part is None:
            errors = [f"Las partes de una rendición son: {', '.join(parts)}."]
            return render(request, "dashboards/no_export.html", {"errors": errors}, status=400)
        lines = csv_lines(part.columns, part.all_cells())
        return csv_download(request, lines, f"{name}-{part.kind}", asked.parameters)
    report = creditor_report.report_of(asked.scope.cartera, asked.period)
    content = exports.report_workbook(report) if form == "xlsx" else printing.report_pdf(report)
    return file_download(request, content, f"{name}.{form}", asked.parameters)


def _report_name(asked: Asked) -> str:
    """ASCII, so that every browser keeps it."""
    return f"rendicion-{slugify(str(asked.scope.cartera)) or 'cartera'}-{asked.period.start}-{asked.period.end}"
