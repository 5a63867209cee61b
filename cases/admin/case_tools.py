"""The admin's tools on the page of one case: record a payment, adjust the balance, release the case to the queue."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from cases import services
from cases.admin.base import actor, change_url, may_move_money
from cases.admin.forms import AdjustmentForm, PaymentForm, ReleaseForm
from cases.admin.stops import next_action_of, tomorrow, what_goes_back
from cases.admin.tools import tool_page
from cases.models import Case, StopFlag
from nova.lib.money import format_money


def case_for_money(request: HttpRequest, pk: int) -> Case:
    """The case. Raises PermissionDenied for anybody but an admin, Http404 when it does not exist."""
    if not may_move_money(request):
        raise PermissionDenied
    return get_object_or_404(Case.objects.select_related("debtor", "status", "cartera"), pk=pk)


def facts_of(case: Case) -> list[tuple[str, str]]:
    return [
        ("Cartera", str(case.cartera)),
        ("Estado", str(case.status)),
        ("Saldo actual", format_money(case.balance)),
    ]


def balance_now(case: Case) -> str:
    return format_money(Case.objects.values_list("balance", flat=True).get(pk=case.pk))


def record_payment(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    case = case_for_money(request, pk)

    def run(data: dict[str, Any]) -> str:
        entry = services.record_payment(case=case, by=actor(request), **data)
        return f"Se registró un pago de {format_money(entry.amount)}. El saldo es ahora {balance_now(case)}."

    def form_again(error: ValidationError) -> PaymentForm:
        return PaymentForm(request.POST, asks=error.message_dict.keys())

    return tool_page(
        model_admin,
        request,
        obj=case,
        form=PaymentForm(request.POST or None),
        run=run,
        title="Registrar un pago",
        button="Registrar el pago",
        back=change_url(case),
        facts=facts_of(case),
        explains="El pago se acredita al gestor que tiene hoy el caso. Un pago no se corrige: se revierte.",
        form_again=form_again,
    )


def adjust_balance(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    case = case_for_money(request, pk)

    def run(data: dict[str, Any]) -> str:
        services.adjust_balance(case=case, by=actor(request), **data)
        return f"El saldo se ajustó: es ahora {balance_now(case)}."

    return tool_page(
        model_admin,
        request,
        obj=case,
        form=AdjustmentForm(request.POST or None),
        run=run,
        title="Ajustar el saldo",
        button="Ajustar el saldo",
        back=change_url(case),
        facts=facts_of(case),
        explains="Para lo que no es un pago: quitas, intereses, correcciones. El ajuste lleva fecha de hoy y no se "
        "borra: se compensa con otro de signo contrario.",
    )


def release(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    case = case_for_money(request, pk)

    stops = list(StopFlag.objects.stopping().of_case(case))

    def run(data: dict[str, Any]) -> str:
        released = services.release_case(
            case=case, by=actor(request), next_action_at=next_action_of(data), notes=data["reason"]
        )
        if not released.is_open:
            return f"El caso ya no está detenido. Su estado es «{released.status}»: no entra en la cola."
        return "El caso volvió a la cola de su gestor."

    return tool_page(
        model_admin,
        request,
        obj=case,
        form=ReleaseForm(request.POST or None, initial={"next_action_at": tomorrow()}),
        run=run,
        title="Devolver a la cola",
        button="Devolver a la cola",
        back=change_url(case),
        facts=[*facts_of(case), *what_goes_back(case.debtor, stops)],
        explains="Indique cuándo hay que volver a trabajarlo. Si está detenida toda la persona, vuelven a la cola "
        "todas sus deudas, con la misma próxima acción.",
    )
