from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cases.importing.cells import (
    BadCell,
    parse_amount,
    parse_date,
    parse_dni,
    parse_email,
    parse_key,
    parse_name,
    parse_phone,
    split_full_name,
    text_of,
)
from nova.lib.documents import format_cuit, format_dni, is_nobodys
from nova.lib.money import MAX_MONEY, format_money, parse_money, round_money
from nova.lib.phones import parse_phone_number, parse_with_library, phone_variants, to_e164

CENTS = st.integers(min_value=1, max_value=int(MAX_MONEY * 100)).map(lambda cents: Decimal(cents) / 100)
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2026, 11, 24))


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("6,326,996", "6326996.00"),
        ("$ 5.128.468,81", "5128468.81"),
        ("2,617,843.34", "2617843.34"),
        ("137.628", "137628.00"),
        ("1234.567", "1234567.00"),
        ("$1721619,99", "1721619.99"),
        ("7714453.03", "7714453.03"),
        ("AR$ 3.238.671,00", "3238671.00"),
        ("ar$1,5", "1.50"),
        ("$ +1.000", "1000.00"),
        ("+$ 1.000", "1000.00"),
        ("1 234 567,8", "1234567.80"),
        ("1\u00a0234\u202f567,89", "1234567.89"),
        ("0,5", "0.50"),
        ("0,500", "0.50"),
        ("$ 0.125", "0.13"),
        ("1234.5678", "1234.57"),
        ("1.234,565", "1234.57"),
        ("0012", "12.00"),
        ("9.999.999.999.999,99", "9999999999999.99"),
        (100, "100.00"),
        (199999.0, "199999.00"),
        (2.675, "2.68"),
        (0.1 + 0.2, "0.30"),
        (1234.565, "1234.57"),
    ],
)
def test_amount(cell, amount):
    assert str(parse_amount(cell)) == amount


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "",
            "  ",
            "s/d",
            "N/A",
            "-",
            "abc",
            "1,2,3",
            "1.23.456",
            "1,234,56",
            "1.234,567,89",
            "1,234.567.89",
            "1.23,45",
            "1,2.345,67",
        ),
        *("12.", ".", ",", "$", "1.234,", "--5", "$-", "1e5", "1E+06", "1e400", "US$ 100", "U$S 100", "USD 5", "€ 5"),
        *("1/2", "١٢٣", "１２３", "NaN", "inf", "-1500", "$ -2.000,00", "-$ 2", "−5", "0", "0,00", "0,001", "(100)"),
        *("10.000.000.000.000", "9" * 40, "9999999999999.999", "1" * 30_000),
        *(None, True, float("nan"), float("inf"), 1e400, 1e308, 10**20, -5, 0, 0.001, date(2024, 1, 1)),
    ],
)
def test_bad_amount(cell):
    with pytest.raises(BadCell):
        parse_amount(cell)


@given(CENTS, st.sampled_from([".,", ",.", " ,", ".", ","]), st.sampled_from(["", "$", "$ ", "AR$ ", "ar$"]))
def test_amount_written_in_any_way_is_read_back(amount, marks, symbol):
    if len(marks) == 2:
        text = f"{amount:,.2f}".translate(str.maketrans({",": marks[0], ".": marks[1]}))
    else:
        text = f"{amount:.2f}".replace(".", marks)
    assert parse_amount(symbol + text) == amount


@given(st.integers(min_value=1000, max_value=10**12), st.sampled_from(".,"))
def test_whole_amount_grouped_by_one_separator(amount, mark):
    assert parse_amount(f"{amount:,}".replace(",", mark)) == amount


@given(CENTS)
def test_formatted_money_is_read_back(amount):
    assert parse_money(format_money(amount)) == amount
    assert parse_money(format_money(-amount)) == -amount


