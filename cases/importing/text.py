"""Text tables: their encoding, their separator and their rows, in constant memory (DESIGN §5 "Reading")."""

import codecs
import csv
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TextIO

from cases.importing.cells import text_of
from cases.importing.column_watch import QuotedCells
from cases.importing.errors import ImportFailed
from cases.importing.table import (
    DEFAULT_LIMITS,
    HEADER_SEARCH_ROWS,
    MIB,
    Header,
    Limits,
    NumberedRow,
    find_header,
    thousands,
)

DELIMITERS = (",", ";", "\t", "|")
_CELLS_IN_A_LINE = 32  # the limit of a line is the length of so many cells of the longest kind
_SAMPLE_LINES = 4 * HEADER_SEARCH_ROWS  # a header may hold quoted line breaks
_SAMPLE_CHARS = 4 * MIB
_MOST_LINE_BREAKS = 200  # in one cell
_MOST_CONTROL_CHARACTERS = 0.05
_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b")) + b"\x7f"

_UNCLOSED_QUOTE = 'tiene una comilla (") sin cerrar, o un texto demasiado largo. Corrija esa fila.'
_LONG_LINE = "es demasiado larga para ser una fila de datos. Corrija esa fila."

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, because its BOM begins with the one of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def guess_encoding(head: bytes) -> str | None:
    """The encoding that the first bytes prove (BOM, or UTF-16 by its NULs), else "utf-8" to try; None if binary."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    pairs = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > pairs * 0.3 and even < odd * 0.1:
        return "utf-16-le"
    if even > pairs * 0.3 and odd < even * 0.1:
        return "utf-16-be"
    if len(head) - len(head.translate(None, _CONTROL_BYTES)) > len(head) * _MOST_CONTROL_CHARACTERS:
        return None
    return "utf-8"


class EncodingCheck:
    """Finds the encoding from all bytes of a file: the guess, or cp1252 when the file is not valid UTF-8."""

    def __init__(self, guess: str) -> None:
        self.encoding = guess
        self._decoder = codecs.getincrementaldecoder(guess)("strict")

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        """Check the next bytes. Raises `ImportFailed` when a file with a BOM or of UTF-16 is not valid."""
        if self.encoding == "cp1252":
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            if self.encoding != "utf-8":
                raise ImportFailed(
                    f"El texto dice ser {self.encoding.upper().removesuffix('-SIG')} y tiene partes que no lo son: "
                    "el archivo está dañado o cortado. Vuelva a exportarlo como CSV UTF-8."
                ) from None
            self.encoding = "cp1252"


def detect_layout(path: Path, encoding: str, limits: Limits = DEFAULT_LIMITS) -> tuple[str, Header]:
    """The separator (one of `, ; tab |`) and the header: the separator with the best header row.

    A decimal comma or a quoted text does not matter, because the number of recognised columns decides. Excel's first
    line `sep=;` has precedence. Raises `ImportFailed` when the file is blank.
    """
    sample = _sample(path, encoding, limits)
    declared = sample[0].strip('"\r\n') if sample else ""
    candidates = (declared[4],) if len(declared) == 5 and declared[:4].lower() == "sep=" else DELIMITERS
    found = [(delimiter, find_header(_sample_rows(sample, delimiter))) for delimiter in candidates]
    headers = [(delimiter, header) for delimiter, header in found if header is not None]
    if not headers:
        raise ImportFailed("El archivo está vacío: no tiene encabezado ni filas.")
    return max(headers, key=lambda pair: pair[1].rank)


def _sample(path: Path, encoding: str, limits: Limits) -> list[str]:
    """The first lines: enough for any header, and few enough for the memory."""
    sample: list[str] = []
    size = 0
    with _open(path, encoding) as stream:
        try:
            for line in islice(_lines(stream, limits), _SAMPLE_LINES):
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


def read_rows(path: Path, encoding: str, delimiter: str, header: Header, limits: Limits) -> Iterator[NumberedRow]:
    """Rows under the header as (record number, cells); raises `ImportFailed` naming the row it cannot read."""
    width = len(header.cells)
    number = line_number = 0
    with _open(path, encoding) as stream:
        lines = _LastLine(_lines(stream, limits))
        reader = csv.reader(lines if delimiter == "," else lines.lines, delimiter=delimiter)
        try:
            for number, cells in enumerate(reader, start=1):
                spans_lines, line_number = reader.line_num - line_number > 1, reader.line_num
                if number <= header.row or not any(cells):
                    continue
                if spans_lines:
                    _check_line_breaks(number, cells, delimiter, width)
                _check_size(number, cells, limits)
                # With commas, an extra cell may come from a decimal comma without quotes, which `parse_row` rejects.
                while len(cells) > width and delimiter != "," and not cells[-1].strip():
                    cells.pop()
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


def _open(path: Path, encoding: str) -> TextIO:
    """Open the file as text. The five undefined bytes of cp1252 become a replacement character; the rest is strict."""
    return path.open(encoding=encoding, errors="replace" if encoding == "cp1252" else "strict", newline="")


def _lines(stream: TextIO, limits: Limits) -> Iterator[str]:
    """The lines, read with a limit on their length."""
    longest = limits.max_cell_chars * _CELLS_IN_A_LINE
    for line in iter(partial(stream.readline, longest + 1), ""):
        if len(line) > longest:
            raise _LineTooLongError
        yield line


def _check_size(number: int, cells: list[str], limits: Limits) -> None:
    if number > limits.max_rows:
        raise ImportFailed(f"El archivo tiene más de {thousands(limits.max_rows)} filas: divídalo en varios.")
    if len(cells) > limits.max_columns:
        raise ImportFailed(f"Fila {number}: tiene más de {limits.max_columns} columnas. Revise el separador.")
    if max(map(len, cells)) > limits.max_cell_chars:
        raise ImportFailed(f"Fila {number}: tiene una celda de más de {thousands(limits.max_cell_chars)} caracteres.")


def _check_line_breaks(number: int, cells: list[str], delimiter: str, width: int) -> None:
    """Raises `ImportFailed` for a row that contains others because of a stray opening quote; they would be lost.

    A valid cell with line breaks differs: its row has the width of the header, and its lines do not look like rows.
    """
    for cell in cells:
        _, *others = cell.split("\n")
        separators = max((line.count(delimiter) for line in others), default=0)
        if separators >= max(width - 1, 2) or (separators and len(cells) != width) or len(others) > _MOST_LINE_BREAKS:
            raise ImportFailed(f"Fila {number}: {_UNCLOSED_QUOTE}")
