"""Open a portfolio file of any supported kind, detected by its content, never by its name (DESIGN §5 "Reading")."""

import hashlib
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cases.importing.archive import NOT_A_WORKBOOK, OLE_SIGNATURE, ZIP_SIGNATURES, ole_kind, zip_kind
from cases.importing.columns import CASE_NAMES, HeaderNames, normalize_header
from cases.importing.encoding import Encoding, guess_encoding
from cases.importing.errors import ImportFailed
from cases.importing.table import DEFAULT_LIMITS, MIB, Limits, NumberedRow, Sheet, Table
from cases.importing.text import detect_layout, read_rows
from cases.importing.workbook import WorkbookRows
from nova.lib.file_errors import reason_of

ALL_SHEETS = "all"
_HEAD_BYTES = 64 * 1024
_CHUNK_BYTES = MIB

# Files that people send by mistake, by their first bytes.
_FOREIGN_SIGNATURES = (
    (b"%PDF", "es un PDF"),
    (b"\x89PNG", "es una imagen"),
    (b"\xff\xd8\xff", "es una imagen"),
    (b"GIF8", "es una imagen"),
    (b"\x1f\x8b", "es un archivo comprimido; descomprímalo"),
    (b"BZh", "es un archivo comprimido; descomprímalo"),
    (b"7z\xbc\xaf\x27\x1c", "es un archivo comprimido; descomprímalo"),
    (b"Rar!", "es un archivo comprimido; descomprímalo"),
    (b"{\\rtf", "es un documento de texto"),
    (b"SQLite format 3", "es una base de datos"),
)
_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"<head", b"<style")


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text file whose bytes were all read: how its lines are read, and what tells it from another."""

    encoding: Encoding
    sha256: str
    size: int


def open_table(
    path: str | Path,
    *,
    sheet: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    names: HeaderNames = CASE_NAMES,
) -> Table:
    """Open a CSV, TSV, XLSX, XLSB, XLS or ODS file and find its header, the row that these `names` tell.

    `sheet` names a workbook's sheet, "all" every visible one with the same header; text files ignore it. Reads the file
    once for its SHA-256 and encoding, then the header; rows are read when the table is iterated. Raises `ImportFailed`
    for anything that cannot be read.
    """
    path = Path(path)
    with _said_in_spanish(path):
        return _open(path, sheet, limits, names)


def open_text(path: str | Path, *, limits: Limits = DEFAULT_LIMITS) -> PlainText | None:
    """Read a text file once, for its SHA-256 and encoding; None for a workbook. Raises as `open_table` does."""
    path = Path(path)
    with _said_in_spanish(path):
        size = _checked_size(path, limits)
        head = _head_of(path)
        if head.startswith((*ZIP_SIGNATURES, OLE_SIGNATURE)):
            return None
        return _settled(path, head, size)


@contextmanager
def _said_in_spanish(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ImportFailed(f"No existe el archivo «{path}»: revise el nombre y la carpeta.") from None
    except PermissionError:
        raise ImportFailed(
            f"No hay permiso para leer «{path}»: pida acceso o copie el archivo a otra carpeta."
        ) from None
    except OSError as error:
        raise ImportFailed(f"No se pudo leer «{path}» ({reason_of(error)}): revise el archivo.") from None


def _open(path: Path, sheet: str | None, limits: Limits, names: HeaderNames) -> Table:
    size = _checked_size(path, limits)
    head = _head_of(path)
    if head.startswith(ZIP_SIGNATURES):
        return _open_workbook(path, zip_kind(path, limits), sheet, limits, size, names)
    if head.startswith(OLE_SIGNATURE):
        return _open_workbook(path, ole_kind(path), sheet, limits, size, names)
    return _open_text(path, _settled(path, head, size), limits, names)


def _head_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _checked_size(path: Path, limits: Limits) -> int:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise ImportFailed(f"«{path}» es una carpeta: indique el archivo que está adentro.")
    if not stat.S_ISREG(status.st_mode):
        raise ImportFailed(f"«{path}» no es un archivo común: copie los datos a un archivo.")
    if not status.st_size:
        raise ImportFailed(f"El archivo «{path.name}» está vacío: vuelva a exportarlo o copiarlo.")
    if status.st_size > limits.max_bytes:
        raise ImportFailed(f"El archivo supera los {limits.max_bytes // MIB} MB: divídalo en varios.")
    return status.st_size


def _open_workbook(path: Path, kind: str, sheet: str | None, limits: Limits, size: int, names: HeaderNames) -> Table:
    wants_all = sheet is not None and sheet.strip().casefold() == ALL_SHEETS
    rows = _first_sheet(path, sheet, limits, names, wants_all=wants_all)
    is_one_named_so = rows.sheet.strip().casefold() == ALL_SHEETS
    others = tuple(_others_like(rows, path, limits, names)) if wants_all and not is_one_named_so else ()
    read = {rows.sheet, *(each.name for each in others)}
    return Table(
        kind=kind,
        encoding=None,
        delimiter=None,
        sheet=rows.sheet,
        sha256=_digest(path),
        size=size,
        header_row=rows.header_row,
        headers=rows.headers,
        read_rows=rows.read,
        close=rows.close,
        others=others,
        unread=tuple(f"«{name}»{'' if visible else ' (oculta)'}" for name, visible in rows.sheets if name not in read),
    )


def _first_sheet(path: Path, sheet: str | None, limits: Limits, names: HeaderNames, *, wants_all: bool) -> WorkbookRows:
    """The sheet to read; for "all" the first, unless one has that very name."""
    if not wants_all:
        return WorkbookRows(path, sheet, limits, names)
    rows = WorkbookRows(path, None, limits, names)
    named = next((name for name, _ in rows.sheets if name.strip().casefold() == ALL_SHEETS), None)
    if named is None:
        return rows
    rows.close()
    return WorkbookRows(path, named, limits, names)


def _others_like(rows: WorkbookRows, path: Path, limits: Limits, names: HeaderNames) -> Iterator[Sheet]:
    """The other visible sheets with the header of the first one."""
    header = [normalize_header(each) for each in rows.headers]
    for name, visible in rows.sheets:
        if name == rows.sheet or not visible:
            continue
        try:
            other = WorkbookRows(path, name, limits, names)
        except ImportFailed:  # it is empty
            continue
        other.close()
        if [normalize_header(each) for each in other.headers] == header:
            yield Sheet(name, partial(_read_sheet, path, name, limits, names))


def _read_sheet(path: Path, name: str, limits: Limits, names: HeaderNames) -> Iterator[NumberedRow]:
    rows = WorkbookRows(path, name, limits, names)
    try:
        yield from rows.read()
    finally:
        rows.close()


def _settled(path: Path, head: bytes, size: int) -> PlainText:
    """The text with its encoding, from all of its bytes. Raises `ImportFailed` for what is no text."""
    for signature, what in _FOREIGN_SIGNATURES:
        if head.startswith(signature):
            raise ImportFailed(NOT_A_WORKBOOK.format(what=what))
    guess = guess_encoding(head)
    if guess is None:
        raise ImportFailed(NOT_A_WORKBOOK.format(what="tiene datos binarios"))
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower().startswith(_MARKUP):
        raise ImportFailed(NOT_A_WORKBOOK.format(what="es una página web o XML; ábralo en la planilla de cálculo"))
    encoding = Encoding(guess)
    sha256 = _digest(path, encoding)
    encoding.settle(path)
    return PlainText(encoding, sha256, size)


def _open_text(path: Path, text: PlainText, limits: Limits, names: HeaderNames) -> Table:
    encoding = text.encoding
    delimiter, header = detect_layout(path, encoding, limits, names)
    remarks: dict[int, str] = {}
    return Table(
        kind="csv",
        encoding=encoding.name,
        delimiter=delimiter,
        sheet=None,
        sha256=text.sha256,
        size=text.size,
        header_row=header.row,
        headers=header.cells,
        read_rows=partial(read_rows, path, encoding, delimiter, header, limits, remarks),
        remarks=remarks,
        notes_of=lambda: encoding.notes,
    )


def _digest(path: Path, check: Encoding | None = None) -> str:
    """SHA-256 of the content, in one pass; for a text, `check` finds the encoding in the same pass."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            if check:
                check.feed(chunk)
    if check:
        check.feed(b"", final=True)
    return digest.hexdigest()
