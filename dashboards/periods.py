"""The periods that figures are asked for (DESIGN §6). Local days, both ends included. Pure: "today" is an argument."""

import calendar
from datetime import date, timedelta
from typing import NamedTuple


class Period(NamedTuple):
    start: date
    end: date

    def before(self) -> "Period":
        """As many days, ending the day before this one starts."""
        return Period(self.start - (self.end - self.start) - timedelta(days=1), self.start - timedelta(days=1))

    def mondays(self) -> list[date]:
        """The first day of each week (Monday to Sunday) that the period touches."""
        first, last = monday_of(self.start), monday_of(self.end)
        return [first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1)]


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def last_30_days(today: date) -> Period:
    """Today and the 29 before."""
    return Period(today - timedelta(days=29), today)


def last_four_weeks(today: date) -> Period:
    """The week of today, as far as it has come, and the three whole ones before."""
    return Period(monday_of(today) - timedelta(weeks=3), today)


def month_to_date(today: date) -> Period:
    return Period(today.replace(day=1), today)


def same_days_of_last_month(today: date) -> Period:
    """The 1st to the same day of the month before, or to its end when it is shorter: on 31 March, 1 to 28 February."""
    end = today.replace(day=1) - timedelta(days=1)
    day = min(today.day, calendar.monthrange(end.year, end.month)[1])
    return Period(end.replace(day=1), end.replace(day=day))
