"""Shared code of the commands that move data: report files and a progress bar."""

import contextlib
import csv
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nova.lib.file_errors import reason_of
from nova.lib.spreadsheets import inert


class Unwritable(Exception):
    """The file cannot be written; the reason, in Spanish, names it. Nothing has been done yet."""


class WrittenTooLate(Exception):
    """The work is done, but its file could not be written."""


@contextlib.contextmanager
def whole_file(path: Path | None, *, what: str = "el informe", private: bool = False) -> Iterator[Any]:
    """A text file that gets its name only when it is complete. `private`: readable only by its owner.

    It is opened before the work begins, so that a bad path is found early. With `path` None nothing is written. Raises
    Unwritable and WrittenTooLate.
    """
    if path is None:
        yield StringIO()
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        if path.is_dir():
            raise Unwritable(f"No se puede escribir {what} en «{path}»: es una carpeta.")
        mode = 0o600 if private else 0o666
        stream = os.fdopen(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8", newline=""
        )
    except FileNotFoundError as error:
        raise Unwritable(f"No se puede escribir {what} en «{path}»: no existe la carpeta.") from error
    except OSError as error:
        raise Unwritable(f"No se puede escribir {what} en «{path}»: {reason_of(error)}.") from error
    try:
        with stream:
            yield stream
        draft.replace(path)
    except OSError as error:
        raise WrittenTooLate(f"No se pudo escribir {what} en «{path}» ({reason_of(error)}).") from error
    finally:
        draft.unlink(missing_ok=True)


def csv_text(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A report as CSV, with cells escaped so that a spreadsheet does not evaluate them as formulas."""
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([inert(str(cell)) for cell in row] for row in rows)
    return buffer.getvalue()


@contextlib.contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[..., None]]:
    """A progress bar on a terminal, nothing elsewhere. Yields a function that takes the work done and its total."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, total=None: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done, total=None: bar.update(task, completed=done, total=total)
