"""Argentine identity numbers: DNI, and CUIT/CUIL with its check digit (DESIGN §5 "Cells")."""

import re
from typing import NamedTuple

from stdnum.ar import cuit as stdnum_cuit

PERSON_PREFIXES = frozenset({"20", "23", "24", "25", "26", "27"})
COMPANY_PREFIXES = frozenset({"30", "33", "34"})
FOREIGN_PREFIXES = frozenset({"50", "51", "55"})  # issued to foreign residents; the digits in the middle are no DNI

_LABEL = re.compile(
    r"(?:D\.?N\.?I\.?|DOC(?:UMENTO)?\.?|D\.?U\.?|L\.?[ECD]\.?|C\.?U\.?I\.?[TL]\.?|[MF](?=\s?[0-9]))"
    r"[\s:/-]*(?:N[°ºro.]*)?[\s:]*",
    re.I,
)
_PLAIN = re.compile(r"[0-9]{7,8}")
_FLOAT_TAIL = re.compile(r"([0-9]{7,20})[.,]0+")
_GROUPED = re.compile(r"[0-9]{1,2}([., ])[0-9]{3}\1[0-9]{3}")
_PADDED = re.compile(r"0+([1-9][0-9]{6,7}|[1-9][0-9]{10})")  # a bank's column of fixed width
_CUIT = re.compile(r"([0-9]{2})[-./\s]?([0-9]{8}|[0-9]{1,2}\.[0-9]{3}\.[0-9]{3})[-./\s]?([0-9])")

_RUNS = frozenset(
    run[start : start + size]
    for run in ("01234567890123456789", "98765432109876543210")
    for size in (7, 8)
    for start in range(10)
)

NOT_A_DOCUMENT = "no es un DNI (7 u 8 dígitos) ni un CUIT/CUIL"
NOBODYS = "es un número de relleno, que no es de nadie"
BAD_CHECK_DIGIT = "es un CUIT/CUIL cuyo dígito verificador no coincide"


class NobodysDocument(ValueError):
    """A number that is typed where none is known (DESIGN §5): whoever comes with it is not the same person.

    `document` is what it would be, for searches of what was stored before.
    """

    def __init__(self, document: "Document") -> None:
        super().__init__(NOBODYS)
        self.document = document


class Document(NamedTuple):
    """The numbers of a document; an empty string is "not known"."""

    dni: str = ""
    cuit: str = ""


def parse_document(text: str) -> Document:
    """Read a DNI (`DNI 12.345.678`, ` 12345678 `, `12345678.0`) or a CUIT/CUIL (`20-12345678-6`).

    A person's CUIL gives its middle as `dni` and is kept as `cuit`; a company's fills `cuit` alone.
    Leading zeros are dropped from a DNI (`08036570` and `8.036.570` are the same person), after which it must
    have 7 or 8 digits. Raises `ValueError` with the reason in Spanish, `NobodysDocument` for a number that is a mere
    filling. Source: DESIGN §5.
    """
    text = text.strip()
    if _PLAIN.fullmatch(text):
        # As `_of_person` does, for most documents at a glance.
        if text[0] != "0" and text[4] not in text[:4] and text not in _RUNS:
            return Document(text)
        return _of_person(text)
    if text and not text.strip("0"):
        raise NobodysDocument(Document())
    label = _LABEL.match(text)
    if label:
        text = text[label.end() :].strip()
    tail = _FLOAT_TAIL.fullmatch(text)
    if tail:
        text = tail[1]
    elif _GROUPED.fullmatch(text):
        text = text.replace(".", "").replace(",", "").replace(" ", "")
    if _PLAIN.fullmatch(text):
        if text[0] != "0" and text[4] not in text[:4] and text not in _RUNS:
            return Document(text)
        return _of_person(text)
    padded = _PADDED.fullmatch(text)
    if padded:
        text = padded[1]
        if len(text) < 11:
            return _of_person(text)
    match = _CUIT.fullmatch(text)
    if match is None:
        raise ValueError(NOT_A_DOCUMENT)
    return _from_cuit(match[1], match[2].replace(".", "").zfill(8), match[3])


def is_nobodys(digits: str) -> bool:
    """Whether the digits of a DNI are a filling: 0, 11111111, 11111112, 12345678, 87654321, 12121212, 20000000.

    One digit repeated (all but the last are enough), a run up or down, a group of 2 to 4 digits repeated, or a round
    number of ten millions.
    """
    if digits[4:5] not in digits[:4]:  # every filling but a run repeats itself by its fifth digit; most numbers do not
        return digits in _RUNS
    return (
        digits[:-1] == digits[0] * (len(digits) - 1)
        or digits[1:] == "0000000"
        or digits[2:] == digits[:-2]
        or digits[3:] == digits[:-3]
        or digits[4:] == digits[:4]
    )


def _of_person(digits: str) -> Document:
    document = Document(_dni(digits))
    if is_nobodys(document[0]):
        raise NobodysDocument(document)
    return document


def _dni(digits: str) -> str:
    dni = digits.lstrip("0")
    if len(dni) < 7:
        raise ValueError(NOT_A_DOCUMENT)
    return dni


def _from_cuit(prefix: str, middle: str, check: str) -> Document:
    number = prefix + middle + check
    if prefix not in PERSON_PREFIXES | COMPANY_PREFIXES | FOREIGN_PREFIXES:
        raise ValueError(NOT_A_DOCUMENT)
    if stdnum_cuit.calc_check_digit(number) != check:
        raise ValueError(BAD_CHECK_DIGIT)
    dni = middle.lstrip("0") if prefix in PERSON_PREFIXES else ""
    if is_nobodys(middle.lstrip("0") or middle):
        raise NobodysDocument(Document(dni=dni, cuit=number))
    return Document(dni=dni and _dni(dni), cuit=number)


def format_dni(dni: str) -> str:
    """`12.345.678`."""
    return f"{int(dni):,}".replace(",", ".") if dni.isdecimal() else dni


def format_cuit(cuit: str) -> str:
    """`20-12345678-6`."""
    return f"{cuit[:2]}-{cuit[2:10]}-{cuit[10:]}" if len(cuit) == 11 else cuit
