"""The place of a case in the queue after each change (DESIGN §4). Pure: no database, no clock."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum, IntEnum, auto
from typing import NamedTuple

from cases.rules import contact
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


# After so many days without a gestión, an open case is shown in the alerts of its gestor (DESIGN §4).
IDLE_DAYS = 15

# These bands come from an agreement with the debtor or from what the debtor did. A promise that falls due does not move
# a case out of them.
OUTRANKING_PROMISES = frozenset({Band.CALL_BACK, Band.BROKEN_PROMISE, Band.SAYS_PAID})


class Place(NamedTuple):
    """A place in the queue: the band, and the moment from which the case is eligible (None counts as now)."""

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
    """The moment of the next action: the first of these that is given.

    1. `chosen` by the person; 2. the one of the promise; 3. `result_days` business days from today; 4. the `current`
    one; 5. the next business day, because an open case with a gestión always has a next action.
    """
    if chosen is not None:
        return chosen
    if promise_date is not None:
        return next_action_for_promise(promise_date)
    if result_days is not None:
        return dates.start_of_day(dates.add_business_days(today, result_days))
    return current or dates.start_of_day(dates.next_business_day(today))


class Answer(Enum):
    """What a gestión on an agreed call-back came to, as far as the agreement goes."""

    NOTHING_SAID = auto()  # a note, a payment: nobody was called
    NO_ANSWER = auto()
    ANSWERED = auto()  # any other result decides what comes next


def agreed_call_after_saving(agreed_at: datetime, *, answer: Answer, now: datetime) -> datetime | None:
    """The moment of an agreed call-back after a gestión; None when the agreement is over and the usual rules hold.

    A note or a payment leaves it. Without an answer it also stays while its hour is to come; once that has passed it is
    tried again two hours later, on the same day and within contact hours.
    """
    if answer is Answer.NOTHING_SAID or (answer is Answer.NO_ANSWER and agreed_at > now):
        return agreed_at
    return contact.retry_of_agreed_call(now) if answer is Answer.NO_ANSWER else None


def band_after_assignment(*, band: int, was_assigned: bool, is_touched: bool, next_action_at: datetime | None) -> int:
    """With a date the band stays. Without one it is 7 for a reassigned or touched case, else 5."""
    if next_action_at is not None:
        return band
    return Band.REST if was_assigned or is_touched else Band.NEW


def band_after_dating(*, band: int, is_touched: bool, next_action_at: datetime | None) -> int:
    """The band after an edit of the next action. Band 5 is only for untouched cases without a date.

    A date moves such a case to band 6; an untouched case that loses its date goes back to band 5.
    """
    if band == Band.NEW and next_action_at is not None:
        return Band.FOLLOW_UP
    if band == Band.FOLLOW_UP and next_action_at is None and not is_touched:
        return Band.NEW
    return band


def place_as_days_pass(place: Place, *, pending: Sequence[date], worked_on: date | None, today: date) -> Place:
    """The place of an open case today when nobody has saved anything; `nightly` stores it (DESIGN §4).

    `pending` are the dates of its pending promises, `worked_on` the local day of its last gestión. Bands 1 to 3 never
    change. A promise that is due (`promise_calls`) moves the case to band 4, from the next action of that promise. Band
    4 without a promise, and band 5 with a gestión or a date, change to the band that a save would have given.

    Safe to repeat: a second call changes nothing, and one late call gives the same as a call on every day.
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
    """Whether a pending promise moves its case to band 4.

    It does on the business day before its date, and again on the date itself, until there is a gestión of that day or
    later. "Due tomorrow" (DESIGN §4) counts business days, as `next_action_for_promise` does: a promise for Monday is
    due tomorrow on Friday.
    """
    calls_on = promise_date if today >= promise_date else dates.previous_business_day(promise_date)
    return calls_on <= today and (worked_on is None or worked_on < calls_on)
