"""Stops in the admin: the list, setting one on a person, lifting one (DESIGN §3.6). Decisions of admins."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cases import services
from cases.admin.base import ReadOnlyAdmin, Tool, actor, change_url
from cases.admin.forms import LiftForm, ReleaseForm, StopForm
from cases.admin.tools import tool_page
from cases.models import Case, Debtor, StopFlag
from nova.lib import dates
from nova.lib.money import format_money


class StandingFilter(admin.SimpleListFilter):
    title = "vigencia"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Vigentes"), ("0", "Levantadas")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in ("0", "1"):
            return queryset
        return queryset.filter(lifted_at__isnull=self.value() == "1")


@admin.register(StopFlag)
class StopFlagAdmin(ReadOnlyAdmin):
    audited_by_services = True
    list_display = ["since", "person", "reason", "channel", "reach", "until", "set_by", "lifted_at"]
    list_filter = [StandingFilter, "reason", "channel"]
    list_select_related = ["debtor", "case__debtor", "set_by", "lifted_by"]
    search_fields = ["debtor"]  # only shows the box
    search_help_text = "Nombre, DNI, CUIT o teléfono"
    ordering = ["-id"]
    fields = ["person", "reach", "reason", "channel", "since", "until", "set_by", "activity", "lifted_by", "lifted_at"]
    readonly_fields = ["person", "reach"]

    @admin.display(description="deudor")
    def person(self, obj: StopFlag) -> SafeString:
        return format_html('<a href="{}">{}</a>', change_url(obj.debtor), obj.debtor)

    @admin.display(description="alcance")
    def reach(self, obj: StopFlag) -> str:
        return f"La deuda {obj.case}" if obj.case else "Toda la persona"

    def trail_of(self, obj: StopFlag) -> Any:
        return obj.case or (obj.activity.case if obj.activity else obj.debtor)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(debtor__in=Debtor.objects.search(search_term).order_by().values("pk")), False

    def get_tools(self, request: HttpRequest, obj: StopFlag) -> list[Tool]:
        return [*lift_tools(request, [obj]), Tool("Deudor", change_url(obj.debtor))]

    def get_urls(self) -> list:
        lift = self.admin_site.admin_view(self.lift_view)
        return [path("<int:pk>/lift/", lift, name="cases_stopflag_lift"), *super().get_urls()]

    def lift_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return lift(self, request, pk)


def lift_tools(request: HttpRequest, stops: Any) -> list[Tool]:
    """A link for each stop that stands, for those who may lift it."""
    if not actor(request).is_admin:
        return []
    return [
        Tool(f"Levantar: {stop.get_reason_display().lower()}…", reverse("admin:cases_stopflag_lift", args=[stop.pk]))
        for stop in stops
        if stop.lifted_at is None
    ]


def what_goes_back(debtor: Debtor, stops: Any) -> list[tuple[str, str]]:
    """What an admin decides about: the stops, and the open debts of the person with their balance."""
    debts = list(Case.objects.open().filter(debtor=debtor).order_by("-balance", "id").values_list("balance", flat=True))
    told = ", ".join(
        f"{stop.get_reason_display()} ({'toda la persona' if stop.case_id is None else 'una deuda'})" for stop in stops
    )
    return [
        ("Detenida por", told or "—"),
        ("Deudas abiertas de la persona", f"{len(debts)}: {', '.join(map(format_money, debts[:5])) or '—'}"),
    ]


def tomorrow() -> Any:
    return dates.start_of_day(dates.next_business_day(dates.today()))


def next_action_of(data: dict[str, Any]) -> Any:
    """The next action that was chosen. Raises ValidationError for one in the past."""
    if data.get("next_action_at") is not None and data["next_action_at"] < timezone.now():
        raise ValidationError({"next_action_at": "La próxima acción no puede quedar en el pasado."})
    return data.get("next_action_at")


def lift(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    if not actor(request).is_admin:
        raise PermissionDenied
    stop = get_object_or_404(StopFlag.objects.select_related("debtor"), pk=pk)
    takes_out = stop.channel == StopFlag.Channel.ALL

    def run(data: dict[str, Any]) -> str:
        services.lift_stop(stop=stop, by=actor(request), next_action_at=next_action_of(data), notes=data["reason"])
        left = StopFlag.objects.standing().filter(debtor=stop.debtor).count()
        return "La detención se levantó." + (f" Quedan {left} de la misma persona." if left else "")

    form_class = ReleaseForm if takes_out else LiftForm
    return tool_page(
        model_admin,
        request,
        obj=stop.debtor,
        form=form_class(request.POST or None, initial={"next_action_at": tomorrow()}),
        run=run,
        title="Levantar una detención",
        button="Levantar la detención",
        back=change_url(stop.debtor),
        facts=[*what_goes_back(stop.debtor, [stop]), ("Canal", stop.get_channel_display())],
        explains="Las deudas que ninguna otra detención retiene vuelven a la cola de sus gestores, todas con la misma "
        "próxima acción."
        if takes_out
        else "La persona vuelve a poder contactarse por este canal.",
    )


def stop_person(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    if not actor(request).is_admin:
        raise PermissionDenied
    debtor = get_object_or_404(Debtor, pk=pk)

    def run(data: dict[str, Any]) -> str:
        services.set_stop(debtor=debtor, by=actor(request), **data)
        if data["channel"] != StopFlag.Channel.ALL:
            return "La detención quedó anotada: la persona no se contacta por ese canal."
        return "La persona quedó detenida: todas sus deudas salieron de las colas."

    standing = StopFlag.objects.standing().filter(debtor=debtor)
    return tool_page(
        model_admin,
        request,
        obj=debtor,
        form=StopForm(request.POST or None),
        run=run,
        title="Detener a la persona",
        button="Detener",
        back=change_url(debtor),
        facts=what_goes_back(debtor, standing),
        explains="Con «Todos los canales» todas sus deudas salen de las colas y de los envíos, también las que lleguen "
        "después, hasta que un administrador la levante o llegue la fecha de fin.",
    )
