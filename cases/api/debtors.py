"""The API of debtors: who a person is, their stops and all their debts (DESIGN §2, §3.6)."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Prefetch, Q
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import IsAdmin, Request, WorksCases
from cases import services
from cases.api.refusals import NO_CARTERA, NO_GESTOR
from cases.api.requests import checked, created, once
from cases.api.serializers import number_to_call
from cases.models import Activity, Cartera, Case, CaseStatus, Debtor, DebtorPhone, StopFlag
from cases.models.case import consolidated
from nova.lib import dates
from nova.lib.rest.fields import AmountField, MomentField, QueryWholeField, StrictSerializer, TextField
from nova.lib.rest.schema import IDEMPOTENCY_KEY, listing
from nova.lib.rest.views import ApiView, PageQuery

REFUSALS = {"cartera_id": (Cartera, NO_CARTERA), "gestor_id": (User, NO_GESTOR)}
COLUMNS = {"cartera_id": "cartera", "gestor_id": "assigned_to"}
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

    cartera = serializers.CharField(source="cartera.name", read_only=True)
    balance = AmountField()
    status = serializers.ChoiceField(source="stage", choices=CaseStatus.Stage.choices, read_only=True)
    status_name = serializers.CharField(source="status.name", read_only=True)
    assigned_to = serializers.StringRelatedField(allow_null=True)  # type: ignore[var-annotated]
    assigned_to_id = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = Case
        fields = ["id", "cartera", "balance", "status", "status_name", "assigned_to", "assigned_to_id"]
        read_only_fields = fields


class DebtOut(OtherDebtOut):
    """A debt of a person, with the rest of it where the caller may see that."""

    cartera_id = serializers.IntegerField(read_only=True)
    is_visible = serializers.SerializerMethodField(help_text="Si `GET cases/<id>` la muestra a quien pregunta.")
    nro_cliente = serializers.SerializerMethodField()
    amount = serializers.SerializerMethodField()
    management_status = serializers.CharField(source="status.slug", read_only=True)

    class Meta:
        model = Case
        fields = [
            *("id", "is_visible", "nro_cliente", "cartera", "cartera_id", "amount", "balance", "status"),
            *("management_status", "status_name", "assigned_to_id", "assigned_to"),
        ]
        read_only_fields = fields

    def get_is_visible(self, case: Case) -> bool:
        user = self.context["request"].user
        return bool(user.is_admin or case.assigned_to_id == user.pk)

    def get_nro_cliente(self, case: Case) -> str | None:
        return case.nro_cliente if self.get_is_visible(case) else None

    @extend_schema_field(AmountField(allow_null=True))
    def get_amount(self, case: Case) -> str | None:
        return f"{case.amount:.2f}" if self.get_is_visible(case) else None


class DebtorOut(serializers.ModelSerializer):
    """A person with all their debts; `balance` is what they owe in all."""

    debtor_name = serializers.CharField(source="full_name", read_only=True)
    name = serializers.CharField(source="first_name", read_only=True)
    lastname = serializers.CharField(source="last_name", read_only=True)
    telefono = serializers.SerializerMethodField()
    balance = serializers.SerializerMethodField()
    debts = DebtOut(source="all_debts", many=True, read_only=True)

    class Meta:
        model = Debtor
        fields = ["id", "debtor_name", "name", "lastname", "dni", "cuit", "telefono", "balance", "debts"]
        read_only_fields = fields

    def get_telefono(self, debtor: Debtor) -> str | None:
        return number_to_call(debtor)

    @extend_schema_field(AmountField())
    def get_balance(self, debtor: Debtor) -> str:
        debts: Any = debtor
        return f"{consolidated(debts.all_debts):.2f}"


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
    """The attempts to reach a person today and in seven local days, whatever the debt. Runs a query.

    A gestión recorded on several debts at once was one contact.
    """
    today = dates.today()
    since = dates.start_of_day(today - timedelta(days=ATTEMPTS_DAYS - 1))
    made = Activity.objects.standing().filter(case__debtor=debtor, result__is_attempt=True, created_at__gte=since)
    of_today = Q(created_at__gte=dates.start_of_day(today))
    return made.aggregate(attempts_today=_contacts(of_today), attempts_7_days=_contacts(Q()))


def _contacts(which: Q) -> Any:
    alone = Count("pk", filter=which & Q(submission__isnull=True))
    return alone + Count("submission", filter=which & Q(submission__isnull=False), distinct=True)


# --- Input -------------------------------------------------------------------------------------------
class DebtorQuery(PageQuery):
    search = TextField(required=False, max_length=100, help_text="Nombre, DNI, CUIT o teléfono.")
    cartera_id = QueryWholeField(required=False, help_text="Personas con una deuda en esa cartera.")
    gestor_id = QueryWholeField(required=False, help_text="Personas con una deuda a cargo de ese gestor.")


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
class Debtors(ApiView):
    permission_classes = [IsAuthenticated]
    query_serializer = DebtorQuery

    @listing("debtors_list", "Personas que el usuario ve, cada una con todas sus deudas", DebtorOut, DebtorQuery)
    def get(self, request: Request) -> Response:
        debtors = Debtor.objects.visible_to(request.user)
        for name, (model, refusal) in REFUSALS.items():
            if name not in self.query:
                continue
            if not model._base_manager.filter(pk=self.query[name]).exists():
                raise ValidationError({name: [refusal]})
            with_one = Case.objects.filter(**{COLUMNS[name]: self.query[name]}).order_by()
            debtors = debtors.filter(pk__in=with_one.values("debtor"))
        if self.query.get("search"):
            debtors = debtors.search(self.query["search"])
        debts = Prefetch("cases", Case.objects.listed().order_by("-balance", "id"), to_attr="all_debts")
        phones = Prefetch("phones", DebtorPhone.objects.offered(), to_attr="usable_phones")
        rows = debtors.prefetch_related(debts, phones).order_by("last_name", "first_name", "id")
        return self.paged(rows, DebtorOut)


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
