"""The periods of the figures, at the ends of months and years."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.figures.periods import (
    Period,
    buckets,
    last_30_days,
    last_days,
    last_four_weeks,
    month_to_date,
    same_days_of_last_month,
)

days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("today", "month", "last_month"),
    [
        (date(2026, 11, 26), (date(2026, 11, 1), date(2026, 11, 26)), (date(2026, 10, 1), date(2026, 10, 26))),
        (date(2026, 3, 31), (date(2026, 3, 1), date(2026, 3, 31)), (date(2026, 2, 1), date(2026, 2, 28))),
        (date(2028, 3, 30), (date(2028, 3, 1), date(2028, 3, 30)), (date(2028, 2, 1), date(2028, 2, 29))),
        (date(2028, 2, 29), (date(2028, 2, 1), date(2028, 2, 29)), (date(2028, 1, 1), date(2028, 1, 29))),
        (date(2026, 12, 31), (date(2026, 12, 1), date(2026, 12, 31)), (date(2026, 11, 1), date(2026, 11, 30))),
        (date(2027, 1, 1), (date(2027, 1, 1), date(2027, 1, 1)), (date(2026, 12, 1), date(2026, 12, 1))),
    ],
)
def test_this_month_and_the_same_days_of_the_last(
    today: date, month: tuple[date, date], last_month: tuple[date, date]
) -> None:
    assert month_to_date(today) == month
    assert same_days_of_last_month(today) == last_month


def test_the_last_four_weeks_begin_on_a_monday() -> None:
    assert last_four_weeks(date(2026, 11, 26)) == (date(2026, 11, 2), date(2026, 11, 26))  # a Thursday
    assert last_four_weeks(date(2026, 11, 29)).start == date(2026, 11, 2)  # a Sunday
    assert last_four_weeks(date(2026, 11, 30)).start == date(2026, 11, 9)  # a Monday


@given(days)
def test_last_30_days_are_30(today: date) -> None:
    start, end = last_30_days(today)
    assert end == today
    assert [start + timedelta(days=n) for n in range(30)][-1] == today


@given(days, st.integers(0, 800))
def test_the_period_before_touches_and_is_as_long(start: date, length: int) -> None:
    period = Period(start, start + timedelta(days=length))
    before = period.before()
    assert before.end + timedelta(days=1) == period.start
    assert before.end - before.start == period.end - period.start


@given(days, st.integers(0, 800))
def test_every_day_is_in_one_of_the_weeks(start: date, length: int) -> None:
    period = Period(start, start + timedelta(days=length))
    mondays = period.mondays()
    touched = {
        start + timedelta(days=n) - timedelta(days=(start + timedelta(days=n)).weekday()) for n in range(length + 1)
    }
    assert mondays == sorted(touched)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 800))
def test_the_parts_of_a_trend_are_the_period_once(start: date, length: int) -> None:
    period = Period(start, start + timedelta(days=length))
    parts = buckets(period)
    assert [day for part in parts for day in part.days()] == period.days()
    assert len(parts) <= 45
    longest = max((part.end - part.start).days + 1 for part in parts)
    assert longest == 1 if length < 45 else longest <= 7 if length < 210 else longest <= 31


@pytest.mark.parametrize(
    ("period", "months"),
    [
        (Period(date(2026, 12, 31), date(2027, 1, 1)), [date(2026, 12, 1), date(2027, 1, 1)]),
        (Period(date(2028, 2, 29), date(2028, 2, 29)), [date(2028, 2, 1)]),
        (
            Period(date(2027, 11, 30), date(2028, 3, 1)),
            [date(2027, 11, 1), date(2027, 12, 1), *(date(2028, month, 1) for month in (1, 2, 3))],
        ),
    ],
)
def test_months_that_a_period_touches(period: Period, months: list[date]) -> None:
    assert period.months() == months


@pytest.mark.parametrize("today", [date(2026, 12, 31), date(2027, 1, 1), date(2028, 2, 29), date(2026, 3, 31)])
def test_last_days_end_today_and_the_days_before_are_as_many(today: date) -> None:
    for count in (7, 30, 90, 365):
        period = last_days(count, today)
        assert (len(period.days()), period.end) == (count, today)
        assert period.before().days() == [day - timedelta(days=count) for day in period.days()]
