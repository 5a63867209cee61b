"""Reads an export of any size, ours or the old system's, with the memory of a few rows (DESIGN §10)."""

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import ijson

from cases.transfer.result import TransferFailed
from cases.transfer.sections import FORMAT, SECTIONS, VERSION
from nova.lib.file_errors import reason_of

LEGACY_SECTIONS = ("carteras", "case_statuses", "users", "cases", "activities", "promises")
# Without these a row of the old system is no case.
LEGACY_CASE = {"cartera_id", "status_id", "total", "name", "lastname", "created_at"}
CHUNK = 2000
Numbered = tuple[int, dict[str, Any]]
Progress = Callable[[int, int], None]  # rows done, rows in all


class Document(NamedTuple):
    path: Path
    is_legacy: bool
    sections: dict[str, int]  # the sections of the file, with the number of rows


def open_document(path: Path) -> Document:
    """The kind and sections of a file. Reads all of it, so that a truncated file is refused before the import."""
    heads: dict[str, Any] = {}
    sections: Counter[str] = Counter()
    with _reading(path) as stream:
        for prefix, event, value in _guarded(ijson.parse(stream, use_float=True), path):
            if not prefix and event not in ("start_map", "end_map", "map_key"):
                raise TransferFailed(f"«{path.name}» no es una exportación: se esperaba un objeto con sus tablas.")
            if prefix.endswith(".item") and event not in ("map_key", "end_map", "end_array"):
                sections[prefix.removesuffix(".item")] += 1
            if "." in prefix or not prefix:
                continue
            if event == "start_array":
                sections[prefix] += 0
            elif event in ("string", "number"):
                heads[prefix] = value
    if heads.get("format") == FORMAT:
        if heads.get("version") != VERSION:
            raise TransferFailed(
                f"«{path.name}» es de una versión más nueva del sistema: actualice esta instalación y repita la orden."
            )
        return Document(path, False, sections)
    if "cases" not in sections or "carteras" not in sections:
        found = ", ".join(sections) or "ninguna"
        raise TransferFailed(f"«{path.name}» no es una exportación: faltan «carteras» y «cases» (tablas: {found}).")
    _check_shape(path)
    return Document(path, True, sections)


def chunks(document: Document, *, progress: Progress) -> Iterator[tuple[str, list[Numbered]]]:
    """(section, rows numbered from 1), in an order in which referenced rows come before those that refer to them.

    Reads the file once for each section, up to its last row: the parser skips other sections at 150 MB a second, and so
    the order of the sections in the file does not matter.
    """
    wanted = LEGACY_SECTIONS if document.is_legacy else tuple(section.name for section in SECTIONS)
    total = sum(document.sections.get(name, 0) for name in wanted)
    done = 0
    for name in wanted:
        with _reading(document.path) as stream:
            items = _guarded(ijson.items(stream, f"{name}.item"), document.path)
            rows = enumerate(islice(items, document.sections.get(name, 0)), 1)
            while chunk := list(islice(rows, CHUNK)):
                for number, row in chunk:
                    if not isinstance(row, dict):
                        raise TransferFailed(f"«{document.path.name}»: la fila {number} de «{name}» no es un objeto.")
                yield name, chunk
                done += len(chunk)
                progress(done, total)


def _check_shape(path: Path) -> None:
    """Refuse a file whose cases are none of ours: an older program of the agency had other columns."""
    with _reading(path) as stream:
        first = next(_guarded(ijson.items(stream, "cases.item"), path), None)
    missing = sorted(LEGACY_CASE - set(first)) if isinstance(first, dict) else []
    if missing:
        raise TransferFailed(
            f"«{path.name}» es de una forma más vieja: a sus casos les faltan los campos {', '.join(missing)}. "
            "Actualice el sistema anterior, o expórtelo con su export_data_for_prod.py, y repita la orden."
        )


def _reading(path: Path) -> BinaryIO:
    """The file from its first byte that counts: a UTF-8 byte order mark is skipped."""
    try:
        stream = path.open("rb")
        if stream.read(len(BOM_UTF8)) != BOM_UTF8:
            stream.seek(0)
        return stream
    except OSError as error:
        raise TransferFailed(f"No se puede leer «{path}»: {reason_of(error)}.") from error


def _guarded(events: Iterator[Any], path: Path) -> Iterator[Any]:
    try:
        yield from events
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise TransferFailed(
            f"«{path.name}» no es JSON o está incompleto ({error}): vuelva a copiarlo y repita la orden."
        ) from error
