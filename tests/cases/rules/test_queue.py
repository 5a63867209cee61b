"""Bands and next actions after a save: DESIGN §4."""

from datetime import UTC, date, datetime

import pytest

from cases.rules import queue
from nova.lib import dates

MONDAY = date(2026, 11, 30)
LATER = datetime(2026, 12, 20, 15, tzinfo=UTC)


def next_action(**given):
    defaults = {"chosen": None, "promise_date": None, "result_days": None, "current": None, "today": MONDAY}
    return queue.next_action_after_saving(**{**defaults, **given})


def test_what_the_person_chose_wins():
    assert next_action(chosen=LATER, promise_date=MONDAY, result_days=3) == LATER


@pytest.mark.parametrize(
    ("promised", "expected"),
    [
        (date(2026, 12, 9), date(2026, 12, 4)),  # 8 December is a holiday, the 7th its bridge
        (date(2026, 11, 30), date(2026, 11, 27)),  # Monday → Friday before
        (date(2027, 1, 2), date(2026, 12, 31)),
    ],
)
def test_promise_is_acted_on_the_business_day_before(promised, expected):
    assert next_action(promise_date=promised) == dates.start_of_day(expected)


@pytest.mark.parametrize(
    ("today", "days", "expected"),
    [
        (date(2026, 11, 24), 3, date(2026, 11, 27)),
        (date(2026, 12, 4), 3, date(2026, 12, 11)),  # a weekend, the 8th and its bridge between
        (date(2026, 12, 30), 2, date(2027, 1, 4)),
        (date(2026, 11, 28), 1, date(2026, 11, 30)),
    ],
)
def test_result_days_are_business_days_at_midnight(today, days, expected):
    moment = next_action(today=today, result_days=days, current=LATER)
    assert moment == dates.start_of_day(expected)
    assert moment.utcoffset().total_seconds() == -3 * 3600
    assert (moment.hour, moment.minute) == (0, 0)


def test_result_without_days_leaves_a_set_date_and_otherwise_sets_the_next_business_day():
    assert next_action(current=LATER) == LATER
    assert next_action() == dates.start_of_day(date(2026, 12, 1))


def test_band_is_the_results_else_the_promises_else_follow_up():
    assert queue.band_after_saving(result_band=3, has_pending_promise=True) == 3
    assert queue.band_after_saving(result_band=None, has_pending_promise=True) == queue.Band.PROMISE_DUE
    assert queue.band_after_saving(result_band=None, has_pending_promise=False) == queue.Band.FOLLOW_UP


@pytest.mark.parametrize(
    ("was_assigned", "is_touched", "dated", "expected"),
    [
        (False, False, False, queue.Band.NEW),
        (True, False, False, queue.Band.REST),
        (False, True, False, queue.Band.REST),
        (True, True, True, queue.Band.SAYS_PAID),
    ],
)
def test_band_after_assignment(was_assigned, is_touched, dated, expected):
    band = queue.band_after_assignment(
        band=queue.Band.SAYS_PAID,
        was_assigned=was_assigned,
        is_touched=is_touched,
        next_action_at=LATER if dated else None,
    )
    assert band == expected