def test_money_as_argentina_writes_it():
    assert format_money(Decimal("1234567.89")) == "$ 1.234.567,89"
    assert format_money(Decimal("-1234"), symbol=False) == "-1.234,00"
    assert format_money(Decimal(0)) == "$ 0,00"
    assert format_money(MAX_MONEY * 3) == "$ 29.999.999.999.999,97"  # what somebody owes in three debts


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal(10**9), places=6))
def test_numbers_are_rounded_half_up(amount):
    assert round_money(amount) == amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("cell", "order", "day"),
    [
        ("07/11/2023", "dmy", date(2023, 11, 7)),
        ("11-09-2024", "dmy", date(2024, 9, 11)),
        ("11/5/23", "dmy", date(2023, 5, 11)),
        ("11/5/23", "mdy", date(2023, 11, 5)),
        ("23-11-05", "ymd", date(2023, 11, 5)),
        ("2023/11/05", "dmy", date(2023, 11, 5)),
        ("2023-10-04", "mdy", date(2023, 10, 4)),
        ("2023-10-04T23:59:59", "dmy", date(2023, 10, 4)),
        ("2023-10-04 00:00:00", "dmy", date(2023, 10, 4)),
        ("07/11/2023 10:30", "dmy", date(2023, 11, 7)),
        (" 07/11/2023 ", "dmy", date(2023, 11, 7)),
        ("45200", "dmy", date(2023, 10, 1)),
        ("45200.0", "dmy", date(2023, 10, 1)),
        (45200.75, "dmy", date(2023, 10, 1)),
        (45200, "mdy", date(2023, 10, 1)),
        ("20231105", "dmy", date(2023, 11, 5)),
        (20231105.0, "dmy", date(2023, 11, 5)),
        (date(2023, 11, 5), "dmy", date(2023, 11, 5)),
        (datetime(2023, 11, 5, 23, 59), "dmy", date(2023, 11, 5)),  # noqa: DTZ001 - a spreadsheet's own
        ("29/02/2024", "dmy", date(2024, 2, 29)),
    ],
)
def test_date(cell, order, day):
    assert parse_date(cell, order) == day


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "31/02/2024",
            "13/13/2024",
            "00/00/0000",
            "hace mucho",
            "29/02/2023",
            "07/11-2023",
            "1/1/123",
            "1/1/1",
            "7/11",
        ),
        *(
            "01/01/1899",
            "01/01/2101",
            "9999-12-31",
            "0001-01-01",
            "1234",
            "123456",
            "1/1/20245",
            "001/1/2024",
            "٧/١/٢٠٢٤",
            "2026-11-20 25:00",
            "20/11/2026 10:61",
        ),
        *(True, None, 0, -5, 1e300, float("nan"), float("inf"), 99999999),
    ],
)
def test_bad_date(cell):
    with pytest.raises(BadCell):
        parse_date(cell)


def test_last_payment_cannot_be_tomorrow():
    today = date(2026, 11, 24)
    assert parse_date("24/11/2026", latest=today) == today
    with pytest.raises(BadCell, match="futura"):
        parse_date("25/11/2026", latest=today)
    with pytest.raises(BadCell):  # two digits are 20xx, never 19xx
        parse_date("1/1/99", latest=today)


@given(DAYS, st.sampled_from(["dmy", "mdy", "ymd"]), st.sampled_from("/-"), st.booleans(), st.booleans())
def test_date_written_in_its_order_is_read_back(day, order, mark, padded, short_year):
    year = f"{day.year % 100:02d}" if short_year else str(day.year)
    parts = {"d": f"{day.day:02d}" if padded else str(day.day), "m": f"{day.month:02d}" if padded else str(day.month)}
    text = mark.join((parts | {"y": year})[letter] for letter in order)
    assert parse_date(text, order) == day


@given(DAYS)
def test_serial_is_days_since_the_epoch_of_spreadsheets(day):
    serial = (day - date(1899, 12, 30)) / timedelta(days=1)
    assert parse_date(serial) == parse_date(str(int(serial))) == day


