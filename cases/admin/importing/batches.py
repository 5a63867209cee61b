"""Past imports in the admin: file, user, counts and report. Read-only for everybody."""

import csv
import io
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice
from pathlib import PurePath
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import get_valid_filename

from cases.admin.base import ReadOnlyAdmin, Tool, changelist_url
from cases.admin.filters import AutocompleteFilter
from cases.admin.importing.offer import OffersImport
from cases.importing.aftermath import CLOSE, REVIEW
from cases.importing.columns import LABELS
from cases.importing.dealing import ROUND_ROBIN
from cases.importing.plan import SKIP
from cases.importing.report import SEVERITIES, report_for_people
from cases.models import Case, ImportBatch
from nova.lib.money import format_money

PROBLEMS_SHOWN = 50
REPORT_HEAD = 40_000  # characters; 50 lines never have more
REJECTED_BY = {"nro_cliente": "número de cliente", "name": "nombre", "total": "importe", "duplicate": "repetidas"}


@admin.register(ImportBatch)
class ImportBatchAdmin(OffersImport, ReadOnlyAdmin):
    audited_by_services = True
    list_display = [
        "created_at",
        "file_name",
        "cartera",
        "created_by",
        "created",
        "updated",
        "unchanged",
        "rejected",
        "warnings",
        "total",
    ]
    list_filter = [("cartera", AutocompleteFilter)]
    list_select_related = ["cartera", "created_by"]
    ordering = ["-created_at", "-id"]
    search_fields = ["file_name"]
    search_help_text = "Nombre del archivo"
    fieldsets = [
        (None, {"fields": ["file_name", "cartera", "created_by", "created_at"]}),
        (
            "Resultado",
            {"fields": ["created", "updated", "unchanged", "rejected", "rejected_by", "warnings", "total"]},
        ),
        ("Cómo se leyó", {"fields": ["columns", "ignored_columns", "place", "choices", "sha256"]}),
    ]
    readonly_fields = [
        *("created_at", "created", "updated", "unchanged", "rejected", "rejected_by", "warnings", "total"),
        *("columns", "ignored_columns", "place", "choices"),
    ]
    change_form_template = "admin/cases/import_batch.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportBatch]:
        return super().get_queryset(request).defer("report", "originals")

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context["problems"] = shown_problems(head_of_report(obj))
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_tools(self, request: HttpRequest, obj: ImportBatch) -> list[Tool]:
        has_report = ImportBatch.objects.filter(pk=obj.pk).exclude(report="").exists()
        report = Tool("Descargar el informe (CSV)", reverse("admin:cases_importbatch_report", args=[obj.pk]))
        created = {"cartera__id__exact": obj.cartera_id, "created_at": obj.created_at.isoformat()}
        made = [
            Tool("Ver los casos creados", changelist_url(Case, **created)),
            Tool("Repartir los que no tienen gestor", changelist_url(Case, **created, assigned_to__isnull=1)),
        ]
        return [*(made if obj.counts.get("created") else []), *([report] if has_report else [])]

    def get_urls(self) -> list:
        report = self.admin_site.admin_view(self.report_view)
        return [path("<int:pk>/report.csv", report, name="cases_importbatch_report"), *super().get_urls()]

    def report_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = ImportBatch.objects.filter(pk=pk).first()
        if batch is None or not batch.report:
            raise Http404
        if not self.has_view_permission(request, batch):
            raise PermissionDenied
        lines = csv.DictReader(io.StringIO(batch.report))
        text = report_for_people(lines, batch.mapping.get("headers", ()), batch.originals)
        return csv_response(text, f"informe-{batch.pk}-{batch.file_name}")

    # --- Columns of the pages ------------------------------------------------------------------------
    @admin.display(description="creados")
    def created(self, obj: ImportBatch) -> int | str:
        return obj.counts.get("created", "—")

    @admin.display(description="actualizados")
    def updated(self, obj: ImportBatch) -> int | str:
        return obj.counts.get("updated", "—")

    @admin.display(description="sin cambios")
    def unchanged(self, obj: ImportBatch) -> int | str:
        return obj.counts.get("unchanged", "—")

    @admin.display(description="filas rechazadas")
    def rejected(self, obj: ImportBatch) -> int | str:
        return obj.counts.get("rejected", "—")

    @admin.display(description="rechazadas por")
    def rejected_by(self, obj: ImportBatch) -> str:
        reasons = obj.counts.get("rejected_by", {}).items()
        return " · ".join(f"{REJECTED_BY.get(code, code)}: {count}" for code, count in reasons) or "—"

    @admin.display(description="filas con advertencias")
    def warnings(self, obj: ImportBatch) -> int | str:
        return obj.counts.get("warnings", "—")

    @admin.display(description="importe total")
    def total(self, obj: ImportBatch) -> str:
        total = obj.counts.get("total")
        return format_money(Decimal(total)) if total else "—"

    @admin.display(description="columnas")
    def columns(self, obj: ImportBatch) -> SafeString | str:
        pairs = obj.mapping.get("columns", {}).items()
        lines = ((LABELS.get(field, field), header) for field, header in pairs)
        return format_html_join("", "<div>{}: «{}»</div>", lines) or "—"

    @admin.display(description="columnas que no se importaron")
    def ignored_columns(self, obj: ImportBatch) -> str:
        return ", ".join(f"«{header}»" for header in obj.mapping.get("ignored", [])) or "ninguna"

    @admin.display(description="encabezado")
    def place(self, obj: ImportBatch) -> str:
        sheet, row = obj.mapping.get("sheet"), obj.mapping.get("header_row")
        parts = [f"hoja «{sheet}»" if sheet else "", f"fila {row}" if row else ""]
        return ", ".join(filter(None, parts)) or "—"

    @admin.display(description="opciones")
    def choices(self, obj: ImportBatch) -> str:
        return import_choices(obj.options) or "—"


def import_choices(options: Mapping[str, Any]) -> str:
    """The options for new and existing cases, in one line."""
    if not options:
        return ""
    who = {"": "casos nuevos sin asignar", ROUND_ROBIN: "casos nuevos en partes iguales entre los gestores"}
    gestor = options.get("assign_to", "")
    skips = options.get("on_existing") == SKIP
    gone = {REVIEW: "los que faltan pasan a revisión", CLOSE: "los que faltan se dan de baja"}
    return " · ".join(
        [
            who.get(gestor, f"casos nuevos para {gestor}"),
            "los que existen no se tocan" if skips else "los que existen se actualizan",
            *filter(None, [gone.get(options.get("missing", ""), "")]),
        ]
    )


def head_of_report(batch: ImportBatch) -> Iterable[Mapping[str, Any]]:
    """The first lines of the report, without loading all of it, which may have megabytes."""
    heads = ImportBatch.objects.filter(pk=batch.pk).values_list(Left("report", REPORT_HEAD), flat=True)
    text = next(iter(heads), "")
    return csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1]))


def shown_problems(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The first lines of a report, as the pages list them."""
    return [
        {**line, "severity": SEVERITIES.get(line.get("severity", ""), "")} for line in islice(lines, PROBLEMS_SHOWN)
    ]


def csv_response(text: str, name: str) -> HttpResponse:
    """A CSV download that spreadsheets open with the right accents; its name is made from the file name `name`."""
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    stem = PurePath(get_valid_filename(name)).stem
    response["Content-Disposition"] = f'attachment; filename="{stem}.csv"'
    return response
