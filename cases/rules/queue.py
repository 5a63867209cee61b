"""Where a case stands in the queue after something is saved (DESIGN §4). Pure: no database, no clock."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from nova.lib import dates

CALL_BACK, BROKEN_PROMISE, SAYS_PAID, PROMISE_DUE, NEW, FOLLOW_UP, REST = range(1, 8)

# An open case without a gestión in so many days is brought to its gestor's notice (DESIGN §4).
IDLE_DAYS = 15

# What was agreed with the debtor, or what they did: no promise that falls due moves a case out of these.
OUTRANKING_PROMISES = frozenset({CALL_BACK, BROKEN_PROMISE, SAYS_PAID})


class Place(NamedTuple):
    """Where a case stands: its band, and from when it is up. No date counts as now."""

    band: int
    next_action_at: datetime | None


def band_after_saving(*, result_band: int | None, has_pending_promise: bool) -> int:
    """The result's band, else 4 with a pending promise, else 6."""
    if result_band is not None:
        return result_band
    return PROMISE_DUE if has_pending_promise else FOLLOW_UP


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
    return REST if was_assigned or is_touched else NEW


def band_after_dating(*, band: int, is_touched: bool, next_action_at: datetime | None) -> int:
    """5 is for the untouched without a date: a date makes a follow-up of the case, and without it the case is new."""
    if band == NEW and next_action_at is not None:
        return FOLLOW_UP
    if band == FOLLOW_UP and next_action_at is None and not is_touched:
        return NEW
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
        return Place(PROMISE_DUE, min(place.next_action_at or called_for, called_for))
    is_new = worked_on is None and place.next_action_at is None
    if place.band == PROMISE_DUE and not pending:
        return place._replace(band=NEW if is_new else FOLLOW_UP)
    if place.band == NEW and not is_new:
        return place._replace(band=band_after_saving(result_band=None, has_pending_promise=bool(pending)))
    return place


def promise_calls(promise_date: date, *, worked_on: date | None, today: date) -> bool:
    """Whether a pending promise asks for its case: on the business day before its date, and again on the date itself.

    A gestión of that day, or later, has answered. "Due tomorrow" (DESIGN §4) is read in business days, as the next
    action of a promise is: Monday's promise calls on Friday.
    """
    calls_on = promise_date if today >= promise_date else dates.previous_business_day(promise_date)
    return calls_on <= today and (worked_on is None or worked_on < calls_on)
