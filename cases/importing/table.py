"""The result of every reader: a header and the rows under it, one at a time (DESIGN §5 "Reading")."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from cases.importing.cells import Cell, text_of
from cases.importing.columns import CASE_NAMES, HeaderNames
from cases.importing.errors import ImportFailed

MIB = 1024 * 1024
HEADER_SEARCH_ROWS = 50
_FEWEST_RECOGNISED = 2

NumberedRow = tuple[int, Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a file: bytes, rows, columns, characters. Memory and CPU apply to the process that reads a workbook."""

    max_bytes: int = 300 * MIB
    max_inflated_bytes: int = 512 * MIB
    max_rows: int = 1_100_000
    max_columns: int = 500
    max_cell_chars: int = 32_768
    max_memory: int = 2048 * MIB
    max_cpu_seconds: int = 300


DEFAULT_LIMITS = Limits()


def _nothing_to_close() -> None:
    """Text files keep no open resource between two iterations."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One more sheet with the same header."""

    name: str
    read_rows: Callable[[], Iterator[NumberedRow]]


@dataclass(slots=True)
class Table:
    """An open file: its format, its header, and its rows by iteration as (row number, cells).

    Row numbers are those of the file, from 1, and count blank rows and title rows; in a text file a quoted line break
    does not start a row, as in a spreadsheet. Blank rows are left out. Every iteration reads the file again from the
    start, with constant memory for text. Iterating raises `ImportFailed` at a row that cannot be read, and when there
    is no row under the header. `with open_table(...) as table:` ends a workbook's process even if no row was read.
    """

    kind: str  # csv, xlsx, xlsb, xls or ods
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    sha256: str
    size: int
    header_row: int
    headers: list[str]
    read_rows: Callable[[], Iterator[NumberedRow]]
    close: Callable[[], None] = _nothing_to_close
    remarks: dict[int, str] = field(default_factory=dict)  # row number → about how the text of a row was read
    others: tuple["Sheet", ...] = ()
    unread: tuple[str, ...] = ()  # the sheets that are not read, as they are named to a person
    notes_of: Callable[[], list[str]] = list  # about the whole file, after a reading

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def sheets(self) -> list[str]:
        """The names of the sheets that are read."""
        return [self.sheet, *(each.name for each in self.others)] if self.sheet else []

    def parts(self) -> Iterator[tuple[str, Iterator[NumberedRow]]]:
        """(sheet, its rows); one part without a name where not several sheets are read."""
        yield (self.sheet or "" if self.others else ""), iter(self)
        for each in self.others:
            yield each.name, each.read_rows()

    def __iter__(self) -> Iterator[NumberedRow]:
        empty = True
        for row in self.read_rows():
            empty = False
            yield row
        if empty:
            raise ImportFailed(f"No hay filas de datos debajo del encabezado (fila {self.header_row}): agréguelas.")


@dataclass(frozen=True, slots=True)
class Header:
    """A row that names columns: its number in the file, its cells as text, and the fields it names.

    `is_whole`: it names every required column.
    """

    row: int
    cells: list[str]
    fields: frozenset[str]
    is_whole: bool

    @property
    def is_recognised(self) -> bool:
        return len(self.fields) >= _FEWEST_RECOGNISED

    @property
    def filled(self) -> int:
        return sum(map(bool, self.cells))

    @property
    def rank(self) -> tuple[bool, int, int]:
        """For comparing candidates: all required fields, then the number of fields, then of filled cells."""
        return (self.is_whole, len(self.fields) if self.is_recognised else 0, self.filled)


def find_header(rows: Iterable[NumberedRow], names: HeaderNames = CASE_NAMES) -> Header | None:
    """The header among the first 50 rows, title rows skipped; `None` when all of them are blank.

    It is the first row that names every required column, else the first of those that name most fields (at least two),
    else the first with two or more cells, so that a person can still choose the fields of the columns.
    """
    best: Header | None = None
    for number, cells in rows:
        if number > HEADER_SEARCH_ROWS:
            break
        texts = [" ".join(text_of(value).split()) for value in cells]
        if not any(texts):
            continue
        fields = names.found_in(cells)
        header = Header(number, texts, frozenset(fields), is_whole=names.are_enough(fields))
        if header.is_whole:
            return header
        if best is None or _is_better(header, best):
            best = header
    return best


def _is_better(header: Header, best: Header) -> bool:
    if header.is_recognised:
        return not best.is_recognised or len(header.fields) > len(best.fields)
    return not best.is_recognised and best.filled < 2 <= header.filled
