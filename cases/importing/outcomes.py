"""What becomes of a row: accepted, rejected or ignored, with the lines that the report has about it (DESIGN §5)."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from cases.importing.cells import Cell, text_of
from cases.importing.columns import Mapping as Columns
from cases.importing.written_phones import AnyPhone, GivenPhone
from nova.lib.phones import OTHER

REJECTED, WARNING, NOTE = "rejected", "warning", "note"

_MAX_QUOTED = 500
_MAX_QUOTED_IN_REASON = 80


class Problem(NamedTuple):
    """One line of the report: `row,column,value,severity,reason`, and a code for counting rejections."""

    row: int
    column: str
    value: str
    severity: str
    reason: str
    code: str = ""
    cells: Sequence[str] = ()  # the row as it is in the file, for the report that people read


class Row(NamedTuple):
    """The raw cells of a row by field ("" for a missing column), with the data for messages about them."""

    number: int
    mapping: Columns
    cells: Sequence[Cell]
    nro_cliente: Cell
    name: Cell
    lastname: Cell
    full_name: Cell
    dni: Cell
    total: Cell
    monto_inicial: Cell
    fecha_ultimo_pago: Cell
    fecha_mora: Cell
    telefono: Cell
    calle: Cell
    calle_nro: Cell
    localidad: Cell
    cp: Cell
    provincia: Cell
    notes: Cell
    email: Cell
    entity: Cell
    cuit: Cell


class ParsedRow(NamedTuple):
    """An accepted row. Always filled by keyword, because many fields are strings. "" is "not given".

    Amounts are in ARS with two decimals. `phone` is E.164 when it can be parsed (else as given); `phone_kind` is
    mobile, landline or other ("" without phone). `extra` is the JSON of what the kept columns say, by key. `problems`
    has one warning per optional cell that was dropped; `source` has the raw cells, for later warnings. (A frozen
    dataclass took 30 % longer to parse a row.)
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
    fecha_mora: date | None
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
    phone_note: str = ""
    more_phones: tuple[AnyPhone, ...] = ()
    extra: str = "{}"

    @property
    def phones(self) -> tuple[AnyPhone, ...]:
        """Every phone of the row, of all its columns and cells."""
        if not self.phone:
            return self.more_phones
        return (GivenPhone(self.phone, self.phone_kind or OTHER, self.phone_note), *self.more_phones)


class Rejected(NamedTuple):
    """A rejected row; `code` is nro_cliente, name, total or duplicate, the first that applies.

    `key` is its key where it has one: the creditor still has that account. `settled` is the row as if it were accepted
    with a total of zero, where it states none: for a known case that says something (`aftermath`).
    """

    row: int
    code: str
    problems: tuple[Problem, ...]
    key: str = ""
    settled: ParsedRow | None = None


class Ignored(NamedTuple):
    """A last row with only totals: neither accepted nor rejected, but noted in the report."""

    row: int
    problems: tuple[Problem, ...]


Outcome = ParsedRow | Rejected | Ignored
Remarks = dict[int, str]  # row number → what is to be said about how its text was read


def with_cells(problems: Iterable[Problem], cells: Sequence[Cell]) -> tuple[Problem, ...]:
    """The problems of a row with the whole row beside them."""
    texts = tuple(map(text_of, cells))
    return tuple(problem._replace(cells=texts) for problem in problems)


def ignored_total(row: int, cells: Sequence[Cell]) -> Ignored:
    shown = " ".join(filter(None, map(text_of, cells)))
    reason = "La última fila es solo un total: se ignoró."
    return Ignored(row, (Problem(row, "", shown[:_MAX_QUOTED], NOTE, reason),))


def reject_repeated(row: ParsedRow, earlier: str) -> Rejected:
    """A key that an earlier row of the file has, as it is or in another form."""
    key, column = row.nro_cliente, row.source.mapping.header_of("nro_cliente")
    reason = f"El número de cliente «{short(key)}» ya apareció antes en este archivo."
    if key != earlier:
        reason = f"Posible duplicado de «{short(earlier)}», que ya apareció antes en este archivo."
    return reject(row.row, "duplicate", column, key, reason, key)


def reject(row: int, code: str, column: str, value: str, reason: str, key: str = "") -> Rejected:
    return Rejected(row, code, (Problem(row, column, value[:_MAX_QUOTED], REJECTED, reason, code),), key)


def reject_cell(row: Row, field: str, value: Cell, reason: str, key: str = "") -> Rejected:
    column, quoted = row.mapping.header_of(field), raw(value)
    return reject(row.number, field, column, quoted, sentence(column, quoted, reason), key)


def reject_name(row: Row, reason: str, key: str) -> Rejected:
    column, value = name_cell(row)
    return reject(row.number, "name", column, value, sentence(column, value, reason), key)


def name_cell(row: Row) -> tuple[str, str]:
    """The column under which the name of a row is reported, and the name as in the file."""
    mapped = [field for field in ("full_name", "lastname", "name") if field in row.mapping.fields]
    value = " ".join(filter(None, (text_of(getattr(row, field)) for field in mapped)))
    return row.mapping.header_of(mapped[0]), value


def document_cell(row: Row) -> tuple[str, str]:
    """The column of the document of a row, and the document as in the file."""
    field = "cuit" if text_of(row.cuit) and not text_of(row.dni) else "dni"
    return row.mapping.header_of(field), raw(row.cuit if field == "cuit" else row.dni)


def reject_shifted(row: Row, cells: Sequence[Cell], key: str) -> Rejected:
    width = len(row.mapping.headers)
    reason = (
        f"La fila tiene {len(cells)} celdas y el encabezado {width}: "
        "hay un separador de más, quizás en un importe o texto sin comillas."
    )
    value = " ".join(filter(None, map(text_of, cells[width:])))
    return reject(row.number, "total", row.mapping.header_of("total"), value, reason, key)


def warn(row: Row, field: str, value: Cell, reason: str) -> Problem:
    return dropped(row, row.mapping.header_of(field), value, reason)


def dropped(row: Row, column: str, value: Cell, reason: str) -> Problem:
    quoted = raw(value)
    reason = f"{sentence(column, quoted, reason)} Se dejó sin dato."
    return Problem(row.number, column, quoted[:_MAX_QUOTED], WARNING, reason)


def raw(value: Cell) -> str:
    """The cell as quoted in the report: untrimmed text without NUL, which PostgreSQL refuses."""
    return value.replace("\0", "") if type(value) is str else text_of(value)


def sentence(column: str, value: str, reason: str) -> str:
    """«Deuda Total»: «abc» no es un importe."""
    return f"«{short(column)}»: {f'«{short(value)}» ' if value.strip() else ''}{reason}."


def short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_QUOTED_IN_REASON else f"{text[:_MAX_QUOTED_IN_REASON]}…"
