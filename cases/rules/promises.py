"""What became of promises: a pure function of (promises, payments, today), DESIGN §3.3. No database, no clock."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from nova.lib import dates


class Status(StrEnum):
    """CANCELLED is a person's decision; the other three are computed."""

    PENDING = "pending"
    FULFILLED = "fulfilled"
    BROKEN = "broken"
    CANCELLED = "cancelled"


ZERO = Decimal("0.00")
HUNDRED = Decimal(100)


class PromiseFact(NamedTuple):
    """A promise that is neither cancelled nor historic. `made_at` is aware."""

    id: int
    amount: Decimal
    promise_date: date
    made_at: datetime


class PaymentFact(NamedTuple):
    """A payment that nothing has reversed. `posted_at` is aware."""

    id: int
    amount: Decimal
    value_date: date
    posted_at: datetime


class Outcome(NamedTuple):
    status: str
    paid_amount: Decimal
    fulfilled_date: date | None


class Terms(NamedTuple):
    """Grace in business days after the promised date; `percent` of the amount that counts as kept."""

    grace_business_days: int
    percent: Decimal


def last_day_of_grace(promise_date: date, terms: Terms) -> date:
    return dates.add_business_days(promise_date, terms.grace_business_days)


def outcomes(
    promises: Iterable[PromiseFact], payments: Iterable[PaymentFact], *, today: date, terms: Terms
) -> dict[int, Outcome]:
    """The outcome of each promise by its id: the same however often, and in whatever order, it is asked for.

    Payments by (value date, id) feed promises by (promise date, id): each promise whose window holds the payment's
    value date, up to its whole amount; what is left goes on to the next.
    """
    ordered = sorted(promises, key=lambda promise: (promise.promise_date, promise.id))
    fed = {promise.id: ZERO for promise in ordered}
    kept_on: dict[int, date] = {}
    deadline = {promise.id: last_day_of_grace(promise.promise_date, terms) for promise in ordered}
    for payment in sorted(payments, key=lambda payment: (payment.value_date, payment.id)):
        remaining = payment.amount
        for promise in ordered:
            if remaining <= 0:
                break
            if not _feeds(payment, promise, deadline[promise.id]):
                continue
            share = min(remaining, promise.amount - fed[promise.id])
            fed[promise.id] += share
            remaining -= share
            if promise.id not in kept_on and fed[promise.id] * HUNDRED >= promise.amount * terms.percent:
                kept_on[promise.id] = payment.value_date
    return {
        promise.id: Outcome(
            _status(kept=promise.id in kept_on, today=today, deadline=deadline[promise.id]),
            fed[promise.id],
            kept_on.get(promise.id),
        )
        for promise in ordered
    }


def _feeds(payment: PaymentFact, promise: PromiseFact, deadline: date) -> bool:
    made_on = dates.local_date(promise.made_at)
    if not made_on <= payment.value_date <= deadline:
        return False
    # On the day it was made, a promise is about the money that comes after it.
    return payment.value_date > made_on or payment.posted_at > promise.made_at


def _status(*, kept: bool, today: date, deadline: date) -> str:
    if kept:
        return Status.FULFILLED
    return Status.BROKEN if today > deadline else Status.PENDING
