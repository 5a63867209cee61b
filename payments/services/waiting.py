"""The payments that wait for a person: which, how many, how much, since when (DESIGN §5.1)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Min, Sum

from cases.querysets import in_cents
from payments.models import PaymentFile, PaymentRow
from payments.querysets import PaymentRowQuerySet


@dataclass(frozen=True)
class Waiting:
    """`amount` in ARS; `oldest` is the day on which the oldest of them was paid, None without any."""

    count: int
    amount: Decimal
    oldest: date | None


def waiting_rows(file: int | None = None) -> PaymentRowQuerySet:
    """Of files that were not undone, or of one file (its id)."""
    rows = PaymentRow.objects.to_identify().exclude(file__status=PaymentFile.Status.UNDONE)
    return rows.filter(file=file) if file else rows


def waiting_payments(file: int | None = None) -> Waiting:
    """Of all files, or of one. Runs a query, from an index of these rows alone."""
    found = waiting_rows(file).order_by().aggregate(count=Count("pk"), amount=Sum("amount"), oldest=Min("value_date"))
    return Waiting(found["count"], in_cents(found["amount"]), found["oldest"])
