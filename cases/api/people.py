"""The API of the person: documents, phones, stops and all their debts (DESIGN §2, §3.6)."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import IsAdmin, Request, WorksCases
from cases import services
from cases.api.requests import checked, created, once
from cases.models import Activity, Case, Debtor, DebtorPhone, StopFlag
from nova.lib import dates
from nova.lib.rest.fields import AmountField, MomentField, StrictSerializer, TextField
from nova.lib.rest.schema import IDEMPOTENCY_KEY
from nova.lib.rest.views import ApiView

ATTEMPTS_DAYS = 7  # the day and the six before
MAX_REASON = 300


def visible_person(user: User, pk: int) -> Debtor:
    """The debtor. Raises Http404 for a gestor who holds no debt of theirs."""
    return get_object_or_404(Debtor.objects.visible_to(user), pk=pk)


# --- Output ------------------------------------------------------------------------------------------
class PhoneOut(serializers.ModelSerializer):
    class Meta:
        model = DebtorPhone
        fields = ["id", "number", "kind", "state", "note"]
        read_only_fields = fields


class StopOut(serializers.ModelSerializer):
    """A stop that stands; `case_id` is null for the whole person."""

    debtor_id = serializers.IntegerField(read_only=True)
    case_id = serializers.IntegerField(read_only=True, allow_null=True)
    set_by = serializers.StringRelatedField(allow_null=True)  # type: ignore[var-annotated]
    set_by_id = serializers.IntegerField(read_only=True, allow_null=True)
    lifted_by_id = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = StopFlag
        fields = [
            *("id", "debtor_id", "case_id", "channel", "reason", "since", "until", "set_by", "set_by_id"),
            *("lifted_at", "lifted_by_id"),
        ]
        read_only_fields = fields


class OtherDebtOut(serializers.ModelSerializer):
    """What a gestor may see of another's debt: cartera, balance, status and gestor (DESIGN §2)."""

    cartera = serializers.StringRelatedField()  # type: ignore[var-annotated]
    balance = AmountField()
    status = serializers.CharField(source="stage")
    status_name = serializers.CharField(source="status.name")
    assigned_to = serializers.StringRelatedField(allow_null=True)  # type: ignore[var-annotated]
    assigned_to_id = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = Case
        fields = ["id", "cartera", "balance", "status", "status_name", "assigned_to", "assigned_to_id"]
        read_only_fields = fields


class PersonOut(serializers.ModelSerializer):
    name = serializers.CharField(source="first_name")
    lastname = serializers.CharField(source="last_name")
    phones = PhoneOut(many=True)
    stops = StopOut(many=True)
    cases = OtherDebtOut(many=True)
    attempts_today = serializers.IntegerField()
    attempts_7_days = serializers.IntegerField()

    class Meta:
        model = Debtor
        fields = [
            *("id", "name", "lastname", "dni", "cuit", "email", "street", "street_number", "city", "postal_code"),
            *("provincia", "phones", "stops", "cases", "attempts_today", "attempts_7_days"),
        ]
        read_only_fields = fields


def attempts_of(debtor: Debtor) -> dict[str, int]:
    """The attempts to reach a person today and in seven local days, whatever the debt. Runs a query."""
    today = dates.today()
    since = dates.start_of_day(today - timedelta(days=ATTEMPTS_DAYS - 1))
    made = Activity.objects.standing().filter(case__debtor=debtor, result__is_attempt=True, created_at__gte=since)
    return made.aggregate(
        attempts_today=Count("pk", filter=Q(created_at__gte=dates.start_of_day(today))), attempts_7_days=Count("pk")
    )


# --- Input -------------------------------------------------------------------------------------------
class StopIn(StrictSerializer):
    channel = serializers.ChoiceField(choices=StopFlag.Channel.choices)
    reason = serializers.ChoiceField(choices=StopFlag.Reason.choices)
    until = MomentField(required=False, allow_null=True, help_text="Sin ella, hasta que un administrador la levante.")


class LiftIn(StrictSerializer):
    reason = TextField(max_length=MAX_REASON, help_text="Por qué se levanta.")
    next_action_at = MomentField(
        required=False, allow_null=True, help_text="De las deudas que vuelven a la cola; obligatoria si hay alguna."
    )

    def validate_next_action_at(self, value: Any) -> Any:
        if value is not None and value < timezone.now():
            raise serializers.ValidationError("La próxima acción no puede quedar en el pasado.")
        return value


# --- Views -------------------------------------------------------------------------------------------
class Person(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="debtor",
        summary="La persona: documentos, teléfonos, detenciones vigentes y todas sus deudas",
        responses=PersonOut,
    )
    def get(self, request: Request, pk: int) -> Response:
        debtor = visible_person(request.user, pk)
        stops = debtor.stops.standing().select_related("set_by").order_by("id")
        cases = debtor.cases.select_related("cartera", "status", "assigned_to").order_by("-balance", "id")
        person = {
            **{name: getattr(debtor, name) for name in ("id", "first_name", "last_name", "dni", "cuit", "email")},
            **{name: getattr(debtor, name) for name in ("street", "street_number", "city", "postal_code", "provincia")},
            "phones": list(debtor.phones.order_by("id")),
            "stops": list(stops),
            "cases": list(cases[:100]),
            **attempts_of(debtor),
        }
        return Response(PersonOut(person).data)


class StopPerson(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="debtor_stops_create",
        summary="Detiene el contacto con una persona, por un canal o por todos",
        request=StopIn,
        responses={201: StopOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=[OpenApiExample("No contactar", {"channel": "all", "reason": "pide_no_contacto"}, request_only=True)],
    )
    def post(self, request: Request, pk: int) -> Response:
        debtor = visible_person(request.user, pk)
        data = checked(StopIn, request)
        return once(request, lambda: created(StopOut(services.set_stop(debtor=debtor, by=request.user, **data))))


class OneStop(ApiView):
    permission_classes = [IsAdmin]

    @extend_schema(
        operation_id="lift_stop",
        summary="Levanta una detención: lo que ninguna otra retiene vuelve a la cola",
        request=LiftIn,
        responses={200: StopOut},
    )
    def delete(self, request: Request, pk: int) -> Response:
        stop = StopFlag.objects.visible_to(request.user).standing().filter(pk=pk).first()
        if stop is None:
            raise Http404
        data = checked(LiftIn, request)
        if not data["reason"].strip():
            raise ValidationError({"reason": ["Escriba por qué se levanta."]})
        lifted = services.lift_stop(
            stop=stop,
            by=request.user,
            next_action_at=data.get("next_action_at"),
            notes=data["reason"].strip(),
        )
        return Response(StopOut(lifted).data)
