"""From a row of a file to the data of a case, or to the reason for its rejection (DESIGN §5 "Cells", "Required").

`parse_rows` yields exactly one outcome per row that is not blank: `ParsedRow`, `Rejected` or `Ignored`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

from cases.importing.cells import (
    EARLIEST_PAYMENT,
    EMPTY,
    BadCell,
    Cell,
    has_no_amount,
    nothing_in,
    parse_amount,
    parse_dni,
    parse_email,
    parse_key,
    parse_name,
    parse_phones,
    split_full_name,
    text_of,
)
from cases.importing.column_watch import SPLIT_AMOUNT, AmountColumn, DateColumn, check_rivals, is_split
from cases.importing.columns import Mapping, normalize_header, quoted
from cases.importing.kept_columns import NOTHING_KEPT, as_json, text_of_extra
from cases.importing.keys import form_of
from cases.importing.outcomes import (
    WARNING,
    Outcome,
    ParsedRow,
    Problem,
    Rejected,
    Remarks,
    Row,
    dropped,
    ignored_total,
    name_cell,
    reject_cell,
    reject_name,
    reject_repeated,
    reject_shifted,
    warn,
    with_cells,
)
from cases.importing.written_phones import AnyPhone, GivenPhone, as_kind, phone_key
from cases.rules.extra import LONGEST_VALUE
from nova.lib.documents import Document

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
TEXTS = ("calle", "calle_nro", "localidad", "cp", "provincia", "notes", "entity")
SHORTEST_LIMIT = min(MAX_TEXT_LENGTHS.values())
_NO_PHONE = GivenPhone("", "")
_NO_PHONES: Sequence[AnyPhone] = ()
ZERO = Decimal("0.00")
_NO_DOCUMENT = Document()
_TOTAL_LABEL = re.compile(
    r"(?:sub|gran)?total(?:es)?(?:general|generales|cartera|delacartera|deuda|asignado|acobrar|casos|decasos|clientes"
    r"|deudores|registros)?[0-9]*|suma|sumatoria"
)
# In place of a key, any text that begins with the word: no creditor uses a key like "TOTAL CARTERA MARZO".
_TOTAL_AS_KEY = re.compile(r"(?:sub|gran\s+)?total(?:es)?\b", re.I)
_NUMBER = re.compile(r"[0-9.,$ -]+")


T = TypeVar("T")


class Reading:
    """What the rows of one file share: how its dates are written, the keys seen, and what its columns are like."""

    def __init__(
        self,
        *,
        today: date,
        date_order: str = "dmy",
        commas: bool = False,
        new_keys: bool = False,
        is_order_doubtful: bool = False,
    ) -> None:
        """`commas`: the cells are separated by commas, which a decimal comma without quotes also is."""
        self.today, self.commas, self.new_keys = today, commas, new_keys
        self.dates = DateColumn(date_order, is_doubtful=is_order_doubtful)
        self.amounts = AmountColumn()
        self.remarks: Remarks = {}
        self.seen: dict[str, str] = {}
        self.say_nothing: Counter[int] = Counter()  # cells with a word, by kept column


def parse_rows(
    rows: Iterable[tuple[int, Sequence[Cell]]],
    mapping: Mapping,
    *,
    date_order: str = "dmy",
    today: date,
    reading: Reading | None = None,
) -> Iterator[Outcome]:
    """Parse the rows of a table in one pass. Memory grows only with the keys, which are kept to find duplicates.

    `rows` is a `Table` or anything that yields (row number in the file, cells). Blank rows yield nothing. A row is
    judged when it is known whether it is the last one, because only a last row of totals is ignored. `reading` is
    shared by the sheets of one file. Raises `ImportFailed` where two columns contradict each other.
    """
    reading = reading or Reading(today=today, date_order=date_order)
    waiting: tuple[int, Sequence[Cell]] | None = None
    for number, cells in rows:
        if not (cells and text_of(cells[0])) and is_blank(cells):
            continue
        if waiting is not None:
            yield _judge(waiting, mapping, reading)
        waiting = (number, cells)
    if waiting is None:
        return
    if is_total_row(waiting[1], mapping):
        yield ignored_total(*waiting)
    else:
        yield _judge(waiting, mapping, reading)


def _judge(numbered: tuple[int, Sequence[Cell]], mapping: Mapping, reading: Reading) -> Outcome:
    """Parse one row and reject a key that an accepted row already has, in this form or another."""
    outcome: Outcome = _parse(*numbered, mapping, reading)
    if type(outcome) is ParsedRow:
        key = outcome.nro_cliente
        # Most keys are their own form.
        form = key if reading.new_keys or (key[0] != "0" and key.isdecimal()) else form_of(key)
        if form in reading.seen:
            outcome = reject_repeated(outcome, reading.seen[form])
        else:
            reading.seen[form] = key
    if reading.remarks and (remark := reading.remarks.pop(outcome.row, "")) and isinstance(outcome, ParsedRow):
        outcome = outcome._replace(problems=(*outcome.problems, Problem(outcome.row, "", "", WARNING, remark)))
    if outcome.problems:
        return outcome._replace(problems=with_cells(outcome.problems, numbered[1]))
    return outcome


def parse_row(
    row_number: int, cells: Sequence[Cell], mapping: Mapping, *, date_order: str = "dmy", today: date
) -> ParsedRow | Rejected:
    """Parse one row by itself: the first bad required cell rejects it, a bad optional one is dropped with a warning."""
    return _parse(row_number, cells, mapping, Reading(today=today, date_order=date_order))


def _parse(row_number: int, cells: Sequence[Cell], mapping: Mapping, reading: Reading) -> ParsedRow | Rejected:
    """Parse one row.

    A row with more cells than headers is rejected too, with the code `total`: a separator without quotes (`6,326,996`)
    has shifted the cells, so no amount of the row is reliable.
    """
    width = len(mapping.headers)
    padded = [*cells, ""] if len(cells) == width else [*cells[:width], *[""] * (width + 1 - min(len(cells), width))]
    row = Row(row_number, mapping, cells, *mapping.pick(padded))
    if mapping.rivals:
        check_rivals(row_number, padded, mapping)
    try:
        key = parse_key(row.nro_cliente)
    except BadCell as error:
        return reject_cell(row, "nro_cliente", row.nro_cliente, error.reason)
    first_name, last_name = _names(row)
    if not first_name and not last_name:
        return reject_name(row, nothing_in(name_cell(row)[1]) or "falta el nombre", key)
    if len(first_name) > MAX_NAME_LENGTH or len(last_name) > MAX_NAME_LENGTH:
        return reject_name(row, f"supera los {MAX_NAME_LENGTH} caracteres", key)
    if len(cells) > width:
        return reject_shifted(row, cells, key)
    if reading.commas and is_split(cells, mapping):
        return reject_cell(row, "total", row.total, SPLIT_AMOUNT, key)
    try:
        total = parse_amount(row.total)
    except BadCell as error:
        rejected = reject_cell(row, "total", row.total, error.reason, key)
        if not has_no_amount(row.total):
            return rejected
        return rejected._replace(settled=_accepted(row, padded, key, (first_name, last_name), ZERO, reading))
    if type(row.total) is str:
        reading.amounts.see(row_number, row.total)
    return _accepted(row, padded, key, (first_name, last_name), total, reading)


def _accepted(
    row: Row, padded: Sequence[Cell], key: str, names: tuple[str, str], total: Decimal, reading: Reading
) -> ParsedRow:
    """The row with its optional cells: a bad one is dropped with a warning."""
    problems: list[Problem] = []
    if not names[0] or not names[1]:
        _warn_of_empty_names(row, problems)
    document = _optional(row, "dni", row.dni, parse_dni, _NO_DOCUMENT, problems)
    if row.cuit != "" and row.cuit is not None:
        document = _both_documents(row, document, problems)
    phones = _phones(row, padded, problems)
    phone = phones[0] if phones else _NO_PHONE
    # In this order, which is that of their lines in the report.
    monto_inicial = _optional(row, "monto_inicial", row.monto_inicial, parse_amount, None, problems)
    fecha_ultimo_pago = _day(row, "fecha_ultimo_pago", row.fecha_ultimo_pago, reading, problems)
    fecha_mora = _day(row, "fecha_mora", row.fecha_mora, reading, problems)
    street, street_number, city, postal_code, provincia, notes, entity = _texts(row, problems)
    return ParsedRow(
        row=row.number,
        nro_cliente=key,
        first_name=names[0],
        last_name=names[1],
        dni=document.dni,
        cuit=document.cuit,
        total=total,
        monto_inicial=monto_inicial,
        fecha_ultimo_pago=fecha_ultimo_pago,
        fecha_mora=fecha_mora,
        phone=phone.number,
        phone_kind=phone.kind,
        street=street,
        street_number=street_number,
        city=city,
        postal_code=postal_code,
        provincia=provincia,
        notes=notes,
        email=_optional(row, "email", row.email, parse_email, "", problems),
        entity=entity,
        extra=_extra(row, padded, reading, problems) if row.mapping.kept else NOTHING_KEPT,
        source=row,
        problems=tuple(problems),
        phone_note=phone.note,
        more_phones=tuple(phones[1:]) if len(phones) > 1 else (),
    )


def _plain(cells: Sequence[Cell], longest: int) -> list[str] | None:
    """The texts of cells of which each says something in so many characters, or is empty; None where some need a look.

    As most rows are: all at once, in a third of the time of one by one.
    """
    try:
        texts = list(map(str.strip, cells))  # type: ignore[arg-type]
    except TypeError:  # numbers and dates of a workbook
        return None
    text = "".join(texts)
    is_short = len(text) <= longest or len(max(texts, key=len)) <= longest
    return texts if is_short and text.isprintable() and EMPTY.isdisjoint(texts) else None


def _texts(row: Row, problems: list[Problem]) -> list[str]:
    """The fields of TEXTS."""
    cells = (row.calle, row.calle_nro, row.localidad, row.cp, row.provincia, row.notes, row.entity)
    if (texts := _plain(cells, SHORTEST_LIMIT)) is not None:
        return texts
    return [_text(row, field, value, problems) for field, value in zip(TEXTS, cells, strict=True)]


def _extra(row: Row, padded: Sequence[Cell], reading: Reading, problems: list[Problem]) -> str:
    """What the kept columns say, as JSON by key; a column that says nothing is left out."""
    mapping = row.mapping
    cells = mapping.pick_kept(padded)
    if (texts := _plain(cells, LONGEST_VALUE)) is not None:
        if "" not in texts:
            return mapping.extra_form % tuple(map(quoted, texts))
        return as_json({column.key: text for column, text in zip(mapping.kept, texts, strict=True) if text})
    found = {}
    for (index, key), value in zip(mapping.kept, cells, strict=True):
        try:
            text = text_of_extra(value)
        except BadCell as error:
            problems.append(dropped(row, mapping.header_at(index), value, error.reason))
            continue
        if text:
            found[key] = text
        elif text_of(value):
            reading.say_nothing[index] += 1
    return as_json(found)


def _day(row: Row, field: str, value: Cell, reading: Reading, problems: list[Problem]) -> date | None:
    """A day that has been; None for a blank cell, and for a bad one, which adds a warning."""
    if value == "" or value is None:
        return None
    try:
        return reading.dates.read(value, earliest=EARLIEST_PAYMENT, latest=reading.today)
    except BadCell as error:
        if text_of(value):
            problems.append(warn(row, field, value, error.reason))
        return None


def _both_documents(row: Row, document: Document, problems: list[Problem]) -> Document:
    """DNI and CUIT of two columns, each in its own field; a CUIT that is somebody else's is dropped."""
    other = _optional(row, "cuit", row.cuit, parse_dni, _NO_DOCUMENT, problems)
    if not other.cuit:
        return document if document.dni else Document(other.dni, document.cuit)
    if document.dni and other.dni and document.dni != other.dni:
        problems.append(warn(row, "cuit", row.cuit, f"no es el CUIT del DNI {document.dni}"))
        return document
    return Document(document.dni or other.dni, other.cuit)


