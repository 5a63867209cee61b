"""The API of arrangements: proposing, accepting, approving and cancelling them, and the offers of a case."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import IsAdmin, Request, WorksCases
from cases import services
from cases.api.reading import visible_case
from cases.api.requests import checked, created, once
from cases.api.serializers import MAX_NOTES
from cases.models import Arrangement, Case, Instalment
from cases.querysets import ArrangementQuerySet
from cases.rules.arrangements import MAX_INSTALMENTS
from nova.lib.rest.fields import (
    AmountField,
    DayField,
    FlagField,
    MoneyField,
    PercentageField,
    QuerySerializer,
    QueryWholeField,
    RateField,
    StrictSerializer,
    TextField,
    WholeField,
    ZeroMoneyField,
)
from nova.lib.rest.schema import IDEMPOTENCY_KEY, listing
from nova.lib.rest.views import ApiView, PageQuery

UNSAVED = SimpleNamespace(pk=None, status=None)  # in the place of an arrangement that is worked out alone
NEEDS = [("admin", "Un administrador"), ("creditor", "El acreedor")]


# --- Output ------------------------------------------------------------------------------------------
class InstalmentOut(serializers.ModelSerializer):
    """Number 0 is the down payment."""

    number = serializers.IntegerField(min_value=0, read_only=True)
    amount = AmountField()
    paid_amount = AmountField()

    class Meta:
        model = Instalment
        fields = ["number", "due_on", "amount", "paid_amount", "status", "paid_on"]
        read_only_fields = fields


class LimitOut(serializers.Serializer):
    """What whoever asks may grant on the case; `percent_left` is negative when the arrangement goes beyond it."""

    percent_left = PercentageField()
    max_percent = PercentageField()
    max_instalments = serializers.IntegerField()
    min_down_percent = PercentageField()
    keeps_capital = serializers.BooleanField()
    monthly_rate = PercentageField(allow_null=True)


class ArrangementOut(serializers.Serializer):
    """The keys of DESIGN §7, of a stored arrangement; from a pair of it and its figures."""

    id = serializers.IntegerField(source="arrangement.pk", allow_null=True)
    case_id = serializers.IntegerField()
    status = serializers.ChoiceField(source="arrangement.status", choices=Arrangement.Status.choices, allow_null=True)
    system = serializers.ChoiceField(source="figures.system", choices=Arrangement.System.choices)
    base_balance = AmountField(source="figures.base_balance")
    agreed_total = AmountField(source="figures.agreed_total")
    waiver_percent = PercentageField(source="figures.waiver_percent")
    waived_if_completed = AmountField(source="figures.waived_if_completed")
    plan_interest = AmountField(source="figures.plan_interest")
    down_payment = AmountField(source="figures.down_payment")
    monthly_rate = PercentageField(source="figures.monthly_rate")
    tea = PercentageField(source="figures.tea", allow_null=True)
    first_due_on = serializers.DateField()
    instalments = InstalmentOut(source="schedule", many=True)
    needs = serializers.ChoiceField(source="figures.needs", choices=NEEDS, allow_null=True)
    exceeded = serializers.ListField(source="figures.exceeded", child=serializers.CharField())
    limit = serializers.SerializerMethodField()

    @extend_schema_field(LimitOut)
    def get_limit(self, shown: Any) -> Any:
        figures = shown["figures"]
        return LimitOut({**figures.limit._asdict(), "percent_left": figures.percent_left}).data


class StoredArrangementOut(ArrangementOut):
    accepted_at = serializers.DateTimeField(source="arrangement.accepted_at", allow_null=True)
    accepted_how = serializers.SerializerMethodField()
    requested_by_id = serializers.IntegerField(source="arrangement.requested_by_id", allow_null=True)
    approved_by_id = serializers.IntegerField(source="arrangement.approved_by_id", allow_null=True)
    creditor_authorisation = serializers.CharField(source="arrangement.creditor_authorisation")
    notes = serializers.CharField(source="arrangement.notes")
    closed_on = serializers.DateField(source="arrangement.closed_on", allow_null=True)
    created_at = serializers.DateTimeField(source="arrangement.created_at")

    @extend_schema_field(serializers.ChoiceField(choices=Arrangement.How.choices, allow_null=True))
    def get_accepted_how(self, shown: Any) -> str | None:
        return shown["arrangement"].accepted_how or None


class OfferedOut(ArrangementOut):
    """What an offer would be for the case: nothing is stored, so `id` and `status` are null."""

    offer_id = serializers.IntegerField(source="offer.pk")
    name = serializers.CharField(source="offer.name")


def stored(arrangements: ArrangementQuerySet) -> ArrangementQuerySet:
    """The arrangements with the relations that are shown."""
    schedule = Prefetch("schedule", Instalment.objects.order_by("number"))
    return arrangements.select_related("case__cartera").prefetch_related(schedule)


def shown(arrangement: Arrangement, figures: services.Figures) -> dict[str, Any]:
    return {
        "arrangement": arrangement,
        "case_id": arrangement.case_id,
        "figures": figures,
        "first_due_on": arrangement.first_due_on,
        "schedule": arrangement.schedule.all(),
    }


def offered(case: Case, found: services.Offered) -> dict[str, Any]:
    parts = [Instalment(number=part.number, due_on=part.due_on, amount=part.amount) for part in found.figures.schedule]
    return {
        "arrangement": UNSAVED,
        "case_id": case.pk,
        "figures": found.figures,
        "first_due_on": found.terms.first_due_on,
        "schedule": parts,
        "offer": found.offer,
    }


# --- Input -------------------------------------------------------------------------------------------
class TypedInstalmentIn(StrictSerializer):
    due_on = DayField()
    amount = MoneyField()


class ArrangementIn(StrictSerializer):
    system = serializers.ChoiceField(choices=Arrangement.System.choices)
    agreed_total = MoneyField(required=False, allow_null=True, help_text="O waiver_percent; sin ninguno, el saldo.")
    waiver_percent = RateField(required=False, allow_null=True, help_text="Quita, en por ciento del saldo.")
    down_payment = ZeroMoneyField(required=False, help_text="Anticipo, que vence el día en que se acepta; 0 sin él.")
    instalments = WholeField(
        required=False,
        max_value=MAX_INSTALMENTS,
        help_text="Sin contar el anticipo; por defecto 1, y de free las de schedule.",
    )
    monthly_rate = RateField(
        required=False, allow_null=True, help_text="Por ciento mensual, de direct y french; sin ella, la de la cartera."
    )
    first_due_on = DayField(required=False, help_text="De la primera cuota; no hace falta con schedule.")
    schedule = serializers.ListField(
        child=TypedInstalmentIn(),
        required=False,
        max_length=MAX_INSTALMENTS,
        help_text="De free: cada cuota, en orden de fecha.",
    )
    accept = FlagField(required=False, help_text="El deudor ya aceptó: queda vigente, o espera autorización.")
    accepted_how = serializers.ChoiceField(required=False, choices=Arrangement.How.choices)
    creditor_authorisation = TextField(required=False, max_length=2000, allow_blank=True)
    notes = TextField(required=False, max_length=MAX_NOTES, allow_blank=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Takes the first date from a typed schedule."""
        schedule = data.get("schedule")
        if "first_due_on" not in data:
            if not schedule:
                raise serializers.ValidationError({"first_due_on": "Indique cuándo vence la primera cuota."})
            data["first_due_on"] = schedule[0]["due_on"]
        elif schedule and schedule[0]["due_on"] != data["first_due_on"]:
            raise serializers.ValidationError({"first_due_on": "No es la fecha de la primera cuota de schedule."})
        return data


