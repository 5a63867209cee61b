"""Parsers of one cell: from text or a spreadsheet value to the value of a field, or `BadCell` (DESIGN §5 "Cells").

A cell is text in a text file; in a workbook it may also be a number, a date, a boolean or None. These functions run
millions of times per import, so each checks the usual formats first and caches repeated texts.
"""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from nova.lib.documents import Document, parse_document
from nova.lib.money import parse_money, round_money
from nova.lib.phones import MAX_NUMBER_LENGTH, OTHER, Phone, parse_phone_number

Cell = str | int | float | bool | date | datetime | None

MAX_KEY_LENGTH = 64
MIN_YEAR, MAX_YEAR = 1900, 2100
DATE_ORDERS = ("dmy", "mdy", "ymd")
_EXCEL_EPOCH = date(1899, 12, 30)
_MAX_EXACT_NUMBER = 10**15  # a spreadsheet keeps 15 digits of a number; longer keys have lost their last digits

# Placeholders for a missing name.
_NO_NAME = frozenset({"s/d", "sd", "n/a", "na", "s/n", "sin datos", "sin nombre"})

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufeff\ud800-\udfff]")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ].*)?")
_COMPACT_ISO = re.compile(r"(19|20)[0-9]{6}")
_SPLIT_DATE = re.compile(r"([0-9]{1,4})([/-])([0-9]{1,2})\2([0-9]{1,4})(?: [0-9: .apmAPM]+)?")
_SERIAL = re.compile(r"([0-9]{5})(?:[.,][0-9]+)?")
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")


class BadCell(ValueError):
    """The cell cannot be used; `reason` is in Spanish and follows the quoted cell ("«x» no es un importe")."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def text_of(value: Cell) -> str:
    """Text of any cell, trimmed, without control or invisible characters (PostgreSQL refuses NUL).

    A whole number loses its `.0`, a date reads as ISO, a boolean as VERDADERO or FALSO.
    """
    if type(value) is str:
        # Most cells are printable ASCII, which has no invisible characters to remove.
        if value.isascii() and value.isprintable():
            return value.strip()
        return _UNWANTED.sub("", value).strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "VERDADERO" if value else "FALSO"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if not value.time() else value.isoformat(" ", "seconds")
    return str(value)


def parse_key(value: Cell) -> str:
    """The creditor's key: trimmed text of at most 64 characters, leading zeros kept; a number cell 123.0 is "123"."""
    if isinstance(value, str):
        key = text_of(value)
        if not key:
            raise BadCell("está vacío")
    elif value is None:
        raise BadCell("está vacío")
    elif isinstance(value, bool | date):
        raise BadCell("no es un número de cliente: guarde la columna como texto en la planilla")
    elif abs(value) >= _MAX_EXACT_NUMBER:
        raise BadCell("perdió dígitos por estar guardado como número: guarde la columna como texto en la planilla")
    else:
        key = text_of(value)
    if len(key) > MAX_KEY_LENGTH:
        raise BadCell(f"supera los {MAX_KEY_LENGTH} caracteres")
    return key


def parse_amount(value: Cell) -> Decimal:
    """Pesos with two decimals, greater than zero and within `Decimal(15, 2)`; numbers are rounded half up."""
    if isinstance(value, bool | date):
        raise BadCell("no es un importe")
    text = text_of(value) if type(value) is str else ""
    if value is None or (type(value) is str and not text):
        raise BadCell("está vacío")
    try:
        amount = parse_money(text) if text else round_money(value)
    except ValueError as error:
        raise BadCell(str(error)) from None
    if amount <= 0:
        raise BadCell("debe ser mayor que cero")
    return amount


def parse_date(value: Cell, order: str = "dmy", *, latest: date | None = None) -> date:
    """A day: ISO, `d/m/y` or `d-m-y` by `order`, an Excel serial, or a true date (a time of day is cut).

    Two-digit years are 20xx; four digits first is always year-month-day. Years outside 1900–2100, and days after
    `latest`, are bad: a last payment is not in the future.
    """
    if type(value) is str:
        day = parse_date_text(text_of(value), order)
    elif isinstance(value, datetime):
        day = value.date()
    elif isinstance(value, date):
        day = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        compact = text_of(value)
        day = parse_date_text(compact, order) if _COMPACT_ISO.fullmatch(compact) else _from_serial(value)
    else:
        raise BadCell("no es una fecha")
    if not MIN_YEAR <= day.year <= MAX_YEAR:
        raise BadCell("es una fecha fuera de lo posible")
    if latest is not None and day > latest:
        raise BadCell("es una fecha futura")
    return day


@lru_cache(maxsize=16384)
def parse_date_text(text: str, order: str) -> date:
    """The cached part of `parse_date`: a portfolio has many rows and few different dates."""
    match = _ISO_DATE.fullmatch(text)
    if match:
        return _day(match[1], match[2], match[3])
    match = _SPLIT_DATE.fullmatch(text)
    if match:
        first, middle, last = match[1], match[3], match[4]
        if len(first) == 4 or order == "ymd":
            return _day(first, middle, last)
        if order == "mdy":
            return _day(last, first, middle)
        return _day(last, middle, first)
    match = _SERIAL.fullmatch(text)
    if match:
        return _from_serial(int(match[1]))
    if _COMPACT_ISO.fullmatch(text):
        return _day(text[:4], text[4:6], text[6:])
    raise BadCell("no es una fecha")


def _day(year: str, month: str, day: str) -> date:
    if len(year) not in (2, 4) or len(day) > 2:
        raise BadCell("no es una fecha")
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        raise BadCell("es una fecha que no existe") from None


def _from_serial(serial: float) -> date:
    """Days since Excel's day zero (1900 system); the fraction, a time of day, is cut."""
    try:
        return _EXCEL_EPOCH + timedelta(days=int(serial))
    except (OverflowError, ValueError):
        raise BadCell("no es una fecha") from None


def parse_dni(value: Cell) -> Document:
    """DNI and/or CUIT of a person or company; see `nova.lib.documents.parse_document`."""
    try:
        return parse_document(text_of(value))
    except ValueError as error:
        raise BadCell(str(error)) from None


def parse_name(value: Cell) -> str:
    """A name with its whitespace collapsed; "" for a blank cell or a placeholder such as "S/D"."""
    text = text_of(value)
    if not text or text.isalpha():
        return "" if text.casefold() in _NO_NAME else text
    name = " ".join(text.split())
    if name.casefold() in _NO_NAME or not any(map(str.isalnum, name)):
        return ""
    return name


def split_full_name(value: Cell) -> tuple[str, str]:
    """(first name, last name): split at the first comma of "APELLIDO, NOMBRE"; without one it is all last name."""
    name = parse_name(value)
    last, comma, first = name.partition(",")
    return (parse_name(first), parse_name(last)) if comma else ("", name)


def parse_phone(value: Cell) -> Phone:
    """The phone in E.164, or as given with kind "other" if it cannot be parsed. Raises BadCell only for its length."""
    text = text_of(value).removesuffix(".0")  # a number that passed through a spreadsheet on its way to CSV
    phone = parse_phone_number(text)
    if phone is not None:
        return phone
    if len(text) > MAX_NUMBER_LENGTH:
        raise BadCell(f"supera los {MAX_NUMBER_LENGTH} caracteres")
    return Phone(text, OTHER)


def parse_email(value: Cell) -> str:
    """An email with an @ and a domain with a dot: a simple check that only detects text of another column."""
    text = text_of(value)
    if not _EMAIL.fullmatch(text):
        raise BadCell("no es una dirección de correo")
    return text
