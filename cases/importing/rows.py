"""From a file's row to what a case needs, or to the reason it cannot be one (DESIGN §5 "Cells", "Required").

`parse_rows` yields exactly one outcome per row that is not blank: `ParsedRow`, `Rejected` or `Ignored`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from cases.importing.cells import (
    BadCell,
    Cell,
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
from cases.importing.columns import Mapping, normalize_header
from nova.lib.documents import Document
from nova.lib.phones import Phone

REJECTED, WARNING, NOTE = "rejected", "warning", "note"

MAX_NAME_LENGTH = 150
MAX_TEXT_LENGTHS = {
    "calle": 200,
    "calle_nro": 20,
    "localidad": 120,
    "cp": 12,
    "provincia": 60,
    "email": 254,
    "entity": 120,
}
_MAX_QUOTED = 500
_MAX_QUOTED_IN_REASON = 80
_NO_PHONE = Phone("", "")
_NO_DOCUMENT = Document()
_TOTAL_LABEL = re.compile(
    r"(?:sub|gran)?total(?:es|general|generales|cartera|delacartera|deuda|asignado|casos|decasos)?[0-9]*|suma"
)
_NUMBER = re.compile(r"[0-9.,$ -]+")


class Problem(NamedTuple):
    """One line of the report: `row,column,value,severity,reason`, and a code to count rejections by."""

    row: int
    column: str
    value: str
    severity: str
    reason: str
    code: str = ""


class ParsedRow(NamedTuple):
    """A row that makes a case. An empty string is "not given"; amounts are pesos with two decimals.

    `phone` is E.164 where it parses (else as given) and `phone_kind` mobile, landline or other ("" without phone).
    `problems` holds one warning per optional cell that was dropped.
    """

    row: int
    nro_cliente: str
    first_name: str
    last_name: str
    dni: str
    cuit: str
    total: Decimal
    monto_inicial: Decimal | None
    fecha_ultimo_pago: date | None
    phone: str
    phone_kind: str
    street: str
    street_number: str
    city: str
    postal_code: str
    provincia: str
    notes: str
    email: str
    entity: str
    problems: tuple[Problem, ...] = ()


class Rejected(NamedTuple):
    """A row that makes no case; `code` is nro_cliente, name, total or duplicate, the first that applies."""

    row: int
    code: str
    problems: tuple[Problem, ...]


class Ignored(NamedTuple):
    """A last row that is only a total: neither accepted nor rejected, and noted."""

    row: int
    problems: tuple[Problem, ...]


Outcome = ParsedRow | Rejected | Ignored


def parse_rows(
    rows: Iterable[tuple[int, Sequence[Cell]]],
    mapping: Mapping,
    *,
    date_order: str = "dmy",
    today: date,
) -> Iterator[Outcome]:
    """Parse a table's rows in one pass: memory grows only with the keys seen, by which duplicates are known.

    `rows` is a `Table` or anything that yields (row number in the file, cells). Blank rows yield nothing. The last
    row waits for its turn, because only there a row of totals is ignored.
    """
    seen: set[str] = set()
    waiting: tuple[int, Sequence[Cell]] | None = None
    for number, cells in rows:
        if not any(cells) or is_blank(cells):
            continue
        if waiting is not None:
            yield _judge(waiting, mapping, date_order, today, seen)
        waiting = (number, cells)
    if waiting is None:
        return
    if is_total_row(waiting[1], mapping):
        yield _ignored_total(*waiting)
    else:
        yield _judge(waiting, mapping, date_order, today, seen)


def _judge(
    numbered: tuple[int, Sequence[Cell]], mapping: Mapping, date_order: str, today: date, seen: set[str]
) -> Outcome:
    """Parse one row and refuse a key that an accepted row already has."""
    outcome = parse_row(*numbered, mapping, date_order=date_order, today=today)
    if type(outcome) is ParsedRow:
        if outcome.nro_cliente in seen:
            reason = f"El número de cliente «{_short(outcome.nro_cliente)}» ya apareció antes en este archivo."
            return _reject(outcome.row, "duplicate", mapping.header_of("nro_cliente"), outcome.nro_cliente, reason)
        seen.add(outcome.nro_cliente)
    return outcome


def parse_row(
    row_number: int, cells: Sequence[Cell], mapping: Mapping, *, date_order: str = "dmy", today: date
) -> ParsedRow | Rejected:
    """Parse one row on its own; the first bad required cell rejects it, bad optional cells are dropped with a warning."""
    fields = mapping.fields
    width = len(cells)

    def cell(field: str) -> Cell:
        index = fields.get(field, width)
        return cells[index] if index < width else ""

    try:
        key = parse_key(cell("nro_cliente"))
    except BadCell as error:
        return _reject_cell(row_number, "nro_cliente", "nro_cliente", cell, mapping, error.reason)
    first_name, last_name = _names(cell, fields)
    if not first_name and not last_name:
        return _reject_name(row_number, cell, mapping, "falta el nombre")
    if len(first_name) > MAX_NAME_LENGTH or len(last_name) > MAX_NAME_LENGTH:
        return _reject_name(row_number, cell, mapping, f"supera los {MAX_NAME_LENGTH} caracteres")
    try:
        total = parse_amount(cell("total"))
    except BadCell as error:
        return _reject_cell(row_number, "total", "total", cell, mapping, error.reason)

    problems: list[Problem] = []

    def optional(field: str, parse: Callable, absent: object = None) -> object:
        value = cell(field)
        if value == "" or value is None:
            return absent
        if type(value) is str and not text_of(value):
            return absent
        try:
            return parse(value)
        except BadCell as error:
            problems.append(_warn(row_number, field, value, mapping, error.reason))
            return absent

    def text(field: str) -> str:
        value = cell(field)
        if value == "" or value is None:
            return ""
        shown = text_of(value)
        limit = MAX_TEXT_LENGTHS[field]
        if len(shown) > limit:
            problems.append(_warn(row_number, field, value, mapping, f"supera los {limit} caracteres"))
            return ""
        return shown

    document = optional("dni", parse_dni, _NO_DOCUMENT)
    initial = optional("monto_inicial", parse_amount)
    paid_on = optional("fecha_ultimo_pago", lambda value: parse_date(value, date_order, latest=today))
    phone = optional("telefono", parse_phone, _NO_PHONE)
    return ParsedRow(
        row_number,
        key,
        first_name,
        last_name,
        document.dni,
        document.cuit,
        total,
        initial,
        paid_on,
        phone.number,
        phone.kind,
        text("calle"),
        text("calle_nro"),
        text("localidad"),
        text("cp"),
        text("provincia"),
        text_of(cell("notes")),
        optional("email", parse_email, ""),
        text("entity"),
        tuple(problems),
    )


def _names(cell: Callable[[str], Cell], fields: dict[str, int]) -> tuple[str, str]:
    """(first, last): from their own columns, else from a full name, which a lone name column may also hold."""
    first_name, last_name = parse_name(cell("name")), parse_name(cell("lastname"))
    if "name" in fields and "lastname" in fields and (first_name or last_name):
        return first_name, last_name
    if "full_name" in fields:
        full_first, full_last = split_full_name(cell("full_name"))
        if full_first or full_last:
            return full_first, full_last
    lone = first_name or last_name
    if "," in lone:
        return split_full_name(lone)
    return first_name, last_name


def is_blank(cells: Sequence[Cell]) -> bool:
    """Whether no cell of the row holds anything that can be seen."""
    return not any(text_of(value) for value in cells)


def is_total_row(cells: Sequence[Cell], mapping: Mapping) -> bool:
    """Whether a row is only a total: a "TOTAL" label and/or amounts, and nothing that belongs to a case."""
    places = {index: field for field, index in mapping.fields.items()}
    labelled = amounted = False
    for index, value in enumerate(cells):
        shown = text_of(value)
        if not shown:
            continue
        field = places.get(index)
        if len(shown) <= 80 and _TOTAL_LABEL.fullmatch(normalize_header(shown)):
            labelled = True
        elif field in ("total", "monto_inicial"):
            amounted = amounted or field == "total"
        elif field is not None or not _NUMBER.fullmatch(shown):
            return False
    return labelled or amounted


def _ignored_total(row: int, cells: Sequence[Cell]) -> Ignored:
    shown = " ".join(filter(None, map(text_of, cells)))
    reason = "La última fila es solo un total: se ignoró."
    return Ignored(row, (Problem(row, "", shown[:_MAX_QUOTED], NOTE, reason),))


def _reject(row: int, code: str, column: str, value: str, reason: str) -> Rejected:
    return Rejected(row, code, (Problem(row, column, value[:_MAX_QUOTED], REJECTED, reason, code),))


def _reject_cell(
    row: int, code: str, field: str, cell: Callable[[str], Cell], mapping: Mapping, reason: str
) -> Rejected:
    value, column = text_of(cell(field)), mapping.header_of(field)
    return _reject(row, code, column, value, _sentence(column, value, reason))


def _reject_name(row: int, cell: Callable[[str], Cell], mapping: Mapping, reason: str) -> Rejected:
    mapped = [field for field in ("full_name", "lastname", "name") if field in mapping.fields]
    value = " ".join(filter(None, (text_of(cell(field)) for field in mapped)))
    column = mapping.header_of(mapped[0])
    return _reject(row, "name", column, value, _sentence(column, value, reason))


def _warn(row: int, field: str, value: Cell, mapping: Mapping, reason: str) -> Problem:
    shown, column = text_of(value), mapping.header_of(field)
    return Problem(row, column, shown[:_MAX_QUOTED], WARNING, f"{_sentence(column, shown, reason)} Se dejó sin dato.")


def _sentence(column: str, value: str, reason: str) -> str:
    """«Deuda Total»: «abc» no es un importe."""
    return f"«{_short(column)}»: {f'«{_short(value)}» ' if value else ''}{reason}."


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_QUOTED_IN_REASON else f"{text[:_MAX_QUOTED_IN_REASON]}…"
