"""What was agreed stays agreed (DESIGN §4)."""

from datetime import datetime, timedelta

import pytest

from cases.rules.contact import is_contact_hour
from cases.rules.queue import Answer, agreed_call_after_saving
from nova.lib import dates

AR = dates.BuenosAires()
WEDNESDAY_17 = datetime(2026, 11, 25, 17, tzinfo=AR)


def at(day, hour, minute=0):
    return datetime(2026, *day, hour, minute, tzinfo=AR)


@pytest.mark.parametrize("now", [WEDNESDAY_17 - timedelta(hours=6), WEDNESDAY_17 + timedelta(days=3)])
def test_a_note_or_a_payment_leaves_it(now):
    assert agreed_call_after_saving(WEDNESDAY_17, answer=Answer.NOTHING_SAID, now=now) == WEDNESDAY_17


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at((11, 25), 11), WEDNESDAY_17),  # a call before the hour
        (at((11, 25), 17), at((11, 25), 19)),
        (at((11, 25), 17, 59), at((11, 25), 19, 59)),
        (at((11, 25), 18), None),  # 20:00 is outside
        (at((11, 25), 23), None),  # would be tomorrow
        (at((11, 28), 9, 59), at((11, 28), 11, 59)),  # a Saturday
        (at((11, 28), 10), None),
        (at((12, 8), 10), None),  # a holiday
    ],
)
def test_without_an_answer(now, expected):
    assert agreed_call_after_saving(WEDNESDAY_17, answer=Answer.NO_ANSWER, now=now) == expected


def test_an_answer_ends_it():
    assert agreed_call_after_saving(WEDNESDAY_17, answer=Answer.ANSWERED, now=at((11, 25), 9)) is None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (at((11, 27), 7, 59), False),
        (at((11, 27), 8), True),
        (at((11, 27), 19, 59), True),
        (at((11, 27), 20), False),
        (at((11, 28), 11, 59), True),
        (at((11, 29), 11), False),
        (at((12, 25), 11), False),
    ],
)
def test_contact_hours(moment, expected):
    assert is_contact_hour(moment) == expected
