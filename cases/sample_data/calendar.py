"""The days of the sample year, counted back from today."""

from datetime import date, datetime, time, timedelta
from random import Random

from cases.rules import promises as rules
from nova.lib import dates

OPENS, CLOSES = time(9), time(18)


class Calendar:
    """Moments in office hours before `now`; the same `chance` gives the same moments."""

    def __init__(self, now: datetime, chance: Random) -> None:
        self.now, self.chance = now, chance
        self.today = dates.local_date(now)

    def ago(self, business_days: int) -> date:
        """The business day that many business days before today; a Sunday's 1 is Friday."""
        return dates.add_business_days(self.today, -business_days)

    def moment(self, day: date, *, after: datetime | None = None) -> datetime:
        """A random minute in the office hours of the day, later than `after`."""
        start = datetime.combine(day, OPENS, tzinfo=dates.BuenosAires())
        minutes = self.chance.randrange(int(timedelta(hours=CLOSES.hour - OPENS.hour).total_seconds()) // 60)
        moment = start + timedelta(minutes=minutes)
        return moment if after is None or moment > after else after + timedelta(minutes=7)

    def business_day_between(self, first: date, last: date) -> date:
        """A random business day of the period, or its last day when it has none."""
        day = first + timedelta(days=self.chance.randrange(max((last - first).days, 0) + 1))
        while day <= last and not dates.is_business_day(day):
            day += timedelta(days=1)
        return min(day, last)

    def last_day_to_break(self, terms: rules.Terms) -> date:
        """The latest promise date whose grace is over today."""
        day = self.today - timedelta(days=1)
        while rules.last_day_of_grace(day, terms) >= self.today:
            day -= timedelta(days=1)
        return day
