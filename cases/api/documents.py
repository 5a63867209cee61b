"""The API of papers: issuing, the list of a case, the file (DESIGN §3.9)."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.downloads import file_download
from accounts.permissions import Request, WorksCases
from cases import services
from cases.addresses import verify_at
from cases.api.reading import visible_case
from cases.api.requests import checked, once
from cases.models import Arrangement, Case, Document, LedgerEntry
from nova.lib.rest.fields import IdField, QuerySerializer, StrictSerializer
from nova.lib.rest.schema import IDEMPOTENCY_KEY, listing
from nova.lib.rest.views import ApiView, PageQuery

PDF = "application/pdf"


class DocumentIn(StrictSerializer):
    kind = serializers.ChoiceField(choices=Document.Kind.choices)
    entry_id = IdField(required=False, allow_null=True, help_text="El pago, si es un recibo.")
    arrangement_id = IdField(required=False, allow_null=True, help_text="El convenio, si es el papel de uno.")


class DocumentOut(serializers.ModelSerializer):
    case_id = serializers.IntegerField(read_only=True)
    entry_id = serializers.IntegerField(read_only=True, allow_null=True)
    arrangement_id = serializers.IntegerField(read_only=True, allow_null=True)
    code = serializers.CharField(source="code_label", read_only=True)
    issued_by = serializers.StringRelatedField(allow_null=True)  # type: ignore[var-annotated]
    issued_by_id = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = Document
        fields = [
            *("id", "case_id", "kind", "number", "entry_id", "arrangement_id", "code", "sha256"),
            *("issued_by", "issued_by_id", "issued_at", "voided_at", "void_reason"),
        ]
        read_only_fields = fields


@extend_schema_view(
    get=listing("cases_documents", "Los papeles de un caso, los últimos primero", DocumentOut, PageQuery)
)
class CaseDocuments(ApiView):
    permission_classes = [WorksCases]

    def get_query_serializer(self) -> type[QuerySerializer]:
        return PageQuery if self.request.method == "GET" else QuerySerializer

    def get(self, request: Request, pk: int) -> Response:
        case = get_object_or_404(Case.objects.visible_to(request.user), pk=pk)
        return self.paged(Document.objects.filter(case=case).listed(), DocumentOut)

    @extend_schema(
        operation_id="cases_documents_create",
        summary="Emite un papel; el recibo o el convenio que ya está vigente se devuelve con 200",
        request=DocumentIn,
        responses={
            201: OpenApiResponse(DocumentOut, description="Emitido"),
            200: OpenApiResponse(DocumentOut, description="Ya estaba emitido y sigue vigente"),
        },
        parameters=[IDEMPOTENCY_KEY],
        examples=[
            OpenApiExample("Recibo", {"kind": "receipt", "entry_id": 1}, request_only=True),
            OpenApiExample("Estado de deuda", {"kind": "statement"}, request_only=True),
        ],
    )
    def post(self, request: Request, pk: int) -> Response:
        case = visible_case(request.user, pk)
        data = checked(DocumentIn, request)
        subject = {
            "entry": _of_case(LedgerEntry, case, data.get("entry_id"), "entry_id"),
            "arrangement": _of_case(Arrangement, case, data.get("arrangement_id"), "arrangement_id"),
        }

        def act() -> Response:
            issued = services.issue_document(
                case=case, kind=data["kind"], by=request.user, verify_at=verify_at(request), **subject
            )
            code = status.HTTP_201_CREATED if issued.is_new else status.HTTP_200_OK
            return Response(DocumentOut(issued.document).data, status=code)

        return once(request, act)


def _of_case(model: Any, case: Case, pk: int | None, field: str) -> Any:
    """The row with this id, which has to be of the case; None without an id."""
    if pk is None:
        return None
    row = model.objects.filter(case=case, pk=pk).first()
    if row is None:
        raise ValidationError({field: ["No es de este caso."]})
    return row


class DocumentFile(ApiView):
    permission_classes = [WorksCases]

    @extend_schema(
        operation_id="documents_file",
        summary="El PDF de un papel; el de uno anulado dice ANULADO",
        responses={(200, PDF): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        document = get_object_or_404(Document.objects.visible_to(request.user), pk=pk)
        content = services.file_of(document)
        return file_download(request, content, document.file_name, {"document": document.pk})  # type: ignore[arg-type]
