"""The pages to import a portfolio: upload, columns, preview, confirmation. `importing.uploads` does the work."""

from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.access import Request
from cases.admin.base import change_url
from cases.admin.importing.batches import csv_response, import_choices, shown_problems
from cases.admin.importing.forms import ColumnsForm, UploadForm, initial_of
from cases.importing import uploads
from cases.importing.errors import ImportConflict, ImportFailed
from cases.importing.kept_columns import refusal_of
from cases.importing.outcomes import Problem
from cases.importing.report import originals_of, report_for_people
from cases.importing.run import BUSY, Result
from cases.models import CarteraField, ImportUpload
from nova.lib.databases import Gone
from nova.lib.money import format_money
from nova.lib.outages import Outage, outage_of
from nova.lib.text import key_in
from nova.lib.uploads import where_to

MISSING_SHOWN = 20
NO_DATABASE = "La base de datos no respondió y no se guardó nada: espere un momento y vuelva a intentar."


@admin.register(ImportUpload)
class ImportUploadAdmin(admin.ModelAdmin):
    """Uploaded files without a confirmation yet. Each user sees and continues only their own."""

    list_display = ["file_name", "cartera_name", "created_at", "continue_link"]
    list_display_links = None
    ordering = ["-created_at", "-id"]
    actions = None
    show_full_result_count = False

    # --- Permissions -------------------------------------------------------------------------------
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportUpload]:
        """The portfolios of the user (a recall has a kind), without the file contents (up to 20 MB each)."""
        own = super().get_queryset(request).filter(created_by=request.user)
        return own.filter(options__kind__isnull=True).defer("content")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple:
        return [str(obj) for obj in objs], {self.opts.verbose_name_plural: len(objs)}, set(), []

    # --- The list ----------------------------------------------------------------------------------
    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Archivos por importar", **(extra_context or {})})

    @admin.display(description="cartera")
    def cartera_name(self, obj: ImportUpload) -> str:
        return obj.options.get("cartera", "")

    @admin.display(description="")
    def continue_link(self, obj: ImportUpload) -> SafeString:
        discard = reverse("admin:cases_importupload_delete", args=[obj.pk])
        return format_html('<a href="{}">Continuar</a> · <a href="{}">Descartar</a>', page_url("columns", obj), discard)

    # --- The pages -----------------------------------------------------------------------------------
    def get_urls(self) -> list:
        def page(route: str, view: Any, name: str) -> Any:
            return path(f"<int:pk>/{route}", self.admin_site.admin_view(view), name=f"cases_importupload_{name}")

        return [
            page("columns/", self.columns_view, "columns"),
            page("preview/", self.preview_view, "preview"),
            page("preview/report.csv", self.report_view, "report"),
            *super().get_urls(),
        ]

    def add_view(self, request, form_url="", extra_context=None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return where_to(request, self._upload_page(request, None))

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        number = key_in(object_id)
        if number is None:
            raise Http404
        upload = self._own(request, number)
        if isinstance(upload, HttpResponse):
            return upload
        return where_to(request, self._upload_page(request, upload))

    def _upload_page(self, request: Request, upload: ImportUpload | None) -> HttpResponse:
        """The form of the file and its options. Valid data are stored even if the file then cannot be read."""
        initial = initial_of(upload.options) if upload else None
        may_create = request.user.has_perm("cases.add_cartera")
        form = UploadForm(
            request.POST or None,
            request.FILES or None,
            initial=initial,
            may_create=may_create,
            stored=upload is not None,
        )
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                upload = uploads.store(
                    by=request.user,
                    options=form.options,
                    upload=upload,
                    content=file.read() if file else None,
                    file_name=file.name if file else "",
                )
                with uploads.opened(upload) as table:
                    uploads.columns_of(table, upload.options["cartera"])
            except Gone:
                return self._gone(request, upload.pk if upload else 0)
            except ImportFailed as error:
                form.add_error(None, str(error))
            else:
                return HttpResponseRedirect(page_url("columns", upload))
        return self._page(request, "upload", upload, form=form)

    def columns_view(self, request: Request, pk: int) -> HttpResponse:
        upload = self._own(request, pk)
        if isinstance(upload, HttpResponse):
            return upload
        try:
            with uploads.opened(upload) as table:
                columns = uploads.columns_of(table, upload.options["cartera"])
                before = uploads.before_of(upload, table.headers)
        except ImportFailed as error:
            return self._page(request, "columns", upload, error=str(error), status=HTTPStatus.UNPROCESSABLE_ENTITY)
        chosen = uploads.offered(columns, before) if before else uploads.chosen_columns(upload)
        kept = CarteraField.objects.filter(cartera__in=uploads.carteras_of(upload))
        form = ColumnsForm(request.POST or None, columns=columns, chosen=chosen, kept=list(kept))
        if request.method == "POST" and form.is_valid():
            try:
                uploads.choose_columns(upload, form.chosen)
            except Gone:
                return self._gone(request, pk)
            return HttpResponseRedirect(page_url("preview", upload))
        return self._page(request, "columns", upload, form=form, table=table, before=before)

    def preview_view(self, request: Request, pk: int) -> HttpResponse:
        """GET shows what the import would do; POST does it, once."""
        upload = self._own(request, pk)
        if isinstance(upload, HttpResponse):
            return upload
        try:
            if request.method == "POST":
                return self._keep(request, upload) if "keep_columns" in request.POST else self._confirm(request, pk)
            result = uploads.preview(upload, by=request.user)
        except (ImportFailed, DatabaseError) as error:
            message, status = refusal(error)
            return self._page(request, "preview", upload, error=message, status=status)
        return self._page(
            request,
            "preview",
            upload,
            result=result,
            total=format_money(result.total),
            problems=shown_problems(as_line(problem) for problem in result.problems),
            understood=result.understood,
            keepable=[column for column in result.left if not refusal_of(column.header)],
            missing=shown_missing(result),
            fingerprint=uploads.fingerprint(upload),
            earlier=uploads.earlier_import(upload),
        )

    def _keep(self, request: Request, upload: ImportUpload) -> HttpResponse:
        """Keep the columns that were marked on the preview, and show it again."""
        marked = [index for text in request.POST.getlist("column") if (index := key_in(text)) is not None]
        try:
            uploads.keep_columns(upload, marked)
        except Gone:
            return self._gone(request, upload.pk)
        return HttpResponseRedirect(page_url("preview", upload))

    def _confirm(self, request: Request, pk: int) -> HttpResponse:
        try:
            batch = uploads.confirm(pk=pk, by=request.user, seen=request.POST.get("fingerprint", ""))
        except Gone:
            return self._gone(request, pk)
        messages.success(request, f"Se importó «{batch.file_name}» en la cartera {batch.cartera}.")
        return HttpResponseRedirect(change_url(batch))

    def report_view(self, request: Request, pk: int) -> HttpResponse:
        """Every problem of the preview, each with its row of the file."""
        upload = self._own(request, pk)
        if isinstance(upload, HttpResponse):
            return upload
        try:
            result = uploads.preview(upload, by=request.user)
        except (ImportFailed, DatabaseError) as error:
            message, status = refusal(error)
            return self._page(request, "preview", upload, error=message, status=status)
        lines = map(as_line, result.problems)
        text = report_for_people(lines, result.headers, originals_of(result.problems))
        return csv_response(text, f"vista-previa-{upload.file_name}")

    # --- Shared by the pages ---------------------------------------------------------------------------
    def _own(self, request: Request, pk: int) -> ImportUpload | HttpResponse:
        """The user's upload, or a redirect to its import. Raises Http404 for another user's or a missing one."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        upload = self.get_queryset(request).filter(pk=pk).first()
        return upload or self._gone(request, pk)

    def _gone(self, request: Request, pk: int) -> HttpResponse:
        batch = uploads.batch_of(pk, by=request.user)
        if batch is None:
            raise Http404("No such upload of this user.")
        messages.info(request, "Ese archivo ya se importó, una sola vez: este es el resultado.")
        return HttpResponseRedirect(change_url(batch))

    def _page(
        self,
        request: HttpRequest,
        step: str,
        upload: ImportUpload | None,
        *,
        form: Form | None = None,
        status: HTTPStatus = HTTPStatus.OK,
        **context: Any,
    ) -> HttpResponse:
        if form is not None and form.errors:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        page = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Importar una cartera",
            "step": step,
            "upload": upload,
            "form": form,
            "choices": choices_of(upload) if upload else "",
            **context,
        }
        return TemplateResponse(request, f"admin/cases/import_{step}.html", page, status=status)


def as_line(problem: Problem) -> dict[str, Any]:
    """A problem as a line of the report."""
    return {name: value for name, value in problem._asdict().items() if name != "cells"}


def shown_missing(result: Result) -> dict[str, Any] | None:
    """The open cases that the file no longer has, as the preview shows them; None where there is none."""
    if result.missing is None or not result.missing.count:
        return None
    return {
        "count": result.missing.count,
        "total": format_money(result.missing.total),
        "percent": f"{result.missing.percent:.0f}",
        "cases": [(key, format_money(balance)) for _, key, balance in result.missing.cases[:MISSING_SHOWN]],
    }


def page_url(name: str, upload: ImportUpload) -> str:
    return reverse(f"admin:cases_importupload_{name}", args=[upload.pk])


def refusal(error: Exception) -> tuple[str, HTTPStatus]:
    """Why nothing was imported, as a Spanish sentence, and the HTTP status."""
    if isinstance(error, ImportConflict):
        return str(error), HTTPStatus.CONFLICT
    if isinstance(error, ImportFailed):
        return str(error), HTTPStatus.UNPROCESSABLE_ENTITY
    if "locked" in str(error):
        return BUSY, HTTPStatus.CONFLICT
    if (outage := outage_of(error)) not in (None, Outage.AWAY):
        return f"{outage.sentence} No se importó nada.", HTTPStatus.SERVICE_UNAVAILABLE
    return NO_DATABASE, HTTPStatus.SERVICE_UNAVAILABLE


def choices_of(upload: ImportUpload) -> str:
    """The options of the upload in one line: `Cartera «X» (nueva) · casos nuevos sin asignar · …`."""
    new = " (nueva)" if upload.options["create_cartera"] else ""
    return f"Cartera «{upload.options['cartera']}»{new} · {import_choices(upload.options)}"
