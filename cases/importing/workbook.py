"""Workbooks, opened by python-calamine in a process of their own (DESIGN §5 "Reading", §8 "Uploads").

A hostile workbook can need any amount of memory (two cells at the corners of a sheet are 17,000 million), and the
reader then aborts its process, which must not be the web worker. The child process has a memory and a CPU limit and
writes JSON lines: first the sheet and its header, then one line per row, then the number of rows.
"""

import json
import os
import resource
import signal
import subprocess  # noqa: TID251 (our own module reads the workbook, within limits)
import sys
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import python_calamine

from cases.importing.archive import DAMAGED, PASSWORD
from cases.importing.cells import Cell, text_of, unwrapped
from cases.importing.columns import CASE_NAMES, HeaderNames
from cases.importing.encoding import WRAPS
from cases.importing.error_cells import errors_of
from cases.importing.errors import ImportFailed
from cases.importing.table import MIB, Header, Limits, NumberedRow, find_header
from nova.lib.text import whole

_PROJECT_ROOT = Path(__file__).resolve().parents[2]
_LONGEST_LINE = 64 * MIB

TOO_LARGE = (
    "La planilla es demasiado grande para leerla: borre las filas y columnas vacías que sobran al final, "
    "o guárdela como CSV, y vuelva a importar."
)
TOO_SLOW = "La planilla tarda demasiado en leerse: guárdela como CSV y vuelva a importar."


# The parent's side.


