"""Parsers of one cell: from text or a spreadsheet value to the value of a field, or `BadCell` (DESIGN §5 "Cells").

A cell is text in a text file; in a workbook it may also be a number, a date, a boolean or None. These functions run
millions of times per import, so each checks the usual formats first and caches repeated texts.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from cases.importing.written_dates import NOT_A_DATE, NoDate, checked, from_serial, read_date
from cases.importing.written_phones import GivenPhone, read_phones
from nova.lib.documents import Document, NobodysDocument, parse_document
from nova.lib.money import parse_money, round_money
from nova.lib.phones import MAX_NUMBER_LENGTH, OTHER, Phone, parse_phone_number

Cell = str | int | float | bool | date | datetime | None

MAX_KEY_LENGTH = 64
EARLIEST_PAYMENT = date(1980, 1, 1)  # nobody collects on a debt whose last payment is older
_MAX_EXACT_NUMBER = 10**15  # a spreadsheet keeps 15 digits of a number; longer keys have lost their last digits

# Words, and what a formula leaves, that say no more than an empty cell. Compared in the letters that people type them.
_NOTHING = (
    *(
        "null",
        "\\n",
        "n/a",
        "na",
        "n/d",
        "nd",
        "#n/a",
        "#n/d",
        "nan",
        "none",
        "nil",
        "s/d",
        "sd",
        "s/i",
        "s.d.",
        "n.d.",
    ),
    *("no tiene", "no posee", "no informa", "no informado", "no registra", "no disponible", "sin dato", "sin datos"),
    *("sin informar", "sin informacion", "sin información", "desconocido", "ninguno", "ninguna", "vacio", "vacío"),
    *("(vacio)", "(vacío)", "(null)", "(none)", "<null>", "<na>", "null null", "-", "--", "---", "_", ".", "0", "0.0"),
)
NOTHING = frozenset(form for word in _NOTHING for form in (word, word.upper(), word.capitalize(), word.title()))
# As spreadsheets in English and Spanish write them.
ERRORS = frozenset(
    {
        *("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA"),
        *("#N/D", "#¡REF!", "#¡VALOR!", "#VALOR!", "#¡DIV/0!", "#¿NOMBRE?", "#NOMBRE?", "#¡NUM!", "#¡NULO!", "#NULO!"),
        *("#¡DESBORDAMIENTO!", "#¡CALC!", "Err:502", "Err:504", "Err:508", "Err:509", "Err:511", "Err:522", "Err:524"),
    }
)
EMPTY = NOTHING | ERRORS
SAYS_NOTHING = "no dice nada"
IS_AN_ERROR = "es un error de la planilla"
LOST_DIGITS = "perdió dígitos por estar guardado como número: guarde la columna como texto en la planilla"

# Placeholders for a missing name, beside those words.
_NO_NAME = frozenset({"s/n", "sin nombre"})

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufeff\ud800-\udfff]")
_FORMULA = re.compile(r"=\s*(?:T\(\s*)?\"((?:[^\"]|\"\")*)\"\s*\)?")
_EXPONENT = re.compile(r"[0-9](?:[.,][0-9]+E[+]?|E[+])[0-9]{1,3}", re.I)
_LIKE_A_PHONE = re.compile(r"[0-9() +-]{6,24}")
_COMPACT_ISO = re.compile(r"(19|20)[0-9]{6}")
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


def unwrapped(text: str) -> str:
    """`="000451"` and `'000451` without the quoting of a spreadsheet; any other formula stays as it was written.

    The readers do it to a whole row: a cell is looked at many times.
    """
    if text[:1] == "'":
        return text[1:].removesuffix("'")
    formula = _FORMULA.fullmatch(text) if text[:1] == "=" else None
    return formula[1].replace('""', '"') if formula else text


def nothing_in(text: str) -> str:
    """Why a text says no more than an empty cell (`NULL`, `S/D`, `#N/A`), or an empty string when it says something."""
    if text in ERRORS:
        return IS_AN_ERROR
    return SAYS_NOTHING if text in NOTHING else ""


def parse_key(value: Cell) -> str:
    """The creditor's key: trimmed text of at most 64 characters, leading zeros kept; a number cell 123.0 is "123"."""
    if isinstance(value, str):
        key = text_of(value)
        if not key:
            raise BadCell("está vacío")
        if key in EMPTY and key != "0":
            raise BadCell(nothing_in(key))
        if not key.isdecimal() and _EXPONENT.fullmatch(key):
            raise BadCell(LOST_DIGITS)
    elif value is None:
        raise BadCell("está vacío")
    elif isinstance(value, bool | date):
        raise BadCell("no es un número de cliente: guarde la columna como texto en la planilla")
    elif abs(value) >= _MAX_EXACT_NUMBER:
        raise BadCell(LOST_DIGITS)
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
        raise BadCell(nothing_in(text) or str(error)) from None
    if amount <= 0:
        raise BadCell("debe ser mayor que cero")
    return amount