class AcceptanceIn(StrictSerializer):
    accepted_how = serializers.ChoiceField(choices=Arrangement.How.choices)


class ApprovalIn(StrictSerializer):
    notes = TextField(required=False, max_length=MAX_NOTES, allow_blank=True)
    creditor_authorisation = TextField(required=False, max_length=2000, allow_blank=True)


class RejectionIn(StrictSerializer):
    notes = TextField(max_length=MAX_NOTES, help_text="Por qué.")


class CancellationIn(StrictSerializer):
    reason = TextField(max_length=MAX_NOTES, help_text="Por qué.")


class OfferQuery(QuerySerializer):
    case_id = QueryWholeField()


def agreed_of(data: dict[str, Any]) -> dict[str, Any]:
    """What the services take of an `ArrangementIn`."""
    return {
        "terms": terms_of(data),
        "accept": data.get("accept", False),
        "accepted_how": data.get("accepted_how", ""),
    }


def terms_of(data: dict[str, Any]) -> services.ArrangementTerms:
    given = {name: data[name] for name in services.ArrangementTerms._fields if data.get(name) is not None}
    given["schedule"] = tuple((part["due_on"], part["amount"]) for part in data.get("schedule", ()))
    return services.ArrangementTerms(**given)


# --- The routes --------------------------------------------------------------------------------------
TERMS = {"system": "none", "waiver_percent": "40", "instalments": 1, "first_due_on": "2026-12-15"}
EXAMPLES = [
    OpenApiExample("Quita en un pago", {**TERMS, "accept": True, "accepted_how": "phone"}, request_only=True),
    OpenApiExample(
        "Plan con anticipo e interés",
        {"system": "direct", "down_payment": "80000.00", "instalments": 6, "first_due_on": "2026-12-10"},
        request_only=True,
    ),
    OpenApiExample(
        "Cuotas a medida",
        {
            "system": "free",
            "schedule": [
                {"due_on": "2026-12-10", "amount": "60000.00"},
                {"due_on": "2027-01-20", "amount": "40000.00"},
            ],
        },
        request_only=True,
    ),
]


