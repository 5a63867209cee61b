"""The page that closes the open cases of a cartera which is no longer worked (DESIGN §3.5). A decision of admins."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from cases import services
from cases.admin.base import actor, change_url, may_move_money
from cases.admin.tools import tool_page
from cases.models import Cartera
from cases.services.many import REQUEST_LIMIT
from nova.lib.money import format_money
from nova.lib.text import key_in, whole


class ClosingForm(forms.Form):
    reason = forms.CharField(
        label="Motivo",
        max_length=300,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="Queda en la gestión automática de cada caso.",
        error_messages={"required": "Escriba el motivo."},
    )
    # What the page said. A text, so that whatever comes is compared, and no field that nobody sees has an error.
    expected = forms.CharField(required=False, widget=forms.HiddenInput)


def close_cartera(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    if not may_move_money(request):
        raise PermissionDenied
    cartera = get_object_or_404(Cartera, pk=pk)
    closing = services.preview_closing(cartera)
    if request.method == "GET" and (refusal := refusal_of(cartera, closing)):
        model_admin.message_user(request, refusal, messages.WARNING)
        return HttpResponseRedirect(change_url(cartera))

    def run(data: dict[str, Any]) -> str:
        expected = key_in(data["expected"])
        closed, left = services.close_cartera(
            cartera=cartera, by=actor(request), expected=-1 if expected is None else expected, notes=data["reason"]
        )
        done = f"{'Se dio' if closed == 1 else 'Se dieron'} de baja {counted(closed)} de {cartera}."
        return f"{done} {'Queda' if left == 1 else 'Quedan'} {counted(left)}: repita la operación." if left else done

    def form_again(error: ValidationError) -> ClosingForm:
        now_open = services.preview_closing(cartera).cases
        return ClosingForm({**request.POST.dict(), "expected": str(now_open)})

    return tool_page(
        model_admin,
        request,
        obj=cartera,
        form=ClosingForm(request.POST or None, initial={"expected": closing.cases}),
        run=run,
        title="Dar de baja sus casos abiertos",
        button=f"Dar de baja {counted(min(closing.cases, REQUEST_LIMIT))}" if closing.cases else "",
        back=change_url(cartera),
        facts=facts_of(closing),
        explains=explanation_of(closing),
        form_again=form_again,
    )


def facts_of(closing: services.Closing) -> list[tuple[str, str]]:
    promises = f"{whole(closing.promises)}, por {format_money(closing.promised)}" if closing.promises else "ninguna"
    return [
        ("Casos abiertos", whole(closing.cases)),
        ("Saldo", format_money(closing.balance)),
        ("Promesas pendientes que se cancelan", promises),
        ("Personas", whole(closing.people)),
        ("Personas con otras deudas abiertas, que se siguen trabajando", whole(closing.kept)),
    ]


def refusal_of(cartera: Cartera, closing: services.Closing) -> str:
    if cartera.is_active:
        return f"{cartera} está activa: quítele primero la marca «activa»."
    return "" if closing.cases else f"{cartera} no tiene casos abiertos: no hay nada que cerrar."


def explanation_of(closing: services.Closing) -> str:
    said = (
        "Los casos pasan a «De baja» y dejan de estar abiertos; los saldos y los pagos no cambian. En cada caso queda "
        "una gestión automática y un registro de auditoría. Un caso se reabre desde su página, de a uno."
    )
    if closing.cases > REQUEST_LIMIT:
        said += f" Se hace de a {whole(REQUEST_LIMIT)} casos: al terminar, repita con los que queden."
    return said


def counted(cases: int) -> str:
    return f"{whole(cases)} {'caso' if cases == 1 else 'casos'}"
