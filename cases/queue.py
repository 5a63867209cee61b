"""Where a case stands in the queue after something is saved (DESIGN §4). Pure: no database, no clock."""

from datetime import date, datetime

from nova.lib import dates

CALL_BACK, BROKEN_PROMISE, SAYS_PAID, PROMISE_DUE, NEW, FOLLOW_UP, REST = range(1, 8)


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
