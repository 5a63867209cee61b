"""Exports all data of an installation as one JSON document, one row per line (DESIGN §10 `export_data`).

Rows are read by key, a chunk at a time, inside one transaction with a single snapshot: memory is that of a chunk, and
the file is consistent while users work.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Protocol

from django.db import connection, models

from cases.transfer.sections import FORMAT, NAMED_BY, SECTIONS, VERSION, Section, named_references
from nova.lib.databases import chunks_by_key, one_moment

CHUNK = 5000
Progress = Callable[[str, int], None]


class Writable(Protocol):
    def write(self, text: str, /) -> Any: ...


def export(stream: Writable, *, progress: Progress = lambda section, rows: None) -> dict[str, int]:
    """Write the document. Returns the number of rows of each section; `progress` gets a section and rows so far."""
    counts = {}
    with one_moment():
        names = {model: dict(model._base_manager.values_list("pk", name)) for model, name in NAMED_BY.items()}
        stream.write(f'{{"format":{json.dumps(FORMAT)},"version":{VERSION}')
        for section in SECTIONS:
            stream.write(f',\n"{section.name}":[')
            counts[section.name] = _write_rows(stream, section, names, progress)
            stream.write("\n]")
        stream.write("\n}\n")
    return counts


def size() -> int:
    """The approximate number of rows, for a progress bar. On PostgreSQL large tables are estimated, not counted."""
    if connection.vendor != "postgresql":
        return sum(section.model._base_manager.count() for section in SECTIONS)
    tables = [section.model._meta.db_table for section in SECTIONS]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT SUM(GREATEST(reltuples, 0)) FROM pg_class WHERE oid = ANY(%s::text[]::regclass[]::oid[])", [tables]
        )
        return int(cursor.fetchone()[0] or 0)


def _write_rows(
    stream: Writable, section: Section, names: dict[type[models.Model], dict[Any, Any]], progress: Progress
) -> int:
    fields = [field.name for field in section.fields]
    named = [(fields.index(reference.field), names[reference.model]) for reference in named_references(section)]
    nested = [index for index, field in enumerate(section.fields) if isinstance(field, models.JSONField)]
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_as_text).encode
    count = 0
    for row in _rows(section, fields):
        values = list(row)
        for index, name_of in named:
            values[index] = name_of.get(values[index])
        for index in nested:
            values[index] = _in_order(values[index])
        stream.write(",\n" if count else "\n")
        stream.write(encode(dict(zip(fields, values, strict=True))))
        count += 1
        if not count % CHUNK:
            progress(section.name, count)
    progress(section.name, count)
    return count


def _rows(section: Section, fields: list[str]) -> Iterator[tuple[Any, ...]]:
    """The rows by key. Tables with names are small and sorted here, because databases sort letters differently."""
    rows = section.model._base_manager.values_list(section.key, *fields)
    chunks = [sorted(rows)] if section.sorts_by_letters else chunks_by_key(rows, section.key, CHUNK)
    for chunk in chunks:
        for _, *values in chunk:
            yield tuple(values)


def _as_text(value: Any) -> str:
    """A value as text: amounts as they are, moments in UTC to the microsecond, files in base64."""
    if isinstance(value, bytes | memoryview):
        return b64encode(value).decode()
    return value.isoformat() if isinstance(value, date) else str(value)


def _in_order(value: Any) -> Any:
    """The value with sorted keys, because PostgreSQL changes the order of the keys of an object."""
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value)}
    return [_in_order(item) for item in value] if isinstance(value, list) else value
