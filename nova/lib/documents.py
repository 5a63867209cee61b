"""Argentine identity numbers: DNI, and CUIT/CUIL with its check digit (DESIGN §5 "Cells")."""

import re
from typing import NamedTuple

from stdnum.ar import cuit as stdnum_cuit

PERSON_PREFIXES = frozenset({"20", "23", "24", "25", "26", "27"})
COMPANY_PREFIXES = frozenset({"30", "33", "34"})
FOREIGN_PREFIXES = frozenset({"50", "51", "55"})  # issued to foreign residents; the digits in the middle are no DNI

_LABEL = re.compile(
    r"(?:D\.?N\.?I\.?|DOC(?:UMENTO)?\.?|D\.?U\.?|L\.?[ECD]\.?|C\.?U\.?I\.?[TL]\.?)[\s:]*(?:N[°ºro.]*)?[\s:]*", re.I
)
_PLAIN = re.compile(r"[0-9]{7,8}")
_FLOAT_TAIL = re.compile(r"([0-9]{7,11})[.,]0+")
_GROUPED = re.compile(r"[0-9]{1,2}([.,])[0-9]{3}\1[0-9]{3}")
_CUIT = re.compile(r"([0-9]{2})[-./\s]?([0-9]{8}|[0-9]{1,2}\.[0-9]{3}\.[0-9]{3})[-./\s]?([0-9])")

NOT_A_DOCUMENT = "no es un DNI (7 u 8 dígitos) ni un CUIT/CUIL"
BAD_CHECK_DIGIT = "es un CUIT/CUIL cuyo dígito verificador no coincide"


class Document(NamedTuple):
    """The numbers of a document; an empty string is "not known"."""

    dni: str = ""
    cuit: str = ""


def parse_document(text: str) -> Document:
    """Read a DNI (`DNI 12.345.678`, ` 12345678 `, `12345678.0`) or a CUIT/CUIL (`20-12345678-6`).

    A person's CUIL gives its middle as `dni` and is kept as `cuit`; a company's fills `cuit` alone.
    Leading zeros are dropped from a DNI (`08036570` and `8.036.570` are the same person), after which it must
    have 7 or 8 digits. Raises `ValueError` with the reason in Spanish. Source: DESIGN §5.
    """
    text = text.strip()
    if _PLAIN.fullmatch(text):
        return Document(dni=_dni(text))
    label = _LABEL.match(text)
    if label:
        text = text[label.end() :].strip()
    tail = _FLOAT_TAIL.fullmatch(text)
    if tail:
        text = tail[1]
    elif _GROUPED.fullmatch(text):
        text = text.replace(".", "").replace(",", "")
    if _PLAIN.fullmatch(text):
        return Document(dni=_dni(text))
    match = _CUIT.fullmatch(text)
    if match is None:
        raise ValueError(NOT_A_DOCUMENT)
    return _from_cuit(match[1], match[2].replace(".", "").zfill(8), match[3])


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
    return Document(dni=_dni(middle) if prefix in PERSON_PREFIXES else "", cuit=number)


def format_dni(dni: str) -> str:
    """`12.345.678`."""
    return f"{int(dni):,}".replace(",", ".") if dni.isdecimal() else dni


def format_cuit(cuit: str) -> str:
    """`20-12345678-6`."""
    return f"{cuit[:2]}-{cuit[2:10]}-{cuit[10:]}" if len(cuit) == 11 else cuit
