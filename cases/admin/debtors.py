"""Debtors in the admin, with their phones and a link to their cases."""

from typing import Any

from django.contrib import admin
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

from cases.admin.base import BigTableAdmin, RefusableDeletion, Tool, actor, changelist_url
from cases.admin.forms import DebtorForm, DebtorPhoneFormSet
from cases.admin.stops import lift_tools, stop_person
from cases.fields import DebtorPhoneForm
from cases.models import Case, Debtor, DebtorPhone
from nova.lib.databases import is_collision, lock_row
from nova.lib.documents import format_cuit, format_dni


class DebtorPhoneInline(admin.TabularInline):
    model = DebtorPhone
    form = DebtorPhoneForm
    formset = DebtorPhoneFormSet
    extra = 1


@admin.register(Debtor)
class DebtorAdmin(RefusableDeletion, BigTableAdmin):
    form = DebtorForm
    list_display = ["full_name", "dni_text", "cuit_text", "email", "city", "provincia"]
    search_fields = ["last_name"]  # only shows the box; the search is Debtor.objects.search
    search_help_text = "Nombre, DNI, CUIT o teléfono"
    readonly_fields = ["created_at"]
    inlines = [DebtorPhoneInline]
    actions = None
    fieldsets = [
        (None, {"fields": [("first_name", "last_name"), ("dni", "cuit"), "email"]}),
        ("Domicilio", {"fields": [("street", "street_number"), ("city", "postal_code"), "provincia"]}),
        ("Notas", {"fields": ["notes", "created_at"]}),
    ]

    @admin.display(description="nombre")
    def full_name(self, obj: Debtor) -> str:
        return obj.full_name

    @admin.display(description="DNI")
    def dni_text(self, obj: Debtor) -> str:
        return format_dni(obj.dni) if obj.dni else "—"

    @admin.display(description="CUIT/CUIL")
    def cuit_text(self, obj: Debtor) -> str:
        return format_cuit(obj.cuit) if obj.cuit else "—"

    def get_ordering(self, request: HttpRequest) -> Any:
        """By name; search results newest first, because sorting every Gómez by name would read half the table."""
        return ["-id"] if request.GET.get("q") or request.GET.get("term") else ["last_name", "first_name", "id"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Debtor], search_term: str
    ) -> tuple[QuerySet[Debtor], bool]:
        return (queryset.search(search_term) if search_term.strip() else queryset), False  # type: ignore[attr-defined]

    def get_tools(self, request: HttpRequest, obj: Debtor) -> list[Tool]:
        tools = [Tool("Casos de este deudor", changelist_url(Case, debtor__id__exact=obj.pk))]
        if not actor(request).is_admin:
            return tools
        stop = Tool("Detener a la persona…", reverse("admin:cases_debtor_stop", args=[obj.pk]))
        return [stop, *lift_tools(request, obj.stops.standing().order_by("id")), *tools]

    def get_urls(self) -> list:
        stop = self.admin_site.admin_view(self.stop_view)
        return [path("<int:pk>/stop/", stop, name="cases_debtor_stop"), *super().get_urls()]

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return stop_person(self, request, pk)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """When the same document was stored at the same moment, show the form again: now its own check sees it."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError as error:
            if not is_collision(error):
                raise
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Debtor, form: Any, change: bool) -> None:
        """A debtor goes with their last case: saving one who went meanwhile would bring them back without any."""
        if change:
            lock_row(Debtor.objects.all(), obj.pk)
        super().save_model(request, obj, form, change)

    def deletion_refusal(self, obj: Any) -> str:
        if obj.cases.exists():
            return "tiene casos. Un deudor con casos no se elimina."
        if obj.stops.exists():
            return "pidió no ser contactado, o se lo detuvo: eso se conserva."
        return ""
