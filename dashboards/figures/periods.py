"""The periods of the figures (DESIGN §6). Local days, both ends included. Pure functions: "today" is an argument."""

import calendar
from datetime import date, timedelta
from typing import NamedTuple

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)  # a date outside of these is a typing error


class Period(NamedTuple):
    start: date
    end: date

    def before(self) -> "Period":
        """The period of the same length that ends the day before this one starts."""
        return Period(self.start - (self.end - self.start) - timedelta(days=1), self.start - timedelta(days=1))

    def days(self) -> list[date]:
        return [self.start + timedelta(days=number) for number in range((self.end - self.start).days + 1)]

    def mondays(self) -> list[date]:
        """The first day of each week (Monday to Sunday) that the period touches."""
        first, last = monday_of(self.start), monday_of(self.end)
        return [first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1)]

    def months(self) -> list[date]:
        """The first day of each month that the period touches."""
        first, last = (day.year * 12 + day.month - 1 for day in self)
        return [date(number // 12, number % 12 + 1, 1) for number in range(first, last + 1)]


MAX_DAYS_APART, MAX_WEEKS_APART = 45, 30  # beyond these a trend line has more points than pixels


def buckets(period: Period) -> list[Period]:
    """The parts of a period in a trend line: its days, or its weeks, or the months of a long period."""
    length = (period.end - period.start).days + 1
    if length <= MAX_DAYS_APART:
        starts = period.days()
    elif length <= MAX_WEEKS_APART * 7:
        starts = period.mondays()
    else:
        starts = period.months()
    ends = [start - timedelta(days=1) for start in starts[1:]]
    return [Period(max(start, period.start), end) for start, end in zip(starts, [*ends, period.end], strict=True)]


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def last_days(count: int, today: date) -> Period:
    """The last `count` days, today included."""
    return Period(today - timedelta(days=count - 1), today)


def last_30_days(today: date) -> Period:
    """Today and the 29 before."""
    return last_days(30, today)


def last_four_weeks(today: date) -> Period:
    """The current week up to today, and the three whole weeks before."""
    return Period(monday_of(today) - timedelta(weeks=3), today)


def month_to_date(today: date) -> Period:
    return Period(today.replace(day=1), today)


def same_days_of_last_month(today: date) -> Period:
    """The 1st to the same day of last month, or to its last day when it is shorter: on 31 March, 1 to 28 February."""
    end = today.replace(day=1) - timedelta(days=1)
    day = min(today.day, calendar.monthrange(end.year, end.month)[1])
    return Period(end.replace(day=1), end.replace(day=day))
