"""Days as people and systems write them, from text to `date` (DESIGN §5 "Cells"). No cell, no database.

A day is read only where it is certain: `03/2024` has none, and a system's own zero (01/01/1900) is no day.
"""

import re
import unicodedata
from datetime import date, timedelta
from functools import lru_cache

MIN_YEAR, MAX_YEAR = 1900, 2100
DATE_ORDERS = ("dmy", "mdy", "ymd")
# The day zero of spreadsheets (1900 and its neighbours), of Unix here and in Greenwich, of databases.
ZEROS = frozenset(
    {
        *(date(1, 1, 1), date(1753, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1900, 1, 2)),
        *(date(1969, 12, 31), date(1970, 1, 1), date(1901, 1, 1), date(9999, 12, 31)),
    }
)
NOT_A_DATE = "no es una fecha"
NO_SUCH_DAY = "es una fecha que no existe"
MEANS_NO_DATE = "quiere decir que no hay fecha"
OUT_OF_RANGE = "es una fecha fuera de lo posible"
NO_DAY = "no dice el día"

_EPOCH = date(1899, 12, 30)
_MONTHS = {
    name[:3]: number
    for names in (
        "ene feb mar abr may jun jul ago sep oct nov dic",
        "jan feb mar apr may jun jul aug sep oct nov dec",
    )
    for number, name in enumerate(names.split(), start=1)
} | {"set": 9}
_MONTH_NAMES = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "setiembre", "sept"),
    *("octubre", "noviembre", "diciembre", "january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december", *_MONTHS),
)
_MONTH = "(" + "|".join(sorted(_MONTH_NAMES, key=len, reverse=True)) + r")\.?"
# After a day: a time of day, with its half of the day and its zone, all of which are cut.
_TIME = (
    r"(?:(?:T|,| -|) ?(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?::(?:[0-5][0-9]|60)(?:[.,][0-9]+)?)?"
    r" ?(?:[ap]\.? ?m\.?)? ?(?:hs?\.?)? ?(?:Z|UTC|GMT)?(?:[+-][0-9]{2}:?[0-9]{0,2})?)?"
)
_ISO = re.compile(rf"([0-9]{{4}})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}}){_TIME}", re.I)
_SPLIT = re.compile(rf"([0-9]{{1,2}})([/.-])([0-9]{{1,2}})\2([0-9]{{2}}|[0-9]{{4}}){_TIME}", re.I)
_YEAR_FIRST = re.compile(rf"([0-9]{{2}})([/.-])([0-9]{{1,2}})\2([0-9]{{1,2}}){_TIME}", re.I)
_COMPACT = re.compile(r"[0-9]{8}")
_SERIAL = re.compile(r"([0-9]{5})(?:[.,][0-9]+)?")
_WEEKDAY = r"(?:(?:lun|mar|mie|jue|vie|sab|dom|mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?"
_IN_WORDS = re.compile(
    rf"{_WEEKDAY}([0-9]{{1,2}})(?:º|°|ro|er)?[ /.-]*(?:de )?{_MONTH}"
    rf"[ /.,-]*(?:del? )?(?:ano )?([0-9]{{2}}|[0-9]{{4}}){_TIME}",
    re.I,
)
_MONTH_IN_FRONT = re.compile(rf"{_WEEKDAY}{_MONTH} ?([0-9]{{1,2}}),? ([0-9]{{4}}){_TIME}", re.I)
_MONTH_ALONE = re.compile(
    rf"(?:[0-9]{{1,2}}[/.-][0-9]{{4}}|[0-9]{{4}}[/.-][0-9]{{1,2}}|{_MONTH}[ /.-]*(?:de )?[0-9]{{2,4}})"
)


class NoDate(ValueError):
    """The text is no day; the reason is in Spanish and follows the quoted text."""


