"""Promises to pay in the admin: read-only but for cancelling. Outcomes follow from the ledger (DESIGN §3.3)."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse

from cases import services
from cases.admin.base import Tool, actor, change_url
from cases.admin.filters import AutocompleteFilter
from cases.admin.forms import ReasonForm
from cases.admin.records import OfCaseAdmin, author_of
from cases.admin.tools import tool_page
from cases.models import Promise
from nova.lib.money import format_money


def can_be_cancelled(request: HttpRequest, promise: Promise) -> bool:
    """Whether the promise is pending and the user is an admin or its creator."""
    return promise.status == Promise.Status.PENDING and (
        actor(request).is_admin or promise.created_by_id == actor(request).pk
    )


@admin.register(Promise)
class PromiseAdmin(OfCaseAdmin):
    list_display = ["promise_date", "money_amount", "money_paid", "status", "case_link", "author", "created_at"]
    list_filter = ["status", ("created_by", AutocompleteFilter), "is_historic"]
    list_select_related = ["case__debtor", "created_by"]
    search_fields = ["notes"]  # only shows the box; get_search_results searches the case
    ordering = ["-created_at", "-id"]
    fields = [
        "case_link",
        "money_amount",
        "promise_date",
        "status",
        "money_paid",
        "fulfilled_date",
        "is_historic",
        "notes",
        "author",
        "created_at",
        "updated_at",
    ]
    readonly_fields = ["case_link", "money_amount", "money_paid", "author", "is_historic", "updated_at"]

    @admin.display(description="pagado")
    def money_paid(self, obj: Promise) -> str:
        return format_money(obj.paid_amount)

    @admin.display(description="autor")
    def author(self, obj: Promise) -> str:
        return author_of(obj)

    def get_urls(self) -> list:
        cancel = self.admin_site.admin_view(self.cancel_view)
        return [path("<int:pk>/cancel/", cancel, name="cases_promise_cancel"), *super().get_urls()]

    def get_tools(self, request: HttpRequest, obj: Promise) -> list[Tool]:
        tools = super().get_tools(request, obj)
        if can_be_cancelled(request, obj):
            tools.insert(0, Tool("Cancelar la promesa…", reverse("admin:cases_promise_cancel", args=[obj.pk])))
        return tools

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        promise = Promise.objects.select_related("case__debtor").filter(pk=pk).first()
        if promise is None:
            raise Http404
        if not self.has_view_permission(request, promise) or not (
            actor(request).is_admin or promise.created_by_id == actor(request).pk
        ):
            raise PermissionDenied

        def run(data: dict[str, Any]) -> str:
            services.cancel_promise(promise=promise, by=actor(request), notes=data["notes"])
            return "La promesa se canceló."

        return tool_page(
            self,
            request,
            obj=promise.case,
            form=ReasonForm(request.POST or None),
            run=run,
            title="Cancelar una promesa",
            button="Cancelar la promesa",
            back=change_url(promise.case),
            facts=[
                ("Importe", format_money(promise.amount)),
                ("Fecha prometida", f"{promise.promise_date:%d/%m/%Y}"),
                ("Estado", promise.get_status_display()),
            ],
            explains="La promesa queda cancelada y deja de contar. Si era la última pendiente y el caso tiene saldo, "
            "vuelve a «En gestión».",
        )
