"""From a row of a file to the data of a case, or to the reason for its rejection (DESIGN §5 "Cells", "Required").

`parse_rows` yields exactly one outcome per row that is not blank: `ParsedRow`, `Rejected` or `Ignored`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple, TypeVar

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
    "calle_nro": 60,
    "localidad": 120,
    "cp": 40,
    "provincia": 100,
    "email": 254,
    "entity": 120,
}
_MAX_QUOTED = 500
_MAX_QUOTED_IN_REASON = 80
_NO_PHONE = Phone("", "")
_NO_DOCUMENT = Document()
_TOTAL_LABEL = re.compile(
    r"(?:sub|gran)?total(?:es)?(?:general|generales|cartera|delacartera|deuda|asignado|acobrar|casos|decasos|clientes"
    r"|deudores|registros)?[0-9]*|suma|sumatoria"
)
# In place of a key, any text that begins with the word: no creditor uses a key like "TOTAL CARTERA MARZO".
_TOTAL_AS_KEY = re.compile(r"(?:sub|gran\s+)?total(?:es)?\b", re.I)
_NUMBER = re.compile(r"[0-9.,$ -]+")


class Problem(NamedTuple):
    """One line of the report: `row,column,value,severity,reason`, and a code for counting rejections."""

    row: int
    column: str
    value: str
    severity: str
    reason: str
    code: str = ""


class Row(NamedTuple):
    """The raw cells of a row by field ("" for a missing column), with the data for messages about them."""

    number: int
    mapping: Mapping
    nro_cliente: Cell
    name: Cell
    lastname: Cell
    full_name: Cell
    dni: Cell
    total: Cell
    monto_inicial: Cell
    fecha_ultimo_pago: Cell
    telefono: Cell
    calle: Cell
    calle_nro: Cell
    localidad: Cell
    cp: Cell
    provincia: Cell
    notes: Cell
    email: Cell
    entity: Cell


class ParsedRow(NamedTuple):
    """An accepted row. Always filled by keyword, because many fields are strings. "" is "not given".

    Amounts are in ARS with two decimals. `phone` is E.164 when it can be parsed (else as given); `phone_kind` is
    mobile, landline or other ("" without phone). `problems` has one warning per optional cell that was dropped;
    `source` has the raw cells, for later warnings. (A frozen dataclass took 30 % longer to parse a row.)
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
    source: Row
    problems: tuple[Problem, ...] = ()


class Rejected(NamedTuple):
    """A rejected row; `code` is nro_cliente, name, total or duplicate, the first that applies."""

    row: int
    code: str
    problems: tuple[Problem, ...]


class Ignored(NamedTuple):
    """A last row with only totals: neither accepted nor rejected, but noted in the report."""

    row: int
    problems: tuple[Problem, ...]


T = TypeVar("T")

Outcome = ParsedRow | Rejected | Ignored


def parse_rows(
    rows: Iterable[tuple[int, Sequence[Cell]]],
    mapping: Mapping,
    *,
    date_order: str = "dmy",
    today: date,
) -> Iterator[Outcome]:
    """Parse the rows of a table in one pass. Memory grows only with the keys, which are kept to find duplicates.

    `rows` is a `Table` or anything that yields (row number in the file, cells). Blank rows yield nothing. A row is
    judged when it is known whether it is the last one, because only a last row of totals is ignored.
    """
    seen: set[str] = set()
    waiting: tuple[int, Sequence[Cell]] | None = None
    for number, cells in rows:
        if not (cells and text_of(cells[0])) and is_blank(cells):
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
    """Parse one row and reject a key that an accepted row already has."""
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
    """Parse one row: the first bad required cell rejects it, a bad optional one is dropped with a warning.

    A row with more cells than headers is rejected too, with the code `total`: a separator without quotes (`6,326,996`)
    has shifted the cells, so no amount of the row is reliable.
    """
    width = len(mapping.headers)
    row = Row(row_number, mapping, *mapping.pick([*cells[:width], *[""] * (width + 1 - min(len(cells), width))]))
    try:
        key = parse_key(row.nro_cliente)
    except BadCell as error:
        return _reject_cell(row, "nro_cliente", row.nro_cliente, error.reason)
    first_name, last_name = _names(row)
    if not first_name and not last_name:
        return _reject_name(row, "falta el nombre")
    if len(first_name) > MAX_NAME_LENGTH or len(last_name) > MAX_NAME_LENGTH:
        return _reject_name(row, f"supera los {MAX_NAME_LENGTH} caracteres")
    if len(cells) > width:
        return _reject_shifted(row, cells)
    try:
        total = parse_amount(row.total)
    except BadCell as error:
        return _reject_cell(row, "total", row.total, error.reason)

    problems: list[Problem] = []
    document = _optional(row, "dni", row.dni, parse_dni, _NO_DOCUMENT, problems)
    phone = _optional(row, "telefono", row.telefono, parse_phone, _NO_PHONE, problems)
    paid_on = row.fecha_ultimo_pago
    if paid_on == "" or paid_on is None:
        paid_on = None
    else:
        parse_day = partial(parse_date, order=date_order, latest=today)
        paid_on = _optional(row, "fecha_ultimo_pago", paid_on, parse_day, None, problems)
    return ParsedRow(
        row=row_number,
        nro_cliente=key,
        first_name=first_name,
        last_name=last_name,
        dni=document.dni,
        cuit=document.cuit,
        total=total,
        monto_inicial=_optional(row, "monto_inicial", row.monto_inicial, parse_amount, None, problems),
        fecha_ultimo_pago=paid_on,
        phone=phone.number,
        phone_kind=phone.kind,
        street=_text(row, "calle", row.calle, problems),
        street_number=_text(row, "calle_nro", row.calle_nro, problems),
        city=_text(row, "localidad", row.localidad, problems),
        postal_code=_text(row, "cp", row.cp, problems),
        provincia=_text(row, "provincia", row.provincia, problems),
        notes=text_of(row.notes),
        email=_optional(row, "email", row.email, parse_email, "", problems),
        entity=_text(row, "entity", row.entity, problems),
        source=row,
        problems=tuple(problems),
    )


