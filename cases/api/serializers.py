"""The JSON of cases and their gestiones, promises and payments, with separate serializers for input and output.

Amounts are ARS as strings (DESIGN §7).
"""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from cases import services
from cases.api.reading import split_of
from cases.api.refusals import NO_STATUS
from cases.models import (
    Activity,
    ActivityResult,
    Arrangement,
    Cartera,
    Case,
    CaseStatus,
    Instalment,
    LedgerEntry,
    Promise,
)
from cases.models.case import consolidated, counted
from nova.lib.rest.fields import (
    AmountField,
    DayField,
    FlagField,
    IdField,
    MomentField,
    MoneyField,
    QueryWholeField,
    StrictSerializer,
    TextField,
    WholeField,
)
from nova.lib.rest.views import PageQuery

# The types that a caller may record; payments, promises and status changes have routes of their own.
TYPES = [Activity.Type.CALL, Activity.Type.EMAIL, Activity.Type.VISIT, Activity.Type.NOTE, Activity.Type.MESSAGE]
TYPE_CHOICES = [(kind.value, kind.label) for kind in TYPES]
OWN_ROUTES = {
    Activity.Type.PAYMENT: "Los pagos se registran en POST /api/v1/cases/<id>/payments.",
    Activity.Type.PROMISE: "Las promesas se registran en POST /api/v1/cases/<id>/promises.",
    Activity.Type.STATUS: "El estado se cambia en POST /api/v1/update-status.",
}
LAST_ACTIVITIES = 20
MAX_NOTES = 5000


# --- Output ------------------------------------------------------------------------------------------
class OfACaseOut(serializers.ModelSerializer):
    """A row that belongs to a case. Its ids are declared, because fields made by the model would each run a query."""

    case_id = serializers.IntegerField(read_only=True)
    created_by_id = serializers.IntegerField(read_only=True, allow_null=True)


class PromiseOut(OfACaseOut):
    amount = AmountField()
    paid_amount = AmountField()
    created_by = serializers.StringRelatedField(allow_null=True)  # type: ignore[var-annotated]

    class Meta:
        model = Promise
        fields = [
            *("id", "case_id", "amount", "promise_date", "status", "paid_amount", "fulfilled_date", "notes"),
            *("created_by", "created_by_id", "created_at"),
        ]
        read_only_fields = fields


class PaymentMethodField(serializers.ChoiceField):
    """The method of a payment; null when it is unknown."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=LedgerEntry.Method.choices, read_only=True, allow_null=True, **kwargs)

    def to_representation(self, value: str) -> Any:
        return value or None


class ReasonField(serializers.ChoiceField):
    """Why an entry was posted; null where it is no adjustment, or nobody said it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=LedgerEntry.Reason.choices, read_only=True, allow_null=True, **kwargs)

    def to_representation(self, value: str) -> Any:
        return value or None


class PaymentOut(OfACaseOut):
    """A payment or a reversal; `balance` is the balance of the case after it."""

    reverses_id = serializers.IntegerField(read_only=True, allow_null=True)
    credited_to_id = serializers.IntegerField(read_only=True, allow_null=True)
    amount = AmountField()
    method = PaymentMethodField()
    reason = ReasonField()
    balance = AmountField(source="case.balance")

    class Meta:
        model = LedgerEntry
        fields = [
            *("id", "case_id", "kind", "amount", "value_date", "method", "reason", "reference", "reverses_id"),
            *("notes", "credited_to_id", "created_by_id", "created_at", "balance"),
        ]
        read_only_fields = fields


class ActivityOut(OfACaseOut):
    result = serializers.SlugRelatedField(slug_field="code", read_only=True, allow_null=True)  # type: ignore[var-annotated]
    result_name = serializers.CharField(source="result.name", read_only=True, allow_null=True, default=None)
    phone = serializers.CharField(source="phone.number", read_only=True, allow_null=True, default=None)
    created_by = serializers.StringRelatedField(allow_null=True)  # type: ignore[var-annotated]

    class Meta:
        model = Activity
        fields = [
            *("id", "case_id", "type", "result", "result_name", "phone", "notes", "override_reason", "is_system"),
            *("created_by", "created_by_id", "created_at"),
        ]
        read_only_fields = fields


