"""Papers that no longer hold are voided by what undid them, in its transaction (DESIGN §3.9)."""

from collections.abc import Iterable
from datetime import datetime

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Arrangement, Document, LedgerEntry
from cases.querysets import DocumentQuerySet

REVERSED = "El pago fue revertido"
NOT_COMPLETED = "El convenio que cancelaba volvió a estar impago"
UNDONE = "El convenio se deshizo"
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


def withdraw_receipts(payments: Iterable[LedgerEntry], *, by: User | None, now: datetime) -> None:
    """Of payments that were reversed."""
    withdraw(Document.objects.filter(entry__in=list(payments)), by=by, reason=REVERSED, now=now)


def withdraw_completions(arrangement: Arrangement, *, now: datetime) -> None:
    """The receipt that says that its payment completed an arrangement, which runs or has lapsed after all."""
    receipts = Document.objects.filter(arrangement=arrangement, kind=Document.Kind.RECEIPT)
    withdraw(receipts, by=None, reason=NOT_COMPLETED, now=now)


def withdraw_agreements(arrangement: Arrangement, *, by: User, now: datetime) -> None:
    """Of an arrangement that is again as if it had not been accepted; accepted anew it gets another paper."""
    papers = Document.objects.filter(arrangement=arrangement, kind=Document.Kind.AGREEMENT)
    withdraw(papers, by=by, reason=UNDONE, now=now)


def withdraw_clearances(cases: list[int], *, now: datetime) -> None:
    """Of cases that owe again: nobody shows a clearance for them any more."""
    if cases:
        cleared = Document.objects.filter(kind=Document.Kind.CLEARANCE, case__in=cases)
        withdraw(cleared, by=None, reason=OWED_AGAIN, now=now)
