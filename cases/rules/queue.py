"""Where a case stands in the queue after something is saved (DESIGN §4). Pure: no database, no clock."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import IntEnum
from typing import NamedTuple

from nova.lib import dates


class Band(IntEnum):
    """The queue is worked from the first band to the last."""

    CALL_BACK = 1  # an agreed call-back is due
    BROKEN_PROMISE = 2
    SAYS_PAID = 3  # verify the payment
    PROMISE_DUE = 4  # today or tomorrow
    NEW = 5  # no gestión and no date
    FOLLOW_UP = 6  # a date that somebody, or a result, set
    REST = 7  # reopened or reassigned without a date


# An open case without a gestión in so many days is brought to its gestor's notice (DESIGN §4).
IDLE_DAYS = 15

# What was agreed with the debtor, or what they did: no promise that falls due moves a case out of these.
OUTRANKING_PROMISES = frozenset({Band.CALL_BACK, Band.BROKEN_PROMISE, Band.SAYS_PAID})


class Place(NamedTuple):
    """Where a case stands: its band, and from when it is up. No date counts as now."""

    band: int
    next_action_at: datetime | None


def band_after_saving(*, result_band: int | None, has_pending_promise: bool) -> int:
    """The result's band, else 4 with a pending promise, else 6."""
    if result_band is not None:
        return result_band
    return Band.PROMISE_DUE if has_pending_promise else Band.FOLLOW_UP


def next_action_for_promise(promise_date: date) -> datetime:
    """00:00 of the business day before the promised date."""
    return dates.start_of_day(dates.previous_business_day(promise_date))


def next_action_after_saving(
    *,
    chosen: datetime | None,
    promise_date: date | None,
    result_days: int | None,
    current: datetime | None,
    today: date,
) -> datetime:
    """What the person chose, else the promise's, else the result's business days, else the date there is.

    Without any of them the next business day: an open case never lacks a next action once touched.
    """
    if chosen is not None:
        return chosen
    if promise_date is not None:
        return next_action_for_promise(promise_date)
    if result_days is not None:
        return dates.start_of_day(dates.add_business_days(today, result_days))
    return current or dates.start_of_day(dates.next_business_day(today))


def band_after_assignment(*, band: int, was_assigned: bool, is_touched: bool, next_action_at: datetime | None) -> int:
    """7 when reassigned without a date; a case nobody has touched stays new for its first gestor."""
    if next_action_at is not None:
        return band
    return Band.REST if was_assigned or is_touched else Band.NEW


def band_after_dating(*, band: int, is_touched: bool, next_action_at: datetime | None) -> int:
    """5 is for the untouched without a date: a date makes a follow-up of the case, and without it the case is new."""
    if band == Band.NEW and next_action_at is not None:
        return Band.FOLLOW_UP
    if band == Band.FOLLOW_UP and next_action_at is None and not is_touched:
        return Band.NEW
    return band


def place_as_days_pass(place: Place, *, pending: Sequence[date], worked_on: date | None, today: date) -> Place:
    """Where an open case belongs today when nobody has saved anything: what `nightly` puts right (DESIGN §4).

    `pending` are the dates of its pending promises, `worked_on` the day of its last gestión. A promise that calls
    brings the case up in band 4, from the day the promise itself asked for; bands 1 to 3 stand before it and stay as
    they are. Band 4 without a promise and band 5 with a gestión or a date give way to what a save would have given.
    The same however often it is asked, and asked late it gives what asking every day would have given.
    """
    if place.band in OUTRANKING_PROMISES:
        return place
    if calling := [due for due in pending if promise_calls(due, worked_on=worked_on, today=today)]:
        called_for = next_action_for_promise(min(calling))
        return Place(Band.PROMISE_DUE, min(place.next_action_at or called_for, called_for))
    is_new = worked_on is None and place.next_action_at is None
    if place.band == Band.PROMISE_DUE and not pending:
        return place._replace(band=Band.NEW if is_new else Band.FOLLOW_UP)
    if place.band == Band.NEW and not is_new:
        return place._replace(band=band_after_saving(result_band=None, has_pending_promise=bool(pending)))
    return place


def promise_calls(promise_date: date, *, worked_on: date | None, today: date) -> bool:
    """Whether a pending promise asks for its case: on the business day before its date, and again on the date itself.

    A gestión of that day, or later, has answered. "Due tomorrow" (DESIGN §4) is read in business days, as the next
    action of a promise is: Monday's promise calls on Friday.
    """
    calls_on = promise_date if today >= promise_date else dates.previous_business_day(promise_date)
    return calls_on <= today and (worked_on is None or worked_on < calls_on)
