"""Local days and whole months."""

from datetime import UTC, date, datetime

import pytest

from nova.lib import dates


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 1, 1, 2, 59, tzinfo=UTC), date(2025, 12, 31)),
        (datetime(2026, 1, 1, 3, 0, tzinfo=UTC), date(2026, 1, 1)),
    ],
)
def test_the_day_changes_at_midnight_in_buenos_aires(moment, day):
    assert dates.local_date(moment) == day


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2026, 1, 31), date(2026, 2, 27), 0),
        (date(2026, 1, 31), date(2026, 2, 28), 1),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2026, 1, 15), date(2026, 2, 14), 0),
        (date(2025, 12, 31), date(2026, 1, 31), 1),
        (date(2026, 5, 1), date(2026, 4, 1), 0),
    ],
)
def test_whole_months(start, end, months):
    assert dates.whole_months_between(start, end) == months


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 24, 3, 0, tzinfo=UTC), "24/11/2026"),
        (datetime(2026, 11, 24, 18, 30, 59, tzinfo=UTC), "24/11/2026 15:30"),
    ],
)
def test_midnight_is_a_day_without_an_hour(moment, text):
    assert dates.format_moment(moment) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 1, 3, 0, tzinfo=UTC), "01/01"),
        (datetime(2027, 1, 1, 2, 59, tzinfo=UTC), "31/12 23:59"),
        (datetime(2027, 1, 1, 3, 0, tzinfo=UTC), "01/01/2027"),
        (datetime(2025, 12, 31, 15, 0, tzinfo=UTC), "31/12/2025 12:00"),
    ],
)
def test_a_list_leaves_out_the_year_while_it_is_this_one(moment, text):
    assert dates.format_near(moment, date(2026, 12, 31)) == text
