"""Days, moments and amounts as people say them. Today is Monday 30/11/2026."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nova.lib import dates
from nova.lib.money import MAX_MONEY, format_money, parse_said_money
from nova.lib.said import MONTHS, WEEKDAYS, NotSaid, read_day, read_moment, show_day, show_moment

TODAY = date(2026, 11, 30)
NOW = datetime(2026, 11, 30, 14, 20, tzinfo=UTC)  # 11:20 in Buenos Aires
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("hoy", "2026-11-30"),
        ("mañana", "2026-12-01"),
        ("MANANA", "2026-12-01"),
        ("pasado mañana", "2026-12-02"),
        ("pasado", "2026-12-02"),
        ("viernes", "2026-12-04"),
        ("el vie", "2026-12-04"),
        ("vie.", "2026-12-04"),
        ("v", "2026-12-04"),
        ("miercoles", "2026-12-02"),
        ("lunes", "2026-12-07"),  # today is «hoy»
        ("viernes 4", "2026-12-04"),
        ("para el viernes 4/12", "2026-12-04"),
        ("viernes 11", "2026-12-11"),
        ("hoy 30", "2026-11-30"),
        ("4/12", "2026-12-04"),
        ("30/11", "2026-11-30"),
        ("4-12", "2026-12-04"),
        ("29/11", "2027-11-29"),
        ("4/12/26", "2026-12-04"),
        ("4.12.2026", "2026-12-04"),
        ("2026-12-04", "2026-12-04"),
        ("29/2", "2028-02-29"),
        ("4 de diciembre", "2026-12-04"),
        ("4 dic", "2026-12-04"),
        ("1 setiembre", "2027-09-01"),
        ("4 de enero de 2028", "2028-01-04"),
        ("10", "2026-12-10"),
        ("día 31", "2026-12-31"),
        ("fin de mes", "2026-11-30"),
        ("+1", "2026-12-01"),
        ("+5", "2026-12-09"),  # the 7th is a bridge day, the 8th a holiday
    ],
)
def test_a_day(text: str, day: str) -> None:
    assert read_day(text, today=TODAY).isoformat() == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("ayer", "2026-11-29"),
        ("lunes", "2026-11-23"),
        ("domingo", "2026-11-29"),
        ("viernes 27", "2026-11-27"),
        ("4/12", "2025-12-04"),
        ("30/11", "2026-11-30"),
        ("28", "2026-11-28"),
        ("31", "2026-10-31"),
        ("29/2", "2024-02-29"),
        ("+1", "2026-11-27"),
    ],
)
def test_a_day_that_was(text: str, day: str) -> None:
    assert read_day(text, today=TODAY, past=True).isoformat() == day


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("viernes 15", "2026-12-04T15:00"),
        ("mañana 9:30", "2026-12-01T09:30"),
        ("mañana a las 9", "2026-12-01T09:00"),
        ("hoy 18", "2026-11-30T18:00"),
        ("hoy 18hs", "2026-11-30T18:00"),
        ("viernes 9.30", "2026-12-04T09:30"),
        ("viernes 4/12 15", "2026-12-04T15:00"),
        ("4/12 15:30", "2026-12-04T15:30"),
        ("4 de diciembre 8", "2026-12-04T08:00"),
        ("día 10 15:00", "2026-12-10T15:00"),
        ("+3 10:00", "2026-12-03T10:00"),
        ("+2 h", "2026-11-30T13:20"),
        ("15:30", "2026-11-30T15:30"),
        ("a las 15", "2026-11-30T15:00"),
        ("15 hs", "2026-11-30T15:00"),
        ("2026-12-04T15:30", "2026-12-04T15:30"),
        ("viernes", "2026-12-04T00:00"),
        ("4/12", "2026-12-04T00:00"),
        ("día 10", "2026-12-10T00:00"),
    ],
)
def test_a_moment(text: str, moment: str) -> None:
    assert f"{dates.to_local(read_moment(text, now=NOW)):%Y-%m-%dT%H:%M}" == moment


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("viernes 5", "es sábado, no viernes"),
        ("viernes 5/12", "es sábado, no viernes"),
        ("hoy 4", "ese día es el 30/11/2026"),
        ("12/25", "no existe"),
        ("31/2/2027", "no existe"),
        ("0/1", "no existe"),
        ("32", "no existe"),
        ("+0", "De +1 a"),
        ("+999", "De +1 a"),
        ("mañana 15:30", "no es una fecha"),
        ("la semana que viene", "no es una fecha"),
        ("4/12/6", "no es una fecha"),
        ("12", None),
    ],
)
def test_what_is_no_day(text: str, reason: str | None) -> None:
    if reason is None:
        assert read_day(text, today=TODAY) == date(2026, 12, 12)
        return
    with pytest.raises(NotSaid, match=reason.replace("+", r"\+")):
        read_day(text, today=TODAY)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10", "Escriba «día 10» o «hoy 10»"),
        ("viernes 25", "la hora va de 0 a 23"),
        ("hoy 15:75", "los minutos"),
        ("9:00", "ya pasaron"),
        ("+99 h", "horas"),
        ("mañana temprano", "no es un día con su hora"),
        ("viernes 5/12 15", "es sábado"),
    ],
)
def test_what_is_no_moment(text: str, reason: str) -> None:
    with pytest.raises(NotSaid, match=reason):
        read_moment(text, now=NOW)


@given(day=DAYS, today=DAYS, past=st.booleans())
def test_a_day_that_is_shown_reads_back(day: date, today: date, past: bool) -> None:
    assert read_day(show_day(day), today=today, past=past) == day
    assert read_day(f"{day:%d/%m/%Y}", today=today, past=past) == read_day(day.isoformat(), today=today) == day


@given(day=DAYS, minutes=st.integers(0, 24 * 60 - 1), today=DAYS)
def test_a_moment_that_is_shown_reads_back(day: date, minutes: int, today: date) -> None:
    local = dates.start_of_day(day) + timedelta(minutes=minutes)
    assert read_moment(show_moment(local), now=dates.start_of_day(today)) == local


@given(day=DAYS, today=DAYS)
def test_without_a_year_it_is_the_next_or_the_last_one(day: date, today: date) -> None:
    said = f"{day.day}/{day.month}"
    ahead, behind = read_day(said, today=today), read_day(said, today=today, past=True)
    assert behind <= today <= ahead
    assert (ahead.day, ahead.month) == (behind.day, behind.month) == (day.day, day.month)
    leap = (day.day, day.month) == (29, 2)
    assert (ahead - today).days < (366 * 8 if leap else 366)
    name = read_day(f"{day.day} de {MONTHS[day.month - 1]}", today=today)
    assert name == ahead


@given(today=DAYS, weekday=st.sampled_from(WEEKDAYS), hour=st.integers(0, 23))
def test_a_weekday_is_the_next_one(today: date, weekday: str, hour: int) -> None:
    day = read_day(weekday, today=today)
    assert 1 <= (day - today).days <= 7
    assert WEEKDAYS[day.weekday()] == weekday
    assert 1 <= (today - read_day(weekday, today=today, past=True)).days <= 7
    # A number is an hour here, and the day of the month there, which has to agree.
    moment = read_moment(f"{weekday} {hour}", now=dates.start_of_day(today))
    assert moment == dates.start_of_day(day) + timedelta(hours=hour)
    assert read_day(f"{weekday} {day.day}", today=today) == day


WORDS = st.lists(
    st.sampled_from(
        [
            "hoy",
            "mañana",
            "viernes",
            "lun",
            "4",
            "/",
            "12",
            "+3",
            "h",
            "15:30",
            "de",
            "dic",
            "2026",
            "-",
            ".",
            "día",
            "٣",
            "a las",
            "99",
        ]
    ),
    max_size=6,
).map(" ".join)


@given(text=st.one_of(st.text(max_size=30), WORDS), past=st.booleans())
@example(text="0/0", past=False)
@example(text="29/2/0000", past=False)
@example(text="²", past=False)
def test_anything_typed_is_read_or_refused_with_a_reason(text: str, past: bool) -> None:
    for reader in (lambda: read_day(text, today=TODAY, past=past), lambda: read_moment(text, now=NOW)):
        try:
            shown = f"{reader():%d/%m/%Y}"
        except NotSaid as error:
            shown = str(error)
        assert len(shown) >= 10


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("50 mil", "50000"),
        ("10k", "10000"),
        ("1,5 M", "1500000"),
        ("1.5m", "1500000"),
        ("1,255 M", "1255000"),
        ("2 millones", "2000000"),
        ("1 millón", "1000000"),
        ("mil", "1000"),
        ("$ 1.500 mil", "1500000"),
        ("$ 1.234,56", "1234.56"),
    ],
)
def test_an_amount(text: str, amount: str) -> None:
    assert parse_said_money(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "k k", "mil mil", "50 milk", "diez mil", "9999999999999 M", "1,2,3 mil"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match=r"importe|separadores|grande"):
        parse_said_money(text)


@given(amount=st.decimals(0, MAX_MONEY / 1000, places=2))
def test_thousands_are_a_thousand_times(amount: Decimal) -> None:
    assert parse_said_money(format_money(amount)) == amount
    assert parse_said_money(f"{amount:.2f}".replace(".", ",") + " mil") == amount * 1000
