"""What one row says, once its layout has told its fields apart: texts as they are, amounts and days read."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from nova.lib.documents import Document, parse_document
from payments.reading.rows import NOBODY

_CUIT = re.compile(r"(?<![0-9])(?:[0-9]{11}|[0-9]{2}[-./ ][0-9]{8}[-./ ][0-9])(?![0-9])")
_DIGITS_ALONE = re.compile(r"[0-9 ./-]+")
_LEAST_BARE_NUMBER = 1_000


@dataclass(slots=True)
class Facts:
    """`amount` has its sign. `problem` says why the row cannot be a payment (a day that does not exist), `skipped` why
    it is no movement at all (a repeated header): a Spanish sentence, or empty."""

    line: int
    raw: str
    texts: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, list[str]] = field(default_factory=dict)  # of the fields that may have several columns
    amount: Decimal | None = None
    balance: Decimal | None = None
    value_date: date | None = None
    credited_on: date | None = None
    is_debit: bool = False
    problem: str = ""
    skipped: str = ""

    @property
    def paid_on(self) -> date | None:
        """When the debtor paid: no later than when the money came, which some files say alone."""
        return self.value_date or (None if self.problem else self.credited_on)


def own_id_of(facts: Facts) -> str:
    """The id that the file gives the row, if it can be one.

    A word («EFECTIVO») and the number of a line in a list («1») stand for another payment tomorrow.
    """
    text = facts.texts.get("own_id", "")
    if not any(map(str.isdigit, text)):
        return ""
    return "" if text.isdecimal() and int(text) < _LEAST_BARE_NUMBER else text


def debtor_of(facts: Facts) -> Document:
    """Whose debt it is, of the columns that say so: one may have the DNI and another the CUIT."""
    documents = [*_documents(facts.pieces.get("debtor", ()))]
    return Document(
        dni=next((document.dni for document in documents if document.dni), ""),
        cuit=next((document.cuit for document in documents if document.cuit), ""),
    )


def payer_of(facts: Facts) -> Document:
    """Who paid: of its column, else the last 11 digits of the texts that have a good check digit."""
    known = next(_documents(facts.pieces.get("payer", ())), None)
    if known:
        return known
    texts = [*facts.pieces.get("text", ()), *facts.pieces.get("legends", ())]
    cuits = [found for text in texts for found in _CUIT.findall(text)]
    return next(_documents(reversed(cuits)), NOBODY)


def payer_name_of(facts: Facts) -> str:
    """The name: of its column, else the first legend that is no number."""
    legends = facts.pieces.get("legends", ())
    return facts.texts.get("payer_name", "") or next(
        (legend for legend in legends if legend and not _DIGITS_ALONE.fullmatch(legend)), ""
    )


def _documents(texts: Iterable[str]) -> Iterator[Document]:
    for text in texts:
        if text:
            try:
                yield parse_document(text)
            except ValueError:  # it is nobody's, or no document: the row is matched by something else
                continue
