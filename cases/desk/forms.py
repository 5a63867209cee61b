"""The forms of the gestor's screen: they parse and check the input; the services apply the rules."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.http import QueryDict
from django.utils import timezone

from cases import services
from cases.desk import chips
from cases.desk.negotiating import AGREED, DAYS_TO_FIRST, NEGOTIATED, ArrangementFields
from cases.desk.rows import new_token
from cases.desk.sheet import Sheet, is_of_work, proposed_action
from cases.fields import (
    DebtorPhoneForm,
    PesosField,
    SaidDayField,
    SaidMomentField,
    SaidPastDayField,
    add_errors,
)
from cases.models import Activity, ActivityResult, Arrangement, Case, CaseStatus, DebtorPhone, LedgerEntry
from cases.models.debtor import CONTACT_FIELDS
from cases.rules import stops
from cases.services.snooze import SNOOZE_DAYS
from nova.lib import dates
from nova.lib.money import format_money
from nova.lib.phones import format_phone, read_phone
from nova.lib.prepared import KEY, Prepared
from nova.lib.refusals import NO_NAMES, by_field
from nova.lib.said import show_day, show_moment

# The types that a person can choose; payments, promises and status changes follow from the other fields.
TYPES = [Activity.Type.CALL, Activity.Type.MESSAGE, Activity.Type.EMAIL, Activity.Type.VISIT, Activity.Type.NOTE]


ALREADY_SENT = (
    "Este formulario ya se guardó, con otros datos. Mire la línea de tiempo: si falta algo, guarde de nuevo y se "
    "registrará como otra gestión."
)
CONFIRMATIONS = ("payment_confirm_overpayment", "payment_confirm_duplicate")
ASKED = "asked"  # in `phone_said`: the form has asked which phone was used
CALLS_AT = timedelta(hours=9)
WITH_PHONE = (Activity.Type.CALL, Activity.Type.MESSAGE)


class TokenForm(forms.Form):
    """A form with a token, so that it is recorded once even when it is sent twice (DESIGN §3.7).

    `names`: the fields of the form under other names than those of the service's errors.
    """

    names: ClassVar[Mapping[str, str]] = NO_NAMES
    token = forms.CharField(widget=forms.HiddenInput, max_length=64, initial=new_token)


def phone_label(phone: DebtorPhone) -> str:
    kind = phone.get_kind_display().lower()
    kind = f"{kind}: pide un motivo" if is_of_work(phone) else kind
    return f"{format_phone(phone.number)} · {kind}" + (" · bueno" if phone.state == DebtorPhone.State.GOOD else "")


class ResultChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: ActivityResult) -> str:
        return obj.name


# A promise and a payment are parts of a gestión: the form has their fields under `name_in_part`, the services take them
# by these names.
PARTS = {
    "promise": ("amount", "promise_date"),
    "payment": ("amount", "value_date", "method", "reference", "confirm_overpayment", "confirm_duplicate"),
}


def part_of(form: forms.BaseForm, part: str) -> dict[str, Any]:
    """The data of a part, with the names that its service takes."""
    return {name: form.cleaned_data[services.name_in_part(part, name)] for name in PARTS[part]}


def add_refusal(form: forms.BaseForm, error: ValidationError, names: Mapping[str, str]) -> None:
    """Add the errors of a service to their fields. What may be confirmed shows its checkbox (DESIGN §3.1)."""
    for name in set(CONFIRMATIONS) & by_field(error, names).keys():
        form.fields[name].widget = forms.CheckboxInput()
    add_errors(form, error, names)


def add_refusal_of_part(form: forms.BaseForm, error: ValidationError, part: str) -> None:
    """`add_refusal` for a form with one part only, whose service names the fields without the prefix."""
    add_refusal(form, error, {name: services.name_in_part(part, name) for name in PARTS[part]})


class PromiseFields(forms.Form):
    promise_amount = PesosField(label="Importe prometido", required=False)
    promise_date = SaidDayField(label="Fecha prometida", required=False, help_text="viernes, 4/12, fin de mes, +3")

    def promise(self) -> dict[str, Any]:
        return part_of(self, "promise")


class PaymentFields(forms.Form):
    payment_amount = PesosField(label="Importe pagado", required=False)
    payment_value_date = SaidPastDayField(label="Fecha del pago", required=False, help_text="hoy, ayer, lunes, 28/11")
    payment_method = forms.ChoiceField(
        label="Medio", choices=[("", "Sin indicar"), *LedgerEntry.Method.choices], required=False
    )
    payment_reference = forms.CharField(label="Referencia", max_length=80, required=False)
    payment_confirm_overpayment = forms.BooleanField(
        label="El pago supera el saldo y es correcto: registrarlo igual", required=False
    )
    payment_confirm_duplicate = forms.BooleanField(label="Es otro pago igual: registrarlo también", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in CONFIRMATIONS:
            if not self.data.get(name):
                self.fields[name].widget = forms.HiddenInput()

    def confirmations(self) -> list[forms.BoundField]:
        """The checkboxes that a refusal has shown."""
        return [self[name] for name in CONFIRMATIONS if not self[name].is_hidden]

    def payment(self) -> dict[str, Any]:
        return part_of(self, "payment")


def require(form: forms.BaseForm, names: dict[str, str]) -> None:
    """Add an error to each of the fields that is empty; `names` maps fields to messages."""
    for name, sentence in names.items():
        if form.cleaned_data.get(name) in (None, "") and name not in form.errors:
            form.add_error(name, sentence)


PROMISE_NEEDS = {
    "promise_amount": "Escriba cuánto prometió pagar.",
    "promise_date": "Elija para qué fecha lo prometió.",
}
PAYMENT_NEEDS = {"payment_amount": "Escriba cuánto pagó."}


@lru_cache(maxsize=512)
def _attributes_of(**attributes: str | bool) -> str:
    """The HTML attributes of a result's choice, without those that are False.

    Kept: two dozen results propose the same again and again.
    """
    plain = ("value", "checked")
    return flatatt({name if name in plain else f"data-{name.replace('_', '-')}": at for name, at in attributes.items()})


# What the lists of the form show.
RESULTS = Prepared(ActivityResult.objects.active)
STATUSES = Prepared(lambda but: CaseStatus.objects.active().exclude(pk=but).values_list("pk", "name"), but=KEY)


class GestionForm(PromiseFields, PaymentFields, ArrangementFields, TokenForm):
    """One form for the gestión with its promise, payment, arrangement and status (DESIGN §4)."""

    type = forms.TypedChoiceField(
        label="Tipo",
        choices=[(kind.value, kind.label) for kind in TYPES],
        initial=Activity.Type.CALL.value,
        widget=forms.RadioSelect,
    )
    result = ResultChoice(
        label="Resultado", queryset=ActivityResult.objects.active(), required=False, widget=forms.RadioSelect
    )
    phone = forms.ModelChoiceField(label="Teléfono", queryset=DebtorPhone.objects.none(), required=False)
    override_reason = forms.CharField(
        label="Motivo para usar el teléfono del trabajo",
        required=False,
        max_length=200,
        help_text="Solo si usó ese teléfono: por ejemplo, porque el deudor lo pidió.",
    )
    notes = forms.CharField(label="Nota", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 1}))
    next_action_at = SaidMomentField(label="Próxima acción", required=False)
    with_promise = forms.BooleanField(label="Promesa de pago", required=False)
    with_payment = forms.BooleanField(label="Registrar pago", required=False)
    status = forms.ModelChoiceField(
        label="Estado", queryset=CaseStatus.objects.active(), required=False, empty_label="Sin cambio"
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    read_status = forms.CharField(widget=forms.HiddenInput, required=False)
    # The phone that the person named (its id), or ASKED: the one that the form proposes was named by nobody.
    phone_said = forms.CharField(widget=forms.HiddenInput, required=False)
    # Other debts of the person that were talked about too (DESIGN §3.7).
    also = forms.ModelMultipleChoiceField(
        label="También por", queryset=Case.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    # The result that the person confirmed to stop the case (its id).
    confirm_stop = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, sheet: Sheet, initial: dict[str, Any] | None = None) -> None:
        case = sheet.case
        proposed = {
            "version": case.version,
            "read_status": case.status.name,
            "promise_amount": lambda: sheet.unpromised or None,
            "payment_value_date": sheet.today,
            "phone": sheet.phone_to_call,
            "arrangement_instalments": 1,
            "arrangement_first_due_on": sheet.today + timedelta(days=DAYS_TO_FIRST),
        }
        self.sheet = sheet
        super().__init__(data, initial={**proposed, **(initial or {})})
        self.stop_to_confirm: ActivityResult | None = None
        self.stop_does = ""
        fields: dict[str, Any] = self.fields
        fields["phone"].queryset = DebtorPhone.objects.filter(debtor=case.debtor_id).usable()
        # Uses rows that are already read, instead of a query (with a server-side cursor) for each list.
        usable = [line.phone for line in sheet.phones if line.phone.state != DebtorPhone.State.BAD]
        fields["phone"].widget.choices = [
            ("", "Teléfono: ninguno"),
            *((phone.pk, phone_label(phone)) for phone in usable),
        ]
        self.has_work_phone = any(is_of_work(phone) for phone in usable)
        if not self.has_work_phone:
            fields["override_reason"].widget = forms.HiddenInput()
        # What is only shown is read when it is shown: most forms that are sent are saved.
        theirs = Case.objects.visible_to(sheet.user).open()
        fields["also"].queryset = theirs.filter(debtor=case.debtor_id).exclude(pk=case.pk)
        fields["also"].widget.choices = self._other_debts
        fields["status"].queryset = CaseStatus.objects.active().exclude(pk=case.status_id)
        fields["status"].widget.choices = lambda: self._statuses

    @cached_property
    def _statuses(self) -> list[tuple[int | str, str]]:
        return [("", "Sin cambio"), *STATUSES(but=self.sheet.case.status_id)]

    def _other_debts(self) -> list[tuple[int, str]]:
        others = [other for other, is_theirs in self.sheet.sibling_lines() if is_theirs and other.is_open]
        return [(other.pk, f"{other.cartera.name} · {format_money(other.balance)}") for other in others]

    @property
    def has_others(self) -> bool:
        """Whether the person has other debts that the user may open. Reads the debts of the person."""
        return bool(self._other_debts())

    @cached_property
    def _results(self) -> list[dict[str, Any]]:
        """The result codes, each with what it proposes. Runs a query."""
        chosen = str(self["result"].value() or "")
        found = []
        for result in RESULTS():
            moment = proposed_action(result, case=self.sheet.case, now=self.sheet.now)
            attributes = _attributes_of(
                value=str(result.pk),
                checked=str(result.pk) == chosen,
                shortcut=result.shortcut,
                proposed=show_moment(moment) if moment else "",
                needs_promise=result.needs_promise,
                asks_when=result.asks_when,
                stops=stops.consequence(stops_person=result.stops_person) if result.stops_case else False,
                type=result.type,
            )
            found.append(
                {
                    "attributes": attributes,
                    "name": result.name,
                    "shortcut": result.shortcut,
                    "group": result.get_group_display(),
                    "is_chosen": str(result.pk) == chosen,
                }
            )
        return found

    def tiles(self) -> list[dict[str, Any]]:
        """The usual results, by their key."""
        return sorted((choice for choice in self._results if choice["shortcut"]), key=lambda choice: choice["shortcut"])

    def other_results(self) -> dict[str, list[dict[str, Any]]]:
        """The other results, by group."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for choice in self._results:
            if not choice["shortcut"]:
                groups.setdefault(choice["group"], []).append(choice)
        return groups

    def chosen_other(self) -> str:
        """The name of the chosen result that is no tile; empty without one."""
        return next((choice["name"] for choice in self._results if choice["is_chosen"] and not choice["shortcut"]), "")

    def amount_chips(self) -> list[chips.Chip]:
        return chips.amounts(self.sheet.unpromised)

    def day_chips(self) -> list[chips.Chip]:
        return chips.days(self.sheet.now)

    def moment_chips(self) -> list[chips.Chip]:
        return chips.moments(self.sheet.now)

    @property
    def opens_more(self) -> bool:
        """Whether what is rarely used has something to show: a value or an error."""
        rare = ("type", "status", "also", "override_reason")
        if any(name in self.errors for name in rare):
            return True
        result = getattr(self, "cleaned_data", {}).get("result")
        kind = self.data.get("type", Activity.Type.CALL)
        return bool(self.data.get("status") or kind not in {Activity.Type.CALL, result.type if result else ""})

    @property
    def kind(self) -> str:
        """The type of the gestión: that of the result unless the person chose another.

        A payment alone is no call, nor is a text alone, unless a number was called.
        """
        data = self.cleaned_data
        kind, result = data.get("type", ""), data.get("result")
        if kind != Activity.Type.CALL:  # the form proposes a call, so anything else was chosen
            return kind
        if data.get("with_arrangement") and data.get("arrangement_how") == Arrangement.How.MESSAGE:
            return Activity.Type.MESSAGE
        if result is not None:
            return result.type
        has_text, is_promised = bool(data.get("notes", "").strip()), data.get("with_promise")
        if data.get("with_payment"):
            return kind if has_text or is_promised else Activity.Type.PAYMENT
        is_text_alone = has_text and not is_promised and not data.get("with_arrangement")
        return Activity.Type.NOTE if is_text_alone and not data.get("phone_said") else kind

    @property
    def phone_used(self) -> DebtorPhone | None:
        """The chosen phone, of a gestión that uses one."""
        return self.cleaned_data.get("phone") if self.kind in WITH_PHONE else None

    @property
    def wants_promise(self) -> bool:
        result = self.cleaned_data.get("result")
        if self.cleaned_data.get("with_arrangement"):
            return bool(self.cleaned_data.get("with_promise"))
        return bool(self.cleaned_data.get("with_promise") or (result and result.needs_promise))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.is_calculation:
            return cleaned
        if self.wants_promise and self.sheet.arrangement is not None:
            self._call_back_instead()
        elif self.wants_promise:
            require(self, PROMISE_NEEDS)
        if cleaned.get("with_payment"):
            require(self, PAYMENT_NEEDS)
        if (phone := self.phone_used) and is_of_work(phone) and not cleaned.get("override_reason", "").strip():
            self.add_error("override_reason", "Escriba por qué usó el teléfono del trabajo.")
        contents = (
            *("result", "notes", "with_promise", "with_payment", "with_arrangement", "status", "next_action_at"),
        )
        if not any(cleaned.get(name) for name in contents) and not self.errors:
            self.add_error("result", "Elija un resultado o escriba una nota: todavía no hay nada que registrar.")
        if cleaned.get("with_arrangement"):
            self._agree()
        if result := cleaned.get("result"):
            self._ask_for_phone(result, cleaned.get("phone"))
            self._ask_to_stop(result)
        return cleaned

    def _agree(self) -> None:
        """Check the arrangement. Without a result it is one itself: who agrees, or asks for terms, was reached."""
        if self.cleaned_data.get("with_promise"):
            self.add_error("with_arrangement", "Una promesa y un convenio no van juntos: deje uno de los dos.")
        self.clean_arrangement()
        if self.cleaned_data.get("result") is None and "result" not in self.errors:
            code = AGREED if self.is_agreed else NEGOTIATED
            self.cleaned_data["result"] = ActivityResult.objects.active().filter(code=code).first()

    def _call_back_instead(self) -> None:
        """A case with an arrangement takes no promise: the form comes back as a call for that day."""
        day = self.cleaned_data.get("promise_date")
        code = ActivityResult.objects.active().filter(asks_when=True).order_by("shortcut").first()
        data = cast(QueryDict, self.data).copy()
        data.pop("with_promise", None)
        data["result"] = str(code.pk) if code else ""
        data["next_action_at"] = show_moment(_hour_of(day, now=self.sheet.now)) if day else ""
        self.data = data
        ready = f" Quedó preparado «{code.name}» en su lugar: revíselo y guarde." if code else ""
        self.add_error(None, f"El caso tiene un convenio: no se suma una promesa.{ready}")

    def _ask_for_phone(self, result: ActivityResult, phone: DebtorPhone | None) -> None:
        """A result that marks the phone used asks which of several it was, unless the person has named it.

        One that was named and is out of use since was the one called: what is left in the field was not.
        """
        usable = sum(1 for line in self.sheet.phones if line.phone.state != DebtorPhone.State.BAD)
        said = self.cleaned_data["phone_said"]
        is_another = said.isdecimal() and phone is not None and said != str(phone.pk)
        if (usable < 2 and not is_another) or self.kind not in WITH_PHONE:
            return
        if said == ASKED:
            is_named = phone is not None or not result.marks_phone_bad
        else:
            is_named = phone is not None and said == str(phone.pk)
        if is_named or not _changes_state(result, phone):
            return
        self.add_error("phone", f"Tiene varios teléfonos: elija en cuál fue «{result.name}».")
        data = cast(QueryDict, self.data).copy()
        data["phone"], data["phone_said"] = "", ASKED
        self.data = data

    def _ask_to_stop(self, result: ActivityResult) -> None:
        """A result that stops takes a second step; what else is wrong comes first."""
        if result.stops_case and self.cleaned_data["confirm_stop"] != str(result.pk) and not self.errors:
            self.stop_to_confirm = result
            others = len(self.cleaned_data["also"])
            self.stop_does = stops.consequence(stops_person=result.stops_person, others=others)
            self.add_error(None, "Todavía no se guardó: falta confirmarlo abajo.")

    def is_status_alone(self) -> bool:
        data = self.cleaned_data
        others = ("result", "with_promise", "with_payment", "with_arrangement", "next_action_at")
        return bool(data["status"]) and not any(data.get(name) for name in others)

    def add_refusal(self, error: ValidationError) -> None:
        add_refusal(
            self,
            error,
            {
                "promise": "promise_amount",
                "arrangement_accepted_how": "arrangement_how",
                **{name.removeprefix("payment_"): name for name in CONFIRMATIONS},
            },
        )