@pytest.mark.parametrize(
    ("cell", "dni", "cuit"),
    [
        ("DNI 45565688", "45565688", ""),
        ("dni: 45.565.688", "45565688", ""),
        ("D.N.I. 45565688", "45565688", ""),
        ("8.036.570", "8036570", ""),
        ("08036570", "8036570", ""),
        (" 12975456 ", "12975456", ""),
        ("30210681.0", "30210681", ""),
        (20737173.0, "20737173", ""),
        (20737173, "20737173", ""),
        ("20-18569249-4", "18569249", "20185692494"),
        ("20185692494", "18569249", "20185692494"),
        (20185692494.0, "18569249", "20185692494"),
        ("CUIL 20-18569249-4", "18569249", "20185692494"),
        ("20-08036570-6", "8036570", "20080365706"),
        ("30-50001091-2", "", "30500010912"),
        ("33-69345023-9", "", "33693450239"),
    ],
)
def test_document(cell, dni, cuit):
    assert parse_dni(cell) == (dni, cuit)


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "S/D",
            "ABC",
            "123",
            "123456",
            "123456789",
            "99-99999999-9",
            "20-18569249-5",
            "0803657",
            "00000000",
            "12.34.56",
        ),
        *("20-00123456-1", "1234567a", "DNI", "-", True, 12345678.5, 1e20, date(2024, 1, 1)),
    ],
)
def test_bad_document(cell):
    with pytest.raises(BadCell):
        parse_dni(cell)


@given(st.integers(min_value=1_000_000, max_value=99_999_999).filter(lambda number: not is_nobodys(str(number))))
def test_formatted_dni_is_read_back(number):
    assert parse_dni(format_dni(str(number))) == (str(number), "")


def test_cuit_is_written_with_hyphens():
    assert format_cuit("20185692494") == "20-18569249-4"


@pytest.mark.parametrize(
    ("cell", "key"),
    [("00123", "00123"), (" 574354 ", "574354"), ("123.0", "123.0"), (123.0, "123"), (7, "7"), ("A-1/2", "A-1/2"),
     ("1\x002", "12"), ("x" * 64, "x" * 64), (12.5, "12.5")],
)  # fmt: skip
def test_key(cell, key):
    assert parse_key(cell) == key


@pytest.mark.parametrize("cell", ["", "  ", "\xa0", "\x00", None, True, "x" * 65, 1e15, date(2024, 1, 1)])
def test_bad_key(cell):
    with pytest.raises(BadCell):
        parse_key(cell)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("GODOY, ROCÍO", ("ROCÍO", "GODOY")),
        ("  DE  LA\tFUENTE ,  ANA   MARÍA ", ("ANA MARÍA", "DE LA FUENTE")),
        ("TRANSPORTES DEL SUR SA", ("", "TRANSPORTES DEL SUR SA")),
        ("PÉREZ,", ("", "PÉREZ")),
        (", ANA", ("ANA", "")),
        ("PÉREZ, ANA, LUZ", ("ANA, LUZ", "PÉREZ")),
        (",", ("", "")),
        ("", ("", "")),
    ],
)
def test_full_name_is_split_at_its_comma(cell, names):
    assert split_full_name(cell) == names


@pytest.mark.parametrize("cell", ["", " ", "-", ".", "S/D", "n/a", None, "\x00"])
def test_no_name(cell):
    assert parse_name(cell) == ""


def test_name_of_the_field_keeps_its_letters():
    assert parse_name("  JOSÉ   D'AMICO\n") == "JOSÉ D'AMICO"
    assert parse_name("Ana 🙂") == "Ana 🙂"
    assert parse_name(3) == "3"


