"""The admin's actions on many cases. Each shows a confirmation page first; the services do the work (DESIGN §1)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin, helpers
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from cases import services
from cases.admin.base import actor
from cases.admin.forms import AssignForm, ShareForm, StatusForm
from cases.fields import add_errors
from cases.querysets import CaseQuerySet
from cases.services.many import REQUEST_LIMIT
from nova.lib.text import whole

# Cases are deleted one by one, with about twelve queries each.
DELETE_LIMIT = 1_000
SAMPLE = 8

Run = Callable[[CaseQuerySet, dict[str, Any], HttpRequest], services.BulkResult]


class BulkAction(NamedTuple):
    """An action of the list: its posted name, its form, its texts and the function it runs."""

    name: str
    title: str
    explains: str
    button: str
    done: str  # "{n} casos …", the counted result
    run: Run
    form: type[forms.Form] = forms.Form
    limit: int = REQUEST_LIMIT
    is_dangerous: bool = False


def ask_then_run(
    model_admin: ModelAdmin, request: HttpRequest, queryset: CaseQuerySet, action: BulkAction
) -> HttpResponse | None:
    """The confirmation page; None when the action has run or the selection is too large. Counts it with one query.

    A selection of all filtered cases is posted as the filter (in the url), never as a list of ids.
    """
    count = queryset.count()
    if count > action.limit:
        message = (
            f"La selección tiene {whole(count)} casos y el máximo por vez es {whole(action.limit)}: "
            "agregue filtros y hágalo por partes."
        )
        model_admin.message_user(request, message, messages.ERROR)
        return None
    is_answer = "confirmed" in request.POST
    form = action.form(request.POST if is_answer else None)
    # The selection may have changed between the confirmation page and its answer.
    has_moved = is_answer and request.POST["confirmed"] != str(count)
    if is_answer and form.is_valid() and not has_moved:
        try:
            result = action.run(queryset, form.cleaned_data, request)
        except ValidationError as error:
            add_errors(form, error)
        else:
            _report(model_admin, request, action, count, result)
            return None
    return _confirmation(model_admin, request, queryset, action, form=form, count=count, has_moved=has_moved)


def _confirmation(
    model_admin: ModelAdmin,
    request: HttpRequest,
    queryset: CaseQuerySet,
    action: BulkAction,
    *,
    form: forms.Form,
    count: int,
    has_moved: bool,
) -> HttpResponse:
    selected = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)
    across = request.POST.get("select_across") == "1"
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": action.title,
        "action": action,
        "form": form,
        "count": count,
        "sample": queryset[:SAMPLE],
        "rest": max(count - SAMPLE, 0),
        "has_moved": has_moved,
        "across": across,
        # Django's admin needs at least one id; the filter in the url selects the rest.
        "selected": selected[:1] if across else selected,
        "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        "back": request.get_full_path(),
        "media": model_admin.media + form.media,
    }
    response = TemplateResponse(request, "admin/cases/case/confirm_action.html", context)
    response.status_code = 422 if form.errors else 409 if has_moved else 200
    return response


def _report(
    model_admin: ModelAdmin, request: HttpRequest, action: BulkAction, count: int, result: services.BulkResult
) -> None:
    refused = sum(result.refused.values())
    alone = count - result.changed - refused
    note = f" {whole(alone)} ya estaban así." if alone > 0 else ""
    level = messages.SUCCESS if result.changed else messages.WARNING
    model_admin.message_user(request, f"{action.done}: {whole(result.changed)}.{note}", level)
    for reason, times in result.refused.items():
        examples = "; ".join(result.examples[reason])
        more = "; …" if times > len(result.examples[reason]) else ""
        message = f"Sin cambiar: {whole(times)}. {reason} ({examples}{more})"
        model_admin.message_user(request, message, messages.WARNING)


# --- The actions -----------------------------------------------------------------------------------
def _assign(cases: CaseQuerySet, data: dict[str, Any], request: HttpRequest) -> services.BulkResult:
    return services.BulkResult(services.assign_cases(cases=cases, gestor=data["gestor"], by=actor(request)))


def _unassign(cases: CaseQuerySet, data: dict[str, Any], request: HttpRequest) -> services.BulkResult:
    return services.BulkResult(services.assign_cases(cases=cases, gestor=None, by=actor(request)))


def _share(cases: CaseQuerySet, data: dict[str, Any], request: HttpRequest) -> services.BulkResult:
    gestores = list(data["gestores"])
    return services.BulkResult(services.share_cases(cases=cases, gestores=gestores, by=actor(request)))


def _change_status(cases: CaseQuerySet, data: dict[str, Any], request: HttpRequest) -> services.BulkResult:
    return services.change_status_of_cases(cases=cases, status=data["status"], by=actor(request))


def _delete(cases: CaseQuerySet, data: dict[str, Any], request: HttpRequest) -> services.BulkResult:
    return services.delete_cases(cases=cases, by=actor(request))


ASSIGN = BulkAction(
    name="assign_to_gestor",
    title="Asignar a un gestor",
    explains="Los casos pasan a la bandeja del gestor que elija. En cada uno queda una gestión automática y un "
    "registro de auditoría.",
    button="Asignar",
    done="Casos asignados",
    run=_assign,
    form=AssignForm,
)
UNASSIGN = BulkAction(
    name="unassign",
    title="Quitar la asignación",
    explains="Los casos quedan sin gestor: nadie los verá en su bandeja hasta que se vuelvan a asignar.",
    button="Quitar la asignación",
    done="Casos sin asignar",
    run=_unassign,
)
SHARE = BulkAction(
    name="share_among_gestores",
    title="Repartir entre gestores",
    explains="Los casos se reparten en partes iguales (difieren a lo sumo en uno), estén o no asignados hoy.",
    button="Repartir",
    done="Casos repartidos",
    run=_share,
    form=ShareForm,
)
CHANGE_STATUS = BulkAction(
    name="change_status",
    title="Cambiar el estado",
    explains="Los casos que no admitan el nuevo estado quedan como están y se le dirá por qué. Pasar a incobrable o "
    "de baja cancela las promesas pendientes.",
    button="Cambiar el estado",
    done="Casos que cambiaron de estado",
    run=_change_status,
    form=StatusForm,
)
DELETE = BulkAction(
    name="delete_untouched",
    title="Eliminar casos cargados por error",
    explains="Solo se eliminan los casos sin historia: sin gestiones, promesas ni pagos. Con ellos se va su alta de "
    "deuda, y su deudor si no tiene otro caso. Los demás quedan como están. No se puede deshacer.",
    button="Eliminar",
    done="Casos eliminados",
    run=_delete,
    limit=DELETE_LIMIT,
    is_dangerous=True,
)


@admin.action(description="Asignar a un gestor…", permissions=["change"])
def assign_to_gestor(model_admin: ModelAdmin, request: HttpRequest, queryset: CaseQuerySet) -> HttpResponse | None:
    return ask_then_run(model_admin, request, queryset, ASSIGN)


@admin.action(description="Quitar la asignación…", permissions=["change"])
def unassign(model_admin: ModelAdmin, request: HttpRequest, queryset: CaseQuerySet) -> HttpResponse | None:
    return ask_then_run(model_admin, request, queryset, UNASSIGN)


@admin.action(description="Repartir entre gestores…", permissions=["change"])
def share_among_gestores(model_admin: ModelAdmin, request: HttpRequest, queryset: CaseQuerySet) -> HttpResponse | None:
    return ask_then_run(model_admin, request, queryset, SHARE)


@admin.action(description="Cambiar el estado…", permissions=["change"])
def change_status(model_admin: ModelAdmin, request: HttpRequest, queryset: CaseQuerySet) -> HttpResponse | None:
    return ask_then_run(model_admin, request, queryset, CHANGE_STATUS)


@admin.action(description="Eliminar los cargados por error…", permissions=["delete"])
def delete_untouched(model_admin: ModelAdmin, request: HttpRequest, queryset: CaseQuerySet) -> HttpResponse | None:
    return ask_then_run(model_admin, request, queryset, DELETE)


ACTIONS = [assign_to_gestor, unassign, share_among_gestores, change_status, delete_untouched]
