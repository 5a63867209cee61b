"""Past imports in the admin: file, user, counts and report. Read-only for everybody."""

import csv
import io
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice
from pathlib import PurePath
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import get_valid_filename

from cases.admin.base import ReadOnlyAdmin, Tool, actor, change_url, changelist_url, may_move_money
from cases.admin.filters import AutocompleteFilter
from cases.admin.importing import recalls
from cases.admin.importing.offer import OffersImport
from cases.admin.tools import tool_page
from cases.importing.aftermath import CLOSE, REVIEW
from cases.importing.columns import LABELS
from cases.importing.dealing import ROUND_ROBIN
from cases.importing.errors import ImportFailed
from cases.importing.plan import SKIP
from cases.importing.report import SEVERITIES, report_for_people
from cases.importing.undoing import Undone, undo_import
from cases.models import Case, ImportBatch
from cases.services.many import REQUEST_LIMIT
from nova.lib.money import format_money
from nova.lib.text import whole

PROBLEMS_SHOWN = 50
KEPT_SHOWN = 20
UNDOING = "Lo que nadie tocó después de la importación vuelve a como estaba. Lo demás queda, con su motivo."
REPORT_HEAD = 40_000  # characters; 50 lines never have more
REJECTED_BY = {"nro_cliente": "número de cliente", "name": "nombre", "total": "importe", "duplicate": "repetidas"}


@admin.register(ImportBatch)
class ImportBatchAdmin(OffersImport, ReadOnlyAdmin):
    audited_by_services = True
    list_display = [
        "created_at",
        "kind",
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
    list_filter = ["kind", ("cartera", AutocompleteFilter)]
    list_select_related = ["cartera", "created_by"]
    ordering = ["-created_at", "-id"]
    search_fields = ["file_name"]
    search_help_text = "Nombre del archivo"
    fieldsets = [
        (None, {"fields": ["kind", "file_name", "cartera", "created_by", "created_at", "undone_at", "undone_by"]}),
        (
            "Resultado",
            {"fields": ["created", "updated", "unchanged", "rejected", "rejected_by", "warnings", "total"]},
        ),
        ("Cómo se leyó", {"fields": ["columns", "ignored_columns", "place", "choices", "sha256"]}),
    ]
    readonly_fields = [
        *(
            "created_at",
            "undone_at",
            "undone_by",
            "created",
            "updated",
            "unchanged",
            "rejected",
            "rejected_by",
            "warnings",
            "total",
        ),
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
        undo = Tool("Deshacer", reverse("admin:cases_importbatch_undo", args=[obj.pk]))
        may_undo = may_move_money(request) and obj.undone_at is None
        return [
            *(made if obj.counts.get("created") and obj.undone_at is None else []),
            *([report] if has_report else []),
            *([undo] if may_undo else []),
        ]

    def get_urls(self) -> list:
        report, undo = self.admin_site.admin_view(self.report_view), self.admin_site.admin_view(self.undo_view)
        return [
            path("<int:pk>/report.csv", report, name="cases_importbatch_report"),
            path("<int:pk>/undo/", undo, name="cases_importbatch_undo"),
            path("recall/", self.admin_site.admin_view(self.recall_view), name="cases_importbatch_recall_add"),
            path("recall/<int:pk>/", self.admin_site.admin_view(self.recall_view), name="cases_importbatch_recall"),
            *super().get_urls(),
        ]

    def recall_view(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        return recalls.upload_page(self, request) if pk is None else recalls.confirm_page(self, request, pk)

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What undoing would do, and on the POST doing it."""
        if not may_move_money(request):
            raise PermissionDenied
        batch = get_object_or_404(self.get_queryset(request).select_related("cartera"), pk=pk)
        would, refusal, is_sent = None, "", request.method == "POST"
        try:
            _check_size(batch)
            if batch.undone_at is None and not is_sent:  # as long as the undoing itself, which is not done twice
                would = undo_import(batch, by=actor(request), dry_run=True)
        except (ValidationError, ImportFailed) as error:
            refusal = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)

        def run(data: dict[str, Any]) -> str:
            _check_size(batch)
            try:
                done = undo_import(batch, by=actor(request))
            except ImportFailed as error:
                raise ValidationError(str(error)) from error
            removed = "1 caso quitado" if done.removed == 1 else f"{whole(done.removed)} casos quitados"
            kept = "1 que queda" if len(done.kept) == 1 else f"{whole(len(done.kept))} que quedan"
            return f"Se deshizo la importación: {removed}, {whole(done.restored)} restaurados y {kept} como está."

        return tool_page(
            self,
            request,
            obj=batch,
            form=forms.Form(request.POST or None),
            run=run,
            title="Deshacer la importación",
            button="Deshacer la importación" if is_sent or (would and would.has_something) else "",
            back=change_url(batch),
            facts=what_undoing_does(would) if would else [],
            explains=refusal or UNDOING,
        )

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


def _check_size(batch: ImportBatch) -> None:
    """A request has to end before the server's timeout. Raises ValidationError for an import that would not."""
    changed = sum(batch.counts.get(name, 0) for name in ("created", "updated", "closed", "missing"))
    if changed > REQUEST_LIMIT:
        raise ValidationError(
            f"Cambió {whole(changed)} casos, y por esta página se deshacen hasta {whole(REQUEST_LIMIT)}: "
            f"en el servidor, «manage.py undo_import {batch.pk}»."
        )


def what_undoing_does(would: Undone) -> list[tuple[str, str]]:
    """As the page asks about it: what goes, what comes back, and what stays for which reason."""
    facts = [
        ("Casos que se quitan", f"{whole(would.removed)}, por {format_money(would.removed_amount)}"),
        ("Deudores que se quitan con ellos", whole(would.people)),
        ("Casos que vuelven a como estaban", whole(would.restored)),
        ("Deudores que vuelven a como estaban", whole(would.contacts)),
    ]
    for reason, count in would.reasons.most_common():
        named = [case for case, why in would.kept if why == reason][:KEPT_SHOWN]
        more = f" y {whole(count - len(named))} más" if count > len(named) else ""
        facts.append((f"Quedan como están: {reason}", f"{whole(count)} ({', '.join(named)}{more})"))
    return facts


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
