"""Imports an export into this installation, in one transaction (DESIGN §10 `import_data`)."""

import re
from datetime import date, datetime
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Max

from accounts import audit
from accounts.models import AuditEvent
from cases import rollups
from cases.models import Activity, Case
from cases.rules import queue
from cases.transfer import load
from cases.transfer.document import Document, Progress, chunks, open_document
from cases.transfer.legacy import LegacyReader
from cases.transfer.load import Loader
from cases.transfer.people import People, read_users_map
from cases.transfer.result import Result, TransferFailed
from cases.transfer.sections import SECTIONS
from cases.transfer.tables import count_on, fill_arrears
from nova.lib import copying, dates
from nova.lib.databases import Lock, Taken, alone_in_transaction, lock_rows, refresh_statistics

ORIGIN = re.compile(r"[A-Za-z0-9_-]{1,30}")
BUSY = "Ya hay otra carga de datos en marcha: espere a que termine y repita la orden."
CHUNK = 2000


def move_in(
    path: Path,
    *,
    now: datetime,
    users_map: Path | None = None,
    default_gestor: str = "",
    leaves_unassigned: bool = False,
    origin: str = "",
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> Result:
    """Load the file in one transaction. Raises TransferFailed, after which nothing was saved."""
    if origin and not ORIGIN.fullmatch(origin):
        raise TransferFailed(f"«{origin}» no sirve de --origin: use hasta 30 letras sin acento, números o guiones.")
    document = open_document(path)
    if origin and not document.is_legacy:
        raise TransferFailed(f"--origin es para archivos del sistema anterior, y «{path.name}» no lo es.")
    result = Result()
    with transaction.atomic():
        try:
            alone_in_transaction(Lock.TRANSFER)
        except Taken as error:
            raise TransferFailed(BUSY) from error
        people = People(
            read_users_map(users_map),
            by_username=not document.is_legacy,
            default_gestor=default_gestor,
            leaves_unassigned=leaves_unassigned,
        )
        keeps_numbers = not document.is_legacy and load.is_empty()
        loader = Loader(people, result, keeps_numbers=keeps_numbers)
        if document.is_legacy:
            reader = LegacyReader(loader, people, result, now=now, origin=origin)
            _move_in_legacy(document, reader, loader, today=dates.local_date(now), progress=progress)
        else:
            for section, rows in chunks(document, progress=progress):
                loader.load(section, rows)
        loader.finish()
        fill_arrears()
        if keeps_numbers:
            count_on()
        if not document.is_legacy:
            _report_unknown(people, result)
        _record(path, result)
        if dry_run:
            transaction.set_rollback(True)
    return result


def _move_in_legacy(
    document: Document, reader: LegacyReader, loader: Loader, *, today: date, progress: Progress
) -> None:
    for section, rows in chunks(document, progress=progress):
        reader.read(section, rows)
    _put_in_place(loader.new_cases | loader.touched_cases, reader.pending, today=today)
    reader.finish()


def _put_in_place(cases: set[int], pending: dict[int, date], *, today: date) -> None:
    """Set the last gestión of the imported cases and their place in the queue, as a save of today would.

    Cases with a pending promise get its next action, cases with gestiones are due today, the others are new.
    """
    numbers = sorted(cases | pending.keys())
    for start in range(0, len(numbers), CHUNK):
        chunk = numbers[start : start + CHUNK]
        locked = lock_rows(Case.objects.all(), chunk, no_key=True)
        newest = dict(
            Activity.objects.by_people()
            .filter(case__in=chunk)
            .order_by()
            .values_list("case_id")
            .annotate(Max("created_at"))
        )
        rows = []
        for case in locked:
            last = newest.get(case.pk)
            band, next_action = case.queue_band, case.next_action_at
            if case.is_open and next_action is None and (last or case.pk in pending):
                due = pending.get(case.pk)
                band = queue.band_after_saving(result_band=None, has_pending_promise=due is not None)
                next_action = queue.next_action_for_promise(due) if due else dates.start_of_day(today)
            if (last, band, next_action) != (case.last_activity_at, case.queue_band, case.next_action_at):
                moments = [str(connection.ops.adapt_datetimefield_value(m)) if m else None for m in (last, next_action)]
                rows.append((moments[0], band, moments[1], case.pk))
        copying.update(Case, ("last_activity_at", "queue_band", "next_action_at"), rows)


def _report_unknown(people: People, result: Result) -> None:
    if people.unknown:
        names = ", ".join(f"{name} ({count})" for name, count in sorted(people.unknown.items()))
        result.notices.append(
            f"Personas del archivo que aquí no son nadie, con las veces que figuran: {names}. Sus gestiones y promesas "
            "conservan el nombre que traían; para que sean de un usuario, créelo y use --users-map."
        )
    if people.unmatched:
        result.notices.append(
            f"Del mapa de usuarios no sirvió lo que el archivo no nombra: {', '.join(people.unmatched)}."
        )


def _record(path: Path, result: Result) -> None:
    counts = {name: tally.created + tally.updated for name, tally in result.tallies.items()}
    counts = {name: count for name, count in counts.items() if count}
    if counts:
        refresh_statistics(*(section.model for section in SECTIONS), *rollups.TOTALS)
        audit.record(AuditEvent.Action.IMPORT, by=None, label=path.name, after=counts)
