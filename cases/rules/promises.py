"""The outcomes of promises: a pure function of (promises, payments, today), DESIGN §3.3. No database, no clock."""

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
    """A promise that is neither cancelled nor historic. `made_at` is an aware datetime, amounts are in ARS."""

    id: int
    amount: Decimal
    promise_date: date
    made_at: datetime


class PaymentFact(NamedTuple):
    """A payment without a reversal. `posted_at` is an aware datetime, `amount` is in ARS."""

    id: int
    amount: Decimal
    value_date: date
    posted_at: datetime


class Outcome(NamedTuple):
    status: str
    paid_amount: Decimal
    fulfilled_date: date | None


class Terms(NamedTuple):
    """Grace in business days after the promised date; `percent` of the amount from which a promise counts as kept."""

    grace_business_days: int
    percent: Decimal


def last_day_of_grace(promise_date: date, terms: Terms) -> date:
    return dates.add_business_days(promise_date, terms.grace_business_days)


def outcomes(
    promises: Iterable[PromiseFact], payments: Iterable[PaymentFact], *, today: date, terms: Terms
) -> dict[int, Outcome]:
    """The outcome of each promise, by its id. The order of the arguments does not matter.

    Payments, ordered by (value date, id), are allocated to promises, ordered by (promise date, id). A promise takes a
    payment whose value date is in the promise's window, up to the promised amount; the rest goes to the next promise.
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
    # On the day that the promise was made, only payments posted after it count.
    return payment.value_date > made_on or payment.posted_at > promise.made_at


def _status(*, kept: bool, today: date, deadline: date) -> str:
    if kept:
        return Status.FULFILLED
    return Status.BROKEN if today > deadline else Status.PENDING