@extend_schema_view(
    get=listing(
        "cases_arrangements_list", "Los convenios de un caso, los últimos primero", StoredArrangementOut, PageQuery
    )
)
class ArrangementsOfCase(ApiView):
    permission_classes = [WorksCases]

    def get_query_serializer(self) -> type[QuerySerializer]:
        return PageQuery if self.request.method == "GET" else QuerySerializer

    def get(self, request: Request, pk: int) -> Response:
        case = get_object_or_404(Case.objects.visible_to(request.user).select_related("cartera"), pk=pk)
        rows = stored(Arrangement.objects.filter(case=case)).order_by("-id")

        def of_page(found: Sequence[Arrangement], **given: Any) -> serializers.BaseSerializer:
            found = list(found)
            figures = services.figures_of_all(case=case, arrangements=found, by=request.user)
            pairs = [shown(row, of_one) for row, of_one in zip(found, figures, strict=True)]
            return StoredArrangementOut(pairs, **given)

        return self.paged(rows, of_page)

    @extend_schema(
        operation_id="cases_arrangements_create",
        summary="Propone un convenio; con accept, queda vigente. Más allá del límite propio espera autorización",
        request=ArrangementIn,
        responses={201: StoredArrangementOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=EXAMPLES,
    )
    def post(self, request: Request, pk: int) -> Response:
        case = visible_case(request.user, pk)
        data = checked(ArrangementIn, request)

        def act() -> Response:
            made = services.propose_arrangement(case=case, by=request.user, **agreed_of(data))
            return created(_out(made, request))

        return once(request, act)


class OneArrangement(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(operation_id="arrangements_read", summary="Un convenio", responses={200: StoredArrangementOut})
    def get(self, request: Request, pk: int) -> Response:
        return Response(_out(_visible(request, pk), request).data)


def deed(operation_id: str, summary: str, body: type[StrictSerializer], example: dict[str, Any]) -> Any:
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        request=body,
        responses={201: StoredArrangementOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=[OpenApiExample("Ejemplo", example, request_only=True)],
    )


class Acceptance(ApiView):
    permission_classes = [WorksCases]

    @deed(
        "arrangements_accept", "El deudor aceptó una propuesta: queda vigente", AcceptanceIn, {"accepted_how": "phone"}
    )
    def post(self, request: Request, pk: int) -> Response:
        arrangement, data = _visible(request, pk), checked(AcceptanceIn, request)
        return _once(request, lambda: services.accept_arrangement(arrangement=arrangement, by=request.user, **data))


class Approval(ApiView):
    permission_classes = [IsAdmin]

    @deed(
        "arrangements_approve",
        "Autoriza un convenio que pidió otra persona; queda vigente si el deudor ya había aceptado",
        ApprovalIn,
        {"notes": "Autorizado por única vez."},
    )
    def post(self, request: Request, pk: int) -> Response:
        arrangement, data = _visible(request, pk), checked(ApprovalIn, request)
        return _once(request, lambda: services.approve_arrangement(arrangement=arrangement, by=request.user, **data))


class Rejection(ApiView):
    permission_classes = [IsAdmin]

    @deed(
        "arrangements_reject",
        "Rechaza un convenio que pidió otra persona",
        RejectionIn,
        {"notes": "El acreedor no acepta menos del 70 %."},
    )
    def post(self, request: Request, pk: int) -> Response:
        arrangement, data = _visible(request, pk), checked(RejectionIn, request)
        return _once(request, lambda: services.reject_arrangement(arrangement=arrangement, by=request.user, **data))


class Cancellation(ApiView):
    permission_classes = [WorksCases]

    @deed(
        "arrangements_cancel",
        "Cancela un convenio vigente, una propuesta o un pedido: quien lo hizo, o un administrador",
        CancellationIn,
        {"reason": "El deudor pidió otro plan."},
    )
    def post(self, request: Request, pk: int) -> Response:
        arrangement, data = _visible(request, pk), checked(CancellationIn, request)
        return _once(request, lambda: services.cancel_arrangement(arrangement=arrangement, by=request.user, **data))


class Offers(ApiView):
    permission_classes = [WorksCases]
    query_serializer = OfferQuery

    @extend_schema(
        operation_id="offers_list",
        summary="Las ofertas de la cartera, calculadas para un caso; las que no se le pueden hacer no vienen",
        parameters=[OfferQuery],
        responses=OfferedOut(many=True),
    )
    def get(self, request: Request) -> Response:
        cases = Case.objects.visible_to(request.user).select_related("cartera")
        case = get_object_or_404(cases, pk=self.query["case_id"])
        found = services.offers_for(case=case, by=request.user)
        return Response(OfferedOut([offered(case, each) for each in found], many=True).data)


def _visible(request: Request, pk: int) -> Arrangement:
    return get_object_or_404(stored(Arrangement.objects.visible_to(request.user)), pk=pk)


def shown_to(by: User, arrangement: Arrangement) -> dict[str, Any]:
    """What `StoredArrangementOut` shows of an arrangement as it is stored now."""
    fresh = stored(Arrangement.objects.filter(pk=arrangement.pk)).get()
    (figures,) = services.figures_of_all(case=fresh.case, arrangements=[fresh], by=by)
    return shown(fresh, figures)


def _out(arrangement: Arrangement, request: Request) -> StoredArrangementOut:
    return StoredArrangementOut(shown_to(request.user, arrangement))


def _once(request: Request, act: Any) -> Response:
    return once(request, lambda: created(_out(act(), request)))
