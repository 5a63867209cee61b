"""Papers that no longer hold are voided by what undid them, in its transaction (DESIGN §3.9)."""

from datetime import datetime

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Arrangement, Document, LedgerEntry
from cases.querysets import DocumentQuerySet

REVERSED = "El pago fue revertido"
NOT_COMPLETED = "El convenio que cancelaba volvió a estar impago"
OWED_AGAIN = "La deuda volvió a tener saldo"


def withdraw(documents: DocumentQuerySet, *, by: User | None, reason: str, now: datetime) -> int:
    """Void the valid ones of these papers, whose cases the caller has locked. Returns how many there were."""
    papers = list(documents.valid().defer("file", "content", "texts"))
    if not papers:
        return 0
    Document.objects.filter(pk__in=[paper.pk for paper in papers]).update(
        voided_at=now, voided_by=by, void_reason=reason
    )
    after = {"voided_at": now, "notes": reason}
    audit.record_many(audit.event(AuditEvent.Action.EDITED, by=by, target=paper, after=after) for paper in papers)
    return len(papers)


def withdraw_receipts(payment: LedgerEntry, *, by: User | None, now: datetime) -> None:
    """The receipt of a reversed payment, and one that says that another payment completed an arrangement, if it did not
    after all. After the arrangements of the case are settled.
    """
    withdraw(Document.objects.filter(entry=payment), by=by, reason=REVERSED, now=now)
    completing = Document.objects.filter(case=payment.case_id, kind=Document.Kind.RECEIPT, arrangement__isnull=False)
    undone = completing.exclude(arrangement__status=Arrangement.Status.COMPLETED)
    withdraw(undone, by=by, reason=NOT_COMPLETED, now=now)


def withdraw_clearances(cases: list[int], *, now: datetime) -> None:
    """Of cases that owe again: nobody shows a clearance for them any more."""
    if cases:
        cleared = Document.objects.filter(kind=Document.Kind.CLEARANCE, case__in=cases)
        withdraw(cleared, by=None, reason=OWED_AGAIN, now=now)
