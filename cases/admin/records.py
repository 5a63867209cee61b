"""Ledger entries and gestiones in the admin. Read-only for everybody."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cases import services
from cases.admin.base import ReadOnlyAdmin, Tool, actor, change_url, may_move_money
from cases.admin.filters import AutocompleteFilter, GestorFilter
from cases.admin.forms import ReasonForm
from cases.admin.tools import tool_page
from cases.models import Activity, Cartera, Case, LedgerEntry
from cases.rules.ledger import signed
from nova.lib.money import format_money


class OfCaseAdmin(ReadOnlyAdmin):
    """Rows that belong to a case. A search finds them with the search terms of their case."""

    audited_by_services = True
    search_help_text = "Nombre, DNI, teléfono o nro. de cliente"

    def trail_of(self, obj: Any) -> Case:
        return obj.case

    def get_tools(self, request: HttpRequest, obj: Any) -> list[Tool]:
        return [Tool("Caso", change_url(obj.case))]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        return queryset.search(search_term), False  # type: ignore[attr-defined]

    @admin.display(description="caso")
    def case_link(self, obj: Any) -> SafeString:
        return format_html('<a href="{}">{}</a>', change_url(obj.case), obj.case)

    @admin.display(description="importe")
    def money_amount(self, obj: Any) -> str:
        return format_money(obj.amount)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(OfCaseAdmin):
    list_display = ["value_date", "kind", "money_amount", "case_link", "cartera", "method", "reference", "credited_to"]
    list_filter = ["kind", "reason", "method", ("cartera", AutocompleteFilter), ("credited_to", GestorFilter)]
    list_select_related = ["case__debtor", "cartera", "credited_to"]
    search_fields = ["reference"]
    search_help_text = "Referencia, nombre, DNI, teléfono o nro. de cliente"
    ordering = ["-id"]
    fields = [
        "case_link",
        "cartera",
        "kind",
        "money_amount",
        "value_date",
        "reason",
        "arrangement",
        "method",
        "reference",
        "reverses",
        "credited_to",
        "created_by",
        "created_at",
        "notes",
    ]
    readonly_fields = ["case_link", "money_amount", "created_at"]

    @admin.display(description="importe")
    def money_amount(self, obj: LedgerEntry) -> str:
        """The amount with its sign in the balance."""
        return format_money(signed(obj.kind, obj.amount))

    def get_search_results(self, request, queryset, search_term):
        """Also by reference, looked up in each cartera because the index begins with the cartera."""
        found, duplicates = super().get_search_results(request, queryset, search_term)
        if search_term.strip():
            carteras = list(Cartera.objects.values_list("pk", flat=True))
            by_reference = LedgerEntry.objects.filter(cartera__in=carteras, reference=search_term.strip())
            if by_reference.exists():
                return queryset.filter(pk__in=list(by_reference.values_list("pk", flat=True))), duplicates
        return found, duplicates

    def get_urls(self) -> list:
        reverse_page = self.admin_site.admin_view(self.reverse_view)
        return [path("<int:pk>/reverse/", reverse_page, name="cases_ledgerentry_reverse"), *super().get_urls()]

    def get_tools(self, request: HttpRequest, obj: LedgerEntry) -> list[Tool]:
        tools = super().get_tools(request, obj)
        if can_be_reversed(request, obj):
            tools.insert(0, Tool("Revertir el pago…", reverse("admin:cases_ledgerentry_reverse", args=[obj.pk])))
        return tools

    def reverse_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        entry = LedgerEntry.objects.select_related("case__debtor", "cartera").filter(pk=pk).first()
        if entry is None:
            raise Http404
        if not may_move_money(request):
            raise PermissionDenied

        def run(data: dict[str, Any]) -> str:
            services.reverse_payment(payment=entry, by=actor(request), notes=data["notes"])
            balance = Case.objects.values_list("balance", flat=True).get(pk=entry.case_id)
            return f"El pago se revirtió. El saldo del caso es ahora {format_money(balance)}."

        return tool_page(
            self,
            request,
            obj=entry.case,
            form=ReasonForm(request.POST or None),
            run=run,
            title="Revertir un pago",
            button="Revertir el pago",
            back=change_url(entry.case),
            facts=[
                ("Importe", format_money(entry.amount)),
                ("Fecha del pago", f"{entry.value_date:%d/%m/%Y}"),
                ("Referencia", entry.reference or "—"),
                ("Saldo actual", format_money(entry.case.balance)),
            ],
            explains="El pago queda en el libro y una reversa con fecha de hoy lo anula. El saldo, las promesas y el "
            "estado del caso se recalculan. Su referencia no puede volver a usarse.",
        )


def can_be_reversed(request: HttpRequest, entry: LedgerEntry) -> bool:
    """Runs a query when the entry was not loaded with its reversal."""
    if entry.kind != LedgerEntry.Kind.PAYMENT or not may_move_money(request):
        return False
    return not hasattr(entry, "reversal")


@admin.register(Activity)
class ActivityAdmin(OfCaseAdmin):
    list_display = ["created_at", "type", "result", "case_link", "author", "short_notes", "is_system", "voided_at"]
    list_filter = ["type", "is_system", ("created_by", AutocompleteFilter), ("result", AutocompleteFilter)]
    list_select_related = ["case__debtor", "result", "created_by"]
    search_fields = ["notes"]  # only shows the box; get_search_results searches the case
    ordering = ["-created_at", "-id"]
    fields = [
        "case_link",
        "type",
        "result",
        "phone",
        "override_reason",
        "notes",
        "author",
        "created_at",
        "is_system",
        "voided_at",
        "voided_by",
    ]
    readonly_fields = ["case_link", "author"]

    @admin.display(description="autor")
    def author(self, obj: Activity) -> str:
        return author_of(obj)

    @admin.display(description="notas")
    def short_notes(self, obj: Activity) -> str:
        return shorten(obj.notes)


def author_of(row: Any) -> str:
    """The author; for transferred rows, the name from the old system."""
    if row.created_by is not None:
        return str(row.created_by)
    return row.imported_author or "—"


def shorten(text: str, length: int = 80) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
