"""Cases in the JSON API: the rules and the services of the screens (DESIGN §7)."""

import json
import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import IsAdmin, Request, WorksCases
from cases import services
from cases.case_input import create_case, status_named, update_case
from cases.filters import ApiCaseFilter
from cases.models import Activity, ActivityResult, Cartera, Case, CaseStatus, DebtorPhone, LedgerEntry, Promise
from cases.querysets import CaseQuerySet
from cases.serializers import (
    ActivityIn,
    ActivityOut,
    ActivityResultOut,
    CarteraOut,
    CaseDetailOut,
    CaseIn,
    CaseOut,
    CaseQuery,
    CaseStatusOut,
    CaseUpdateIn,
    DeletedOut,
    ManagementIn,
    ManagementOut,
    PaymentIn,
    PaymentOut,
    PromiseIn,
    PromiseOut,
    ReversalIn,
    UpdateStatusIn,
)
from cases.tally import total_cases
from nova.lib.phones import phone_variants
from nova.lib.rest.schema import IDEMPOTENCY_KEY, IF_MATCH, PAGINATED
from nova.lib.rest.views import ApiView, ApiViewSet, Conflict, PageQuery

IDEMPOTENCY = re.compile(r"[A-Za-z0-9._~:-]{1,100}")
MATCH = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')
DEFAULT_ORDER = ("-created_at", "-id")


def listed(cases: CaseQuerySet) -> CaseQuerySet:
    """With all that `CaseOut` shows."""
    phones = Prefetch("debtor__phones", DebtorPhone.objects.usable(), to_attr="usable_phones")
    return cases.select_related("debtor", "cartera", "status", "assigned_to").prefetch_related(phones)


def shown(case: Case, user: User) -> CaseDetailOut:
    return CaseDetailOut(_case(user, case.pk))


def _case(user: User, pk: int) -> Case:
    promises = Prefetch("promises", Promise.objects.select_related("created_by").order_by("promise_date", "id"))
    return get_object_or_404(listed(Case.objects.visible_to(user)).prefetch_related(promises), pk=pk)


