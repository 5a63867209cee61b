"""Files with headers (CSV, XLSX, ODS…): which column is what, and what each row under them says (DESIGN §5.1).

A bank's extract has title lines, sections with headers of their own, amounts in parentheses; what stands under a header
that has no amount in pesos is no payment.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from cases.importing.cells import LOST_DIGITS, BadCell, Cell, parse_date, parse_key, text_of
from cases.importing.columns import normalize_header
from cases.importing.errors import ImportFailed
from cases.importing.table import Table
from nova.lib.dates import local_date
from nova.lib.money import parse_money, round_money
from payments.reading.facts import Facts
from payments.reading.fixed import MAX_RAW, TWO_ENCODINGS
from payments.reading.layout import AMOUNTS, DATES, FIRST_CELL, MANY, Layout
from payments.reading.written_amounts import Marks

_REPEATED = "Es el encabezado, repetido."
_ANOTHER = "Es otro encabezado."
_UNDER_OTHER = "Está debajo de un encabezado sin fecha o sin importe en pesos."
_NO_MOVEMENT = "No es un movimiento: no tiene fecha ni importe."
_TOO_MANY_CELLS = (
    "Tiene más celdas que el encabezado: revise si un importe o un texto quedó partido por una coma, y ponga ese valor "
    "entre comillas."
)
_IN_PARENTHESES = re.compile(r"(.*)\((.+)\)")
_MONEY = ("amount", "credit", "debit")
_CREDITED = ("amount", "credit")
_CODES = frozenset({"key", "nro_cliente", "own_id"})
_IDENTIFY = ("key", "nro_cliente", "own_id", "debtor", "payer")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands in a section of the file."""

    names: tuple[str, ...]  # the header, normalised
    places: dict[str, tuple[int, ...]]  # several only for the fields of MANY

    @property
    def known(self) -> set[int]:
        """The places of the columns that are read."""
        return {place for places in self.places.values() for place in places}

    def missing(self, layout: Layout) -> list[frozenset[str]]:
        return [group for group in layout.needs if group.isdisjoint(self.places)]


def columns_of(header: Sequence[Cell], layout: Layout) -> Columns:
    """The columns of a header: of several headers of a field the one that its layout names first."""
    names = tuple(normalize_header(text_of(cell)) for cell in header)
    places: dict[str, tuple[int, ...]] = {}
    for field, aliases in (layout.fields or {}).items():
        found = [names.index(alias) for alias in aliases if alias in names]
        if found:
            places[field] = tuple(dict.fromkeys(found)) if field in MANY else (found[0],)
    return Columns(names, places)


