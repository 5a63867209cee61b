"""What the passing of days does to a case's place in the queue: DESIGN §4, `queue.place_as_days_pass`."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.rules import queue
from nova.lib import dates

FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 11, 27) + timedelta(days=days) for days in range(4))
LATER = datetime(2029, 2, 1, 15, tzinfo=UTC)


def place(band=queue.Band.FOLLOW_UP, at=LATER, *, pending=(), worked_on=None, today=MONDAY):
    return queue.place_as_days_pass(queue.Place(band, at), pending=pending, worked_on=worked_on, today=today)


@pytest.mark.parametrize("today", [MONDAY, date(2026, 12, 1)])
def test_promise_due_tomorrow_or_today_brings_the_case_up_in_band_four(today):
    moved = place(pending=[date(2026, 12, 1)], today=today)
    assert moved == queue.Place(queue.Band.PROMISE_DUE, dates.start_of_day(MONDAY))


@pytest.mark.parametrize("band", [queue.Band.CALL_BACK, queue.Band.BROKEN_PROMISE, queue.Band.SAYS_PAID])
def test_what_was_agreed_stands_before_a_promise(band):
    assert place(band, pending=[MONDAY]) == queue.Place(band, LATER)


@pytest.mark.parametrize("band", [queue.Band.PROMISE_DUE, queue.Band.NEW, queue.Band.FOLLOW_UP, queue.Band.REST])
def test_other_bands_give_way_to_a_promise(band):
    assert place(band, pending=[MONDAY]).band == queue.Band.PROMISE_DUE


def test_promise_of_the_day_after_tomorrow_leaves_the_case_alone():
    assert place(pending=[date(2026, 12, 2)]) == queue.Place(queue.Band.FOLLOW_UP, LATER)


@pytest.mark.parametrize(
    ("due", "last_quiet_day", "calls_on"),
    [
        (MONDAY, date(2026, 11, 26), FRIDAY),
        (date(2026, 12, 9), date(2026, 12, 3), date(2026, 12, 4)),  # the 7th a bridge, the 8th a holiday
        (date(2027, 1, 1), date(2026, 12, 30), date(2026, 12, 31)),
        (date(2027, 1, 4), date(2026, 12, 30), date(2026, 12, 31)),  # 1 January is a Friday
        (date(2028, 2, 29), date(2028, 2, 24), date(2028, 2, 25)),  # carnival on the 28th and the 29th
        (date(2026, 3, 1), date(2026, 2, 26), date(2026, 2, 27)),
    ],
)
def test_long_weekends_month_ends_and_leap_days(due, last_quiet_day, calls_on):
    assert place(pending=[due], today=last_quiet_day).band == queue.Band.FOLLOW_UP
    assert place(pending=[due], today=calls_on) == queue.Place(queue.Band.PROMISE_DUE, dates.start_of_day(calls_on))


def test_case_worked_since_the_promise_called_is_left_until_the_day_itself():
    assert place(pending=[MONDAY], worked_on=FRIDAY, today=SATURDAY).band == queue.Band.FOLLOW_UP
    assert place(pending=[MONDAY], worked_on=FRIDAY, today=MONDAY).band == queue.Band.PROMISE_DUE
    assert place(pending=[MONDAY], worked_on=MONDAY, today=MONDAY).band == queue.Band.FOLLOW_UP
    assert place(pending=[MONDAY], worked_on=MONDAY, today=date(2026, 12, 1)).band == queue.Band.FOLLOW_UP


def test_date_that_has_come_is_not_put_off():
    earlier = dates.start_of_day(date(2026, 11, 20))
    assert place(at=earlier, pending=[MONDAY]) == queue.Place(queue.Band.PROMISE_DUE, earlier)


@pytest.mark.parametrize(
    ("at", "worked_on", "expected"),
    [(LATER, FRIDAY, queue.Band.FOLLOW_UP), (LATER, None, queue.Band.FOLLOW_UP), (None, None, queue.Band.NEW)],
)
def test_band_four_without_a_promise_gives_way(at, worked_on, expected):
    assert place(queue.Band.PROMISE_DUE, at, worked_on=worked_on) == queue.Place(expected, at)


@pytest.mark.parametrize(
    ("at", "worked_on", "pending", "expected"),
    [
        (None, None, (), queue.Band.NEW),
        (LATER, None, (), queue.Band.FOLLOW_UP),
        (None, FRIDAY, (), queue.Band.FOLLOW_UP),
        (None, FRIDAY, (date(2026, 12, 20),), queue.Band.PROMISE_DUE),
    ],
)
def test_band_five_is_for_the_untouched_without_a_date(at, worked_on, pending, expected):
    assert place(queue.Band.NEW, at, worked_on=worked_on, pending=pending) == queue.Place(expected, at)


def test_reassigned_case_without_a_date_stays_in_band_seven():
    assert place(queue.Band.REST, None, worked_on=FRIDAY) == queue.Place(queue.Band.REST, None)


days = st.dates(date(2026, 11, 1), date(2027, 1, 31))


@given(
    band=st.integers(1, 7),
    at=st.none() | days.map(dates.start_of_day),
    pending=st.lists(days, max_size=3),
    worked_on=st.none() | days,
    today=days,
    gap=st.integers(0, 15),
)
def test_asked_late_it_gives_what_asking_every_day_gives(band, at, pending, worked_on, today, gap):
    """And asking twice gives what asking once gave: gap 0."""
    asked = {"pending": pending, "worked_on": worked_on}
    daily = queue.Place(band, at)
    for day in range(gap + 1):
        daily = queue.place_as_days_pass(daily, **asked, today=today + timedelta(days=day))
    last_day = today + timedelta(days=gap)
    assert queue.place_as_days_pass(daily, **asked, today=last_day) == daily
    assert queue.place_as_days_pass(queue.Place(band, at), **asked, today=last_day) == daily