def _hour_of(day: date, *, now: datetime) -> datetime:
    """The morning of the day, or when that is over, in an hour."""
    return max(dates.start_of_day(day) + CALLS_AT, now.replace(second=0, microsecond=0) + timedelta(hours=1))


def _changes_state(result: ActivityResult, phone: DebtorPhone | None) -> bool:
    """Whether the result marks this phone as bad or as good (DESIGN §3.6)."""
    if result.marks_phone_bad:
        return True
    return result.is_direct_contact and phone is not None and phone.state == DebtorPhone.State.UNVERIFIED


class PromiseForm(PromiseFields, TokenForm):
    """A promise alone, from the list of cases."""

    def __init__(self, data: Any = None, *, sheet: Sheet) -> None:
        super().__init__(data, initial={"promise_amount": sheet.unpromised or None})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        require(self, PROMISE_NEEDS)
        return cleaned


class QuickPaymentForm(PaymentFields, TokenForm):
    """A payment alone, from the list of cases."""

    def __init__(self, data: Any = None, *, sheet: Sheet) -> None:
        super().__init__(data, initial={"payment_value_date": sheet.today})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        require(self, PAYMENT_NEEDS)
        return cleaned


class ContactForm(forms.ModelForm):
    """The data of a debtor that a gestor may correct, with the notes of the case (DESIGN §4).

    Its instance is the case; the fields of the debtor are added. Hidden inputs keep the initial values, to find edit
    conflicts.
    """

    email = forms.EmailField(label="Correo electrónico", required=False, max_length=254)
    street = forms.CharField(label="Calle", required=False, max_length=200)
    street_number = forms.CharField(label="Altura", required=False, max_length=60)
    city = forms.CharField(label="Localidad", required=False, max_length=120)
    postal_code = forms.CharField(label="Código postal", required=False, max_length=40)
    provincia = forms.CharField(label="Provincia", required=False, max_length=100)
    read_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Case
        fields = ["notes"]
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}
        labels = {"notes": "Notas del caso"}

    field_order = [*CONTACT_FIELDS, "notes"]

    def __init__(self, data: Any = None, *, instance: Case) -> None:
        initial = {name: getattr(instance.debtor, name) for name in CONTACT_FIELDS}
        initial["read_version"] = instance.version
        # The form of the gestión on the same page has notes too, so these ids have a prefix.
        super().__init__(data, auto_id="id_contact_%s", instance=instance, initial=initial)
        for name, field in self.fields.items():
            field.show_hidden_initial = name != "read_version"

    def changes(self) -> dict[str, dict[str, Any]]:
        """The edited fields, as arguments of `edit_case`."""
        edited = {name: self.cleaned_data[name] for name in self.changed_data if name != "read_version"}
        own = {"notes": edited.pop("notes")} if "notes" in edited else {}
        return {"changes": own, "debtor_changes": edited}


