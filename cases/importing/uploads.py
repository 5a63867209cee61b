"""A file between its upload and its confirmation: the logic of the import pages, without HTML (DESIGN §5).

The file is stored in the database, so that every web process can read it, and only its uploader can use it. Preview and
confirmation call `run.import_table`, as the command does: the same rows give the same counts.
"""

import hashlib
import json
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone

from accounts.models import User
from cases.importing import columns
from cases.importing.aftermath import MOST_MISSING, REPORT
from cases.importing.cells import text_of
from cases.importing.columns import CASE_NAMES, EXTRA, HeaderNames
from cases.importing.errors import ImportConflict
from cases.importing.kept_columns import key_of
from cases.importing.last_time import Before, fields_by_header, known_headers, last_time, map_for
from cases.importing.reader import open_table
from cases.importing.run import BUSY, Options, Result, import_table
from cases.importing.table import Limits, Table
from cases.models import Cartera, ImportBatch, ImportUpload
from nova.lib.databases import lock_row

KEPT_FOR = timedelta(days=1)
STORED = ImportUpload.objects.defer("content")  # up to 20 MB
SAMPLE_ROWS = 50
SAMPLES_PER_COLUMN = 3

CHANGED_MEANWHILE = "El archivo o las opciones cambiaron en otra ventana: revise esta vista previa y confirme de nuevo."


@dataclass(frozen=True)
class Column:
    """A column of the file, for the pages. `detected` is the field that its header names, or empty."""

    index: int
    header: str
    detected: str
    samples: tuple[str, ...]

    @property
    def letter(self) -> str:
        """A, B … Z, AA, as in a spreadsheet."""
        letters, rest = "", self.index + 1
        while rest:
            rest, place = divmod(rest - 1, 26)
            letters = chr(ord("A") + place) + letters
        return letters


@transaction.atomic
def store(
    *,
    by: User,
    options: Mapping[str, Any],
    content: bytes | None = None,
    file_name: str = "",
    upload: ImportUpload | None = None,
    now: datetime | None = None,
) -> ImportUpload:
    """Store a file with its options, or change those of `upload` (its file too when `content` is given).

    Another file or sheet resets the chosen columns. Uploads not confirmed within a day are deleted. Raises Gone when
    `upload` has been imported or discarded in another window.
    """
    now = now or timezone.now()
    ImportUpload.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    kept = {}
    if upload is not None:
        upload = lock_row(STORED, upload.pk)
    if upload is None:
        upload = ImportUpload(created_by=by)
    elif content is None and upload.options.get("sheet") == options["sheet"]:
        kept = {"columns": upload.options.get("columns")}
    upload.options = {**options, **kept}
    upload.created_at = now
    if content is not None:
        upload.content = content
        upload.file_name = file_name[:255]
        upload.sha256 = hashlib.sha256(content).hexdigest()
    # A deferred content that was not read is not written either.
    upload.save()
    return upload


@transaction.atomic
def choose_columns(upload: ImportUpload, chosen: Mapping[int, str | None]) -> None:
    """Store the field of each column, by column index (None: not imported). Raises Gone."""
    upload = lock_row(STORED, upload.pk)
    upload.options = {**upload.options, "columns": {str(index): field for index, field in chosen.items()}}
    upload.save(update_fields=["options"])


def fingerprint(upload: ImportUpload) -> str:
    """A hash of the file and its options, to check that the confirmed import is the one previewed."""
    seen = json.dumps([upload.sha256, upload.options], sort_keys=True)
    return hashlib.sha256(seen.encode()).hexdigest()[:16]


@contextmanager
def opened(upload: ImportUpload, *, names: HeaderNames = CASE_NAMES) -> Iterator[Table]:
    """The file as a table; a temporary file exists inside the block. Raises ImportFailed."""
    with tempfile.NamedTemporaryFile(prefix="nova-import-") as stream:
        stream.write(upload.content)
        stream.flush()
        limits = Limits(max_bytes=settings.IMPORT_UPLOAD_MAX_BYTES)
        sheet = upload.options.get("sheet") or None
        with open_table(stream.name, sheet=sheet, limits=limits, names=names) as table:
            yield table


def columns_of(table: Table, cartera: str) -> list[Column]:
    """Every column with a header or a value, with three of its values. Reads up to 50 rows; raises ImportFailed."""
    head = [cells for _, cells in islice(table, SAMPLE_ROWS)]
    field_at = fields_by_header(table.headers, known_headers(Cartera.objects.named(cartera)))
    found = []
    for index, header in enumerate(table.headers):
        values = (text_of(cells[index]) for cells in head if index < len(cells))
        samples = tuple(islice(filter(None, values), SAMPLES_PER_COLUMN))
        if header.strip() or samples:
            found.append(Column(index, header.strip(), field_at.get(index, ""), samples))
    return found


