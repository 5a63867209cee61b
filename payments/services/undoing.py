"""A file of payments is taken back: one reversal for each entry that it posted (DESIGN §5.1)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import LedgerEntry
from cases.querysets import in_cents
from cases.services.many_payments import reverse_payments
from nova.lib.databases import refresh_statistics
from payments.models import PaymentFile, PaymentPosting, PaymentRow
from payments.services.counting import totals_of
from payments.services.posting import CHUNK, lock_file

NOTES = "Se deshizo el archivo de pagos «{name}»"


@dataclass(frozen=True)
class Undoing:
    """What undoing a file takes back, before or after it is done: payments, their amount in ARS; and what stays:
    payments that were reversed already, chargebacks that it brought, payments typed by hand that it was linked to."""

    payments: int
    amount: Decimal
    reversed_before: int
    chargebacks: int
    linked: int

    @property
    def counts(self) -> dict[str, Any]:
        return {
            "reversed": self.payments,
            "amount": str(self.amount),
            "reversed_before": self.reversed_before,
            "chargebacks": self.chargebacks,
            "linked": self.linked,
        }


def what_undoing_does(file: PaymentFile) -> Undoing:
    """Runs three queries."""
    postings = PaymentPosting.objects.filter(row__file=file)
    ours = postings.filter(posted_by_row=True)
    standing = _standing(file).aggregate(count=Count("pk"), amount=Sum("amount"))
    payments = ours.filter(entry__kind=LedgerEntry.Kind.PAYMENT).count()
    return Undoing(
        payments=standing["count"],
        amount=in_cents(standing["amount"]),
        reversed_before=payments - standing["count"],
        chargebacks=ours.filter(entry__kind=LedgerEntry.Kind.REVERSAL).count(),
        linked=postings.filter(posted_by_row=False).count(),
    )


def _standing(file: PaymentFile) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(
        payment_posting__row__file=file,
        payment_posting__posted_by_row=True,
        kind=LedgerEntry.Kind.PAYMENT,
        reversal__isnull=True,
    )


@transaction.atomic
def undo(file: PaymentFile, *, by: User | None, dry_run: bool = False, now: datetime | None = None) -> Undoing:
    """Take back what the file posted, in one transaction; its rows may then come again. A second undo is refused.

    Raises ValidationError. `dry_run` takes the same path and leaves everything as it is.
    """
    now = now or timezone.now()
    file = lock_file(file)
    if file.status == PaymentFile.Status.UNDONE:
        raise ValidationError("Ese archivo ya se deshizo.")
    done = what_undoing_does(file)
    entries = list(_standing(file).order_by("case", "pk").values_list("pk", flat=True))
    for start in range(0, len(entries), CHUNK):
        payments = LedgerEntry.objects.filter(pk__in=entries[start : start + CHUNK]).order_by("pk")
        reverse_payments(payments, by=by, notes=NOTES.format(name=file.file_name), now=now)
    # The link alone: the next file that brings the payment typed by hand proposes it again.
    PaymentPosting.objects.filter(row__file=file, posted_by_row=False).delete()
    taken = [PaymentRow.State.DUPLICATE, PaymentRow.State.REJECTED]
    file.rows.exclude(state__in=taken).update(state=PaymentRow.State.UNDONE)
    file.status, file.undone_at, file.totals = PaymentFile.Status.UNDONE, now, totals_of(file)
    file.save(update_fields=["status", "undone_at", "totals"])
    audit.record(AuditEvent.Action.REVERSAL, by=by, target=file, after=done.counts)
    if dry_run:
        transaction.set_rollback(True)
        return done
    refresh_statistics(LedgerEntry, PaymentRow)
    return done
