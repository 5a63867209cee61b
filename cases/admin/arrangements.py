"""Arrangements in the admin: read-only, for their outcome follows from the ledger; the limits and offers are edited."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from cases.admin.base import TrailAdmin
from cases.admin.filters import AutocompleteFilter
from cases.admin.records import OfCaseAdmin
from cases.models import Arrangement, DiscountLimit, Instalment, Offer
from nova.lib.money import format_money


class InstalmentInline(admin.TabularInline):
    model = Instalment
    fields = ["number", "due_on", "money_amount", "money_paid", "status", "paid_on"]
    readonly_fields = ["money_amount", "money_paid"]
    ordering = ["number"]
    extra = 0

    @admin.display(description="importe")
    def money_amount(self, obj: Instalment) -> str:
        return format_money(obj.amount)

    @admin.display(description="pagado")
    def money_paid(self, obj: Instalment) -> str:
        return format_money(obj.paid_amount)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Arrangement)
class ArrangementAdmin(OfCaseAdmin):
    list_display = ["created_at", "status", "money_agreed", "instalments", "case_link", "requested_by", "closed_on"]
    list_filter = ["status", "system", ("requested_by", AutocompleteFilter), "is_historic"]
    list_select_related = ["case__debtor", "requested_by"]
    search_fields = ["notes"]  # only shows the box; get_search_results searches the case
    ordering = ["-created_at", "-id"]
    inlines = [InstalmentInline]
    fields = [
        "case_link",
        "status",
        "system",
        "money_base",
        "money_agreed",
        "money_down",
        "instalments",
        "monthly_rate",
        "first_due_on",
        "accepted_at",
        "accepted_how",
        "lapse_overdue_count",
        "lapse_days",
        "requested_by",
        "approved_by",
        "creditor_authorisation",
        "policy",
        "closed_on",
        "restated_on",
        "stays_ended_since",
        "is_historic",
        "notes",
        "created_at",
        "updated_at",
    ]
    readonly_fields = [
        "case_link",
        "money_base",
        "money_agreed",
        "money_down",
        "restated_on",
        "stays_ended_since",
        "is_historic",
        "created_at",
        "updated_at",
    ]

    @admin.display(description="saldo de partida")
    def money_base(self, obj: Arrangement) -> str:
        return format_money(obj.base_balance)

    @admin.display(description="total convenido")
    def money_agreed(self, obj: Arrangement) -> str:
        return format_money(obj.agreed_total)

    @admin.display(description="anticipo")
    def money_down(self, obj: Arrangement) -> str:
        return format_money(obj.down_payment)


@admin.register(DiscountLimit)
class DiscountLimitAdmin(TrailAdmin):
    list_display = [
        "reach",
        "role",
        "arrears_from_months",
        "max_percent",
        "max_instalments",
        "min_down_percent",
        "keeps_capital",
        "monthly_rate",
    ]
    list_display_links = ["reach", "role"]
    list_filter = ["role", "cartera"]
    list_select_related = ["cartera"]
    autocomplete_fields = ["cartera"]
    ordering = ["cartera__name", "role", "arrears_from_months", "id"]
    show_full_result_count = False

    @admin.display(description="cartera", ordering="cartera__name", empty_value="Todas")
    def reach(self, obj: DiscountLimit) -> Any:
        return obj.cartera


@admin.register(Offer)
class OfferAdmin(TrailAdmin):
    list_display = [
        "name",
        "cartera",
        "system",
        "instalments",
        "waiver_percent",
        "monthly_rate",
        "position",
        "is_active",
    ]
    list_filter = ["is_active", "cartera"]
    list_select_related = ["cartera"]
    autocomplete_fields = ["cartera"]
    search_fields = ["name"]
    ordering = ["position", "id"]
    show_full_result_count = False
