"""The API of payment files, for admins: loading, looking at rows, deciding, posting, undoing (DESIGN §5.1)."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError as Refused
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.permissions import IsAdmin, Request
from cases.api.refusals import NO_CARTERA
from cases.api.requests import checked, once
from cases.importing.errors import ImportConflict, ImportFailed
from cases.models import Cartera
from nova.lib.rest.body import FilesParser
from nova.lib.rest.fields import (
    AmountField,
    FlagField,
    IdField,
    MoneyField,
    QueryWholeField,
    StrictSerializer,
    TextField,
)
from nova.lib.rest.schema import IDEMPOTENCY_KEY, listing
from nova.lib.rest.views import ApiView, Conflict, PageQuery
from payments.models import PaymentFile, PaymentRow
from payments.services.deciding import MAX_PARTS, Decision, decide
from payments.services.posting import post
from payments.services.staging import AUTO, UnknownLayout, stage_upload
from payments.services.undoing import undo, what_undoing_does

MIB = 1024 * 1024
ONE_OF = ("case_id", "split", "ignore", "duplicate_of", "not_duplicate", "reverse")

# What is refused under these keys is no fault of the request, but how things stand: 409.
OF_THE_STATE = {"state", "version", "layout"}
TOGETHER = ({"not_duplicate", "case_id"}, {"not_duplicate", "split"})


# --- Input -------------------------------------------------------------------------------------------
class PaymentFileIn(StrictSerializer):
    file = serializers.FileField(
        help_text="El archivo, como lo envía el banco, la red o el acreedor.",
        error_messages={"empty": "El archivo está vacío: vuelva a exportarlo o copiarlo."},
    )
    layout = TextField(required=False, max_length=30, help_text=f"El código del formato; sin él, {AUTO}: se reconoce.")
    cartera = IdField(required=False, help_text="Solo casos de esta cartera.")
    account = TextField(required=False, max_length=60, allow_blank=True, help_text="La cuenta de un extracto.")


class PartIn(StrictSerializer):
    case_id = IdField()
    amount = MoneyField()


class DecisionIn(StrictSerializer):
    """One of the keys, with `confirm_overpayment` and `version` if need be; `not_duplicate` also beside another."""

    case_id = IdField(required=False)
    split = serializers.ListField(child=PartIn(), required=False, min_length=2, max_length=MAX_PARTS)
    ignore = TextField(required=False, max_length=200)
    duplicate_of = IdField(required=False, help_text="El pago cargado a mano que es el de la fila.")
    not_duplicate = FlagField(required=False, help_text="Es otro pago; también abre una fila repetida.")
    reverse = IdField(required=False, help_text="El pago que un contracargo anula.")
    confirm_overpayment = FlagField(required=False)
    version = IdField(required=False, help_text="La de la fila que se leyó; sin ella, no se cambia lo ya decidido.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = {name for name in ONE_OF if attrs.get(name)}
        if len(given) != 1 and given not in TOGETHER:
            raise ValidationError({"case_id": [f"Envíe una decisión, y una sola: {', '.join(ONE_OF)}."]})
        return attrs


class RowsQuery(PageQuery):
    state = serializers.ChoiceField(choices=PaymentRow.State.choices, required=False)
    file_id = QueryWholeField(required=False)


# --- Output ------------------------------------------------------------------------------------------
class PaymentTotalsOut(serializers.Serializer):
    """How many rows are in each state; `total` is what the payments among them come to."""

    rows = serializers.IntegerField()
    matched = serializers.IntegerField()
    ambiguous = serializers.IntegerField()
    unmatched = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    rejected = serializers.IntegerField()
    ignored = serializers.IntegerField()
    posted = serializers.IntegerField()
    undone = serializers.IntegerField()
    total = serializers.CharField()


class PaymentFileOut(serializers.ModelSerializer):
    layout = serializers.CharField(source="layout.code", read_only=True)
    is_layout_verified = serializers.BooleanField(source="layout.verified_with_real_file", read_only=True)
    cartera_id = serializers.IntegerField(read_only=True, allow_null=True)
    created_by_id = serializers.IntegerField(read_only=True, allow_null=True)
    totals = PaymentTotalsOut(read_only=True)

    class Meta:
        model = PaymentFile
        fields = [
            *("id", "layout", "is_layout_verified", "file_name", "sha256", "cartera_id", "account", "status", "totals"),
            *("created_by_id", "created_at", "posted_at", "undone_at"),
        ]
        read_only_fields = fields


class PaymentRowOut(serializers.ModelSerializer):
    file_id = serializers.IntegerField(read_only=True)
    amount = AmountField(allow_null=True)
    case_id = serializers.IntegerField(read_only=True, allow_null=True)
    entry_id = serializers.IntegerField(read_only=True, allow_null=True)
    decided_by_id = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = PaymentRow
        fields = [
            *("id", "file_id", "line", "kind", "state", "why", "value_date", "credited_on", "amount", "channel"),
            *("payer_cuit", "payer_dni", "payer_name", "nro_cliente", "external_reference", "own_id", "reverses"),
            *("version", "case_id", "entry_id", "decided_by_id", "decided_at", "raw"),
        ]
        read_only_fields = fields


class PaymentsUndoneOut(serializers.Serializer):
    """What undoing takes back, and what stays as it is."""

    reversed = serializers.IntegerField()
    amount = serializers.CharField()
    reversed_before = serializers.IntegerField()
    chargebacks = serializers.IntegerField()
    linked = serializers.IntegerField()


FILES = PaymentFile.objects.select_related("layout")


def _once_or_conflict(request: Request, act: Callable[[], Response]) -> Response:
    """`act` once; what the state of the file refuses is a 409."""
    try:
        return once(request, act)
    except Refused as error:
        raise Conflict(" ".join(error.messages)) from error


# --- Views -------------------------------------------------------------------------------------------
@extend_schema_view(
    post=extend_schema(
        operation_id="payments_files_load",
        summary="Cargar un archivo de pagos: identifica de quién es cada uno y no registra nada",
        request={"multipart/form-data": PaymentFileIn},
        responses={201: PaymentFileOut},
    )
)
class PaymentFiles(ApiView):
    permission_classes = [IsAdmin]
    parser_classes = [FilesParser]

    def post(self, request: Request) -> Response:
        given = checked(PaymentFileIn, request)
        upload, cartera = given["file"], None
        if upload.size > settings.IMPORT_UPLOAD_MAX_BYTES:
            most = settings.IMPORT_UPLOAD_MAX_BYTES // MIB
            raise ValidationError({"file": [f"El archivo supera los {most} MB: cárguelo con import_payments."]})
        if "cartera" in given:
            cartera = Cartera.objects.filter(pk=given["cartera"]).first()
            if cartera is None:
                raise ValidationError({"cartera": [NO_CARTERA]})
        layout, account = given.get("layout") or AUTO, given.get("account", "")
        try:
            file = stage_upload(upload, layout=layout, cartera=cartera, account=account, by=request.user)
        except ImportConflict as error:
            raise Conflict(str(error)) from error
        except UnknownLayout as error:
            raise ValidationError({"layout": [str(error)]}) from error
        except ImportFailed as error:
            raise ValidationError({"file": [str(error)]}) from error
        return Response(PaymentFileOut(file).data, status=status.HTTP_201_CREATED)


@extend_schema_view(
    get=extend_schema(
        operation_id="payments_file", summary="Un archivo de pagos, con sus cuentas", responses=PaymentFileOut
    )
)
class OnePaymentFile(ApiView):
    permission_classes = [IsAdmin]

    def get(self, request: Request, pk: int) -> Response:
        return Response(PaymentFileOut(get_object_or_404(FILES, pk=pk)).data)


@extend_schema_view(
    post=extend_schema(
        operation_id="payments_file_posting",
        summary="Registrar los pagos identificados de un archivo; lo ya registrado no se repite",
        parameters=[IDEMPOTENCY_KEY],
        request=StrictSerializer,
        responses=PaymentFileOut,
    )
)
class Posting(ApiView):
    permission_classes = [IsAdmin]

    def post(self, request: Request, pk: int) -> Response:
        checked(StrictSerializer, request)
        file = get_object_or_404(FILES, pk=pk)

        def act() -> Response:
            post(file, by=request.user)
            return Response(PaymentFileOut(FILES.get(pk=pk)).data)

        return _once_or_conflict(request, act)


@extend_schema_view(
    get=extend_schema(
        operation_id="payments_file_undoing_figures",
        summary="Qué se revertiría al deshacer un archivo",
        responses=PaymentsUndoneOut,
    ),
    post=extend_schema(
        operation_id="payments_file_undoing",
        summary="Deshacer un archivo: revierte los pagos que registró",
        parameters=[IDEMPOTENCY_KEY],
        request=StrictSerializer,
        responses=PaymentsUndoneOut,
    ),
)
class Undoing(ApiView):
    permission_classes = [IsAdmin]

    def get(self, request: Request, pk: int) -> Response:
        return Response(PaymentsUndoneOut(what_undoing_does(get_object_or_404(FILES, pk=pk)).counts).data)

    def post(self, request: Request, pk: int) -> Response:
        checked(StrictSerializer, request)
        file = get_object_or_404(FILES, pk=pk)

        def act() -> Response:
            return Response(PaymentsUndoneOut(undo(file, by=request.user).counts).data)

        return _once_or_conflict(request, act)


@extend_schema_view(
    get=listing("payments_rows", "Filas de los archivos de pagos, las primeras primero", PaymentRowOut, RowsQuery)
)
class PaymentRows(ApiView):
    permission_classes = [IsAdmin]
    query_serializer = RowsQuery

    def get(self, request: Request) -> Response:
        rows = PaymentRow.objects.order_by("file", "line", "id")
        if "file_id" in self.query:
            rows = rows.filter(file=self.query["file_id"])
        if "state" in self.query:
            rows = rows.filter(state=self.query["state"])
        return self.paged(rows, PaymentRowOut)


@extend_schema_view(
    post=extend_schema(
        operation_id="payments_row_decision",
        summary="Decidir de quién es el pago de una fila; en un archivo registrado se registra en el acto",
        parameters=[IDEMPOTENCY_KEY],
        request=DecisionIn,
        responses=PaymentRowOut,
    )
)
class RowDecision(ApiView):
    permission_classes = [IsAdmin]

    def post(self, request: Request, pk: int) -> Response:
        given = checked(DecisionIn, request)
        row = get_object_or_404(PaymentRow, pk=pk)
        decision = Decision(
            case=given.get("case_id"),
            split=tuple((part["case_id"], part["amount"]) for part in given.get("split", ())),
            ignore=given.get("ignore", ""),
            duplicate_of=given.get("duplicate_of"),
            not_duplicate=given.get("not_duplicate", False),
            reverse=given.get("reverse"),
            confirm_overpayment=given.get("confirm_overpayment", False),
        )

        def act() -> Response:
            try:
                decided = decide(row, decision, version=given.get("version"), by=request.user)
                return Response(PaymentRowOut(decided).data)
            except Refused as error:
                if not OF_THE_STATE.isdisjoint(getattr(error, "error_dict", ())):
                    raise Conflict(" ".join(error.messages)) from error
                raise

        return once(request, act)
