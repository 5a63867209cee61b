"""The forms of the Django admin: they parse and check the input; the services apply the rules."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget, AdminTextareaWidget, AutocompleteSelect
from django.contrib.admin.widgets import AutocompleteSelectMultiple as AutocompleteMultiple
from django.core.exceptions import ValidationError
from django.db.models import Q

from accounts.models import User
from cases.fields import MoneyField, SaidMomentField, add_errors
from cases.models import Cartera, Case, CaseStatus, Debtor, LedgerEntry, StopFlag
from cases.models.debtor import CONTACT_FIELDS
from nova.lib import dates
from nova.lib.documents import NobodysDocument, format_dni, parse_document


# --- Gestores and debtors -------------------------------------------------------------------------------
class GestorSelect(AutocompleteSelect):
    """Searches active gestores. A user who edits cases can choose one without the right to view users."""

    url_name = "%s:cases_case_gestores"


class GestorSelectMultiple(AutocompleteMultiple):
    url_name = "%s:cases_case_gestores"


class DebtorSelect(AutocompleteSelect):
    """Searches debtors by name, DNI or phone, and shows the DNI, because many have the same name."""

    url_name = "%s:cases_case_debtors"


def gestor_label(gestor: User) -> str:
    return f"{gestor} ({gestor.username})"


def debtor_label(debtor: Debtor) -> str:
    return f"{debtor} · DNI {format_dni(debtor.dni)}" if debtor.dni else str(debtor)


class GestorField(forms.ModelChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", GestorSelect(Case._meta.get_field("assigned_to"), admin.site))
        super().__init__(queryset=User.objects.gestores(), label=kwargs.pop("label", "Gestor"), **kwargs)

    def label_from_instance(self, obj: User) -> str:
        return gestor_label(obj)


class GestoresField(forms.ModelMultipleChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        widget = GestorSelectMultiple(Case._meta.get_field("assigned_to"), admin.site)
        super().__init__(queryset=User.objects.gestores(), label="Gestores", widget=widget, **kwargs)

    def label_from_instance(self, obj: User) -> str:
        return gestor_label(obj)


class DebtorField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Debtor) -> str:
        return debtor_label(obj)


# --- A case --------------------------------------------------------------------------------------
class RefusedByService(forms.ModelForm):
    """A form that can show the errors of a service, after its own validation succeeded."""

    refusal: ValidationError | None = None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.refusal is not None:
            add_errors(self, self.refusal)
        return cleaned


class CaseAddForm(RefusedByService):
    amount = MoneyField(
        label="Deuda original", help_text="Por ejemplo 1.234.567,89. No se cambia después: se ajusta el saldo."
    )
    initial_amount = MoneyField(label="Capital", required=False)
    debtor = DebtorField(
        queryset=Debtor.objects.all(),
        label="Deudor",
        widget=DebtorSelect(Case._meta.get_field("debtor"), admin.site),
        help_text="Busque por nombre, DNI o teléfono. Si no existe, dé primero de alta al deudor.",
    )
    cartera = forms.ModelChoiceField(
        queryset=Cartera.objects.active(),
        label="Cartera",
        widget=AutocompleteSelect(Case._meta.get_field("cartera"), admin.site),
    )
    assigned_to = GestorField(required=False, help_text="Vacío: sin asignar.")

    class Meta:
        model = Case
        fields = ["cartera", "debtor", "nro_cliente", "entity", "amount", "initial_amount", "placed_on", "notes"]

    def clean_amount(self) -> Decimal | None:
        return _positive(self.cleaned_data["amount"])

    def clean_initial_amount(self) -> Decimal | None:
        return _positive(self.cleaned_data["initial_amount"])

    def clean_placed_on(self) -> Any:
        if self.cleaned_data["placed_on"] > dates.today():
            raise ValidationError("La fecha en que se recibió no puede ser futura.")
        return self.cleaned_data["placed_on"]


class CaseEditForm(RefusedByService):
    """The form of an existing case. Hidden initial values let a stale form show what changed and keep the edits."""

    initial_amount = MoneyField(label="Capital", required=False)
    next_action_at = SaidMomentField(label="Próxima acción", required=False, help_text="mañana 15, viernes 9:30, +2 h")
    status = forms.ModelChoiceField(queryset=CaseStatus.objects.all(), label="Estado", empty_label=None)
    assigned_to = GestorField(required=False, help_text="Vacío: sin asignar.")
    read_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Case
        fields = ["nro_cliente", "entity", "initial_amount", "next_action_at", "notes", "status", "assigned_to"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "read_version" not in self.fields:  # a user with only the view right gets no fields
            return
        case = self.instance
        self.fields["read_version"].initial = case.version
        fields: dict[str, Any] = self.fields
        # An inactive option is still valid when it is the current value.
        fields["status"].queryset = CaseStatus.objects.filter(Q(is_active=True) | Q(pk=case.status_id))
        fields["assigned_to"].queryset = User.objects.filter(
            Q(role=User.Role.GESTOR, is_active=True) | Q(pk=case.assigned_to_id)
        )
        for name, field in fields.items():
            field.show_hidden_initial = name != "read_version"

    def clean_initial_amount(self) -> Decimal | None:
        return _positive(self.cleaned_data["initial_amount"])


def _positive(amount: Decimal | None) -> Decimal | None:
    if amount is not None and amount <= 0:
        raise ValidationError("La deuda original debe ser mayor que cero.")
    return amount


# --- Many cases at once --------------------------------------------------------------------------
class AssignForm(forms.Form):
    gestor = GestorField()


class ShareForm(forms.Form):
    everyone = forms.BooleanField(label="Entre todos los gestores activos", required=False)
    gestores = GestoresField(required=False, help_text="O solo entre estos.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("everyone"):
            cleaned["gestores"] = User.objects.gestores().order_by("pk")
        elif not cleaned.get("gestores") and "gestores" not in self.errors:
            self.add_error("gestores", "Elija al menos un gestor, o marque que se reparta entre todos.")
        return cleaned


class StatusForm(forms.Form):
    status = forms.ModelChoiceField(queryset=CaseStatus.objects.active(), label="Nuevo estado")


# --- One case: money, promises, the queue ----------------------------------------------------------
class PaymentForm(forms.Form):
    """The checkbox to confirm an overpayment is shown only after the service refused it (DESIGN §3.1)."""

    amount = MoneyField(label="Importe")
    value_date = forms.DateField(label="Fecha del pago", initial=dates.today, widget=AdminDateWidget)
    method = forms.ChoiceField(
        label="Medio", choices=[("", "Sin indicar"), *LedgerEntry.Method.choices], required=False
    )
    reference = forms.CharField(
        label="Referencia",
        max_length=80,
        required=False,
        help_text="El número del comprobante: única en la cartera, evita que un pago se cargue dos veces.",
    )
    notes = forms.CharField(label="Notas", widget=AdminTextareaWidget(attrs={"rows": 3}), required=False)
    confirm_overpayment = forms.BooleanField(label="Registrar el pago aunque supere el saldo", required=False)
    confirm_duplicate = forms.BooleanField(label="Es otro pago igual: registrarlo también", required=False)

    def __init__(self, *args: Any, asks: Collection[str] = (), **kwargs: Any) -> None:
        """`asks` names the confirmations that a refusal asks for."""
        super().__init__(*args, **kwargs)
        for name in ("confirm_overpayment", "confirm_duplicate"):
            if name not in asks and name not in self.data:
                del self.fields[name]


class AdjustmentForm(forms.Form):
    amount = MoneyField(label="Importe", help_text="Positivo: suma a la deuda. Con signo menos: la reduce.")
    notes = forms.CharField(label="Motivo", widget=AdminTextareaWidget(attrs={"rows": 3}))

    def clean_amount(self) -> Decimal:
        if self.cleaned_data["amount"] == 0:
            raise ValidationError("Escriba un importe distinto de cero.")
        return self.cleaned_data["amount"]


class ReasonForm(forms.Form):
    notes = forms.CharField(label="Motivo", widget=AdminTextareaWidget(attrs={"rows": 3}))


class LiftForm(forms.Form):
    reason = forms.CharField(label="Por qué se levanta", required=False, max_length=300)


class ReleaseForm(LiftForm):
    next_action_at = SaidMomentField(label="Próxima acción", help_text="mañana 15, viernes 9:30, +2 h")

    field_order = ["next_action_at", "reason"]


class StopForm(forms.Form):
    reason = forms.ChoiceField(label="Motivo", choices=[("", "Elija…"), *StopFlag.Reason.choices])
    channel = forms.ChoiceField(label="Canal", choices=StopFlag.Channel.choices, initial=StopFlag.Channel.ALL)
    until = SaidMomentField(
        label="Hasta",
        required=False,
        help_text="fin de mes, 4/12 o 4/12 18:00. Vacío: hasta que un administrador la levante.",
    )


# --- A debtor ------------------------------------------------------------------------------------
class DebtorForm(forms.ModelForm):
    dni = forms.CharField(
        label="DNI", required=False, max_length=20, empty_value=None, help_text="Con puntos o sin ellos."
    )
    cuit = forms.CharField(
        label="CUIT/CUIL", required=False, max_length=20, empty_value=None, help_text="Con guiones o sin ellos."
    )
    email = forms.EmailField(label="Correo electrónico", required=False, max_length=254)

    class Meta:
        model = Debtor
        fields = [
            "first_name",
            "last_name",
            "dni",
            "cuit",
            *CONTACT_FIELDS,
            "notes",
        ]

    def clean_dni(self) -> str | None:
        return self._document("dni", "escriba solo el DNI; un CUIT de empresa va en su campo")

    def clean_cuit(self) -> str | None:
        return self._document("cuit", "escriba los 11 dígitos del CUIT o CUIL")

    def _document(self, field: str, hint: str) -> str | None:
        text = self.cleaned_data[field]
        if not text:
            return None
        if text == self.initial.get(field):
            return text  # stored before what it is was asked: another edit of the debtor is not held up
        try:
            found = getattr(parse_document(text), field)
        except ValueError as error:
            advice = ": déjelo vacío" if isinstance(error, NobodysDocument) else ""
            raise ValidationError(f"«{text}» {error}{advice}.") from error
        if not found:
            raise ValidationError(f"«{text}»: {hint}.")
        return found


class DebtorPhoneFormSet(forms.BaseInlineFormSet):
    """Phones as rows of a table. Each control gets a label, because a column heading is none."""

    def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            if field.label:
                field.widget.attrs["aria-label"] = field.label