class PhoneForm(DebtorPhoneForm):
    kind = forms.ChoiceField(
        label="Tipo", required=False, choices=[("", "Según el número"), *DebtorPhone.Kind.choices], initial=""
    )

    class Meta(DebtorPhoneForm.Meta):
        fields = ["number", "kind", "note"]

    def clean_number(self) -> str:
        number = super().clean_number()
        # The debtor is not a field of the form, so the model's unique check of (debtor, number) is skipped.
        if DebtorPhone.objects.filter(debtor=self.instance.debtor_id, number=number).exists():
            raise ValidationError("El deudor ya tiene ese teléfono.")
        return number

    def clean(self) -> dict[str, Any]:
        """The kind that was chosen, else that of the number: with 15 or 9 it is a mobile."""
        cleaned = super().clean() or {}
        if not cleaned.get("kind") and "number" in cleaned:
            cleaned["kind"] = read_phone(cleaned["number"]).kind
        return cleaned


# --- Snoozing -----------------------------------------------------------------------------------------
class SnoozeForm(TokenForm):
    until = SaidMomentField(
        label="Vuelve",
        help_text=f"mañana, lunes, +3, 4/12: hasta {SNOOZE_DAYS} días",
        error_messages={"required": "Escriba cuándo vuelve."},
    )

    def choices(self) -> list[tuple[str, str]]:
        """(words, value) of the days that are usual."""
        return usual_days(timezone.now())


def usual_days(now: datetime) -> list[tuple[str, str]]:
    today = dates.local_date(now)
    days = {
        "Próximo día hábil": dates.next_business_day(today),
        "3 días hábiles": dates.add_business_days(today, 3),
        "Una semana": today + timedelta(days=7),
        f"{SNOOZE_DAYS} días": today + timedelta(days=SNOOZE_DAYS),
    }
    last = today + timedelta(days=SNOOZE_DAYS)
    return [(words, show_day(day)) for words, day in days.items() if day <= last]
