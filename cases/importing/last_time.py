"""What a person chose for the columns of a file, offered for the cartera's next file with the same headers (DESIGN §5).

It is kept with each import, as far as it differs from what the headers say by themselves, so that a later version may
still know more headers.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from cases.importing.columns import EXTRA, LABELS, OF_THE_CREDITOR, PHONE_FIELDS, detected_fields, normalize_header
from cases.importing.columns import Mapping as Columns
from cases.importing.kept_columns import map_file, name_of
from cases.models import Cartera, ImportBatch

Chosen = dict[int, str | None]


class Before(NamedTuple):
    """The last import of a file with these headers for which a person chose columns."""

    chosen: Chosen
    created_at: datetime


def signature_of(headers: Sequence[str]) -> str:
    """The same for headers that differ in case, accents and punctuation alone."""
    names = json.dumps([normalize_header(header) for header in headers])
    return hashlib.sha256(names.encode()).hexdigest()


def last_time(cartera: Cartera | None, headers: Sequence[str]) -> Before | None:
    """What was chosen for the last file with these headers, if anything. Runs a query."""
    if cartera is None:
        return None
    same = ImportBatch.objects.filter(cartera=cartera, mapping__signature=signature_of(headers), undone_at__isnull=True)
    for mapping, created_at in same.order_by("-created_at", "-id").values_list("mapping", "created_at")[:1]:
        chosen = {int(index): field for index, field in mapping.get("chosen", {}).items()}
        return Before(chosen, created_at) if chosen else None
    return None


def known_headers(cartera: Cartera | None) -> list[str]:
    """The columns that the cartera keeps. Runs a query."""
    return list(cartera.fields.values_list("header", flat=True)) if cartera else []


def fields_by_header(headers: Sequence[str], known: Iterable[str]) -> dict[int, str]:
    """What each column is by its header alone: a field of ours, or one that the cartera keeps."""
    keys = {name_of(header): header for header in known}
    kept = {index: f"{EXTRA}{keys[name_of(header)]}" for index, header in enumerate(headers) if name_of(header) in keys}
    return kept | detected_fields(headers)


def map_for(
    cartera: str,
    headers: Sequence[str],
    *,
    chosen: Mapping[int, str | None] | None = None,
    over: Mapping[int, str | None] | None = None,
    wanted: Sequence[str] = (),
) -> Columns:
    """The mapping of a file for the cartera of this name, which may not exist yet. Runs a few queries.

    `chosen`: what a person said of every column; None for what was chosen the last time, `over` which `over` goes.
    `wanted` as in `map_file`. Raises ImportFailed.
    """
    found = Cartera.objects.named(cartera)
    known = known_headers(found)
    before: Chosen = {}
    if chosen is None:
        remembered = last_time(found, headers)
        over = dict(over or {})
        single = {field for field in over.values() if field and field not in PHONE_FIELDS}
        before = {
            index: field
            for index, field in (remembered.chosen if remembered else {}).items()
            if index not in over and field not in single
        }
        chosen = {**before, **over}
    mapping = map_file(headers, chosen, known=known, wanted=wanted)
    return replace(
        mapping, remembered=tuple((label_of(field), headers[index].strip()) for index, field in before.items())
    )


def label_of(field: str | None) -> str:
    """A datum in words."""
    if field is None:
        return "No se importa"
    return f"{OF_THE_CREDITOR}: {field[len(EXTRA) :]}" if field.startswith(EXTRA) else LABELS[field]


def choices_of(mapping: Columns) -> dict[str, str | None]:
    """What a person chose and the headers do not say by themselves, as it is stored with an import.

    The columns that are kept say it from now on.
    """
    found = fields_by_header(mapping.headers, [column.key for column in mapping.kept])
    return {str(index): field for index, field in mapping.chosen.items() if field != found.get(index)}
