"""What every reader gives: a header and the rows under it, one at a time (DESIGN §5 "Reading")."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cases.importing.cells import Cell, text_of
from cases.importing.columns import has_required, recognised_fields
from cases.importing.errors import ImportFailed

MIB = 1024 * 1024
HEADER_SEARCH_ROWS = 50
_FEWEST_RECOGNISED = 2

NumberedRow = tuple[int, Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost. Sizes are bytes, `max_cpu_seconds` and `max_memory` bind the process that opens a workbook."""

    max_bytes: int = 300 * MIB
    max_inflated_bytes: int = 512 * MIB
    max_rows: int = 1_100_000
    max_columns: int = 500
    max_cell_chars: int = 32_768
    max_memory: int = 2048 * MIB
    max_cpu_seconds: int = 300


@dataclass(slots=True)
class Table:
    """An open file: how it was understood, its header, and its rows by iteration as (row number, cells).

    Row numbers are those of the file, from 1, blank rows and title rows counted; in a text file a quoted line break
    does not start a row, as in a spreadsheet. Every iteration reads the file again from the start, in flat memory
    for text. Iterating raises `ImportFailed` where a row cannot be read and when there is none under the header.
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

    def __iter__(self) -> Iterator[NumberedRow]:
        empty = True
        for row in self.read_rows():
            empty = False
            yield row
        if empty:
            raise ImportFailed(
                f"No hay ninguna fila de datos debajo del encabezado (fila {self.header_row}): revise el archivo."
            )


@dataclass(frozen=True, slots=True)
class Header:
    """A row that names columns: its number in the file, its cells as text, and how many fields it names."""

    row: int
    cells: list[str]
    score: int

    @property
    def is_recognised(self) -> bool:
        return self.score >= _FEWEST_RECOGNISED


def find_header(rows: Iterable[NumberedRow]) -> Header | None:
    """The header among the first rows, title rows skipped; `None` when all of them are blank.

    It is the first row that names every required column, else the one that names most fields, else (nothing is
    recognised) the first row with two cells or more, so that a person can still say which column is which.
    """
    best: Header | None = None
    for number, cells in rows:
        if number > HEADER_SEARCH_ROWS:
            break
        fields = recognised_fields(cells)
        filled = sum(1 for value in cells if text_of(value))
        if not filled:
            continue
        header = Header(number, [" ".join(text_of(value).split()) for value in cells], len(fields))
        if has_required(fields):
            return header
        if best is None or _rank(header, filled) > _rank(best, sum(map(bool, best.cells))):
            best = header
    return best


def _rank(header: Header, filled: int) -> tuple[int, bool]:
    return (header.score if header.is_recognised else 0, filled > 1)
