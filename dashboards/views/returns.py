"""The return file of a cartera: its first rows on a page, the whole of it as CSV or XLSX (DESIGN §6)."""

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.access import Request, for_role
from accounts.downloads import csv_download, few_at_once, file_download, no_export
from accounts.models import User
from dashboards import rows
from dashboards.files.return_file import return_of, return_workbook
from dashboards.filtering import all_carteras, choices, read_filters
from dashboards.views.parts import page_or_part
from nova.lib.databases import reads_from_replica
from nova.lib.spreadsheets import csv_lines, is_too_long

SHOWN = 10
TOO_LONG = (
    "Son más de 20.000 filas, demasiadas para una planilla por esta página: descárguelas en CSV, o en el servidor con "
    "«manage.py export_return»."
)


@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
def returns(request: Request) -> HttpResponse:
    """The first rows of the return file, and links to all of it."""
    filters, errors = read_filters(request.GET, now=timezone.now())
    context: dict[str, Any] = {"errors": errors, "choices": choices(filters, request.GET, all_carteras(), None)}
    if filters is not None and filters.scope.cartera is not None:
        found = return_of(filters.scope.cartera, filters.period)
        columns = found.columns
        lines = [
            [
                (rows.in_words(cell, column), column.kind)
                for cell, column in zip(found.cells(case), columns, strict=True)
            ]
            for case in found.rows[:SHOWN]
        ]
        context |= {"asked": filters, "columns": columns, "lines": lines}
    query = filters.query() if filters else ""
    return page_or_part(request, "dashboards/return.html", "return", context, filters=filters, query=query)


@reads_from_replica
@require_safe
@for_role(User.Role.ADMIN)
@few_at_once
def return_export(request: Request, form: str) -> HttpResponseBase:
    """CSV is streamed without a limit; a workbook has a maximum of rows."""
    filters, errors = read_filters(request.GET, now=timezone.now())
    if filters is None or filters.scope.cartera is None:
        return no_export(request, errors or ["Elija de qué cartera es la devolución."])
    cartera = filters.scope.cartera
    found = return_of(cartera, filters.period)
    name = f"devolucion-{slugify(str(cartera)) or 'cartera'}-{filters.period.start}-{filters.period.end}"
    if form == "csv":
        return csv_download(request, csv_lines(found.columns, found.all_cells()), name, filters.parameters)
    if is_too_long(found.rows):
        return no_export(request, [TOO_LONG])
    content = return_workbook(found.columns, found.all_cells())
    return file_download(request, content, f"{name}.xlsx", filters.parameters)
