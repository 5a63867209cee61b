"""«Cargar»: what comes in as files, cases, recalls and payments, and what became of the last ones (DESIGN §5)."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.access import Request, for_role
from accounts.models import User
from cases.admin.base import change_url
from cases.models import ImportBatch, ImportUpload
from payments.models import PaymentFile
from payments.services.counting import told
from payments.services.waiting import waiting_payments

LAST = 8


@dataclass(frozen=True)
class Loaded:
    """A file that was loaded, with what became of it."""

    at: datetime
    name: str
    href: str
    cartera: str
    by: str
    result: str
    is_pending: bool = False  # it still waits for a person


@dataclass(frozen=True)
class Way:
    """One kind of file: how it is loaded, and the last ones."""

    title: str
    explains: str
    action: str
    href: str
    rows: list[Loaded]
    all: str


@require_safe
@for_role(User.Role.ADMIN)
def loading(request: Request) -> HttpResponse:
    batches = ImportBatch.objects.select_related("cartera", "created_by").defer("report", "originals")
    recalls = batches.filter(kind=ImportBatch.Kind.RECALL)[:LAST]
    batches = batches.filter(kind=ImportBatch.Kind.CASES)[:LAST]
    begun = ImportUpload.objects.filter(created_by=request.user, options__kind__isnull=True)
    begun = begun.defer("content")[:LAST]
    files = PaymentFile.objects.select_related("layout", "cartera", "created_by")[:LAST]
    ways = [
        Way(
            "Casos",
            "La cartera que envía el acreedor: casos nuevos y la deuda al día de los que ya están.",
            "Cargar casos",
            reverse("admin:cases_importupload_add"),
            [*map(_begun, begun), *map(_batch, batches)],
            reverse("admin:cases_importbatch_changelist") + "?kind__exact=cases",
        ),
        Way(
            "Bajas",
            "Los casos que el acreedor retira: salen de la cola y se cierran.",
            "Cargar bajas",
            reverse("admin:cases_importbatch_recall_add"),
            list(map(_batch, recalls)),
            reverse("admin:cases_importbatch_changelist") + "?kind__exact=recall",
        ),
        Way(
            "Pagos",
            "Lo que cobraron el acreedor, un banco o una red. Primero se identifica de quién es cada pago.",
            "Cargar pagos",
            reverse("admin:payments_paymentfile_add"),
            list(map(_file, files)),
            reverse("admin:payments_paymentfile_changelist"),
        ),
    ]
    return render(request, "payments/loading.html", {"ways": ways, "waiting": waiting_payments()})


def _begun(upload: ImportUpload) -> Loaded:
    page = reverse("admin:cases_importupload_columns", args=[upload.pk])
    cartera = upload.options.get("cartera", "")
    return Loaded(upload.created_at, upload.file_name, page, cartera, "", "Sin terminar: continuar", is_pending=True)


def _batch(batch: ImportBatch) -> Loaded:
    names = {
        "created": "nuevos",
        "updated": "actualizados",
        "rejected": "rechazadas",
        "closed": "dados de baja",
        "unknown": "desconocidos",
    }
    told_counts = [f"{words}: {batch.counts[name]}" for name, words in names.items() if batch.counts.get(name)]
    result = " · ".join(["Deshecha"] if batch.undone_at else told_counts) or "Sin cambios"
    return Loaded(
        batch.created_at, batch.file_name, change_url(batch), batch.cartera.name, str(batch.created_by or ""), result
    )


def _file(file: PaymentFile) -> Loaded:
    cartera = file.cartera.name if file.cartera else "Todas"
    result = " · ".join(filter(None, (file.get_status_display(), told(file.totals))))
    return Loaded(
        *(file.created_at, file.file_name, change_url(file), cartera, str(file.created_by or ""), result),
        is_pending=file.status == PaymentFile.Status.STAGED,
    )
