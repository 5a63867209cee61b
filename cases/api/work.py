"""The API of gestiones, promises and payments."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import IsAdmin, Request, WorksCases
from cases import services
from cases.api.arrangements import ArrangementIn, StoredArrangementOut, agreed_of, shown_to
from cases.api.reading import visible_case
from cases.api.requests import checked, created, once
from cases.api.serializers import (
    ActivityIn,
    ActivityOut,
    PaymentIn,
    PaymentOut,
    PromiseIn,
    PromiseOut,
    ReversalIn,
    SnoozedOut,
    SnoozeIn,
    UndoneOut,
)
from cases.models import Activity, Case, DebtorPhone, LedgerEntry, Promise
from nova.lib.phones import phone_variants
from nova.lib.rest.body import FormParser, StrictJSONParser
from nova.lib.rest.fields import IdField
from nova.lib.rest.schema import IDEMPOTENCY_KEY, listing
from nova.lib.rest.views import ApiView, PageQuery


class ManagementIn(ActivityIn):
    case_id = IdField()
    promise = PromiseIn(required=False, allow_null=True)
    payment = PaymentIn(required=False, allow_null=True)
    arrangement = ArrangementIn(required=False, allow_null=True, help_text="En lugar de una promesa; el pago es suyo.")


class ManagementOut(ActivityOut):
    """A gestión with its promise, payment and arrangement."""

    promise = PromiseOut(allow_null=True)
    payment = PaymentOut(allow_null=True)
    arrangement = StoredArrangementOut(allow_null=True)

    class Meta(ActivityOut.Meta):
        fields = [*ActivityOut.Meta.fields, "promise", "payment", "arrangement"]
        read_only_fields = fields


# --- Gestiones ---------------------------------------------------------------------------------------
class RecordActivity(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="cases_activities_create",
        summary="Registra una gestión",
        request=ActivityIn,
        responses={201: ActivityOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=[OpenApiExample("No contesta", {"type": "call", "result": "NC"}, request_only=True)],
    )
    def post(self, request: Request, pk: int) -> Response:
        case = visible_case(request.user, pk)
        data = checked(ActivityIn, request)
        return once(request, lambda: created(ActivityOut(_record(case, data, by=request.user).activity)))


class RegisterManagement(ApiView):
    permission_classes = [WorksCases]
    parser_classes = [StrictJSONParser, FormParser]

    @extend_schema(
        operation_id="register_management",
        summary="Registra una gestión, y en ella una promesa o un convenio, y un pago",
        request={"application/json": ManagementIn},
        responses={201: ManagementOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample(
                "Promesa de pago",
                {
                    "case_id": 1,
                    "type": "call",
                    "result": "PP",
                    "notes": "Cobra a fin de mes.",
                    "promise": {"amount": "5000.00", "promise_date": "2026-12-01"},
                },
                request_only=True,
            ),
            OpenApiExample(
                "Convenio aceptado, con su primer pago",
                {
                    "case_id": 1,
                    "result": "PP",
                    "arrangement": {
                        "system": "none",
                        "instalments": 3,
                        "first_due_on": "2026-12-10",
                        "accept": True,
                        "accepted_how": "phone",
                    },
                    "payment": {"amount": "5000.00", "method": "transfer"},
                },
                request_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        data = checked(ManagementIn, request)
        case = visible_case(request.user, data["case_id"])

        def act() -> Response:
            made = _record(case, data, by=request.user)
            of_it: Any = made.activity
            of_it.promise, of_it.payment = made.promise, made.payment
            of_it.arrangement = shown_to(request.user, made.arrangement) if made.arrangement else None
            return created(ManagementOut(of_it))

        return once(request, act)


def _record(case: Case, data: dict[str, Any], *, by: User) -> services.Recorded:
    also = [visible_case(by, pk) for pk in dict.fromkeys(data.get("also", ()))]
    if "type" not in data and data.get("result") is None:
        raise ValidationError({"type": ["Indique el tipo, o un resultado: cada resultado tiene el suyo."]})
    return services.record_activities(
        case=case,
        also=also,
        by=by,
        type=data.get("type", ""),
        result=data.get("result"),
        phone=_phone(case, data.get("phone")),
        notes=data.get("notes", "").strip(),
        override_reason=data.get("override_reason", "").strip(),
        next_action_at=data.get("next_action_at"),
        promise=data.get("promise"),
        payment=data.get("payment"),
        arrangement=agreed_of(agreed) if (agreed := data.get("arrangement")) else None,
    )


def _phone(case: Case, number: str | None) -> DebtorPhone | None:
    if not number:
        return None
    phone = DebtorPhone.objects.filter(debtor=case.debtor_id, number__in=[number, *phone_variants(number)]).first()
    if phone is None:
        raise ValidationError({"phone": ["Ese teléfono no es de este deudor: agréguelo al caso en `telefono`."]})
    return phone


class ActivitiesOfCase(ApiView):
    permission_classes = [WorksCases]
    query_serializer = PageQuery

    @listing("activities_of_case", "Las gestiones de un caso, las últimas primero", ActivityOut, PageQuery)
    def get(self, request: Request, pk: int) -> Response:
        case = get_object_or_404(Case.objects.visible_to(request.user), pk=pk)
        rows = Activity.objects.standing().filter(case=case).select_related("result", "phone", "created_by")
        return self.paged(rows.order_by("-created_at", "-id"), ActivityOut)


class OneActivity(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="void_activity", summary="Anula una gestión", responses={200: ActivityOut}, request=None
    )
    def delete(self, request: Request, pk: int) -> Response:
        activity = get_object_or_404(Activity.objects.visible_to(request.user).standing(), pk=pk)
        if not request.user.is_admin and activity.created_by_id != request.user.pk:
            raise PermissionDenied
        return Response(ActivityOut(services.void_activity(activity=activity, by=request.user)).data)


class Undo(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="undo_activity",
        summary="Deshace todo lo que una gestión hizo, hasta cinco minutos después",
        responses={200: UndoneOut},
        request=None,
    )
    def post(self, request: Request, pk: int) -> Response:
        activity = get_object_or_404(Activity.objects.visible_to(request.user).standing(), pk=pk)
        if not request.user.is_admin and activity.created_by_id != request.user.pk:
            raise PermissionDenied
        undone = services.undo(activity=activity, by=request.user)
        answer = {"activities": [row.pk for row in undone.activities], "left": undone.left}
        return Response(UndoneOut(answer).data)


class Snooze(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="cases_snooze_create",
        summary="Pospone un caso hasta 15 días, sin gestión",
        request=SnoozeIn,
        responses={201: SnoozedOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=[OpenApiExample("Al viernes", {"until": "2026-12-04T00:00:00-03:00"}, request_only=True)],
    )
    def post(self, request: Request, pk: int) -> Response:
        case = visible_case(request.user, pk)
        data = checked(SnoozeIn, request)

        def act() -> Response:
            activity = services.snooze(case=case, by=request.user, until=data["until"])
            case.refresh_from_db(fields=["next_action_at", "queue_band"])
            return created(SnoozedOut({"case_id": case.pk, "activity_id": activity.pk, "until": case.next_action_at}))

        return once(request, act)


# --- Promises and payments -----------------------------------------------------------------------------
class PromisePayment(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="cases_promises_create",
        summary="Registra una promesa de pago",
        request=PromiseIn,
        responses={201: PromiseOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample("Promesa", {"amount": "5000.00", "promise_date": "2026-12-01"}, request_only=True),
        ],
    )
    def post(self, request: Request, pk: int) -> Response:
        case = visible_case(request.user, pk)
        data = checked(PromiseIn, request)
        return once(request, lambda: created(PromiseOut(services.promise_payment(case=case, by=request.user, **data))))


class OnePromise(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="cancel_promise",
        summary="Cancela una promesa pendiente",
        responses={200: PromiseOut},
        request=None,
    )
    def delete(self, request: Request, pk: int) -> Response:
        promise = get_object_or_404(Promise.objects.visible_to(request.user), pk=pk)
        if not request.user.is_admin and promise.created_by_id != request.user.pk:
            raise PermissionDenied
        return Response(PromiseOut(services.cancel_promise(promise=promise, by=request.user)).data)


class RecordPayment(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="cases_payments_create",
        summary="Registra un pago",
        request=PaymentIn,
        responses={201: PaymentOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample(
                "Transferencia",
                {"amount": "10000.50", "value_date": "2026-11-24", "method": "transfer", "reference": "TR-0001"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request, pk: int) -> Response:
        case = visible_case(request.user, pk)
        data = checked(PaymentIn, request)
        return once(request, lambda: created(PaymentOut(services.record_payment(case=case, by=request.user, **data))))


class Reversal(ApiView):
    permission_classes = [IsAdmin]

    @extend_schema(
        operation_id="reverse_payment",
        summary="Revierte un pago, una sola vez",
        request=ReversalIn,
        responses={201: PaymentOut},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, pk: int) -> Response:
        payment = get_object_or_404(LedgerEntry.objects.visible_to(request.user), pk=pk)
        if payment.kind != LedgerEntry.Kind.PAYMENT:
            raise Http404
        data = checked(ReversalIn, request)
        return once(
            request, lambda: created(PaymentOut(services.reverse_payment(payment=payment, by=request.user, **data)))
        )
