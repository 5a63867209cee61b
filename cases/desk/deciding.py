"""What an admin decides about one case or several: the forms, and the services that they call (DESIGN §1).

The bar of a case (`supervision`) and the list of stopped cases (`stopped`) offer the same decisions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from accounts.access import Request
from accounts.models import User
from cases import services
from cases.desk.forms import ALREADY_SENT, TokenForm
from cases.fields import PesosField, SaidMomentField, add_errors
from cases.models import Case, CaseStatus, LedgerEntry
from cases.querysets import CaseQuerySet
from cases.submitting import form_once
from nova.lib import dates
from nova.lib.money import format_money

LONGEST_REASON = 300


class ReasonField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Motivo")
        super().__init__(max_length=LONGEST_REASON, error_messages={"required": "Escriba el motivo."}, **kwargs)


class DecisionForm(TokenForm):
    """A decision about one `case`, or about several without one."""

    names: ClassVar[Mapping[str, str]] = {"notes": "reason"}

    def __init__(self, *args: Any, case: Case | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "id_decision_%s"
        self.case = case


class GestorForm(DecisionForm):
    gestor = forms.ModelChoiceField(
        User.objects.none(), label="Gestor", empty_label="Elija…", error_messages={"required": "Elija a quién."}
    )
    whole_person = forms.BooleanField(label="Con las demás deudas abiertas de la persona", required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        gestores = User.objects.gestores().order_by("first_name", "last_name", "pk")
        self.fields["gestor"].queryset = gestores  # type: ignore[attr-defined]


class ReleaseForm(DecisionForm):
    next_action_at = SaidMomentField(
        label="Vuelve a la bandeja",
        help_text="mañana, lunes 10, 4/12",
        error_messages={"required": "Escriba cuándo hay que volver a trabajarlo."},
    )
    reason = ReasonField(label="Por qué se levanta")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("next_action_at", dates.start_of_day(dates.next_business_day(dates.today())))

    def clean_next_action_at(self) -> datetime:
        moment = self.cleaned_data["next_action_at"]
        if moment < dates.start_of_day(dates.local_date(timezone.now())):
            raise ValidationError("La próxima acción no puede quedar en el pasado.")
        return moment


class StatusForm(DecisionForm):
    status = forms.ModelChoiceField(CaseStatus.objects.none(), label="Nuevo estado", empty_label="Elija…")
    reason = ReasonField()
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        statuses = CaseStatus.objects.active().order_by("position", "id")
        if self.case is not None:
            if not self.is_bound:  # sent a second time, it names the status that the case has by now
                statuses = statuses.exclude(pk=self.case.status_id)
            self.initial.setdefault("version", self.case.version)
        self.fields["status"].queryset = statuses  # type: ignore[attr-defined]


class AdjustmentForm(DecisionForm):
    amount = PesosField(
        label="Importe",
        help_text="Suma a la deuda; con un menos delante, la reduce.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Escriba el importe."},
    )
    reason = ReasonField()


class PaymentChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: LedgerEntry) -> str:
        told = (f"{obj.value_date:%d/%m/%Y}", format_money(obj.amount), obj.get_method_display(), obj.reference)
        return " · ".join(filter(None, told))


class ReversalForm(DecisionForm):
    payment = PaymentChoice(
        LedgerEntry.objects.none(),
        label="Pago",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": "Elija el pago."},
    )
    reason = ReasonField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.case is not None:
            # What is sent a second time names a payment that is reversed by now.
            entries = self.case.entries.filter(kind=LedgerEntry.Kind.PAYMENT)
            payments = entries if self.is_bound else entries.effective_payments()
            self.fields["payment"].queryset = payments.order_by("-value_date", "-id")  # type: ignore[attr-defined]


# --- Doing it ------------------------------------------------------------------------------------------
class Acts(Protocol):
    """Something that is decided for cases. `act` answers with sentences, what was done first."""

    @property
    def act(self) -> Callable[[CaseQuerySet, dict[str, Any], User], list[str]]: ...


def act(request: Request, form: TokenForm, decision: Acts, cases: CaseQuerySet) -> int:
    """Do what was decided, and say it. Returns the status of the answer: 200 when it is done."""
    if not form.is_valid():
        return 422
    try:
        told = form_once(
            request,
            form.cleaned_data["token"],
            lambda: "\n".join(decision.act(cases, form.cleaned_data, request.user)),
        )
    except ValidationError as error:
        add_errors(form, error, form.names)
        return 422
    except services.AnotherSubmission:
        form.add_error(None, ALREADY_SENT)
        return 409
    except services.StaleVersion as stale:
        form.data = with_version(request, stale.current)
        now = f"su estado es «{stale.current.status}»"
        form.add_error(None, f"Otra persona cambió el caso: {now}. Revise y confirme de nuevo.")
        return 409
    done, *rest = (told or "").split("\n")
    messages.success(request, done)
    for line in rest:
        messages.warning(request, line)
    return 200


def with_version(request: Request, current: Case) -> QueryDict:
    """What was sent, as it would be sent by somebody who has seen the case as it is now."""
    data = request.POST.copy()
    data["version"] = str(current.version)
    return data


# --- What each does ------------------------------------------------------------------------------------
Data = dict[str, Any]


def _reassign(cases: CaseQuerySet, data: Data, by: User) -> list[str]:
    if data["whole_person"]:
        people = cases.order_by().values("debtor")
        cases = Case.objects.filter(pk__in=cases.order_by().values("pk")) | Case.objects.open().filter(
            debtor__in=people
        )
    moved = services.assign_cases(cases=cases, gestor=data["gestor"], by=by)
    return [f"Casos que pasaron a {data['gestor']}: {moved}."]


def _release(cases: CaseQuerySet, data: Data, by: User) -> list[str]:
    told = services.release_cases(cases=cases, by=by, next_action_at=data["next_action_at"], notes=data["reason"])
    return [f"Casos que volvieron a la bandeja: {told.changed}.", *lines_of(told)]


def _change_status(cases: CaseQuerySet, data: Data, by: User) -> list[str]:
    case = services.change_status(
        case=cases.get(), status=data["status"], by=by, notes=data["reason"], version=data["version"], is_system=True
    )
    return [f"El estado es ahora «{case.status}»."]


def _adjust(cases: CaseQuerySet, data: Data, by: User) -> list[str]:
    case = cases.get()
    services.adjust_balance(case=case, by=by, amount=data["amount"], notes=data["reason"])
    case.refresh_from_db(fields=["balance"])
    return [f"El saldo es ahora {format_money(case.balance)}."]


def _reverse(cases: CaseQuerySet, data: Data, by: User) -> list[str]:
    entry = services.reverse_payment(payment=data["payment"], by=by, notes=data["reason"])
    balance = Case.objects.values_list("balance", flat=True).get(pk=entry.case_id)
    return [f"Pago de {format_money(entry.amount)} revertido. El saldo es ahora {format_money(balance)}."]


def lines_of(told: services.BulkResult) -> list[str]:
    """Why the others stayed as they were, with examples."""
    return [
        f"Sin cambiar: {count}. {reason} ({'; '.join(told.examples[reason])})" for reason, count in told.refused.items()
    ]


@dataclass(frozen=True)
class Decision:
    """`act` answers with sentences, what was done first. `link` stands in the bar, `button` under the form."""

    link: str
    button: str
    explains: str
    form: type[DecisionForm]
    act: Callable[[CaseQuerySet, Data, User], list[str]]
    applies: Callable[[Case], bool] = lambda case: True
    is_dangerous: bool = False

    @property
    def title(self) -> str:
        return self.link


DECISIONS = {
    "reassignment": Decision(
        "Reasignar",
        "Reasignar",
        "Pasa a la bandeja del gestor que elija, con la próxima acción que tenga. Queda en la línea de tiempo y en la "
        "auditoría.",
        GestorForm,
        _reassign,
    ),
    "release": Decision(
        "Devolver a la bandeja",
        "Devolver a la bandeja",
        "Se levanta lo que lo detiene. Si está detenida toda la persona, vuelven todas sus deudas, con la misma "
        "próxima acción.",
        ReleaseForm,
        _release,
        applies=lambda case: case.stopped_at is not None,
    ),
    "status": Decision(
        "Cambiar el estado",
        "Cambiar el estado",
        "Incobrable y de baja cancelan las promesas pendientes; reabrirlo lo pone en la bandeja enseguida.",
        StatusForm,
        _change_status,
    ),
    "adjustment": Decision(
        "Ajustar el saldo",
        "Ajustar el saldo",
        "Para lo que no es un pago: quitas, intereses, correcciones. Lleva fecha de hoy y no se borra: se compensa con "
        "otro de signo contrario.",
        AdjustmentForm,
        _adjust,
        is_dangerous=True,
    ),
    "reversal": Decision(
        "Revertir un pago",
        "Revertir el pago",
        "El importe vuelve a deberse, con fecha de hoy, y sale de lo recuperado del gestor. Una vez por pago.",
        ReversalForm,
        _reverse,
        is_dangerous=True,
    ),
}
