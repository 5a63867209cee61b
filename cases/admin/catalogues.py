"""The tables that staff maintain: carteras, statuses, result codes. Rows in use are deactivated, not deleted."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.safestring import SafeString

from cases import services
from cases.admin.base import RefusableDeletion, Tool, TrailAdmin, changelist_url, may_move_money
from cases.admin.closing import close_cartera, counted
from cases.admin.creditor_fields import FieldInline, apply_to_cases
from cases.admin.importing.offer import OffersImport, import_tool
from cases.models import ActivityResult, Cartera, Case, CaseStatus, ImportBatch
from cases.rules import returns


class CarteraForm(forms.ModelForm):
    return_columns = forms.MultipleChoiceField(
        label="Columnas de la devolución",
        choices=list(returns.COLUMNS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Lo que el acreedor recibe de cada deuda, además de sus propios datos marcados abajo. Sin ninguna: "
        + ", ".join(returns.COLUMNS[name] for name in returns.USUAL)
        + ".",
    )

    class Meta:
        model = Cartera
        fields = ["name", "is_active", "monthly_interest_rate", "return_columns"]


@admin.register(Cartera)
class CarteraAdmin(OffersImport, RefusableDeletion, TrailAdmin):
    form = CarteraForm
    view_on_site = False  # Django's link goes through a redirect page of its own
    list_display = ["name", "is_active", "monthly_interest_rate", "created_at"]
    list_filter = ["is_active"]
    search_fields = ["name"]
    ordering = ["name", "id"]
    readonly_fields = ["created_at"]
    show_full_result_count = False
    inlines = [FieldInline]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list:
        return self.inlines if obj else []  # columns are of files, which a new one has none of

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if lost := apply_to_cases(form.instance, formset):
            self.message_user(request, f"El dato se borró de {counted(lost)}.", messages.WARNING)

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.closing_view)
        return [path("<int:pk>/closing/", view, name="cases_cartera_closing"), *super().get_urls()]

    def closing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return close_cartera(self, request, pk)

    def get_tools(self, request: HttpRequest, obj: Cartera) -> list[Tool]:
        tools = [
            Tool("Casos", changelist_url(Case, cartera__id__exact=obj.pk)),
            Tool("Importaciones", changelist_url(ImportBatch, cartera__id__exact=obj.pk)),
            *import_tool(request),
        ]
        if may_move_money(request) and not obj.is_active and obj.cases.open().exists():
            tools.append(Tool("Dar de baja sus casos", reverse("admin:cases_cartera_closing", args=[obj.pk])))
        return tools

    def save_model(self, request: HttpRequest, obj: Cartera, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active and (count := obj.cases.open().count()):
            text = f"{obj} ya no está en bandejas ni avisos. Tiene {counted(count)} sin cerrar."
            self.message_user(request, text, messages.WARNING)
            request.leaves_cases = may_move_money(request)  # type: ignore[attr-defined]

    def response_change(self, request: HttpRequest, obj: Cartera) -> HttpResponse:
        """After a cartera was deactivated: are its open cases to be closed?"""
        if getattr(request, "leaves_cases", False):
            return redirect("admin:cases_cartera_closing", obj.pk)
        return super().response_change(request, obj)

    def deletion_refusal(self, obj: Cartera) -> str:
        if obj.cases.exists():
            return "tiene casos. No se elimina: quítele la marca «activa» para que no se use más."
        if obj.import_batches.exists() or obj.entries.exists():
            return "tiene importaciones. No se elimina: quítele la marca «activa» para que no se use más."
        return ""


@admin.register(CaseStatus)
class CaseStatusAdmin(RefusableDeletion, TrailAdmin):
    list_display = ["badge", "slug", "stage", "is_stage_default", "is_active", "position"]
    list_filter = ["stage", "is_active"]
    search_fields = ["name", "slug"]
    ordering = ["position", "id"]
    prepopulated_fields = {"slug": ["name"]}
    # Each stage has exactly one default; only the action changes it, so that it is never missing.
    readonly_fields = ["is_stage_default"]
    actions = ["make_default"]
    show_full_result_count = False

    @admin.display(description="estado", ordering="position")
    def badge(self, obj: CaseStatus) -> SafeString:
        return status_badge(obj)

    def get_tools(self, request: HttpRequest, obj: CaseStatus) -> list[Tool]:
        return [Tool("Casos", changelist_url(Case, status__id__exact=obj.pk))]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    @admin.action(description="Usar como predeterminado de su etapa", permissions=["change"])
    def make_default(self, request: HttpRequest, queryset: QuerySet[CaseStatus]) -> None:
        if len(queryset) != 1:
            self.message_user(request, "Elija un solo estado.", messages.WARNING)
            return
        try:
            status = services.make_stage_default(status=queryset[0])
        except ValidationError as error:
            self.message_user(request, " ".join(error.messages), messages.ERROR)
        else:
            stage = status.get_stage_display()
            self.message_user(request, f"«{status}» es ahora el predeterminado de «{stage}».", messages.SUCCESS)

    def deletion_refusal(self, obj: CaseStatus) -> str:
        if obj.is_named_by_rules:
            return "las reglas lo usan. No se elimina ni se desactiva; puede cambiarle el nombre y el color."
        if obj.cases.exists():
            return "hay casos en ese estado. No se elimina: quítele la marca «activo» para que no se use más."
        return ""


@admin.register(ActivityResult)
class ActivityResultAdmin(RefusableDeletion, TrailAdmin):
    list_display = [
        "code",
        "name",
        "group",
        "is_direct_contact",
        "is_attempt",
        "needs_promise",
        "stops_case",
        "stops_person",
        "next_action_days",
        "band",
        "shortcut",
        "is_active",
    ]
    list_filter = ["group", "is_active", "stops_case", "stops_person"]
    search_fields = ["code", "name"]
    ordering = ["position", "id"]
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["code", "name", "group", "shortcut", "position", "is_active"]}),
        ("Qué significa", {"fields": ["is_direct_contact", "is_attempt", "needs_promise"]}),
        (
            "Qué hace con el caso",
            {"fields": ["next_action_days", "asks_when", "band", ("stops_case", "stops_person"), "marks_phone_bad"]},
        ),
    ]

    def deletion_refusal(self, obj: ActivityResult) -> str:
        if obj.activities.exists() or obj.stopped_cases.exists():
            return "hay gestiones con ese resultado. No se elimina: quítele la marca «activo» para que no se use más."
        return ""


def status_badge(status: CaseStatus) -> SafeString:
    return render_to_string("_status_badge.html", {"status": status})