def _optional(row: Row, field: str, value: Cell, parse: Callable[[Cell], T], absent: T, problems: list[Problem]) -> T:
    """The parsed cell; `absent` for a blank cell, and for a bad one, which adds a warning."""
    if value == "" or value is None:
        return absent
    try:
        return parse(value)
    except BadCell as error:
        if text_of(value):
            problems.append(_warn(row, field, value, error.reason))
        return absent


def _text(row: Row, field: str, value: Cell, problems: list[Problem]) -> str:
    if value == "" or value is None:
        return ""
    text = text_of(value)
    limit = MAX_TEXT_LENGTHS[field]
    if len(text) > limit:
        problems.append(_warn(row, field, value, f"supera los {limit} caracteres"))
        return ""
    return text


def _names(row: Row) -> tuple[str, str]:
    """(first, last) from their own columns, else from a full name, which may also be in a single name column."""
    first_name, last_name = parse_name(row.name), parse_name(row.lastname)
    if first_name and last_name:
        return first_name, last_name
    if not first_name and not last_name:
        return split_full_name(row.full_name)
    fields = row.mapping.fields
    if ("name" in fields) != ("lastname" in fields) and "," in (first_name or last_name):
        return split_full_name(first_name or last_name)
    return first_name, last_name


def is_blank(cells: Sequence[Cell]) -> bool:
    """Whether no cell of the row has a visible character."""
    return not any(text_of(value) for value in cells)


def is_total_row(cells: Sequence[Cell], mapping: Mapping) -> bool:
    """Whether a row has only totals: a "TOTAL" label and/or amounts, and no data of a case.

    When the label is in the place of the key, a number in the column of a name or a DNI is a count of rows.
    """
    places = {index: field for field, index in mapping.fields.items()}
    labels: set[str | None] = set()
    amounted = counted = False
    for index, value in enumerate(cells):
        shown = text_of(value)
        if not shown:
            continue
        field = places.get(index)
        if _is_total_label(shown, field):
            labels.add(field)
        elif field in ("total", "monto_inicial"):
            amounted = amounted or field == "total"
        elif field != "nro_cliente" and _NUMBER.fullmatch(shown):
            counted = counted or field is not None
        else:
            return False
    return "nro_cliente" in labels or (not counted and (bool(labels) or amounted))


def _is_total_label(shown: str, field: str | None) -> bool:
    if len(shown) > 80:
        return False
    if field == "nro_cliente" and _TOTAL_AS_KEY.match(shown):
        return True
    return _TOTAL_LABEL.fullmatch(normalize_header(shown)) is not None


def _ignored_total(row: int, cells: Sequence[Cell]) -> Ignored:
    shown = " ".join(filter(None, map(text_of, cells)))
    reason = "La última fila es solo un total: se ignoró."
    return Ignored(row, (Problem(row, "", shown[:_MAX_QUOTED], NOTE, reason),))


def _reject(row: int, code: str, column: str, value: str, reason: str) -> Rejected:
    return Rejected(row, code, (Problem(row, column, value[:_MAX_QUOTED], REJECTED, reason, code),))


def _reject_cell(row: Row, field: str, value: Cell, reason: str) -> Rejected:
    column, quoted = row.mapping.header_of(field), _raw(value)
    return _reject(row.number, field, column, quoted, _sentence(column, quoted, reason))


def _reject_name(row: Row, reason: str) -> Rejected:
    column, value = name_cell(row)
    return _reject(row.number, "name", column, value, _sentence(column, value, reason))


def name_cell(row: Row) -> tuple[str, str]:
    """The column under which the name of a row is reported, and the name as in the file."""
    mapped = [field for field in ("full_name", "lastname", "name") if field in row.mapping.fields]
    value = " ".join(filter(None, (text_of(getattr(row, field)) for field in mapped)))
    return row.mapping.header_of(mapped[0]), value


def document_cell(row: Row) -> tuple[str, str]:
    """The column of the document of a row, and the document as in the file."""
    return row.mapping.header_of("dni"), _raw(row.dni)


def _reject_shifted(row: Row, cells: Sequence[Cell]) -> Rejected:
    width = len(row.mapping.headers)
    reason = (
        f"La fila tiene {len(cells)} celdas y el encabezado {width}: "
        "hay un separador de más, quizás en un importe o texto sin comillas."
    )
    value = " ".join(filter(None, map(text_of, cells[width:])))
    return _reject(row.number, "total", row.mapping.header_of("total"), value, reason)


def _warn(row: Row, field: str, value: Cell, reason: str) -> Problem:
    column, quoted = row.mapping.header_of(field), _raw(value)
    reason = f"{_sentence(column, quoted, reason)} Se dejó sin dato."
    return Problem(row.number, column, quoted[:_MAX_QUOTED], WARNING, reason)


def _raw(value: Cell) -> str:
    """The cell as quoted in the report: untrimmed text without NUL, which PostgreSQL refuses."""
    return value.replace("\0", "") if type(value) is str else text_of(value)


def _sentence(column: str, value: str, reason: str) -> str:
    """«Deuda Total»: «abc» no es un importe."""
    return f"«{_short(column)}»: {f'«{_short(value)}» ' if value.strip() else ''}{reason}."


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_QUOTED_IN_REASON else f"{text[:_MAX_QUOTED_IN_REASON]}…"