@pytest.mark.parametrize(
    ("cell", "number", "kind"),
    [
        ("011 15-4444-5555", "+5491144445555", "mobile"),
        ("0291 15-6028887", "+5492916028887", "mobile"),
        ("02920 15-672170", "+5492920672170", "mobile"),
        ("(291) 5758380", "+542915758380", "landline"),
        ("+54 9 291 4365509", "+5492914365509", "mobile"),
        ("54 9 291 436-5509", "+5492914365509", "mobile"),
        ("291 15 4365509", "+5492914365509", "mobile"),
        ("3514380299", "+543514380299", "landline"),
        (3514380299.0, "+543514380299", "landline"),
        ("3514380299.0", "+543514380299", "landline"),
        ("Cel. 0291 15-6028887", "+5492916028887", "mobile"),
        ("+1 650 253 0000", "+16502530000", "other"),
        ("4365509", "4365509", "other"),
        ("no tiene", "no tiene", "other"),
        ("2914365509 / 2914365508", "2914365509 / 2914365508", "other"),
    ],
)
def test_phone(cell, number, kind):
    assert parse_phone(cell) == (number, kind)


def test_phone_too_long_to_be_stored():
    with pytest.raises(BadCell):
        parse_phone("preguntar por Juan " * 5)


AREAS = st.sampled_from(
    ["11", "221", "223", "230", "2302", "261", "291", "2920", "2954", "299", "341", "351", "3489", "381"]
)
SHAPES = st.sampled_from(
    ["{a}{s}", "({a}) {s}", "0{a} {s}", "0{a}-{x}-{y}", "0{a} 15-{s}", "0{a} 15 {x}-{y}", "+54 9 {a} {s}", "+549{a}{s}",
     "(0{a}) 15{s}", "0{a}15{s}", "({a})15-{s}", "+54{a}{s}", "{a} {x} {y}", "{a}15{s}", "{a}-{s}"]
)  # fmt: skip


@given(AREAS | st.from_regex(r"[1-3][0-9]{1,3}", fullmatch=True), SHAPES, st.from_regex(r"[0-9]{8}", fullmatch=True),
       st.sampled_from([0, 0, 0, 1, -1]))  # fmt: skip
@example("2804", "0{a} 15-{s}", "99507800", 0)  # no area, though 280 is
@example("11", "0{a} {s}", "15709446", 0)  # a 15 that the library takes for the mobile mark
@example("11", "0{a}15{x}-{y}", "55553075", -1)
def test_fast_path_agrees_with_the_library(area, shape, digits, odd):
    subscriber = digits[: 10 - len(area) + odd]
    text = shape.format(a=area, s=subscriber, x=subscriber[:-4], y=subscriber[-4:])
    assert parse_phone_number(text) == parse_with_library(text)


def test_phone_is_searched_with_and_without_the_mobile_nine():
    assert phone_variants("0291 15-6028887") == ["+5492916028887", "+542916028887"]
    assert phone_variants("2916028887") == ["+542916028887", "+5492916028887"]
    assert phone_variants("4365509") == ["4365509"]
    assert phone_variants("gómez") == []
    assert to_e164(" 0291 15-6028887 ") == "+5492916028887"
    assert to_e164("gómez") is None


def test_email():
    assert parse_email(" Ana.Perez+x@example.com.ar ") == "Ana.Perez+x@example.com.ar"
    for bad in ("no tiene", "a@b", "a@b.c; d@e.f", "@x.com", "a b@c.com", "a@b..", 5):
        with pytest.raises(BadCell):
            parse_email(bad)


def test_text_is_kept_as_given_without_what_a_database_refuses():
    assert text_of(' =HYPERLINK("http://x")\n<b>ojo</b> ') == '=HYPERLINK("http://x")\n<b>ojo</b>'
    assert text_of("a\x00b\ufeffc\ud800") == "abc"
    assert text_of("👩‍👧") == "👩‍👧"
    assert text_of(8000.0) == "8000"
    assert text_of(True) == "VERDADERO"


def read_or_bad(parse, cell):
    try:
        return parse(cell)
    except BadCell as bad:
        return bad


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.none() | st.dates())
def test_any_cell_is_read_or_bad_and_never_carries_a_nul(cell):
    for parse in (
        parse_key,
        parse_amount,
        parse_date,
        parse_dni,
        parse_phone,
        parse_email,
        parse_name,
        split_full_name,
    ):
        assert "\0" not in str(read_or_bad(parse, cell))