def once(request: Request, act: Callable[[], Response]) -> Response:
    """Do it, or with an `Idempotency-Key` already used for the same body, answer what was answered then (§3.7)."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return act()
    if not IDEMPOTENCY.fullmatch(key):
        raise ValidationError({"Idempotency-Key": ["De 1 a 100 letras, números o los signos . _ ~ : -"]})

    def answer() -> dict[str, Any]:
        response = act()
        return {"status": response.status_code, "data": json.loads(json.dumps(response.data, default=str))}

    kept = services.submit_once(
        by=request.user, key=f"{request.method} {request.path} {key}", content={"body": request.data}, action=answer
    )
    return Response(kept["data"], status=kept["status"])


def read_version(request: Request, sent: int | None) -> int | None:
    """The version that the caller read, of `If-Match` or of the body; None when neither says one (§2)."""
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return sent
    match = MATCH.fullmatch(header)
    if match is None:
        raise ValidationError({"If-Match": ['Envíe el ETag de la lectura, como "7".']})
    version = int(match[1])
    if sent is not None and sent != version:
        raise ValidationError({"version": ["If-Match y version dicen cosas distintas."]})
    return version


def checked(serializer: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    checking = serializer(data=request.data)
    checking.is_valid(raise_exception=True)
    return checking.validated_data


# --- Cases -------------------------------------------------------------------------------------------
class CaseViewSet(ApiViewSet):
    queryset = Case.objects.none()

    def get_permissions(self) -> list[BasePermission]:
        if self.action in ("list", "gestor"):
            return [IsAuthenticated()]
        if self.action in ("create", "destroy"):
            return [IsAdmin()]
        return [WorksCases()]

    @extend_schema(
        summary="Casos que el usuario ve",
        parameters=[CaseQuery],
        responses=CaseOut(many=True),
        extensions={PAGINATED: True},
    )
    def list(self, request: Request) -> Response:
        self.query_serializer = CaseQuery
        query = self.query()
        cases = Case.objects.visible_to(request.user)
        chosen = ApiCaseFilter(query, queryset=cases)
        if not chosen.is_valid():
            raise ValidationError(chosen.errors)
        ordering = query.get("ordering", "-created_at")
        unique = "-id" if ordering.startswith("-") else "id"
        order = [ordering] if ordering.lstrip("-") == "id" else [ordering, unique]
        is_narrowed = any(query.get(name) for name in ApiCaseFilter.base_filters)
        total = total_cases() if request.user.is_admin and not is_narrowed else None
        return self.paged(listed(chosen.qs.order_by(*order)), CaseOut, query=query, total=total)

    @extend_schema(
        summary="Los casos asignados a quien pregunta, en el orden en que se trabajan",
        parameters=[PageQuery],
        responses=CaseOut(many=True),
        extensions={PAGINATED: True},
    )
    @action(detail=False)
    def gestor(self, request: Request) -> Response:
        self.query_serializer = PageQuery
        query = self.query()
        cases = Case.objects.visible_to(request.user).filter(assigned_to=request.user)
        return self.paged(listed(cases.work_first(timezone.now())), CaseOut, query=query)

    @extend_schema(
        summary="Alta de un caso",
        request=CaseIn,
        responses={201: CaseDetailOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample(
                "Lo necesario",
                {"debtor_name": "Gómez, Ana", "amount": "10000.50", "cartera": "Cristal Cash"},
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        self.query()
        data = checked(CaseIn, request)

        def act() -> Response:
            case = create_case(data, by=request.user)
            return Response(shown(case, request.user).data, status=status.HTTP_201_CREATED)

        return once(request, act)

    @extend_schema(summary="Un caso, con sus promesas y sus últimas gestiones", responses=CaseDetailOut)
    def retrieve(self, request: Request, pk: int) -> Response:
        self.query()
        return self._answer(_case(request.user, pk))

    @extend_schema(
        summary="Cambia lo que se envía del caso y de su deudor",
        description=(
            "Parcial, con PUT también. Las claves de solo lectura de la lectura pueden volver sin cambios. "
            "El gestor asignado cambia solo los datos de contacto y las notas."
        ),
        request=CaseUpdateIn,
        responses=CaseDetailOut,
        parameters=[IF_MATCH],
    )
    def update(self, request: Request, pk: int) -> Response:
        self.query()
        case = _case(request.user, pk)
        if not isinstance(request.data, dict):
            raise ValidationError({"non_field_errors": ["Envíe un objeto JSON."]})
        sent = {"version": request.data["version"]} if "version" in request.data else {}
        version = read_version(request, checked_version(sent))
        update_case(case, request.data, by=request.user, version=version)
        return self._answer(_case(request.user, pk))

    partial_update = update

    @extend_schema(
        summary="Elimina un caso cargado por error, sin historia",
        responses={200: DeletedOut},
        parameters=[IF_MATCH],
        request=None,
    )
    def destroy(self, request: Request, pk: int) -> Response:
        self.query()
        case = get_object_or_404(Case.objects.visible_to(request.user), pk=pk)
        try:
            services.delete_case(case=case, by=request.user, version=read_version(request, None))
        except DjangoValidationError as error:
            raise Conflict(error.message_dict) from error
        return Response({"id": pk})

    def _answer(self, case: Case) -> Response:
        return Response(CaseDetailOut(case).data, headers={"ETag": f'"{case.version}"'})

    # --- What happens to a case
    @extend_schema(
        summary="Registra una gestión",
        request=ActivityIn,
        responses={201: ActivityOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=[OpenApiExample("No contesta", {"type": "call", "result": "NC"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def activities(self, request: Request, pk: int) -> Response:
        self.query()
        case = _case(request.user, pk)
        data = checked(ActivityIn, request)
        return once(request, lambda: _created(ActivityOut(_record(case, data, by=request.user).activity)))

    @extend_schema(
        summary="Registra una promesa de pago",
        request=PromiseIn,
        responses={201: PromiseOut},
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample("Promesa", {"amount": "5000.00", "promise_date": "2026-12-01"}, request_only=True),
        ],
    )
    @action(detail=True, methods=["post"])
    def promises(self, request: Request, pk: int) -> Response:
        self.query()
        case = _case(request.user, pk)
        data = checked(PromiseIn, request)
        data.pop("status", None)
        return once(request, lambda: _created(PromiseOut(services.promise_payment(case=case, by=request.user, **data))))

    @extend_schema(
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
    @action(detail=True, methods=["post"])
    def payments(self, request: Request, pk: int) -> Response:
        self.query()
        case = _case(request.user, pk)
        data = checked(PaymentIn, request)
        return once(request, lambda: _created(PaymentOut(services.record_payment(case=case, by=request.user, **data))))


def checked_version(sent: dict[str, Any]) -> int | None:
    checking = CaseUpdateIn(data=sent)
    checking.is_valid(raise_exception=True)
    return checking.validated_data.get("version")


def _created(serializer: serializers.BaseSerializer) -> Response:
    return Response(serializer.data, status=status.HTTP_201_CREATED)


def _record(case: Case, data: dict[str, Any], *, by: User) -> services.Recorded:
    return services.record_activity(
        case=case,
        by=by,
        type=data["type"],
        result=data.get("result"),
        phone=_phone(case, data.get("phone")),
        notes=data.get("notes", "").strip(),
        next_action_at=data.get("next_action_at"),
        promise=_promise_terms(data.get("promise")),
        payment=data.get("payment"),
    )


def _promise_terms(promise: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: value for name, value in promise.items() if name != "status"} if promise else None


def _phone(case: Case, number: str | None) -> DebtorPhone | None:
    if not number:
        return None
    phone = DebtorPhone.objects.filter(debtor=case.debtor_id, number__in=[number, *phone_variants(number)]).first()
    if phone is None:
        raise ValidationError({"phone": ["Ese teléfono no es de este deudor: agréguelo al caso en `telefono`."]})
    return phone


# --- By number in the body -----------------------------------------------------------------------------
def _case_of(data: dict[str, Any], user: User) -> Case:
    return _case(user, data["case_id"])


class RegisterManagement(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="register_management",
        summary="Registra una gestión, y en ella una promesa o un pago",
        request=ManagementIn,
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
            )
        ],
    )
    def post(self, request: Request, *args: Any) -> Response:
        self.query()
        data = checked(ManagementIn, request)
        case = _case_of(data, request.user)

        def act() -> Response:
            made = _record(case, data, by=request.user)
            made.activity.promise, made.activity.payment = made.promise, made.payment  # type: ignore[attr-defined]
            return _created(ManagementOut(made.activity))

        return once(request, act)


class UpdateStatus(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="update_status",
        summary="Cambia el estado de un caso",
        request=UpdateStatusIn,
        responses=CaseDetailOut,
        parameters=[IF_MATCH],
        examples=[OpenApiExample("Contactado", {"case_id": 1, "status": "contactado"}, request_only=True)],
    )
    def post(self, request: Request, *args: Any) -> Response:
        self.query()
        data = checked(UpdateStatusIn, request)
        case = _case_of(data, request.user)
        version = read_version(request, data.get("version"))
        services.change_status(
            case=case,
            status=status_named(data["status"]),
            by=request.user,
            notes=data.get("notes", ""),
            version=version,
        )
        fresh = _case(request.user, case.pk)
        return Response(CaseDetailOut(fresh).data, headers={"ETag": f'"{fresh.version}"'})


# --- Gestiones, promises, payments ---------------------------------------------------------------------
class ActivitiesOfCase(ApiView):
    permission_classes = [WorksCases]
    query_serializer = PageQuery

    @extend_schema(
        operation_id="activities_of_case",
        summary="Las gestiones de un caso, las últimas primero",
        parameters=[PageQuery],
        responses=ActivityOut(many=True),
        extensions={PAGINATED: True},
    )
    def get(self, request: Request, pk: int) -> Response:
        query = self.query()
        case = get_object_or_404(Case.objects.visible_to(request.user), pk=pk)
        rows = Activity.objects.standing().filter(case=case).select_related("result", "phone", "created_by")
        return self.paged(rows.order_by("-created_at", "-id"), ActivityOut, query=query)


class OneActivity(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="void_activity", summary="Anula una gestión", responses={200: ActivityOut}, request=None
    )
    def delete(self, request: Request, pk: int) -> Response:
        self.query()
        activity = get_object_or_404(Activity.objects.visible_to(request.user).standing(), pk=pk)
        if not request.user.is_admin and activity.created_by_id != request.user.pk:
            raise PermissionDenied
        return Response(ActivityOut(services.void_activity(activity=activity, by=request.user)).data)


class OnePromise(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="cancel_promise",
        summary="Cancela una promesa pendiente",
        responses={200: PromiseOut},
        request=None,
    )
    def delete(self, request: Request, pk: int) -> Response:
        self.query()
        promise = get_object_or_404(Promise.objects.visible_to(request.user), pk=pk)
        if not request.user.is_admin and promise.created_by_id != request.user.pk:
            raise PermissionDenied
        return Response(PromiseOut(services.cancel_promise(promise=promise, by=request.user)).data)


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
        self.query()
        payment = get_object_or_404(LedgerEntry.objects.visible_to(request.user), pk=pk)
        if payment.kind != LedgerEntry.Kind.PAYMENT:
            raise Http404
        data = checked(ReversalIn, request)
        return once(
            request, lambda: _created(PaymentOut(services.reverse_payment(payment=payment, by=request.user, **data)))
        )


# --- Catalogues ----------------------------------------------------------------------------------------
class Catalogue(ApiView):
    """A small table that everybody signed in may read."""

    query_serializer = PageQuery
    rows: QuerySet
    out: type[serializers.BaseSerializer]

    def get(self, request: Request, *args: Any) -> Response:
        return self.paged(self.rows.all(), self.out, query=self.query())


@extend_schema_view(
    get=extend_schema(
        operation_id="carteras",
        summary="Carteras",
        parameters=[PageQuery],
        responses=CarteraOut(many=True),
        extensions={PAGINATED: True},
    )
)
class Carteras(Catalogue):
    rows = Cartera.objects.order_by("name", "id")
    out = CarteraOut


@extend_schema_view(
    get=extend_schema(
        operation_id="case_statuses",
        summary="Estados",
        parameters=[PageQuery],
        responses=CaseStatusOut(many=True),
        extensions={PAGINATED: True},
    )
)
class CaseStatuses(Catalogue):
    rows = CaseStatus.objects.order_by("position", "id")
    out = CaseStatusOut


@extend_schema_view(
    get=extend_schema(
        operation_id="activity_results",
        summary="Resultados de gestión",
        parameters=[PageQuery],
        responses=ActivityResultOut(many=True),
        extensions={PAGINATED: True},
    )
)
class ActivityResults(Catalogue):
    rows = ActivityResult.objects.order_by("position", "id")
    out = ActivityResultOut
