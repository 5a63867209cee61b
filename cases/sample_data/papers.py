"""The papers that the sample agency has issued: one of each kind at least, and one that was voided."""

from itertools import chain, islice
from typing import Any

from cases import services
from cases.models import Arrangement, Case, CaseStatus, Document, LedgerEntry, PaperText
from cases.sample_data.life import Desk
from cases.services.papers import refusal_of

VERIFY_AT = "http://127.0.0.1:8000/verificar/"  # where `make run` serves
EACH = 3
# What only the agency knows, and no paper is issued without.
TEXTS = {
    "agency_cuit": "30-71234567-1",
    "agency_address": "San Martín 1234, 5º B, Córdoba",
    "payment_means": "Transferencia al alias NOVA.COBRANZAS, o en efectivo en San Martín 1234, de 9 a 18.",
}
Kind = Document.Kind


def write_texts() -> None:
    """Those that are empty."""
    for slug, text in TEXTS.items():
        PaperText.objects.filter(slug=slug, text="").update(text=text)


def hand_out_papers(desk: Desk) -> None:
    """Agreements of some that run, receipts of payments, also of those that complete an arrangement, statements and
    clearances. The last receipt is voided.
    """
    write_texts()
    now = desk.calendar.now
    running = Arrangement.objects.active().filter(case__debtor__dni__isnull=False).order_by("-id")
    for arrangement in running.select_related("case__assigned_to")[:EACH]:
        _issue(desk, arrangement.case, Kind.AGREEMENT, arrangement=arrangement)
    paid = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.PAYMENT, reversal__isnull=True)
    of_arrangements = paid.filter(case__arrangements__status=Arrangement.Status.COMPLETED).distinct()
    latest = [rows.select_related("case__assigned_to").order_by("-id")[:EACH] for rows in (of_arrangements, paid)]
    receipts = [_issue(desk, entry.case, Kind.RECEIPT, entry=entry) for entry in chain(*latest)]
    for case in Case.objects.open().filter(balance__gt=0, assigned_to__isnull=False).order_by("id")[:EACH]:
        _issue(desk, case, Kind.STATEMENT)
    settled = Case.objects.filter(stage=CaseStatus.Stage.PAGADA).select_related("assigned_to").order_by("id")
    cleared = (case for case in settled if not refusal_of(Kind.CLEARANCE, case, now=now))
    for case in islice(cleared, EACH):
        _issue(desk, case, Kind.CLEARANCE)
    for receipt in receipts[-1:]:
        services.void_document(document=receipt, by=desk.admin, reason="Salió con otro nombre.", now=now)


def _issue(desk: Desk, case: Case, kind: str, **of: Any) -> Document:
    by = case.assigned_to or desk.admin
    return services.issue_document(
        case=case, kind=kind, by=by, verify_at=VERIFY_AT, now=desk.calendar.now, **of
    ).document
