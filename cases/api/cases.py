"""The API of cases: list, read, create, edit, delete and change of status."""

from django.core.exceptions import ValidationError as DjangoValidationError
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.response import Response

from accounts.permissions import IsAdmin, Request, WorksCases
from cases import services
from cases.api.case_input import create_case, status_named, update_case
from cases.api.filters import ApiCaseFilter
from cases.api.reading import listed, visible_case, with_debts
from cases.api.requests import checked, created, once, read_version
from cases.api.serializers import (
    CaseCreatedOut,
    CaseDetailOut,
    CaseIn,
    CaseOut,
    CaseQuery,
    CaseUpdateIn,
    DeletedOut,
    QueueCaseOut,
    UpdateStatusIn,
    WorkQuery,
)
from cases.models import Case
from cases.querysets import CaseQuerySet
from nova.lib.rest.body import FormParser, StrictJSONParser
from nova.lib.rest.fields import QuerySerializer
from nova.lib.rest.schema import IDEMPOTENCY_KEY, IF_MATCH, listing
from nova.lib.rest.views import ApiView, ApiViewSet, Conflict


def answer(case: Case) -> Response:
    return Response(CaseDetailOut(case).data, headers={"ETag": f'"{case.version}"'})


class CaseViewSet(ApiViewSet):
    queryset = Case.objects.none()

    def get_permissions(self) -> list[BasePermission]:
        if self.action in ("list", "gestor", "queue"):
            return [IsAuthenticated()]
        if self.action in ("create", "destroy"):
            return [IsAdmin()]
        return [WorksCases()]

    def get_query_serializer(self) -> type[QuerySerializer]:
        return {"list": CaseQuery, "gestor": WorkQuery, "queue": WorkQuery}.get(self.action, QuerySerializer)

    @listing("cases_list", "Casos que el usuario ve", CaseOut, CaseQuery)
    def list(self, request: Request) -> Response:
        chosen = ApiCaseFilter(self.query, queryset=Case.objects.visible_to(request.user))
        if not chosen.is_valid():
            raise ValidationError(chosen.errors)
        cases = chosen.qs.ordered_by(self.query.get("ordering", "-created_at"))
        total = None
        if request.user.is_admin or request.user.is_gestor:
            total = chosen.total(request.user if request.user.is_gestor else None)
        return self.paged(listed(cases), CaseOut, total=total)

    @listing(
        "cases_gestor_list",
        "Los casos asignados a quien pregunta (o a gestor_id), en el orden en que se trabajan",
        CaseOut,
        WorkQuery,
    )
    @action(detail=False)
    def gestor(self, request: Request) -> Response:
        return self.paged(listed(self._of_one_gestor(request).work_first(timezone.now())), CaseOut)

    @listing(
        "cases_queue_list",
        "La bandeja de quien pregunta (o de gestor_id): de cada persona el caso que la representa, en orden",
        QueueCaseOut,
        WorkQuery,
    )
    @action(detail=False)
    def queue(self, request: Request) -> Response:
        people = self._of_one_gestor(request).due(timezone.now()).one_a_person()
        return self.paged(with_debts(listed(people)), QueueCaseOut)

    def _of_one_gestor(self, request: Request) -> CaseQuerySet:
        whose = {"gestor_id": str(request.user.pk), **self.query}
        chosen = ApiCaseFilter(whose, queryset=Case.objects.visible_to(request.user))
        if not chosen.is_valid():
            raise ValidationError(chosen.errors)
        return chosen.qs

    @extend_schema(
        summary="Alta de un caso",
        request=CaseIn,
        responses={201: CaseCreatedOut},
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
        data = checked(CaseIn, request)

        def act() -> Response:
            case, warnings = create_case(data, by=request.user)
            shown = visible_case(request.user, case.pk)
            return created(CaseCreatedOut(shown, context={"warnings": warnings}))

        return once(request, act)

    @extend_schema(summary="Un caso, con sus promesas y sus últimas gestiones", responses=CaseDetailOut)
    def retrieve(self, request: Request, pk: int) -> Response:
        return answer(visible_case(request.user, pk))

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
        case = visible_case(request.user, pk)
        if not isinstance(request.data, dict):
            raise ValidationError({"non_field_errors": ["Envíe un objeto JSON."]})
        version = read_version(request, CaseUpdateIn.version_of(request.data))
        update_case(case, request.data, by=request.user, version=version)
        return answer(visible_case(request.user, pk))

    partial_update = update

    @extend_schema(
        summary="Elimina un caso cargado por error, sin historia",
        responses={200: DeletedOut},
        parameters=[IF_MATCH],
        request=None,
    )
    def destroy(self, request: Request, pk: int) -> Response:
        case = get_object_or_404(Case.objects.visible_to(request.user), pk=pk)
        try:
            services.delete_case(case=case, by=request.user, version=read_version(request, None))
        except DjangoValidationError as error:
            raise Conflict(error.message_dict) from error
        return Response({"id": pk})


class UpdateStatus(ApiView):
    permission_classes = [WorksCases]
    parser_classes = [StrictJSONParser, FormParser]

    @extend_schema(
        operation_id="update_status",
        summary="Cambia el estado de un caso",
        request={"application/json": UpdateStatusIn},
        responses=CaseDetailOut,
        parameters=[IF_MATCH],
        examples=[OpenApiExample("Contactado", {"case_id": 1, "status": "contactado"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        data = checked(UpdateStatusIn, request)
        case = visible_case(request.user, data["case_id"])
        services.change_status(
            case=case,
            version=read_version(request, data.get("version")),
            status=status_named(data["status"]),
            by=request.user,
            notes=data.get("notes", ""),
        )
        return answer(visible_case(request.user, case.pk))