def chosen_columns(upload: ImportUpload) -> dict[int, str | None] | None:
    """The columns chosen by a person for this file; None when its headers decide."""
    chosen = upload.options.get("columns")
    return None if chosen is None else {int(index): field for index, field in chosen.items()}


def keep_columns(upload: ImportUpload, indices: Collection[int]) -> None:
    """Keep these columns as the creditor's own data, with all else as it stands. Raises ImportFailed and Gone."""
    with opened(upload) as table:
        headers = table.headers
        mapping = mapping_of(upload, headers)
    kept = {index: f"{EXTRA}{key_of(headers[index])}" for index in indices if 0 <= index < len(headers)}
    chosen = {**mapping.chosen, **kept}
    map_for(upload.options["cartera"], headers, chosen=chosen)
    choose_columns(upload, chosen)


def mapping_of(upload: ImportUpload, headers: Sequence[str]) -> columns.Mapping:
    """The columns as a person chose them, else as they were the last time. Raises ImportFailed."""
    return map_for(upload.options["cartera"], headers, chosen=chosen_columns(upload))


def carteras_of(upload: ImportUpload) -> list[Cartera]:
    """The cartera of an upload, unless it is yet to be created. Runs a query."""
    found = Cartera.objects.named(upload.options["cartera"])
    return [found] if found else []


def offered(found: Sequence[Column], before: Before) -> dict[int, str | None]:
    """What each column is, as it was chosen the last time where its header alone does not say it."""
    single = set(before.chosen.values()) - set(columns.PHONE_FIELDS)
    headed = {column.index: column.detected for column in found if column.detected and column.detected not in single}
    return {**headed, **before.chosen}


def before_of(upload: ImportUpload, headers: Sequence[str]) -> Before | None:
    """What was chosen for the last file with these headers, while nobody has chosen for this one."""
    if chosen_columns(upload) is not None:
        return None
    return last_time(Cartera.objects.named(upload.options["cartera"]), headers)


def preview(upload: ImportUpload, *, by: User) -> Result:
    """What a confirmation would do now: the import, rolled back. Raises ImportFailed."""
    return _import(upload, by=by, dry_run=True)


def confirm(*, pk: int, by: User, seen: str) -> ImportBatch:
    """Import an upload, once: its row is locked first and deleted in the same transaction.

    `seen` is the fingerprint of the preview. Raises Gone when the upload no longer exists (see `batch_of`), and
    ImportFailed, after which the upload still exists.
    """
    try:
        with transaction.atomic():
            upload = lock_row(ImportUpload.objects.filter(created_by=by), pk)
            if fingerprint(upload) != seen:
                raise ImportConflict(CHANGED_MEANWHILE)
            batch = _import(upload, by=by, dry_run=False).batch
            assert batch is not None  # noqa: S101 - a run that is not dry creates one
            batch.options["upload"] = pk
            batch.save(update_fields=["options"])
            upload.delete()
    except OperationalError as error:
        if "locked" in str(error):
            raise ImportConflict(BUSY) from error
        raise
    return batch


def batch_of(pk: int, *, by: User) -> ImportBatch | None:
    """The import made from an upload, or None."""
    return ImportBatch.objects.filter(created_by=by, options__upload=pk).defer("report").first()


def earlier_import(upload: ImportUpload) -> ImportBatch | None:
    """The last import of the same file (by hash) into the same cartera that was not undone, or None."""
    same = ImportBatch.objects.filter(
        sha256=upload.sha256, cartera__name__iexact=upload.options["cartera"], undone_at__isnull=True
    )
    return same.defer("report").select_related("created_by").first()


def _import(upload: ImportUpload, *, by: User, dry_run: bool) -> Result:
    given = upload.options
    options = Options(
        cartera=given["cartera"],
        create_cartera=given["create_cartera"],
        date_order=given["date_order"],
        assign_to=given["assign_to"],
        on_existing=given["on_existing"],
        missing=given.get("missing", REPORT),  # an upload from before these could be chosen has none
        missing_max=given.get("missing_max", MOST_MISSING),
        new_keys=given.get("new_keys", False),
        dry_run=dry_run,
    )
    with opened(upload) as table:
        mapping = mapping_of(upload, table.headers)
        return import_table(table, mapping, options, file_name=upload.file_name, by=by)
