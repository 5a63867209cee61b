"""The rows of a figure: paged on screen, complete in a file."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Request, for_role
from accounts.downloads import csv_download, few_at_once, file_download, no_export
from accounts.models import User
from cases.models import CaseStatus
from dashboards import rows
from dashboards.files import sheets
from dashboards.filtering import all_carteras, all_gestores, choices, read_filters
from dashboards.filters import DashboardFilters
from dashboards.rows import FigureRows
from dashboards.views.parts import page_or_part
from nova.lib.databases import reads_from_replica
from nova.lib.paginators import CappedPaginator
from nova.lib.spreadsheets import TOO_LONG, csv_lines, is_too_long

PER_PAGE = 50
KINDS: dict[str, Callable[[DashboardFilters, str], FigureRows]] = {
    "movimientos": rows.entries,
    "promesas": rows.promises,
    "gestiones": rows.activities,
    "convenios": rows.arrangements,
    "cuotas": rows.instalments,
    "quitas": rows.waivers,
}
OF_NOW = ("casos", "convenios")  # as they stand, whatever the period
CASE_FILTERS = ("status", "stage", "search")


@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
def figure_rows(request: Request, kind: str) -> HttpResponse:
    now = timezone.now()
    filters, errors = read_filters(request.GET, now=now)
    found = _figure_rows(request, kind, filters) if filters else None
    context: dict[str, Any] = {
        "errors": errors,
        "asked": filters,
        "kind": kind,
        "is_of_now": kind in OF_NOW,
        "kept": _kept(request),
        # The cases are the current ones: their page has a search and a status instead of a period.
        "statuses": list(CaseStatus.objects.values_list("slug", "name")) if kind == "casos" else [],
        "choices": choices(filters, request.GET, all_carteras(), all_gestores()),
    }
    if filters is not None and found is not None:
        context |= _listed(request, filters, found)
    query = filters.query(**_kept(request)) if filters else ""
    return page_or_part(request, "dashboards/rows.html", "rows", context, filters=filters, query=query)


@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
@few_at_once
def figure_rows_export(request: Request, kind: str, form: str) -> HttpResponseBase:
    """All the rows: CSV is streamed without a limit; a workbook has a maximum of rows."""
    filters, errors = read_filters(request.GET, now=timezone.now())
    if filters is None:
        return no_export(request, errors)
    found = _figure_rows(request, kind, filters)
    if kind == "casos" and filters.scope.cartera is not None:
        found = rows.with_extra(found, filters.scope.cartera)
    name = f"{kind}-{filters.period.end}" if kind in OF_NOW else f"{kind}-{filters.period.start}-{filters.period.end}"
    parameters = filters.parameters | _kept(request)
    if form == "csv":
        return csv_download(request, csv_lines(found.columns, found.all_cells()), name, parameters)
    if is_too_long(found.rows):
        return no_export(request, [TOO_LONG])
    return file_download(request, sheets.rows_workbook(found, filters), f"{name}.xlsx", parameters)


def _figure_rows(request: Request, kind: str, filters: DashboardFilters) -> FigureRows:
    """The rows of `kind`. 404 for an unknown filter value: ignoring it would show too many rows."""
    if kind in KINDS:
        only = request.GET.get("only", "")
        found = KINDS[kind](filters, only)
        if only and only not in dict(found.choices):
            raise Http404
        return found
    slug, stage = request.GET.get("status", ""), request.GET.get("stage", "")
    status = CaseStatus.objects.filter(slug=slug).first() if slug else None
    if (slug and status is None) or (stage and stage not in CaseStatus.Stage.values):
        raise Http404
    return rows.cases(filters, status=status, stage=stage, search=request.GET.get("search", "").strip()[:100])


def _kept(request: Request) -> dict[str, str]:
    """The parameters of the URL that only this page has."""
    return {name: value for name in ("only", *CASE_FILTERS) if (value := request.GET.get(name, ""))}


def _listed(request: Request, filters: DashboardFilters, found: FigureRows) -> dict[str, Any]:
    paginator = CappedPaginator(found.rows, PER_PAGE)
    shown = paginator.get_page(request.GET.get("page"))
    kept = _kept(request)
    return {
        "behind": found,
        "page": shown,
        "lines": [_line(row, found) for row in shown.object_list],
        "only_choices": [("", found.without_only), *found.choices],
        "links": {value: filters.query(**{**kept, "only": value or None}) for value, _ in [("", ""), *found.choices]},
        "export_query": filters.query(**kept),
        "back": f"{reverse('dashboard-admin')}{filters.query()}",
    }


def _line(row: Any, found: FigureRows) -> dict[str, Any]:
    cells = [
        {
            "text": rows.in_words(cell, column),
            "kind": "notes" if column.header == rows.NOTES else column.kind,
            "is_debtor": column.header == "Deudor",
        }
        for cell, column in zip(found.cells(row), found.columns, strict=True)
    ]
    return {"href": reverse("case", args=[found.case_of(row)]), "cells": cells}