@lru_cache(maxsize=16384)
def read_date(text: str, order: str) -> date:
    """A day: ISO, by `order` where it is written with numbers, or with the month in words. Raises `NoDate`.

    Two-digit years are 20xx; four digits first are always year, month, day. Cached: a portfolio has many rows and few
    different dates.
    """
    match = _SPLIT.fullmatch(text)
    if match and order != "ymd":
        return _checked(_by_order(order, match[1], match[3], match[4]))
    match = _ISO.fullmatch(text)
    if match:
        return _checked(_day(match[1], match[3], match[4]))
    if text in ("0", "1", "0.0", "1.0"):
        raise NoDate(MEANS_NO_DATE)
    match = _SERIAL.fullmatch(text)
    if match:
        return from_serial(int(match[1]))
    if _COMPACT.fullmatch(text):
        return _checked(_from_eight(text, order))
    return _checked(_read_words(_plain(text), order))


def _read_words(text: str, order: str) -> date:
    """The spellings that are seldom: blanks around the marks, months in words, the year first with two digits."""
    for pattern in (_ISO, _YEAR_FIRST if order == "ymd" else _SPLIT):
        if match := pattern.fullmatch(text):
            if order == "ymd" or pattern is _ISO:
                return _day(match[1], match[3], match[4])
            return _by_order(order, match[1], match[3], match[4])
    if match := _IN_WORDS.fullmatch(text):
        return _day(match[3], str(_MONTHS[match[2].casefold()[:3]]), match[1])
    if match := _MONTH_IN_FRONT.fullmatch(text):
        return _day(match[3], str(_MONTHS[match[1].casefold()[:3]]), match[2])
    raise NoDate(NO_DAY if _MONTH_ALONE.fullmatch(text) else NOT_A_DATE)


def from_serial(serial: float) -> date:
    """Days since Excel's day zero (1900 system); the fraction, a time of day, is cut. Raises `NoDate`."""
    try:
        return _checked(_EPOCH + timedelta(days=int(serial)))
    except (OverflowError, ValueError) as error:
        raise error if isinstance(error, NoDate) else NoDate(NOT_A_DATE) from None


def checked(day: date) -> date:
    """The day, unless it is a system's zero or far from any debt. Raises `NoDate`."""
    return _checked(day)


def is_swapped(text: str, order: str) -> bool:
    """Whether a text that is no day in this order (`dmy`, `mdy`) is one with day and month exchanged."""
    match = _SPLIT.fullmatch(text) or _SPLIT.fullmatch(_plain(text))
    if match is None or order == "ymd":
        return False
    try:
        _by_order("dmy" if order == "mdy" else "mdy", match[1], match[3], match[4])
    except NoDate:
        return False
    return True


def has_order(text: str) -> bool:
    """Whether the text is written with numbers whose order a person has to know (`03/04/2024`, not `2024-04-03`)."""
    return bool(_SPLIT.fullmatch(text) or _SPLIT.fullmatch(_plain(text)))


def _plain(text: str) -> str:
    """Blanks of any kind as one, none around `/`, `-` and `.`, letters without accents."""
    text = " ".join(text.split())
    text = re.sub(r"(?<=[0-9]) ?([/-]) ?(?=[0-9])", r"\1", text)
    letters = unicodedata.normalize("NFKD", text.replace("º", " ").replace("ª", " "))
    return " ".join("".join(char for char in letters if not unicodedata.combining(char)).split())


def _by_order(order: str, first: str, middle: str, last: str) -> date:
    return _day(last, first, middle) if order == "mdy" else _day(last, middle, first)


def _from_eight(text: str, order: str) -> date:
    """`20240315`; `15032024` too, where that is no year, month and day."""
    if text.startswith(("19", "20")):
        try:
            return _day(text[:4], text[4:6], text[6:])
        except NoDate:
            pass
    if not text.endswith("0000") and text[4:6] in ("19", "20") and order != "ymd":
        return _by_order(order, text[:2], text[2:4], text[4:])
    raise NoDate(NOT_A_DATE)


def _day(year: str, month: str, day: str) -> date:
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        raise NoDate(NO_SUCH_DAY) from None


def _checked(day: date) -> date:
    if day in ZEROS:
        raise NoDate(MEANS_NO_DATE)
    if not MIN_YEAR <= day.year <= MAX_YEAR:
        raise NoDate(OUT_OF_RANGE)
    return day
