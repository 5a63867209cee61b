"""Payment files in the admin, for admins: loading, figures, posting, undoing, and the rows that wait (DESIGN §5.1)."""

import io
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse

from cases.admin.base import ReadOnlyAdmin, Tool, actor, change_url, changelist_url, may_move_money
from cases.admin.filters import AutocompleteFilter
from cases.admin.importing.batches import csv_response
from cases.admin.tools import tool_page
from cases.importing.errors import ImportFailed
from cases.models import Cartera
from nova.lib.money import format_money
from nova.lib.text import whole
from nova.lib.uploads import where_to
from payments.models import Layout, PaymentFile, PaymentKey, PaymentRow
from payments.reading.layout import Layout as Spec
from payments.services.counting import STATES, told, totals_of
from payments.services.posting import post
from payments.services.report import write_report
from payments.services.staging import AUTO, stage_upload
from payments.services.undoing import undo, what_undoing_does

MIB = 1024 * 1024
UNVERIFIED = "Este formato no se comprobó todavía con un archivo real: revise el resultado antes de registrar."
State = PaymentRow.State


class OfAdmins(ReadOnlyAdmin):
    """Money: staff who only edit data see none of it."""

    audited_by_services = True
    change_form_template = "admin/cases/change_form.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_move_money(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_move_money(request)


# --- Layouts and keys -------------------------------------------------------------------------------------
class LayoutForm(forms.ModelForm):
    def clean_spec(self) -> Any:
        spec = self.cleaned_data["spec"]
        try:
            given = Spec.from_json(spec)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        taken = Layout.objects.exclude(pk=self.instance.pk).filter(spec__short_code=given.short_code).first()
        if taken is not None:
            raise ValidationError(f"«short_code»: «{given.short_code}» es de «{taken.name}»: elija otro.")
        if self._is_used and given.short_code != self.instance.spec.get("short_code"):
            raise ValidationError("«short_code»: ya hay pagos con esa referencia; no se puede cambiar.")
        return spec

    def clean_code(self) -> str:
        code = self.cleaned_data["code"]
        if self._is_used and code != self.initial.get("code"):
            raise ValidationError("Ya se cargaron archivos de este formato: el código no se puede cambiar.")
        return code

    @property
    def _is_used(self) -> bool:
        """Whether payments go by its names: with others, what came would come again."""
        return self.instance.pk is not None and self.instance.files.exists()


@admin.register(Layout)
class LayoutAdmin(admin.ModelAdmin):
    form = LayoutForm
    list_display = ["name", "code", "is_active", "verified_with_real_file"]
    list_filter = ["is_active", "verified_with_real_file"]
    search_fields = ["name", "code"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.files.exists())


@admin.register(PaymentKey)
class PaymentKeyAdmin(admin.ModelAdmin):
    list_display = ["key", "cartera", "case"]
    list_select_related = ["cartera", "case__debtor"]
    search_fields = ["key"]
    raw_id_fields = ["case", "instalment"]
    show_full_result_count = False


