"""The pages of a recall: the list with its status, what it would close, and closing it."""

from typing import Any

from django import forms
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts.models import User
from cases.admin.base import actor, change_url, changelist_url, may_move_money
from cases.admin.importing.forms import checked_size
from cases.admin.tools import tool_page
from cases.importing import uploads
from cases.importing.errors import ImportFailed
from cases.importing.recalls import RECALL_NAMES, STAGES, Recalled, close_listed, status_for
from cases.models import Cartera, CaseStatus, ImportBatch, ImportUpload
from nova.lib.databases import lock_row
from nova.lib.money import format_money
from nova.lib.text import whole
from nova.lib.uploads import where_to

KIND = ImportBatch.Kind.RECALL.value
SHOWN = 20
EXPLAINS = (
    "Salen de la cola, y se cancelan sus promesas y convenios. Si fue un error, la importación se puede deshacer: "
    "los casos vuelven a su estado."
)


class RecallForm(forms.Form):
    file = forms.FileField(
        label="Archivo",
        help_text="Con la columna «Nro. de cliente» y, si la trae, «Motivo».",
        error_messages={
            "required": "Elija el archivo de bajas.",
            "empty": "El archivo está vacío: vuelva a exportarlo.",
        },
    )
    cartera = forms.ModelChoiceField(Cartera.objects.all(), label="Cartera", empty_label="— Elija una cartera —")
    status = forms.ModelChoiceField(
        CaseStatus.objects.filter(stage__in=STAGES, is_active=True).order_by("position"),
        label="Estado que reciben",
        empty_label=None,
    )
    reason = forms.CharField(
        label="Motivo", max_length=200, required=False, help_text="De las filas que no traen uno; queda en cada caso."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].initial = CaseStatus.objects.default_of(CaseStatus.Stage.DE_BAJA)

    def clean_file(self) -> Any:
        return checked_size(self.cleaned_data["file"], "close_cases ARCHIVO --cartera NOMBRE --status ESTADO")


def upload_page(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """The list and what becomes of its cases; leads to what it would close."""
    if not may_move_money(request):
        raise PermissionDenied
    stored: list[ImportUpload] = []

    def run(data: dict[str, Any]) -> str:
        options = {
            "kind": KIND,
            "cartera": data["cartera"].name,
            "status": data["status"].slug,
            "reason": data["reason"],
            "sheet": "",
        }
        with transaction.atomic():
            upload = uploads.store(
                by=actor(request), options=options, content=data["file"].read(), file_name=data["file"].name
            )
            try:
                _recall(upload, by=actor(request), dry_run=True)
            except ImportFailed as error:
                raise ValidationError({"file": str(error)}) from error
        stored.append(upload)
        return "Se leyó el archivo. Todavía no se dio de baja ningún caso."

    answer = tool_page(
        model_admin,
        request,
        obj="Bajas",
        form=RecallForm(request.POST or None, request.FILES or None),
        run=run,
        title="Cargar bajas del acreedor",
        button="Leer el archivo",
        back=changelist_url(ImportBatch),
        facts=[],
        explains="Los casos que el acreedor retira. Primero se muestra cuáles son.",
    )
    if stored:
        answer["Location"] = reverse("admin:cases_importbatch_recall", args=[stored[0].pk])
    return where_to(request, answer)


def confirm_page(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """What the stored list would close, and closing it, once."""
    if not may_move_money(request):
        raise PermissionDenied
    own = ImportUpload.objects.filter(created_by=actor(request), options__kind=KIND)
    upload = get_object_or_404(own, pk=pk)
    would, refusal, is_sent = None, "", request.method == "POST"
    try:
        if not is_sent:  # the file is read once
            would = _recall(upload, by=actor(request), dry_run=True)
    except ImportFailed as error:
        refusal = str(error)
    made: list[ImportBatch] = []

    def run(data: dict[str, Any]) -> str:
        with transaction.atomic():
            locked = lock_row(own, pk)
            try:
                done = _recall(locked, by=actor(request), dry_run=False)
            except ImportFailed as error:
                raise ValidationError(str(error)) from error
            locked.delete()
        assert done.batch is not None  # noqa: S101 (it was no trial)
        made.append(done.batch)
        return f"Casos dados de baja: {whole(done.closed)}, que deben {format_money(done.balance)}."

    answer = tool_page(
        model_admin,
        request,
        obj=upload,
        form=forms.Form(request.POST or None),
        run=run,
        title="Dar de baja los casos del archivo",
        button="Dar de baja" if is_sent else close_button(would),
        back=reverse("admin:cases_importbatch_recall_add"),
        facts=facts_of(upload, would) if would else [],
        explains=refusal or EXPLAINS,
    )
    if made:
        answer["Location"] = change_url(made[0])
    return answer


def close_button(would: Recalled | None) -> str:
    """«Dar de baja 2 casos»; empty where there is none."""
    if would is None or not would.closed:
        return ""
    return f"Dar de baja {whole(would.closed)} {'caso' if would.closed == 1 else 'casos'}"


def facts_of(upload: ImportUpload, would: Recalled) -> list[tuple[str, str]]:
    status = status_for(upload.options["status"])
    facts = [
        ("Cartera", upload.options["cartera"]),
        ("Casos que se dan de baja", f"{whole(would.closed)}, que deben {format_money(would.balance)}"),
        ("Estado que reciben", str(status)),
        ("Números que no son de ningún caso", whole(would.unknown)),
        ("Repetidos, o que ya estaban cerrados", whole(would.kept)),
    ]
    for problem in would.problems[:SHOWN]:
        facts.append((f"Fila {problem.row}", f"{problem.value}: {problem.reason}" if problem.value else problem.reason))
    if len(would.problems) > SHOWN:
        facts.append(("Y además", f"{whole(len(would.problems) - SHOWN)} filas más, que el informe trae todas"))
    return facts


def _recall(upload: ImportUpload, *, by: User, dry_run: bool) -> Recalled:
    options = upload.options
    cartera = Cartera.objects.named(options["cartera"])
    if cartera is None:
        raise ImportFailed(f"Ya no existe la cartera «{options['cartera']}»: cargue el archivo de nuevo.")
    with uploads.opened(upload, names=RECALL_NAMES) as table:
        return close_listed(
            table,
            cartera=cartera,
            status=status_for(options["status"]),
            file_name=upload.file_name,
            by=by,
            reason=options["reason"],
            dry_run=dry_run,
        )