def parse_date(value: Cell, order: str = "dmy", *, latest: date | None = None, earliest: date | None = None) -> date:
    """A day: as `written_dates.read_date` says, an Excel serial, or a true date (a time of day is cut).

    Years outside 1900-2100, days after `latest` and days before `earliest` are bad.
    """
    try:
        day = _date_of(value, order)
    except NoDate as error:
        raise BadCell((nothing_in(text_of(value)) if type(value) is str else "") or str(error)) from None
    if latest is not None and day > latest:
        raise BadCell("es una fecha futura")
    if earliest is not None and day < earliest:
        raise BadCell(f"es anterior a {earliest.year}")
    return day


def _date_of(value: Cell, order: str) -> date:
    if type(value) is str:
        return read_date(text_of(value), order)
    if isinstance(value, datetime):
        return checked(value.date())
    if isinstance(value, date):
        return checked(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        compact = text_of(value)
        if compact in ("0", "1") or _COMPACT_ISO.fullmatch(compact):
            return read_date(compact, order)
        return from_serial(value)
    raise NoDate(NOT_A_DATE)


def parse_dni(value: Cell) -> Document:
    """DNI and/or CUIT of a person or company; see `nova.lib.documents.parse_document`."""
    try:
        return parse_document(text_of(value))
    except NobodysDocument as error:
        raise BadCell(str(error)) from None
    except ValueError as error:
        text = text_of(value)
        raise BadCell(nothing_in(text) or (LOST_DIGITS if _EXPONENT.fullmatch(text) else str(error))) from None


def parse_name(value: Cell) -> str:
    """A name with its whitespace collapsed; "" for a blank cell or a placeholder such as "S/D"."""
    text = text_of(value)
    if text in EMPTY:
        return ""
    if text.isalpha():
        return text
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


def parse_phones(value: Cell) -> Sequence[Phone | GivenPhone]:
    """Every number of a cell, each with what stood beside it; raises BadCell for one that a spreadsheet has cut."""
    text = text_of(value).removesuffix(".0")
    phone = parse_phone_number(text)
    if phone is not None:
        return (phone,)
    if _LIKE_A_PHONE.fullmatch(text):
        return read_phones(text)
    if text in EMPTY:
        raise BadCell(nothing_in(text))
    if _EXPONENT.fullmatch(text):
        raise BadCell(LOST_DIGITS)
    phones = read_phones(text)
    if any(len(phone.number) > MAX_NUMBER_LENGTH for phone in phones):
        raise BadCell(f"supera los {MAX_NUMBER_LENGTH} caracteres")
    return phones


def has_no_amount(value: Cell) -> bool:
    """Whether the cell of an amount says that nothing is owed: empty, a zero, a word that means nothing."""
    text = text_of(value)
    if not text or text in NOTHING:
        return True
    try:
        return not (round_money(value) if isinstance(value, int | float) else parse_money(text))
    except ValueError:
        return False


def parse_email(value: Cell) -> str:
    """An email with an @ and a domain with a dot: a simple check that only detects text of another column."""
    text = text_of(value)
    if not _EMAIL.fullmatch(text):
        raise BadCell(nothing_in(text) or "no es una dirección de correo")
    return text