# --- Files ----------------------------------------------------------------------------------------------
class UploadForm(forms.Form):
    file = forms.FileField(label="Archivo", error_messages={"required": "Elija el archivo de pagos."})
    layout = forms.ChoiceField(label="Formato", initial=AUTO)
    cartera = forms.ModelChoiceField(
        Cartera.objects.none(),
        label="Cartera",
        required=False,
        empty_label="Todas",
        help_text="Elija una si el archivo es de un solo acreedor.",
    )
    account = forms.CharField(
        label="Cuenta", max_length=60, required=False, help_text="De un extracto de banco, si el archivo no la trae."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        layouts = Layout.objects.filter(is_active=True).values_list("code", "name")
        choices = [(AUTO, "Reconocerlo"), *layouts]
        self.fields["layout"].choices = choices  # type: ignore[attr-defined]
        self.fields["cartera"].queryset = Cartera.objects.active()  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.IMPORT_UPLOAD_MAX_BYTES:
            most = settings.IMPORT_UPLOAD_MAX_BYTES // MIB
            raise ValidationError(f"El archivo supera los {most} MB: pida que lo carguen con import_payments.")
        return file


@admin.register(PaymentFile)
class PaymentFileAdmin(OfAdmins):
    change_list_template = "admin/cases/change_list_with_tools.html"
    list_display = ["created_at", "file_name", "layout", "cartera", "status", "waiting", "posted", "total"]
    list_filter = ["status", "layout"]
    list_select_related = ["layout", "cartera"]
    search_fields = ["file_name"]
    search_help_text = "Nombre del archivo"
    ordering = ["-created_at", "-id"]
    fieldsets = [
        (None, {"fields": ["file_name", "layout", "is_verified", "cartera", "account", "status"]}),
        ("Resultado", {"fields": ["counts", "total"]}),
        ("Quién y cuándo", {"fields": ["created_by", "created_at", "posted_at", "undone_at", "sha256"]}),
    ]
    readonly_fields = ["is_verified", "counts", "total", "created_at", "posted_at", "undone_at"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_move_money(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> Any:
        waiting = Tool("Pagos por identificar", reverse("payments-inbox"))
        return super().changelist_view(request, {**(extra_context or {}), "tools": [waiting]})

    def get_tools(self, request: HttpRequest, obj: PaymentFile) -> list[Tool]:
        rows = Tool("Ver las filas", changelist_url(PaymentRow, file__id__exact=obj.pk))
        report = Tool("Descargar el informe (CSV)", reverse("admin:payments_paymentfile_report", args=[obj.pk]))
        if obj.status == PaymentFile.Status.UNDONE:
            return [rows, report]
        matched = obj.rows.filter(state=State.MATCHED).count()
        register = Tool(f"Registrar {payments_of(matched)}", reverse("admin:payments_paymentfile_post", args=[obj.pk]))
        waiting = Tool("Pagos por identificar", f"{reverse('payments-inbox')}?file={obj.pk}")
        undo_it = Tool("Deshacer", reverse("admin:payments_paymentfile_undo", args=[obj.pk]))
        waits = obj.rows.to_identify().exists()
        return [*([register] if matched else []), *([waiting] if waits else []), rows, report, undo_it]

    def get_urls(self) -> list:
        def page(route: str, view: Any, name: str) -> Any:
            return path(f"<int:pk>/{route}", self.admin_site.admin_view(view), name=f"payments_paymentfile_{name}")

        return [
            page("post/", self.post_view, "post"),
            page("undo/", self.undo_view, "undo"),
            page("report.csv", self.report_view, "report"),
            *super().get_urls(),
        ]

    # --- The pages -----------------------------------------------------------------------------------
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not may_move_money(request):
            raise PermissionDenied
        made: list[PaymentFile] = []

        def run(data: dict[str, Any]) -> str:
            made.append(load(data, request))
            totals = made[0].totals
            return f"Se leyó el archivo, {rows_of(totals['rows'])}: {told(totals)}. Todavía no se registró ningún pago."

        answer = tool_page(
            self,
            request,
            obj="Cargar pagos",
            form=UploadForm(request.POST or None, request.FILES or None),
            run=run,
            title="Cargar un archivo de pagos",
            button="Leer el archivo",
            back=changelist_url(PaymentFile),
            facts=[],
            explains="Primero se identifica de quién es cada pago. Se registran cuando usted haya mirado el resultado.",
        )
        if made:
            answer["Location"] = change_url(made[0])
        return where_to(request, answer)

    def post_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        file = self._one(request, pk)
        totals = totals_of(file)

        def run(data: dict[str, Any]) -> str:
            done = post(file, by=actor(request))
            left = f" Por decidir: {rows_of(done.left)}." if done.left else ""
            return f"Registrado: {rows_of(done.rows)}, por {format_money(done.amount)}.{left}"

        return tool_page(
            self,
            request,
            obj=file,
            form=forms.Form(request.POST or None),
            run=run,
            title="Registrar los pagos identificados",
            button=f"Registrar {payments_of(totals['matched'])}" if totals["matched"] else "",
            back=change_url(file),
            facts=facts_of(totals),
            explains="" if file.layout.verified_with_real_file else UNVERIFIED,
        )

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        file = self._one(request, pk)
        would = what_undoing_does(file)

        def run(data: dict[str, Any]) -> str:
            done = undo(file, by=actor(request))
            return f"Se deshizo el archivo. Revertido: {payments_of(done.payments)}, por {format_money(done.amount)}."

        return tool_page(
            self,
            request,
            obj=file,
            form=forms.Form(request.POST or None),
            run=run,
            title="Deshacer el archivo",
            button=f"Revertir {payments_of(would.payments)}" if would.payments else "Descartar el archivo",
            back=change_url(file),
            facts=[
                ("Pagos que se revierten", f"{whole(would.payments)}, por {format_money(would.amount)}"),
                ("Ya revertidos, que quedan como están", whole(would.reversed_before)),
                ("Contracargos, que quedan como están", whole(would.chargebacks)),
                ("Cargados a mano, que quedan como están", whole(would.linked)),
            ],
            explains="Cada pago que registró el archivo recibe su reversa. El mismo archivo se puede volver a cargar.",
        )

    def report_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        file, text = self._one(request, pk), io.StringIO()
        write_report(file, text)
        return csv_response(text.getvalue(), f"pagos-{file.pk}-{file.file_name}")

    def _one(self, request: HttpRequest, pk: int) -> PaymentFile:
        if not may_move_money(request):
            raise PermissionDenied
        return get_object_or_404(PaymentFile.objects.select_related("layout", "cartera"), pk=pk)

    # --- Columns -------------------------------------------------------------------------------------
    @admin.display(description="formato comprobado", boolean=True)
    def is_verified(self, obj: PaymentFile) -> bool:
        return obj.layout.verified_with_real_file

    @admin.display(description="esperan a una persona")
    def waiting(self, obj: PaymentFile) -> int:
        return obj.totals.get("ambiguous", 0) + obj.totals.get("unmatched", 0)

    @admin.display(description="registrados")
    def posted(self, obj: PaymentFile) -> int:
        return obj.totals.get("posted", 0)

    @admin.display(description="importe de los pagos")
    def total(self, obj: PaymentFile) -> str:
        return format_money(obj.totals.get("total") or 0)

    @admin.display(description="filas")
    def counts(self, obj: PaymentFile) -> str:
        return told(obj.totals) or "—"


def load(data: dict[str, Any], request: HttpRequest) -> PaymentFile:
    """Stage the uploaded file. Raises ValidationError (key file)."""
    given = {name: data[name] for name in ("layout", "cartera", "account")}
    try:
        return stage_upload(data["file"], **given, by=actor(request))
    except ImportFailed as error:
        raise ValidationError({"file": str(error)}) from error


def payments_of(count: int) -> str:
    return f"{whole(count)} {'pago' if count == 1 else 'pagos'}"


def rows_of(count: int) -> str:
    return f"{whole(count)} {'fila' if count == 1 else 'filas'}"


def facts_of(totals: dict[str, Any]) -> list[tuple[str, str]]:
    counted = [(State(state).label, whole(totals[state.value])) for state in STATES if totals[state.value]]
    return [*counted, ("Importe de los pagos", format_money(totals["total"]))]


# --- Rows -----------------------------------------------------------------------------------------------
class WaitingFilter(admin.SimpleListFilter):
    title = "estado"
    parameter_name = "state__in"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        each = [(state.value, State(state).label) for state in STATES]
        return [("ambiguous,unmatched", "Esperan a una persona"), *each]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(state__in=self.value().split(",")) if self.value() else queryset  # type: ignore[union-attr]


@admin.register(PaymentRow)
class PaymentRowAdmin(OfAdmins):
    list_display = ["value_date", "money", "state", "why", "payer_name", "nro_cliente", "case", "file"]
    list_filter = [WaitingFilter, "kind", ("file", AutocompleteFilter)]
    list_select_related = ["file", "case__debtor"]
    search_fields = ["=own_id", "=payer_dni", "=payer_cuit", "=nro_cliente", "=external_reference"]
    search_help_text = "Número del pago, documento, número de cliente o código de pago, enteros"
    ordering = ["value_date", "id"]
    fields = [
        *("state", "why", "case", "entry", "kind", "value_date", "credited_on", "money", "channel"),
        *("payer_name", "payer_dni", "payer_cuit", "nro_cliente", "external_reference", "own_id", "reverses"),
        *("file", "line", "raw", "decided_by", "decided_at"),
    ]
    readonly_fields = ["money", "decided_at"]

    @admin.display(description="importe")
    def money(self, obj: PaymentRow) -> str:
        return format_money(obj.amount) if obj.amount is not None else "—"

    def get_tools(self, request: HttpRequest, obj: PaymentRow) -> list[Tool]:
        if not PaymentRow.objects.decidable().filter(pk=obj.pk).exists():
            return []
        return [Tool("Decidir", f"{reverse('payments-inbox')}?row={obj.pk}")]