class HeadedFile:
    """One reading of an open table, sheet after sheet. Raises `ImportFailed` when the header is not the layout's."""

    def __init__(self, table: Table, layout: Layout, date_order: str) -> None:
        self._table, self._layout, self._order = table, layout, date_order
        self._names = layout.header_names
        self._first = columns_of(table.headers, layout)
        self._columns: Columns | None = self._first
        self._seen = Marks()
        self._marks: Marks | None = None  # of the whole file, once it was read to its end
        missing = self._first.missing(layout)
        if missing:
            raise ImportFailed(
                f"El archivo no tiene el formato «{layout.label}»: falta una columna con {_said(missing[0])}. "
                f"Encabezados encontrados: {_shown(table.headers)}. Elija otro formato o corrija el encabezado."
            )

    def __iter__(self) -> Iterator[Facts]:
        self._seen = Marks()
        for _, rows in self._table.parts():
            self._columns = self._first
            for number, cells in rows:
                yield self._facts(number, cells)
            if self._table.remarks:
                raise ImportFailed(TWO_ENCODINGS.format(line=min(self._table.remarks)))
        self._marks = self._seen

    def _facts(self, number: int, cells: Sequence[Cell]) -> Facts:
        facts = Facts(number, " | ".join(map(text_of, cells))[:MAX_RAW])
        if self._columns is None or self._is_undated(cells, self._columns):
            facts.skipped = self._header_in(cells)
            if facts.skipped:
                return facts
        if self._columns is None:
            facts.skipped = _UNDER_OTHER
            return facts
        self._read(facts, cells, self._columns)
        # Between commas an empty cell too many is enough: `1234,56,` has moved what stands after it.
        too_many = cells[len(self._columns.names) :]
        if too_many and (self._table.delimiter == "," or any(map(text_of, too_many))):
            facts.problem = _TOO_MANY_CELLS
        return facts

    def _is_undated(self, cells: Sequence[Cell], columns: Columns) -> bool:
        """Whether the row may be a header: its day is text without a digit, or nothing."""
        (place,) = columns.places["value_date"]
        cell = cells[place] if place < len(cells) else ""
        return not cell or (isinstance(cell, str) and not any(map(str.isdigit, cell)))

    def _header_in(self, cells: Sequence[Cell]) -> str:
        """Why a row is no payment if it is a header, else an empty text; one of other columns changes them."""
        found = self._names.found_in(cells)
        is_whole = self._names.are_enough(found)
        if not is_whole and (len(found) < 2 or "value_date" not in found):
            return ""
        columns = columns_of(cells, self._layout)
        if self._columns and columns.names == self._columns.names:
            return _REPEATED
        self._columns = None if columns.missing(self._layout) else columns
        return _ANOTHER

    def _read(self, facts: Facts, cells: Sequence[Cell], columns: Columns) -> None:
        for field, places in columns.places.items():
            if field in DATES:
                self._read_date(facts, field, _cell(cells, places[0]))
            elif field in AMOUNTS:
                self._read_amount(facts, field, _cell(cells, places[0]))
            else:
                if field in _CODES:
                    _check_digits(facts, _cell(cells, places[0]))
                pieces = [" ".join(text_of(_cell(cells, place)).split()) for place in places]
                facts.texts[field] = pieces[0] if len(pieces) == 1 else " ".join(filter(None, pieces))
                if field in MANY:
                    facts.pieces[field] = pieces
        if facts.value_date is None:
            facts.texts[FIRST_CELL] = next(filter(None, map(text_of, cells)), "")
            money = [_cell(cells, columns.places[field][0]) for field in _MONEY if field in columns.places]
            if not any(map(text_of, money)) and not any(facts.texts.get(field) for field in _IDENTIFY):
                facts.skipped = _NO_MOVEMENT

    def _read_date(self, facts: Facts, field: str, cell: Cell) -> None:
        if cell is None or cell == "":
            return
        try:
            day = _day_of(cell, self._order)
        except BadCell as error:
            facts.problem = facts.problem or f"«{text_of(cell)[:40]}» {error.reason}: corrija la fecha."
            return
        if field == "value_date":
            facts.value_date = day
        elif field == "credited_on":
            facts.credited_on = day

    def _read_amount(self, facts: Facts, field: str, cell: Cell) -> None:
        try:
            amount = signed_amount(cell)
            if isinstance(cell, str) and cell:
                self._seen.see(cell)
                if field in _CREDITED and self._marks and (doubt := self._marks.doubt(cell)):
                    raise ValueError(doubt)
        except ValueError as error:
            if field != "balance":
                facts.problem = facts.problem or f"«{text_of(cell)[:40]}» {error}: corrija el importe."
            return
        if field == "balance":
            facts.balance = amount
        elif field == "debit":
            if amount and not facts.amount:
                facts.amount, facts.is_debit = abs(amount), True
        elif amount is not None and (amount or facts.amount is None):
            facts.amount, facts.is_debit = amount, False


def _day_of(cell: Cell, order: str) -> date:
    """The day in Buenos Aires: a moment of another zone may be the day before. Raises `BadCell`."""
    if isinstance(cell, str) and "T" in cell:
        try:
            moment = datetime.fromisoformat(cell.strip())
        except ValueError:
            moment = None
        if moment and moment.tzinfo:
            return parse_date(local_date(moment), order)
    return parse_date(cell, order)


def _check_digits(facts: Facts, cell: Cell) -> None:
    """A spreadsheet keeps 15 digits of a number: a barcode that was one is another debt's, or nobody's."""
    try:
        parse_key(cell)
    except BadCell as error:
        if error.reason == LOST_DIGITS:
            facts.problem = facts.problem or f"«{text_of(cell)[:40]}» {error.reason}."


def signed_amount(cell: Cell) -> Decimal | None:
    """An amount with its sign: a minus before or after it, or parentheses; None where the cell is empty.

    Raises `ValueError` with a reason that follows the quoted cell.
    """
    if isinstance(cell, bool | date):
        raise ValueError("no es un importe")
    if isinstance(cell, int | float):
        return round_money(cell)
    text = text_of(cell)
    if not text or text == "-":
        return None
    sign = 1
    if match := _IN_PARENTHESES.fullmatch(text):
        text, sign = match[1] + match[2], -1
    elif text[-1] in "-–−" and text[-2:-1].isdigit():
        text, sign = text[:-1], -1
    return parse_money(text) * sign + 0  # zero has no sign


def _cell(cells: Sequence[Cell], place: int) -> Cell:
    return cells[place] if place < len(cells) else ""


_FIELD_WORDS = {
    "value_date": "la fecha",
    "amount": "el importe",
    "credit": "los créditos",
    "nro_cliente": "el número de cliente",
    "key": "la referencia o el código de pago",
    "debtor": "el DNI o CUIT",
    "text": "el concepto",
    "legends": "las leyendas adicionales",
    "own_id": "el número de operación",
    "type": "el tipo de operación",
}


def _said(fields: frozenset[str]) -> str:
    return " o ".join(sorted(_FIELD_WORDS.get(field, field) for field in fields))


def _shown(headers: Sequence[str]) -> str:
    return ", ".join(f"«{header.strip()}»" for header in headers if header.strip())[:300] or "ninguno"