class WorkbookRows:
    """The rows of one sheet. The constructor finds the sheet and header; the first reading continues from there."""

    def __init__(self, path: Path, sheet: str | None, limits: Limits, names: HeaderNames = CASE_NAMES) -> None:
        """Raises `ImportFailed` for any reason why the workbook cannot be read."""
        self._path, self._limits, self._names = path, limits, names
        process = self._start(sheet)
        found = _first_line(process)
        self.sheet: str = found["sheet"]
        self.header_row: int = found["header_row"]
        self.headers: list[str] = found["headers"]
        self.sheets: list[tuple[str, bool]] = [(name, visible) for name, visible in found["sheets"]]
        self._pending: list[subprocess.Popen] = [process]
        self.close = weakref.finalize(self, _end_all, self._pending)

    def _start(self, sheet: str | None) -> subprocess.Popen:
        names = [dict(self._names.fields), [sorted(group) for group in self._names.required]]
        where = {"path": str(self._path.absolute()), "sheet": sheet}
        order = json.dumps({**where, "limits": asdict(self._limits), "names": names})
        return subprocess.Popen(  # noqa: S603 - our own module, no shell; the order is one argument
            [sys.executable, "-m", "cases.importing.workbook", order],
            cwd=_PROJECT_ROOT,
            env={**os.environ, "PYTHONPATH": str(_PROJECT_ROOT), "RUST_BACKTRACE": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def read(self) -> Iterator[NumberedRow]:
        """Rows under the header as (row number, cells); the process ends with the iteration, finished or not."""
        if self._pending:
            process = self._pending.pop()
        else:
            process = self._start(self.sheet)
            _first_line(process)
        try:
            while type(row := _next_line(process)) is list:
                number, cells = row
                yield number, [_decoded(cell) if type(cell) is list else cell for cell in cells]
        finally:
            _end(process)


def _first_line(process: subprocess.Popen) -> Any:
    try:
        return _next_line(process)
    except BaseException:
        _end(process)
        raise


def _next_line(process: subprocess.Popen) -> list | dict:
    """The next line of the child. Raises `ImportFailed` with the error it reports, or for its exit code."""
    line = _output(process).readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        _end(process, kill=False)
        raise ImportFailed(_meaning_of(process.returncode))
    message = json.loads(line)
    if type(message) is dict and "error" in message:
        raise ImportFailed(message["error"])
    return message


def _meaning_of(returncode: int) -> str:
    if returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return TOO_SLOW
    return TOO_LARGE if returncode < 0 else DAMAGED


def _end(process: subprocess.Popen, *, kill: bool = True) -> None:
    if kill:
        process.kill()
    _output(process).close()
    process.wait()


def _output(process: subprocess.Popen) -> IO[bytes]:
    """The output pipe of the child, which always has one."""
    return cast("IO[bytes]", process.stdout)


def _end_all(processes: list[subprocess.Popen]) -> None:
    while processes:
        _end(processes.pop())


def _decoded(cell: list) -> date:
    """A date from its JSON form: a list with one ISO text. No other cell is a list."""
    (text,) = cell
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)


# The child's side: it prints to its parent and does not use Django.


def main(order: str, out: BinaryIO) -> None:
    """Write the sheet's header and rows as JSON lines, or one line with the error."""
    arguments = json.loads(order)
    limits = Limits(**arguments["limits"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.max_memory, limits.max_memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.max_cpu_seconds, limits.max_cpu_seconds + 1))
    try:
        fields, required = arguments["names"]
        names = HeaderNames(fields, tuple(map(frozenset, required)))
        write_sheet(arguments["path"], arguments["sheet"], limits, out, names)
    except ImportFailed as error:
        out.write(_line({"error": str(error)}))
    except MemoryError:
        out.write(_line({"error": TOO_LARGE}))
    except python_calamine.PasswordError:
        out.write(_line({"error": PASSWORD}))
    except (python_calamine.CalamineError, OSError, ValueError):
        out.write(_line({"error": DAMAGED}))
    out.flush()


def write_sheet(path: str, sheet_name: str | None, limits: Limits, out: BinaryIO, names: HeaderNames) -> None:
    """Choose the sheet, then write its header and every row under it that is not blank."""
    # A stream, because with a path the reader trusts the file's extension, which may be wrong.
    with Path(path).open("rb") as stream:
        workbook = python_calamine.CalamineWorkbook.from_filelike(stream)
    sheet, header = choose_sheet(workbook, sheet_name, limits, names)
    sheets = [(each.name, each.visible == python_calamine.SheetVisibleEnum.Visible) for each in _worksheets(workbook)]
    out.write(_line({"sheet": sheet.name, "header_row": header.row, "headers": header.cells, "sheets": sheets}))
    errors = errors_of(Path(path), sheet.name)
    with_errors = {row for row, _ in errors}
    count = 0
    for number, cells in _numbered(sheet, limits):
        if number in with_errors:
            cells = [cell if cell != "" else errors.get((number, column), "") for column, cell in enumerate(cells)]
        if any(type(cell) is str and cell[:1] in WRAPS for cell in cells if cell):
            cells = [unwrapped(cell) if type(cell) is str else cell for cell in cells]
        if number > header.row and any(map(text_of, cells)):
            if any(type(cell) is str and len(cell) > limits.max_cell_chars for cell in cells):
                raise ImportFailed(
                    f"Fila {number}: tiene una celda de más de {whole(limits.max_cell_chars)} caracteres."
                )
            out.write(_line([number, cells]))
            count += 1
    out.write(_line({"rows": count}))


def choose_sheet(
    workbook: python_calamine.CalamineWorkbook, name: str | None, limits: Limits, names: HeaderNames
) -> tuple[python_calamine.CalamineSheet, Header]:
    """The sheet named, else the first visible one with a recognisable header.

    A sheet that names every required column goes before one that names a few (a summary with totals by city).
    """
    looked_at = [_matching_name(workbook, name)] if name is not None else _visible_names(workbook)
    best: tuple[str, Header] | None = None
    for candidate in looked_at:
        sheet = workbook.get_sheet_by_name(candidate)
        header = find_header(_numbered(sheet, limits), names)
        if header is None:
            continue
        if header.is_whole:
            return sheet, header
        if best is None or (header.is_recognised and not best[1].is_recognised):
            best = candidate, header
    if best is None:
        where = f"La hoja «{name}» está vacía" if name is not None else "La planilla está vacía"
        hidden = [each.name for each in _worksheets(workbook) if each.name not in looked_at]
        listed = ", ".join(f"«{each}»" for each in hidden)
        also = f" Hay hojas ocultas, que se leen solo si se las nombra: {listed}." if hidden and name is None else ""
        raise ImportFailed(f"{where}: no tiene encabezado ni filas.{also}")
    return workbook.get_sheet_by_name(best[0]), best[1]


def _worksheets(workbook: python_calamine.CalamineWorkbook) -> list[python_calamine.SheetMetadata]:
    return [each for each in workbook.sheets_metadata if each.typ == python_calamine.SheetTypeEnum.WorkSheet]


def _visible_names(workbook: python_calamine.CalamineWorkbook) -> list[str]:
    """The sheets that a person sees: somebody who hides a sheet does not mean it to be read."""
    return [each.name for each in _worksheets(workbook) if each.visible == python_calamine.SheetVisibleEnum.Visible]


def _matching_name(workbook: python_calamine.CalamineWorkbook, name: str) -> str:
    wanted = name.strip().casefold()
    same = [each for each in workbook.sheet_names if each == name or each.strip().casefold() == wanted]
    if not same:
        listed = ", ".join(f"«{each}»" for each in workbook.sheet_names)
        raise ImportFailed(f"No existe la hoja «{name}». Hojas del archivo: {listed}.")
    return name if name in same else same[0]


def _numbered(sheet: python_calamine.CalamineSheet, limits: Limits) -> Iterator[NumberedRow]:
    if sheet.end is None:
        return
    last_row, last_column = sheet.end
    if last_row >= limits.max_rows:
        raise ImportFailed(
            f"La hoja «{sheet.name}» tiene más de {whole(limits.max_rows)} filas: divídala en varios archivos."
        )
    if last_column >= limits.max_columns:
        raise ImportFailed(
            f"La hoja «{sheet.name}» tiene más de {limits.max_columns} columnas: borre las que sobran a la derecha."
        )
    yield from enumerate(sheet.iter_rows(), start=1)


def _line(message: dict | Sequence[Cell | Sequence[Cell]]) -> bytes:
    # JSON escapes a lone surrogate of a hostile sheet, so the line is always ASCII.
    return json.dumps(message, default=_encoded).encode("ascii") + b"\n"


def _encoded(cell: object) -> object:
    return [cell.isoformat()] if isinstance(cell, date) else str(cell)


if __name__ == "__main__":
    main(sys.argv[1], sys.stdout.buffer)