class UndoneOut(serializers.Serializer):
    """What an undo took back; `left` says what it could not."""

    activities = serializers.ListField(child=serializers.IntegerField())
    left = serializers.ListField(child=serializers.CharField())


class SnoozedOut(serializers.Serializer):
    """`activity_id` is what an undo takes."""

    case_id = serializers.IntegerField()
    activity_id = serializers.IntegerField()
    until = serializers.DateTimeField()


def number_to_call(debtor: Any) -> str | None:
    """The first good number, else an unverified one, of a debtor whose `usable_phones` are loaded."""
    return debtor.usable_phones[0].number if debtor.usable_phones else None


def in_brief(arrangement: Arrangement, balance: Decimal) -> dict[str, Any]:
    """What is asked next; no more than what the case still owes. Its `schedule` is loaded, by number."""
    schedule = list(arrangement.schedule.all())
    unpaid = next((part for part in schedule if part.status != Instalment.Status.PAID), None)
    return {
        "id": arrangement.pk,
        "status": arrangement.status,
        "next_due_on": unpaid and unpaid.due_on,
        "next_amount": unpaid and max(min(unpaid.unpaid, balance), Decimal(0)),
        "overdue": sum(part.status == Instalment.Status.OVERDUE for part in schedule),
    }


class LiveArrangementOut(serializers.Serializer):
    """The arrangement of a case that runs or waits for approval. `overdue` is how many instalments are."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Arrangement.Status.choices)
    next_due_on = serializers.DateField(allow_null=True)
    next_amount = AmountField(allow_null=True)
    overdue = serializers.IntegerField()


class CaseOut(serializers.ModelSerializer):
    """The case keys of DESIGN §7. Rows must come from `listed`: it loads debtor, cartera, status, gestor, phones,
    entries and the live arrangement.
    """

    cartera_id = serializers.IntegerField(read_only=True)
    assigned_to_id = serializers.IntegerField(read_only=True, allow_null=True)
    debtor_name = serializers.CharField(source="debtor", read_only=True)
    name = serializers.CharField(source="debtor.first_name", read_only=True)
    lastname = serializers.CharField(source="debtor.last_name", read_only=True)
    dni = serializers.CharField(source="debtor.dni", read_only=True, allow_null=True)
    amount = AmountField()
    initial_amount = AmountField(allow_null=True)
    balance = AmountField()
    capital = serializers.SerializerMethodField()
    interest = serializers.SerializerMethodField()
    arrangement = serializers.SerializerMethodField()
    status = serializers.ChoiceField(source="stage", choices=CaseStatus.Stage.choices, read_only=True)
    management_status = serializers.CharField(source="status.slug", read_only=True)
    status_name = serializers.CharField(source="status.name", read_only=True)
    cartera = serializers.CharField(source="cartera.name", read_only=True)
    assigned_to = serializers.StringRelatedField(allow_null=True)  # type: ignore[var-annotated]
    telefono = serializers.SerializerMethodField()
    email = serializers.CharField(source="debtor.email", read_only=True)
    street = serializers.CharField(source="debtor.street", read_only=True)
    street_number = serializers.CharField(source="debtor.street_number", read_only=True)
    city = serializers.CharField(source="debtor.city", read_only=True)
    postal_code = serializers.CharField(source="debtor.postal_code", read_only=True)
    provincia = serializers.CharField(source="debtor.provincia", read_only=True)
    extra = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Case
        fields = [
            *("id", "nro_cliente", "entity", "debtor_name", "name", "lastname", "dni", "amount", "initial_amount"),
            *("balance", "capital", "interest", "arrangement", "status", "management_status", "status_name"),
            *("cartera", "cartera_id", "assigned_to_id"),
            *("assigned_to", "last_payment_date", "telefono", "email", "street", "street_number", "city"),
            *("postal_code", "provincia", "notes", "extra", "version", "created_at", "updated_at"),
        ]
        read_only_fields = fields

    @extend_schema_field(AmountField())
    def get_capital(self, case: Case) -> str:
        return f"{split_of(case).capital:.2f}"

    @extend_schema_field(AmountField())
    def get_interest(self, case: Case) -> str:
        return f"{split_of(case).interest:.2f}"

    @extend_schema_field(LiveArrangementOut(allow_null=True))
    def get_arrangement(self, case: Case) -> Any:
        found, now = case.live_arrangements, timezone.now()  # type: ignore[attr-defined]
        live = next((row for row in found if not services.is_expired(row, now)), None)
        return None if live is None else LiveArrangementOut(in_brief(live, case.balance)).data

    def get_telefono(self, case: Case) -> str | None:
        return number_to_call(case.debtor)


class QueuePersonOut(serializers.Serializer):
    balance = AmountField()
    debts = serializers.IntegerField()
    carteras = serializers.ListField(child=serializers.CharField())


class QueueCaseOut(CaseOut):
    """The case that stands for a person in a queue. `person` is what they owe in all, whoever has the debts, as the
    screen shows it. Rows must come from `with_debts` too."""

    person = serializers.SerializerMethodField()

    class Meta(CaseOut.Meta):
        fields = [*CaseOut.Meta.fields, "person"]
        read_only_fields = fields

    @extend_schema_field(QueuePersonOut)
    def get_person(self, case: Case) -> Any:
        owed = counted(case.debtor.all_debts)  # type: ignore[attr-defined]
        carteras = list(dict.fromkeys(debt.cartera.name for debt in owed))
        return QueuePersonOut({"balance": consolidated(owed), "debts": len(owed), "carteras": carteras}).data


class CaseDetailOut(CaseOut):
    """A case with its promises and its last gestiones, newest first."""

    promises = PromiseOut(many=True)
    activities = serializers.SerializerMethodField()

    class Meta(CaseOut.Meta):
        fields = [*CaseOut.Meta.fields, "promises", "activities"]
        read_only_fields = fields

    @extend_schema_field(ActivityOut(many=True))
    def get_activities(self, case: Case) -> Any:
        rows = case.activities.standing().select_related("result", "phone", "created_by").order_by("-created_at", "-id")
        return ActivityOut(rows[:LAST_ACTIVITIES], many=True).data


class CaseCreatedOut(CaseDetailOut):
    """A new case, with what is to be looked at: `{"dni": ["…"]}` for a document that was not taken."""

    warnings = serializers.SerializerMethodField()

    class Meta(CaseDetailOut.Meta):
        fields = [*CaseDetailOut.Meta.fields, "warnings"]
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(child=serializers.ListField(child=serializers.CharField())))
    def get_warnings(self, case: Case) -> dict[str, list[str]]:
        return self.context.get("warnings", {})


class DeletedOut(serializers.Serializer):
    id = serializers.IntegerField()


class CarteraOut(serializers.ModelSerializer):
    monthly_interest_rate = serializers.DecimalField(max_digits=6, decimal_places=2, coerce_to_string=True)

    class Meta:
        model = Cartera
        fields = ["id", "name", "is_active", "monthly_interest_rate"]
        read_only_fields = fields


class CaseStatusOut(serializers.ModelSerializer):
    class Meta:
        model = CaseStatus
        fields = ["id", "slug", "name", "stage", "color", "position", "is_active", "is_stage_default"]
        read_only_fields = fields


class ActivityResultOut(serializers.ModelSerializer):
    class Meta:
        model = ActivityResult
        fields = [
            *("id", "code", "name", "group", "type", "is_direct_contact", "is_attempt", "needs_promise", "stops_case"),
            *("stops_person", "marks_phone_bad", "next_action_days", "band", "asks_when", "shortcut", "position"),
            "is_active",
        ]
        read_only_fields = fields


# --- Query parameters ---------------------------------------------------------------------------------
ORDERINGS = ["created_at", "id", "balance", "amount", "last_payment_date", "updated_at"]


class WorkQuery(PageQuery):
    """The filters of cases."""

    status = TextField(required=False, max_length=40, help_text="La etapa (`en_gestion`…), o el slug de un estado.")
    management_status = TextField(required=False, max_length=40, help_text="El slug de un estado.")
    cartera_id = QueryWholeField(required=False)
    gestor_id = QueryWholeField(required=False)
    search = TextField(required=False, max_length=100, help_text="Nombre, DNI, CUIT, teléfono o nro_cliente.")

    def validate_status(self, value: str) -> str:
        if value not in CaseStatus.Stage.values and not CaseStatus.objects.filter(slug=value).exists():
            raise serializers.ValidationError(NO_STATUS)
        return value


class CaseQuery(WorkQuery):
    ordering = serializers.ChoiceField(
        required=False, choices=[*ORDERINGS, *(f"-{name}" for name in ORDERINGS)], help_text="Por defecto -created_at."
    )


# --- Input --------------------------------------------------------------------------------------------
class SnoozeIn(StrictSerializer):
    until = MomentField(help_text="Cuándo vuelve: después de ahora, hasta 15 días.")


class PromiseIn(StrictSerializer):
    amount = MoneyField()
    promise_date = DayField()
    notes = TextField(required=False, max_length=MAX_NOTES, allow_blank=True)
    status = serializers.ChoiceField(required=False, choices=[Promise.Status.PENDING])

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Drops the status, which a new promise always has as pending."""
        data.pop("status", None)
        return data


