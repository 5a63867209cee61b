"""Text tables: their encoding, their separator and their rows, in constant memory (DESIGN §5 "Reading")."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from cases.importing.cells import text_of, unwrapped
from cases.importing.column_watch import QuotedCells
from cases.importing.columns import CASE_NAMES, HeaderNames
from cases.importing.encoding import WRAPS, Encoding
from cases.importing.errors import ImportFailed
from cases.importing.table import (
    DEFAULT_LIMITS,
    HEADER_SEARCH_ROWS,
    MIB,
    Header,
    Limits,
    NumberedRow,
    find_header,
)
from nova.lib.text import whole

DELIMITERS = (",", ";", "\t", "|")
_CELLS_IN_A_LINE = 32  # the limit of a line is the length of so many cells of the longest kind
_SAMPLE_LINES = 4 * HEADER_SEARCH_ROWS  # a header may hold quoted line breaks
_SAMPLE_CHARS = 4 * MIB
_MOST_LINE_BREAKS = 200  # in one cell

_UNCLOSED_QUOTE = 'tiene una comilla (") sin cerrar, o un texto demasiado largo. Corrija esa fila.'
_LONG_LINE = "es demasiado larga para ser una fila de datos. Corrija esa fila."


def detect_layout(
    path: Path, encoding: Encoding, limits: Limits = DEFAULT_LIMITS, names: HeaderNames = CASE_NAMES
) -> tuple[str, Header]:
    """The separator (one of `, ; tab |`) and the header: the separator with the best header row.

    A decimal comma or a quoted text does not matter, because the number of recognised columns decides. Excel's first
    line `sep=;` has precedence. Raises `ImportFailed` when the file is blank.
    """
    sample = _sample(path, encoding, limits)
    declared = sample[0].strip('"\r\n') if sample else ""
    candidates = (declared[4],) if len(declared) == 5 and declared[:4].lower() == "sep=" else DELIMITERS
    found = [(delimiter, find_header(_sample_rows(sample, delimiter), names)) for delimiter in candidates]
    headers = [(delimiter, header) for delimiter, header in found if header is not None]
    if not headers:
        raise ImportFailed("El archivo está vacío: no tiene encabezado ni filas.")
    return max(headers, key=lambda pair: pair[1].rank)


def _sample(path: Path, encoding: Encoding, limits: Limits) -> list[str]:
    """The first lines: enough for any header, and few enough for the memory."""
    sample: list[str] = []
    size = 0
    with encoding.open(path) as stream:
        try:
            for line in islice(_lines(stream, encoding, limits), _SAMPLE_LINES):
                sample.append(line)
                size += len(line)
                if size > _SAMPLE_CHARS:
                    break
        except _LineTooLongError:
            raise ImportFailed(f"Fila {len(sample) + 1}: {_LONG_LINE}") from None
    return sample


def _sample_rows(sample: list[str], delimiter: str) -> Iterator[NumberedRow]:
    """The first rows with one separator. Stops without an error at a row that cannot be parsed."""
    try:
        yield from enumerate(csv.reader(sample, delimiter=delimiter), start=1)
    except csv.Error:
        return


def read_rows(
    path: Path, encoding: Encoding, delimiter: str, header: Header, limits: Limits, remarks: dict[int, str]
) -> Iterator[NumberedRow]:
    """Rows under the header as (record number, cells); raises `ImportFailed` naming the row it cannot read.

    What is to be said about the encoding of a row goes to `remarks`, by its number.
    """
    width = len(header.cells)
    number = line_number = 0
    remarks.clear()
    with encoding.open(path) as stream:
        lines = _LastLine(_lines(stream, encoding, limits))
        reader = csv.reader(lines if delimiter == "," else lines.lines, delimiter=delimiter)
        try:
            for number, cells in enumerate(reader, start=1):
                first_line, line_number = line_number + 1, reader.line_num
                if encoding.remarks:
                    _move_remarks(encoding.remarks, remarks, number, first_line, line_number)
                if number <= header.row or not any(cells):
                    continue
                if line_number > first_line:
                    _check_line_breaks(number, cells, delimiter, width)
                _check_size(number, cells, limits)
                # With commas, an extra cell may come from a decimal comma without quotes, which `parse_row` rejects.
                while len(cells) > width and delimiter != "," and not cells[-1].strip():
                    cells.pop()
                if encoding.is_wrapped and any(cell[0] in WRAPS for cell in map(str.lstrip, cells) if cell):
                    cells = [unwrapped(cell.strip()) for cell in cells]
                if text_of(cells[0]) or any(map(text_of, cells)):
                    yield number, lines.quoted(cells) if delimiter == "," else cells
        except csv.Error:
            raise ImportFailed(f"Fila {number + 1}: {_UNCLOSED_QUOTE}") from None
        except _LineTooLongError:
            raise ImportFailed(f"Fila {number + 1}: {_LONG_LINE}") from None


class _LastLine:
    """Lines, keeping the last one: in a file separated by commas its quotes tell a whole cell from a part of one."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.last = lines, ""

    def __iter__(self) -> Iterator[str]:
        for line in self.lines:
            self.last = line
            yield line

    def quoted(self, cells: list[str]) -> list[str]:
        if '"' not in self.last:
            return cells
        marked = QuotedCells(cells)
        marked.line = self.last
        return marked


class _LineTooLongError(Exception):
    """A line longer than the limit of a row."""


def _lines(stream: TextIO, encoding: Encoding, limits: Limits) -> Iterator[str]:
    """The lines, read with a limit on their length."""
    longest = limits.max_cell_chars * _CELLS_IN_A_LINE
    for line in encoding.lines(stream, longest):
        if len(line) > longest:
            raise _LineTooLongError
        yield line


def _move_remarks(about_lines: dict[int, str], about_rows: dict[int, str], row: int, first: int, last: int) -> None:
    """A remark about any of its lines is one about the row."""
    for line in range(first, last + 1):
        if remark := about_lines.pop(line, ""):
            about_rows[row] = remark


def _check_size(number: int, cells: list[str], limits: Limits) -> None:
    if number > limits.max_rows:
        raise ImportFailed(f"El archivo tiene más de {whole(limits.max_rows)} filas: divídalo en varios.")
    if len(cells) > limits.max_columns:
        raise ImportFailed(f"Fila {number}: tiene más de {limits.max_columns} columnas. Revise el separador.")
    if max(map(len, cells)) > limits.max_cell_chars:
        raise ImportFailed(f"Fila {number}: tiene una celda de más de {whole(limits.max_cell_chars)} caracteres.")


def _check_line_breaks(number: int, cells: list[str], delimiter: str, width: int) -> None:
    """Raises `ImportFailed` for a row that contains others because of a stray opening quote; they would be lost.

    A valid cell with line breaks differs: its row has the width of the header, and its lines do not look like rows.
    """
    for cell in cells:
        _, *others = cell.split("\n")
        separators = max((line.count(delimiter) for line in others), default=0)
        if separators >= max(width - 1, 2) or (separators and len(cells) != width) or len(others) > _MOST_LINE_BREAKS:
            raise ImportFailed(f"Fila {number}: {_UNCLOSED_QUOTE}")
