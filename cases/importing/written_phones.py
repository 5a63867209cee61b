"""Every phone number of a cell, with what is written beside it (DESIGN §5 "Cells"). No database.

One number in a usual form is read at once; only what that does not read is taken apart here.
"""

import re
from typing import NamedTuple

from nova.lib.phones import LANDLINE, MAX_NUMBER_LENGTH, MOBILE, OTHER, Phone, parse_phone_number

WORK = "work"
MAX_NOTE_LENGTH = 120
MAX_PHONES = 10  # of one cell; a longer list is a text

_LEAST_DIGITS = 6  # fewer are an extension, or the end of the number before (`4551234/35`)
_TWO_NUMBERS = 16  # digits that no single number has
_BETWEEN = re.compile(r"[/;|,\n\r\t]+|\s(?:y|o|e)\s", re.I)
_EXTENSION = re.compile(r"\(?\b(?:int(?:erno)?|ext(?:ensi[oó]n)?)\b[.:]?\s*(?:n[°º]\s*)?[0-9]{1,6}\)?", re.I)
_PARENTHESES = re.compile(r"\(([^()]*[^\W\d_][^()]*)\)")
_LABEL = re.compile(
    r"\b(?:tel(?:[eé]fono)?s?|cel(?:ular)?|m[oó]vil|fijo|l[ií]nea|n[uú]mero|nro|n[°º]|wsp|wpp|whatsapp)\b[.:]*", re.I
)
_WORDS = re.compile(r"[^\W\d_]+(?:[ .'-]+[^\W\d_]+)*[.:]?")
_PLAIN = re.compile(r"[0-9() +-]{1,24}")
_NOT_DIGIT = re.compile(r"[^0-9]")
_BREAKS = re.compile(r"[\s-]+")


class GivenPhone(NamedTuple):
    """A number in E.164 where it parses, else as given; what stood beside it in `note`."""

    number: str
    kind: str
    note: str = ""


AnyPhone = Phone | GivenPhone


def phone_key(number: str) -> str:
    """The same for every spelling of one number: with or without the mobile 9, dots and dashes.

    A number that a gestor marked as bad stays so when the creditor writes it in another way.
    """
    if number.startswith("+549") and len(number) == 14:
        return f"+54{number[4:]}"
    if number[:1] == "+":
        return number
    return _NOT_DIGIT.sub("", number) or number


def read_phones(text: str) -> list[GivenPhone]:
    """The numbers of a cell that is not one plain number. A text without any is kept as it is, as one phone."""
    if _PLAIN.fullmatch(text):
        digits = _NOT_DIGIT.sub("", text)
        if len(digits) < 12:  # too short for two numbers, and for one with its country and a 15
            return [GivenPhone(text, OTHER)]
        if len(digits) < _TWO_NUMBERS:
            return [GivenPhone(*(_with_a_15_too_many(text) or Phone(text, OTHER)))]
    found: list[GivenPhone] = []
    for piece in _pieces(text):
        read = _read_piece(piece)
        if not read:
            continue
        if len(_NOT_DIGIT.sub("", piece)) < _LEAST_DIGITS and found:
            found[-1] = found[-1]._replace(note=_joined(found[-1].note, piece))
        else:
            found += read
    unique = {phone_key(phone.number): phone for phone in reversed(found)}
    phones = [phone for phone in found if unique.pop(phone_key(phone.number), None)]
    if not phones or len(phones) > MAX_PHONES or any(len(phone.number) > MAX_NUMBER_LENGTH for phone in phones):
        return [GivenPhone(" ".join(text.split()), OTHER)]
    return phones


def _pieces(text: str) -> list[str]:
    """The cell cut where one number ends: not inside parentheses, which hold a remark (`(casa, de tarde)`)."""
    kept = _PARENTHESES.sub(lambda found: _BETWEEN.sub(" ", found[0]), text)
    return [piece.strip(" .-:") for piece in _BETWEEN.split(kept) if piece.strip(" .-:")]


def _read_piece(piece: str) -> list[GivenPhone]:
    """One piece: a number with its remark, or two numbers with nothing but a dash or a blank between them."""
    number, note = _without_remarks(piece)
    if not _NOT_DIGIT.sub("", number):
        return [GivenPhone(piece, OTHER)]
    phone = parse_phone_number(number) or _with_a_15_too_many(number)
    if phone is not None:
        return [GivenPhone(*phone, note)]
    if len(_NOT_DIGIT.sub("", number)) >= _TWO_NUMBERS and (several := _apart(_BREAKS.split(number))):
        return [several[0]._replace(note=note), *several[1:]]
    # Not a number that can be dialled from anywhere: as it was given, without a link, its extension in the note.
    return [GivenPhone(number, OTHER, note)]


def _without_remarks(piece: str) -> tuple[str, str]:
    """(the number, what is written beside it): `0291-4551234 int. 23` → `0291-4551234`, `int. 23`."""
    remarks: list[str] = []

    def take(match: re.Match[str]) -> str:
        remarks.append((match[1] if match.lastindex else match[0]).strip(" ().:-"))
        return " "

    number = _EXTENSION.sub(take, piece)
    number = _PARENTHESES.sub(take, number)
    number = _LABEL.sub(" ", number)
    number = _WORDS.sub(take, number)
    return " ".join(number.split()).strip(" .:-()" if number.count("(") != number.count(")") else " .:-"), _joined(
        *remarks
    )


def _joined(*remarks: str) -> str:
    return " · ".join(filter(None, remarks))[:MAX_NOTE_LENGTH]


def _with_a_15_too_many(number: str) -> Phone | None:
    """A mobile with its country, its 9 and the 15 of a local call: `549 291 15 5551234`, `54-291-155551234`."""
    digits = _NOT_DIGIT.sub("", number).removeprefix("00")
    if not digits.startswith("54"):
        return None
    national = digits[2:].removeprefix("9").removeprefix("0")
    if len(national) == 12:
        for length in (2, 3, 4):
            if national[length : length + 2] == "15":
                phone = parse_phone_number(f"0{national[:length]} 15 {national[length + 2 :]}")
                if phone is not None and phone.kind == MOBILE:
                    return phone
    return None


def _apart(parts: list[str]) -> list[GivenPhone]:
    """The numbers of a text that has several in a row, or an empty list."""
    for end in range(1, len(parts)):
        first = parse_phone_number(" ".join(parts[:end]))
        if first is None:
            continue
        rest = parse_phone_number(" ".join(parts[end:]))
        others = [GivenPhone(*rest)] if rest is not None else _apart(parts[end:])
        if others:
            return [GivenPhone(*first), *others]
    return []


def as_kind(phone: AnyPhone, kind: str) -> AnyPhone:
    """The phone of a column that says what it is: a work phone, or a mobile written without its 9."""
    if kind == WORK or (kind == MOBILE and phone.kind == LANDLINE):
        return phone._replace(kind=kind)
    return phone