class PaymentIn(StrictSerializer):
    amount = MoneyField()
    value_date = DayField(required=False, help_text="Por defecto hoy; ni futura ni anterior al ingreso del caso.")
    method = serializers.ChoiceField(required=False, choices=LedgerEntry.Method.choices)
    reference = TextField(required=False, max_length=80, help_text="Única en la cartera.")
    notes = TextField(required=False, max_length=MAX_NOTES, allow_blank=True)
    confirm_overpayment = FlagField(required=False, help_text="Para un pago mayor que el saldo.")
    confirm_duplicate = FlagField(required=False, help_text="Para otro pago igual del mismo día, sin referencia.")


class ReversalIn(StrictSerializer):
    notes = TextField(required=False, max_length=MAX_NOTES, allow_blank=True)


MAX_ALSO = 50  # other debts of a person in one gestión


class TypeField(serializers.ChoiceField):
    """The types that a caller may record; the error for any other type names its route."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=TYPE_CHOICES, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and data in OWN_ROUTES:
            raise serializers.ValidationError(OWN_ROUTES[Activity.Type(data)])
        return super().to_internal_value(data)


class ActivityIn(StrictSerializer):
    type = TypeField(required=False, help_text="Por defecto, el tipo del resultado.")
    result = TextField(required=False, allow_null=True, max_length=10, help_text="El código: NC, VLL, PP…")
    phone = TextField(required=False, max_length=60, help_text="El teléfono usado: uno de los del deudor.")
    notes = TextField(required=False, max_length=MAX_NOTES, allow_blank=True)
    override_reason = TextField(
        required=False, max_length=200, allow_blank=True, help_text="Por qué se usó un teléfono del trabajo."
    )
    next_action_at = MomentField(required=False, allow_null=True)
    also = serializers.ListField(
        child=WholeField(),
        required=False,
        max_length=MAX_ALSO,
        help_text="Otras deudas de la misma persona (números de caso) de las que se habló: una gestión en cada una.",
    )

    def validate_result(self, code: str | None) -> ActivityResult | None:
        """The active result with that code."""
        result = ActivityResult.objects.active().filter(code=code).first() if code else None
        if code and result is None:
            raise serializers.ValidationError("Ese resultado no existe: vea GET /api/v1/activity-results.")
        return result


class UpdateStatusIn(StrictSerializer):
    case_id = IdField()
    status = TextField(max_length=40, help_text="El slug de un estado, o una etapa (su estado predeterminado).")
    notes = TextField(required=False, max_length=MAX_NOTES, allow_blank=True)
    version = IdField(required=False, help_text="La leída; si el caso cambió desde entonces, 409.")


class CaseFields(StrictSerializer):
    """The writable fields of a case and its debtor."""

    nro_cliente = TextField(required=False, max_length=64, allow_blank=True, allow_null=True)
    entity = TextField(required=False, max_length=120, allow_blank=True)
    debtor_name = TextField(required=False, max_length=300, help_text="«Apellido, Nombre»; o name y lastname.")
    name = TextField(required=False, max_length=150, allow_blank=True)
    lastname = TextField(required=False, max_length=150)
    dni = TextField(required=False, max_length=20, allow_blank=True, allow_null=True)
    initial_amount = MoneyField(required=False, allow_null=True)
    status = TextField(required=False, max_length=40, help_text="Un slug, o una etapa (su estado predeterminado).")
    management_status = TextField(required=False, max_length=40, help_text="Un slug.")
    cartera = TextField(required=False, max_length=120)
    cartera_id = IdField(required=False)
    assigned_to_id = IdField(required=False, allow_null=True)
    telefono = TextField(required=False, max_length=60, allow_null=True, help_text="Agrega uno.")
    email = serializers.EmailField(required=False, max_length=254, allow_blank=True)
    street = TextField(required=False, max_length=200, allow_blank=True)
    street_number = TextField(required=False, max_length=60, allow_blank=True)
    city = TextField(required=False, max_length=120, allow_blank=True)
    postal_code = TextField(required=False, max_length=40, allow_blank=True)
    provincia = TextField(required=False, max_length=100, allow_blank=True)
    notes = TextField(required=False, max_length=MAX_NOTES * 4, allow_blank=True)


@extend_schema_serializer(component_name="CaseCreate")
class CaseIn(CaseFields):
    amount = MoneyField()
    last_payment_date = DayField(required=False, allow_null=True, help_text="El último pago según el acreedor.")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        missing: dict[str, str] = {}
        if not data.get("debtor_name") and not data.get("lastname"):
            missing["debtor_name"] = "Indique debtor_name, o name y lastname."
        if not data.get("cartera") and not data.get("cartera_id"):
            missing["cartera"] = "Indique cartera o cartera_id."
        if missing:
            raise serializers.ValidationError(missing)
        return data


@extend_schema_serializer(component_name="CaseUpdate")
class CaseUpdateIn(CaseFields):
    """A partial edit, with PUT too. Read-only keys of the representation are accepted when they are unchanged."""

    version = WholeField(required=False, help_text="La leída; si el caso cambió desde entonces, 409.")

    @classmethod
    def version_of(cls, sent: dict[str, Any]) -> int | None:
        """The version in the body, validated before the other keys: an old one is an error whatever they are."""
        checking = cls(data={name: value for name, value in sent.items() if name == "version"})
        checking.is_valid(raise_exception=True)
        return checking.validated_data.get("version")


# Keys of the representation that an edit may repeat but not change.
READ_ONLY_KEYS = set(CaseDetailOut.Meta.fields) - set(CaseUpdateIn().fields)
MONEY_KEYS = {"amount", "balance"}
MONEY_IS_ELSEWHERE = (
    "No se edita: un pago se registra en POST /api/v1/cases/<id>/payments; un ajuste de saldo, en la administración."
)


def same_amount(shown: str, sent: Any) -> bool:
    """Whether a sent amount equals the shown one: `"10000.50"`, 10000.5 and `"10000.5"` are equal."""
    if isinstance(sent, bool) or not isinstance(sent, str | int | Decimal):
        return False
    try:
        return Decimal(shown) == Decimal(str(sent))
    except ArithmeticError:
        return False
