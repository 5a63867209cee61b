"""What an import understood of a file, for a person to check: the same for the preview and the command (DESIGN §5)."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from cases.importing.cells import text_of
from cases.importing.columns import Mapping
from cases.importing.encoding import NAMES
from cases.importing.outcomes import ParsedRow
from cases.importing.table import Table
from nova.lib.documents import format_cuit, format_dni
from nova.lib.money import format_money, round_total
from nova.lib.phones import format_phone

SAMPLE_ROWS = 10
_SEPARATORS = {",": "coma", ";": "punto y coma", "\t": "tabulación", "|": "barra"}

_READ: dict[str, Callable[[ParsedRow], str]] = {
    "nro_cliente": lambda row: row.nro_cliente,
    "name": lambda row: row.first_name,
    "lastname": lambda row: row.last_name,
    "full_name": lambda row: ", ".join(filter(None, (row.last_name, row.first_name))),
    "dni": lambda row: format_dni(row.dni) if row.dni else format_cuit(row.cuit),
    "cuit": lambda row: format_cuit(row.cuit),
    "total": lambda row: format_money(row.total),
    "monto_inicial": lambda row: format_money(row.monto_inicial) if row.monto_inicial is not None else "",
    "fecha_ultimo_pago": lambda row: f"{row.fecha_ultimo_pago:%d/%m/%Y}" if row.fecha_ultimo_pago else "",
    "fecha_mora": lambda row: f"{row.fecha_mora:%d/%m/%Y}" if row.fecha_mora else "",
    "telefono": lambda row: " · ".join(
        f"{format_phone(phone.number)}{f' ({phone.note})' if phone.note else ''}" for phone in row.phones
    ),
    "calle": lambda row: row.street,
    "calle_nro": lambda row: row.street_number,
    "localidad": lambda row: row.city,
    "cp": lambda row: row.postal_code,
    "provincia": lambda row: row.provincia,
    "notes": lambda row: row.notes,
    "email": lambda row: row.email,
    "entity": lambda row: row.entity,
}


class ReadCell(NamedTuple):
    """A cell as it is in the file and as it was understood."""

    column: str
    raw: str
    read: str

    @property
    def is_changed(self) -> bool:
        return self.raw != self.read

    def __str__(self) -> str:
        return f"{self.column}: {self.raw}" + (f" → {self.read or '(vacío)'}" if self.is_changed else "")


class ReadRow(NamedTuple):
    number: int
    cells: list[ReadCell]


@dataclass
class Understood:
    """How a file was read. Amounts are those of the accepted rows, in ARS."""

    sheets: list[str]
    unread: tuple[str, ...]
    encoding: str
    separator: str
    header_row: int
    taken: list[tuple[str, str]]
    left: list[tuple[str, str]]
    remembered: tuple[tuple[str, str], ...] = ()
    rows: list[ReadRow] = field(default_factory=list)
    smallest: Decimal | None = None
    largest: Decimal | None = None
    _sum: Decimal = Decimal(0)
    _count: int = 0

    @property
    def mean(self) -> Decimal | None:
        return round_total(self._sum / self._count) if self._count else None

    def add(self, rows: list[ParsedRow]) -> Decimal:
        """Add a chunk of accepted rows. Returns the sum of their debts."""
        totals = [row.total for row in rows if row.total]
        if not totals:
            return Decimal(0)
        low, high = min(totals), max(totals)
        self.smallest = low if self.smallest is None else min(self.smallest, low)
        self.largest = high if self.largest is None else max(self.largest, high)
        added = sum(totals, Decimal(0))
        self._sum += added
        self._count += len(totals)
        if len(self.rows) < SAMPLE_ROWS:
            self.rows += map(_read_row, rows[: SAMPLE_ROWS - len(self.rows)])
        return added

    @property
    def lines(self) -> list[tuple[str, str]]:
        """(what, how) in the words of the page and the command."""
        found = []
        if self.sheets:
            found.append(("Hoja" if len(self.sheets) == 1 else "Hojas", _quoted(self.sheets)))
        if self.unread:
            found.append(("Hojas que no se leen", ", ".join(self.unread)))
        if self.encoding:
            found.append(("Codificación", self.encoding))
        if self.separator:
            found.append(("Separador", self.separator))
        found.append(("Encabezado", f"fila {self.header_row}"))
        if self.smallest is not None and self.largest is not None and self.mean is not None:
            amounts = (("Deuda menor", self.smallest), ("Deuda mayor", self.largest), ("Deuda promedio", self.mean))
            found += [(label, format_money(amount)) for label, amount in amounts]
        return found


def understood(table: Table, mapping: Mapping) -> Understood:
    """What is known before the rows are read."""
    return Understood(
        sheets=table.sheets,
        unread=table.unread,
        encoding=NAMES.get(table.encoding or "", (table.encoding or "").upper()),
        separator=_SEPARATORS.get(table.delimiter or "", ""),
        header_row=table.header_row,
        taken=mapping.taken,
        left=[(column.header.strip() or "(sin encabezado)", column.reason) for column in mapping.ignored],
        remembered=mapping.remembered,
    )


def _read_row(row: ParsedRow) -> ReadRow:
    mapping = row.source.mapping
    cells = [
        (index, ReadCell(mapping.header_of(name), text_of(getattr(row.source, name)), _READ[name](row)))
        for name, index in mapping.fields.items()
        if name in _READ
    ]
    given, kept = row.source.cells, json.loads(row.extra)
    cells += [
        (
            index,
            ReadCell(mapping.header_at(index), text_of(given[index]) if index < len(given) else "", kept.get(key, "")),
        )
        for index, key in mapping.kept
    ]
    return ReadRow(row.row, [cell for _, cell in sorted(cells, key=itemgetter(0))])


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"«{name}»" for name in names)