def _phones(row: Row, padded: Sequence[Cell], problems: list[Problem]) -> Sequence[AnyPhone]:
    """The phones of all columns with the kind that each column says, every number once."""
    mapping = row.mapping
    found = _optional(row, "telefono", row.telefono, parse_phones, _NO_PHONES, problems)
    if mapping.phone_kind:
        found = [as_kind(phone, mapping.phone_kind) for phone in found]
    if not mapping.more_phones:
        return found
    unique = {phone_key(phone.number): phone for phone in found}
    for column in mapping.more_phones:
        for phone in _cell_at(row, column.index, padded[column.index], parse_phones, _NO_PHONES, problems):
            unique.setdefault(phone_key(phone.number), as_kind(phone, column.kind))
    return list(unique.values())


def _cell_at(row: Row, index: int, value: Cell, parse: Callable[[Cell], T], absent: T, problems: list[Problem]) -> T:
    """As `_optional`, of a column that is not the only one of its field."""
    if value == "" or value is None:
        return absent
    try:
        return parse(value)
    except BadCell as error:
        if text_of(value):
            column = row.mapping.header_at(index)
            problems.append(dropped(row, column, value, error.reason))
        return absent


def _optional(row: Row, field: str, value: Cell, parse: Callable[[Cell], T], absent: T, problems: list[Problem]) -> T:
    """The parsed cell; `absent` for a blank cell, and for a bad one, which adds a warning."""
    if value == "" or value is None:
        return absent
    try:
        return parse(value)
    except BadCell as error:
        if text_of(value):
            problems.append(warn(row, field, value, error.reason))
        return absent


def _text(row: Row, field: str, value: Cell, problems: list[Problem]) -> str:
    if value == "" or value is None:
        return ""
    text = text_of(value)
    if text in EMPTY:
        problems.append(warn(row, field, value, nothing_in(text)))
        return ""
    limit = MAX_TEXT_LENGTHS.get(field)
    if limit is not None and len(text) > limit:
        problems.append(warn(row, field, value, f"supera los {limit} caracteres"))
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


def _warn_of_empty_names(row: Row, problems: list[Problem]) -> None:
    """A word that means nothing in one of the columns of a name, while the other has the name."""
    for field, value in (("name", row.name), ("lastname", row.lastname), ("full_name", row.full_name)):
        if value and (nothing := nothing_in(text_of(value))):
            problems.append(warn(row, field, value, nothing))


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
