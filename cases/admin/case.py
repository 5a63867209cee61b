"""Cases in the admin: the list (for a million cases), edits through the services, the ledger and the history."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import AuditEvent, User
from cases import services
from cases.admin import case_actions, case_tools
from cases.admin.base import BigTableAdmin, RefusableDeletion, Tool, actor, change_url, changelist_url, may_move_money
from cases.admin.catalogues import status_badge
from cases.admin.filters import AssignedFilter, AutocompleteFilter, GestorFilter, StageFilter, StoppedFilter
from cases.admin.forms import CaseAddForm, CaseEditForm, debtor_label, gestor_label
from cases.admin.history import history_of
from cases.admin.importing.offer import OffersImport
from cases.conflict import describe_conflict, rebase
from cases.models import Case, Debtor
from cases.services.cases import HAS_HISTORY
from nova.lib import dates
from nova.lib.documents import format_dni
from nova.lib.money import format_money
from nova.lib.paginators import CappedPaginator

CHOICES_PER_PAGE = 20
# The fields that edit_case writes; the status and the gestor have services of their own.
EDITED_FIELDS = frozenset({"nro_cliente", "entity", "initial_amount", "next_action_at", "notes"})


@admin.register(Case)
class CaseAdmin(OffersImport, RefusableDeletion, BigTableAdmin):
    view_on_site = False  # Django's link goes through a redirect page of its own
    audited_by_services = True
    list_display = [
        "name",
        "dni",
        "nro_cliente",
        "cartera",
        "money_balance",
        "status_badge",
        "gestor",
        "next_action",
        "last_payment_date",
    ]
    list_filter = [
        ("cartera", AutocompleteFilter),
        ("assigned_to", GestorFilter),
        AssignedFilter,
        StageFilter,
        "status",
        "queue_band",
        StoppedFilter,
    ]
    list_select_related = ["debtor", "cartera", "status", "assigned_to"]
    search_fields = ["nro_cliente"]  # only shows the box; the search is Case.objects.search
    search_help_text = "Nombre, DNI, CUIT, teléfono o nro. de cliente"
    ordering = ["-created_at", "-id"]
    actions = case_actions.ACTIONS  # type: ignore[assignment]
    add_form = CaseAddForm
    form = CaseEditForm
    change_form_template = "admin/cases/case/change_form.html"
    add_fieldsets = [
        (None, {"fields": ["cartera", "debtor", ("nro_cliente", "entity")]}),
        ("Deuda", {"fields": [("amount", "initial_amount"), "placed_on"]}),
        ("Gestión", {"fields": ["assigned_to", "notes"]}),
    ]
    fieldsets = [
        (None, {"fields": [("debtor_link", "cartera"), ("nro_cliente", "entity"), "read_version"]}),
        (
            "Deuda",
            {
                "fields": [
                    ("money_amount", "money_balance", "money_creditor_total"),
                    ("initial_amount", "placed_on"),
                    ("last_payment_date", "creditor_last_payment_date", "arrears"),
                ]
            },
        ),
        (
            "Gestión",
            {
                "fields": [
                    ("status", "assigned_to"),
                    ("next_action_at", "queue_band"),
                    ("stopped", "last_activity_at"),
                    "notes",
                ]
            },
        ),
    ]
    readonly_fields = [
        "debtor_link",
        "cartera",
        "money_amount",
        "money_balance",
        "money_creditor_total",
        "placed_on",
        "last_payment_date",
        "creditor_last_payment_date",
        "arrears",
        "queue_band",
        "stopped",
        "last_activity_at",
    ]

    # --- Columns -----------------------------------------------------------------------------------
    @admin.display(description="deudor")
    def name(self, obj: Case) -> str:
        return obj.debtor.full_name

    @admin.display(description="DNI")
    def dni(self, obj: Case) -> str:
        return format_dni(obj.debtor.dni) if obj.debtor.dni else "—"

    @admin.display(description="saldo")
    def money_balance(self, obj: Case) -> str:
        return format_money(obj.balance)

    @admin.display(description="próxima acción", empty_value="—")
    def next_action(self, obj: Case) -> str | None:
        return None if obj.next_action_at is None else dates.format_moment(obj.next_action_at)

    @admin.display(description="deuda original")
    def money_amount(self, obj: Case) -> str:
        return format_money(obj.amount)

    @admin.display(description="total según el acreedor")
    def money_creditor_total(self, obj: Case) -> str:
        return "—" if obj.creditor_total is None else format_money(obj.creditor_total)

    @admin.display(description="estado")
    def status_badge(self, obj: Case) -> SafeString:
        return status_badge(obj.status)

    @admin.display(description="gestor", empty_value="Sin gestor")
    def gestor(self, obj: Case) -> User | None:
        return obj.assigned_to

    @admin.display(description="deudor")
    def debtor_link(self, obj: Case) -> SafeString:
        return format_html('<a href="{}">{}</a>', change_url(obj.debtor), debtor_label(obj.debtor))

    @admin.display(description="meses de mora")
    def arrears(self, obj: Case) -> int:
        return obj.months_in_arrears()

    @admin.display(description="detenido")
    def stopped(self, obj: Case) -> str:
        if obj.stopped_at is None:
            return "No"
        return f"Sí: {obj.stopped_by_result.name}" if obj.stopped_by_result else "Sí"

    # --- The list ----------------------------------------------------------------------------------
    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Case], search_term: str
    ) -> tuple[QuerySet[Case], bool]:
        return queryset.search(search_term), False  # type: ignore[attr-defined]

    def get_actions(self, request: HttpRequest) -> dict:
        """Without Django's own deletion, which would collect the related rows of the whole selection."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    # --- One case ----------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        return super().get_queryset(request).select_related(*self.list_select_related, "stopped_by_result")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list:
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.readonly_fields if obj else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type:
        if obj is None:
            kwargs["form"] = self.add_form
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"refusal": getattr(request, "refusal", None)})

    def get_tools(self, request: HttpRequest, obj: Case) -> list[Tool]:
        tools = []
        if may_move_money(request):
            tools.append(Tool("Registrar un pago…", reverse("admin:cases_case_payment", args=[obj.pk])))
            tools.append(Tool("Ajustar el saldo…", reverse("admin:cases_case_adjustment", args=[obj.pk])))
        if obj.stopped_at is not None and actor(request).is_admin:
            tools.append(Tool("Devolver a la cola…", reverse("admin:cases_case_release", args=[obj.pk])))
        siblings = changelist_url(Case, debtor__id__exact=obj.debtor_id)
        return [*tools, Tool("Casos del deudor", siblings)]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and not add:
            context["history"] = history_of(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    # --- Writing, through the services ---------------------------------------------------------------
    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """After an error of a service, show the form again with the data sent: 422, or 409 for a stale version."""
        extra = dict(extra_context or {})
        try:
            return super().changeform_view(request, object_id, form_url, extra)
        except services.StaleVersion as stale:
            form = request.submitted_form
            extra["conflict"] = describe_conflict(form, stale.current)
            extra["last_change"] = (
                AuditEvent.objects.filter(target_type="case", target_id=stale.current.pk)
                .select_related("actor")
                .first()
            )
            request.POST = rebase(request.POST, form, stale.current)
            request.refusal = ValidationError(
                "Otra persona cambió el caso mientras usted lo editaba: no se guardó nada."
            )
            status = 409
        except ValidationError as error:
            request.refusal, status = error, 422
        except IntegrityError:  # the same nro_cliente, at the same moment
            request.refusal, status = ValidationError("Otra persona acaba de guardar lo mismo: revise los datos."), 409
        response = super().changeform_view(request, object_id, form_url, extra)
        response.status_code = status
        return response

    def save_model(self, request: HttpRequest, obj: Case, form: Any, change: bool) -> None:
        request.submitted_form = form  # type: ignore[attr-defined]
        saved = self._edit(request, obj, form) if change else self._place(request, form)
        obj.pk = saved.pk
        obj.refresh_from_db()

    def _place(self, request: HttpRequest, form: CaseAddForm) -> Case:
        return services.place_case(by=actor(request), **{name: form.cleaned_data[name] for name in form.fields})

    def _edit(self, request: HttpRequest, obj: Case, form: CaseEditForm) -> Case:
        """Write the edited fields. Without any, nothing is written and the version is not checked."""
        if not form.changed_data:
            return obj
        data = form.cleaned_data
        changes = {name: data[name] for name in form.changed_data if name in EDITED_FIELDS}
        case = services.edit_case(case=obj, by=actor(request), changes=changes, version=data["read_version"])
        if "status" in form.changed_data:
            services.change_status(case=case, status=data["status"], by=actor(request))
        if "assigned_to" in form.changed_data:
            services.assign_cases(cases=Case.objects.filter(pk=case.pk), gestor=data["assigned_to"], by=actor(request))
        return case

    # --- Deleting ----------------------------------------------------------------------------------
    def deletion_refusal(self, obj: Case) -> str:
        return HAS_HISTORY if services.has_history(obj) else ""

    def delete_model(self, request: HttpRequest, obj: Case) -> None:
        services.delete_case(case=obj, by=actor(request))

    # --- Further pages -----------------------------------------------------------------------------
    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("gestores/", view(self.gestores_view), name="cases_case_gestores"),
            path("debtors/", view(self.debtors_view), name="cases_case_debtors"),
            path("<int:pk>/payment/", view(self.payment_view), name="cases_case_payment"),
            path("<int:pk>/adjustment/", view(self.adjustment_view), name="cases_case_adjustment"),
            path("<int:pk>/release/", view(self.release_view), name="cases_case_release"),
            *super().get_urls(),
        ]

    def payment_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return case_tools.record_payment(self, request, pk)

    def adjustment_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return case_tools.adjust_balance(self, request, pk)

    def release_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return case_tools.release(self, request, pk)

    def gestores_view(self, request: HttpRequest) -> JsonResponse:
        """Active gestores for a select. Needs the right to view cases, not the right to view users."""
        found = User.objects.gestores().order_by("last_name", "first_name", "id")
        for word in request.GET.get("term", "").replace("\0", " ").split():
            named = Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(username__icontains=word)
            found = found.filter(named)
        return self._choices(request, found, gestor_label)

    def debtors_view(self, request: HttpRequest) -> JsonResponse:
        term = request.GET.get("term", "").strip()
        debtors = Debtor.objects.search(term) if term else Debtor.objects.all()
        return self._choices(request, debtors.order_by("-id"), debtor_label)

    def _choices(self, request: HttpRequest, rows: QuerySet, label: Any) -> JsonResponse:
        """The JSON that select2 expects."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = CappedPaginator(rows, CHOICES_PER_PAGE).get_page(request.GET.get("page", 1))
        results = [{"id": str(row.pk), "text": label(row)} for row in page]
        return JsonResponse({"results": results, "pagination": {"more": page.has_next()}})
