"""Argentine phone numbers to E.164 (DESIGN §5 "Cells").

`phonenumbers` decides, at 70 µs a number; a million-row import cannot wait for it, so the usual written shapes take
a fast path that uses the library's own numbering plan. A property test holds both to the same answers.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

MOBILE, LANDLINE, OTHER = "mobile", "landline", "other"
MAX_NUMBER_LENGTH = 60

_AR: Any = PhoneMetadata.metadata_for_region("AR", None)  # None is only in the library's types: the region exists
_FIXED_LINE = re.compile(_AR.fixed_line.national_number_pattern)
_MOBILE = re.compile(_AR.mobile.national_number_pattern)
_AREA_AND_15 = re.compile(_AR.national_prefix_for_parsing)

_NATIONAL = re.compile(r"\(?0?([1-3][0-9]{1,3})\)?[ -]?([0-9]{2,4})[ -]?([0-9]{4})")
_MOBILE_15 = re.compile(r"\(?0([1-3][0-9]{1,3})\)?[ -]?15[ -]?([0-9]{2,4})[ -]?([0-9]{4})")
_MOBILE_549 = re.compile(r"\+54 ?9 ?([1-3][0-9]{1,3})[ -]?([0-9]{2,4})[ -]?([0-9]{4})")
_NOT_DIGIT = re.compile(r"[^0-9]")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_EXTENSION_OR_SEVERAL = re.compile(r"[/;|,]|\by\b|\bo\b", re.I)


class Phone(NamedTuple):
    """A number in E.164 where it parses, else as given; `kind` is mobile, landline or other."""

    number: str
    kind: str

    @property
    def note(self) -> str:
        """Nothing stood beside the number; what does is kept by `importing.written_phones`."""
        return ""


def parse_phone_number(text: str) -> Phone | None:
    """The number in E.164 and its kind, or `None` when it is no valid number (read as dialled in Argentina)."""
    match = _MOBILE_549.fullmatch(text) or _MOBILE_15.fullmatch(text)
    if match and _is_area(match[1]):
        national = match[1] + match[2] + match[3]
        if len(national) == 10:
            return Phone(f"+549{national}", MOBILE) if _starts_mobile(national[:5]) else None
    match = _NATIONAL.fullmatch(text)
    if match:
        national = match[1] + match[2] + match[3]
        # A 15 near the area code may be the mobile prefix: then only ten bare digits take the fast path.
        is_plain = len(text) == 10 or "15" not in national[2:6]
        if len(national) == 10 and is_plain:
            return Phone(f"+54{national}", LANDLINE) if _starts_landline(national[:5]) else None
    return parse_with_library(text)


def read_phone(text: str) -> Phone:
    """A typed number: in E.164 where it parses, else as given, with kind other."""
    given = " ".join(text.split())
    return parse_phone_number(given) or Phone(given, OTHER)


NOT_A_NUMBER = "no es un número de teléfono"
TOO_SHORT = "no es un número completo: escríbalo con la característica, por ejemplo 011 4444-5555"
SEVERAL = "son varios números: agréguelos de a uno"
UNKNOWN = "no es un número que exista: revise la característica y la cantidad de cifras"
FEWEST_DIGITS = 8  # after those of the area code, a number without it has six to eight


def read_new_phone(text: str) -> Phone:
    """A number that a person adds, in E.164. Raises `ValueError` with the reason, worded to follow the quoted text."""
    given = " ".join(text.split())
    if phone := parse_phone_number(given):
        return phone
    digits = _NOT_DIGIT.sub("", given)
    if not digits or _LETTERS.search(given):
        raise ValueError(NOT_A_NUMBER)
    if _EXTENSION_OR_SEVERAL.search(given):
        raise ValueError(SEVERAL)
    raise ValueError(TOO_SHORT if len(digits) <= FEWEST_DIGITS else UNKNOWN)


@lru_cache(maxsize=8192)
def _is_area(code: str) -> bool:
    """Whether the numbering plan has the area code, so that the 15 after it can be removed."""
    match = _AREA_AND_15.fullmatch(f"0{code}15")
    return match is not None and match[1] == code


@lru_cache(maxsize=8192)
def _starts_mobile(prefix: str) -> bool:
    """Whether a ten-digit national number with this prefix is a mobile: the plan uses at most five digits."""
    return _MOBILE.fullmatch(f"9{prefix}00000") is not None


@lru_cache(maxsize=8192)
def _starts_landline(prefix: str) -> bool:
    return _FIXED_LINE.fullmatch(f"{prefix}00000") is not None


@lru_cache(maxsize=4096)
def parse_with_library(text: str) -> Phone | None:
    """The slow path, with `phonenumbers`. Two numbers in one cell are no number."""
    if len(text) > MAX_NUMBER_LENGTH or _EXTENSION_OR_SEVERAL.search(text):
        return None
    try:
        parsed = phonenumbers.parse(text, "AR")
    except phonenumbers.NumberParseException:
        return None
    if parsed.extension or not phonenumbers.is_valid_number(parsed):
        return None
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    kinds = {phonenumbers.PhoneNumberType.MOBILE: MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE: LANDLINE}
    return Phone(number, kinds.get(phonenumbers.number_type(parsed), OTHER))


def to_e164(text: str) -> str | None:
    """`011 15-4444-5555` → `+5491144445555`; `None` when it is no valid number."""
    phone = parse_phone_number(text.strip())
    return phone.number if phone else None


@lru_cache(maxsize=8192)
def format_phone(number: str) -> str:
    """`+5491144445555` → `+54 9 11 4444-5555`; what is not E.164 stays as given."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def phone_variants(text: str) -> list[str]:
    """The E.164 forms under which a typed number may be stored: with and without the mobile 9.

    Falls back to the text as given, so that numbers that do not parse are found as they were stored.
    """
    text = text.strip()
    number = to_e164(text)
    if number is None:
        return [text] if _NOT_DIGIT.sub("", text) else []
    if number.startswith("+549") and len(number) == 14:
        return [number, f"+54{number[4:]}"]
    if number.startswith("+54") and len(number) == 13:
        return [number, f"+549{number[3:]}"]
    return [number]


def whatsapp_link(number: str, *, is_mobile: bool) -> str:
    """`https://wa.me/5491144445555`. Empty for an Argentine number that is not marked as a mobile (`is_mobile`).

    A number that parsed as a landline then gets the mobile 9: ten digits do not show whether it is a mobile.
    """
    if not number.startswith("+") or not number[1:].isdecimal():
        return ""
    if number.startswith("+549"):
        return f"https://wa.me/{number[1:]}"
    if number.startswith("+54"):
        return f"https://wa.me/549{number[3:]}" if is_mobile else ""
    return f"https://wa.me/{number[1:]}"
