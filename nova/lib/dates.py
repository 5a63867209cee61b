"""Local days and business days. "Today" is the date in Buenos Aires; business days skip Argentina's public holidays."""

import calendar
from datetime import date, datetime, time, timedelta
from functools import cache

import holidays
from django.utils import timezone

BuenosAires = timezone.get_default_timezone


def to_local(moment: datetime) -> datetime:
    """The aware datetime in Buenos Aires time."""
    return timezone.localtime(moment, BuenosAires())


def local_date(moment: datetime) -> date:
    """The calendar day in Buenos Aires of an aware datetime."""
    return to_local(moment).date()


def today() -> date:
    return local_date(timezone.now())


def start_of_day(day: date) -> datetime:
    """00:00 of the day in Buenos Aires, aware."""
    return datetime.combine(day, time.min, tzinfo=BuenosAires())


def format_moment(moment: datetime) -> str:
    """24/11/2026 15:30, or 24/11/2026 for 00:00 in Buenos Aires, which means a day without an hour (DESIGN §4)."""
    local = to_local(moment)
    return f"{local:%d/%m/%Y}" if local.time() == time.min else f"{local:%d/%m/%Y %H:%M}"


def format_near(moment: datetime, today: date) -> str:
    """The same without the current year, for lists: 24/11 15:30."""
    text = format_moment(moment)
    return text[:5] + text[10:] if to_local(moment).year == today.year else text


def doubled(first: timedelta, times: int, *, longest: timedelta) -> timedelta:
    """`first` doubled `times` times, at most `longest`."""
    return min(first * 2 ** min(times, 20), longest)


def wait_in_words(seconds: int) -> str:
    """45 segundos, 12 minutos, 5 horas: rounded up, so that the wait is never too short."""
    for size, one, many, up_to in ((1, "segundo", "segundos", 120), (60, "minuto", "minutos", 7_200)):
        if seconds < up_to:
            count = -(-seconds // size)
            return f"{count} {one if count == 1 else many}"
    return f"{-(-seconds // 3_600)} horas"


@cache
def _holidays_of(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("AR", years=year))


def is_holiday(day: date) -> bool:
    """Whether nobody works on this day in Argentina because of a holiday, a bridge day included."""
    return day in _holidays_of(day.year)


def is_business_day(day: date) -> bool:
    return day.weekday() < 5 and not is_holiday(day)


def add_business_days(day: date, count: int) -> date:
    """The `count`-th business day after `day` (before it when negative); 0 gives the day itself, whatever it is."""
    step = timedelta(days=1 if count > 0 else -1)
    remaining = abs(count)
    while remaining:
        day += step
        if is_business_day(day):
            remaining -= 1
    return day


def next_business_day(day: date) -> date:
    return add_business_days(day, 1)


def previous_business_day(day: date) -> date:
    return add_business_days(day, -1)


def whole_months_between(start: date, end: date) -> int:
    """Whole months from `start` to `end`, never negative. From the 31st, a shorter month is whole on its last day."""
    months = (end.year - start.year) * 12 + end.month - start.month
    last_day = calendar.monthrange(end.year, end.month)[1]
    if end.day < min(start.day, last_day):
        months -= 1
    return max(months, 0)
