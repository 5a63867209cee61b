"""Files for an admin: the dashboard and the creditor report. Each download is in the audit trail (DESIGN §8)."""

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.access import Request, for_role
from accounts.downloads import csv_download, few_at_once, file_download, no_export
from accounts.models import User
from dashboards.files import creditor_report, pdf, sheets
from dashboards.filtering import all_carteras, choices, figures_of, read_filters
from dashboards.filters import DashboardFilters
from dashboards.views.parts import page_or_part
from nova.lib.databases import reads_from_replica
from nova.lib.spreadsheets import csv_lines


# --- The view of the dashboard ------------------------------------------------------------------------------
@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
@few_at_once
def view_export(request: Request, form: str) -> HttpResponseBase:
    now = timezone.now()
    filters, errors = read_filters(request.GET, now=now)
    if filters is None:
        return no_export(request, errors)
    figures = figures_of(filters, now=now)
    name = f"tablero-{filters.period.start}-{filters.period.end}"
    if form == "csv":
        lines = csv_lines(sheets.VIEW_COLUMNS, sheets.view_rows(figures, filters))
        return csv_download(request, lines, name, filters.parameters)
    content = sheets.view_workbook(figures, filters) if form == "xlsx" else pdf.view_pdf(figures, filters)
    return file_download(request, content, f"{name}.{form}", filters.parameters)


# --- The creditor's report ----------------------------------------------------------------------------------
@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
def reports(request: Request) -> HttpResponse:
    """The rendición of a cartera and a period as a page, with links to its files."""
    filters, errors = read_filters(request.GET, now=timezone.now())
    context: dict[str, Any] = {"errors": errors, "choices": choices(filters, request.GET, all_carteras(), None)}
    if filters is not None and filters.scope.cartera is not None:
        report = creditor_report.report_of(filters.scope.cartera, filters.period)
        context |= {
            "asked": filters,
            "report": report,
            "balances": sheets.report_lines(report),
            "promises": sheets.report_promises(report),
            "parts": creditor_report.parts(report.cartera, report.period).values(),
        }
    query = filters.query() if filters else ""
    return page_or_part(request, "dashboards/report.html", "report", context, filters=filters, query=query)


@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
@few_at_once
def report_export(request: Request, form: str) -> HttpResponseBase:
    filters, errors = read_filters(request.GET, now=timezone.now())
    if filters is None or filters.scope.cartera is None:
        errors = errors or ["Elija de qué cartera es la rendición."]
        return no_export(request, errors)
    name = _report_name(filters)
    if form == "csv":
        parts = creditor_report.parts(filters.scope.cartera, filters.period)
        part = parts.get(request.GET.get("part", "pagos"))
        if part is None:
            errors = [f"Las partes de una rendición son: {', '.join(parts)}."]
            return no_export(request, errors)
        lines = csv_lines(part.columns, part.all_cells())
        return csv_download(request, lines, f"{name}-{part.kind}", filters.parameters)
    report = creditor_report.report_of(filters.scope.cartera, filters.period)
    content = sheets.report_workbook(report) if form == "xlsx" else pdf.report_pdf(report)
    return file_download(request, content, f"{name}.{form}", filters.parameters)


def _report_name(filters: DashboardFilters) -> str:
    """The file name, in ASCII so that every browser keeps it."""
    return f"rendicion-{slugify(str(filters.scope.cartera)) or 'cartera'}-{filters.period.start}-{filters.period.end}"
