"""One import, from the file to its batch. The command, the upload page and both previews use it (DESIGN §5)."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases import services
from cases.importing.aftermath import (
    CLOSE,
    MOST_MISSING,
    REPORT,
    REVIEW,
    Missing,
    Standing,
    ask_about_settled,
    find_missing,
    settle_missing,
)
from cases.importing.columns import DATE_FIELDS, IgnoredColumn, Mapping
from cases.importing.dealing import dealer_for
from cases.importing.errors import ImportConflict, ImportFailed
from cases.importing.existing import StoredForms, load
from cases.importing.keys import form_of
from cases.importing.last_time import choices_of, signature_of
from cases.importing.outcomes import NOTE, WARNING, Outcome, ParsedRow, Problem, Rejected, short
from cases.importing.plan import SKIP, UPDATE, ChunkPlan, plan_chunk
from cases.importing.report import originals_of, report_text
from cases.importing.rows import ZERO, Reading, parse_rows
from cases.importing.table import Table
from cases.importing.understood import Understood, understood
from cases.importing.write import Writer
from cases.models import BookTotal, Cartera, Case, DailyTotal, Debtor, DebtorPhone, ImportBatch, LedgerEntry
from cases.services.stops import stop_new_debts
from nova.lib import dates
from nova.lib.databases import Gone, Lock, Taken, alone_in_transaction, refresh_statistics
from nova.lib.money import format_money

CHUNK_ROWS = 5000
# What became of a case that the file no longer has, as the report says it.
MISSING_DONE = {REPORT: "sin cambios", REVIEW: "a revisión", CLOSE: "dado de baja"}
MAX_CARTERA_NAME = 120
BUSY = "Hay otra importación en curso: espere a que termine y vuelva a intentar."

Progress = Callable[[int], None]


class _ExchangedDates(Exception):
    """Dates that were read and written are probably of another month: nothing of it stays."""


@dataclass(frozen=True)
class Options:
    """`cartera` and `assign_to` are names as a person wrote them; `assign_to` may be `round-robin`."""

    cartera: str
    create_cartera: bool = False
    date_order: str = "dmy"
    assign_to: str = ""
    on_existing: str = UPDATE
    new_keys: bool = False
    missing: str = REPORT
    missing_max: int = MOST_MISSING  # percent of the open cases of the cartera
    is_order_doubtful: bool = False  # found by a first reading: dates whose order decides the day stay empty
    dry_run: bool = False


@dataclass
class Result:
    """What an import did, or would do in a dry run. `total` is the sum of the debts of the accepted rows, in ARS."""

    cartera: str
    understood: Understood
    headers: list[str]
    left: list[IgnoredColumn]
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    warnings: int = 0
    total: Decimal = ZERO
    rejected_by: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    settled: int = 0
    missing: Missing | None = None  # None where the cartera had no open case before
    rejected_forms: set[str] = field(default_factory=set)
    batch: ImportBatch | None = None

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.rejected

    def add(self, plan: ChunkPlan, rows: list[ParsedRow]) -> None:
        """Add what a chunk of rows did."""
        self.created += len(plan.new_cases)
        self.updated += plan.updated
        self.unchanged += plan.unchanged
        self.settled += len(plan.settled)
        self.warnings += plan.warned
        self.problems += plan.problems
        if plan.refused:
            rows = [row for row in rows if id(row) not in plan.refused]
        self.total += self.understood.add(rows)
        for rejected in plan.rejected:
            self.reject(rejected)

    def reject(self, outcome: Rejected) -> None:
        self.problems += outcome.problems
        self.rejected += 1
        self.rejected_by[outcome.code] += 1
        if outcome.key:
            self.rejected_forms.add(form_of(outcome.key))

    def note(self, row: int, column: str, reason: str, *, is_warning: bool = False) -> None:
        """Add a line about the whole file: a warning counts as that of one row, the one of the headers."""
        self.problems.append(Problem(row, column, "", WARNING if is_warning else NOTE, reason))
        self.warnings += is_warning
        self.notes.append(reason)

    @property
    def counts(self) -> dict[str, Any]:
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
            "warnings": self.warnings,
            "total": str(self.total),
            **({"missing": self.missing.count} if self.missing else {}),
        }


def import_table(
    table: Table,
    mapping: Mapping,
    options: Options,
    *,
    file_name: str,
    by: User | None,
    progress: Progress = lambda rows: None,
    now: datetime | None = None,
) -> Result:
    """Import an open table in one transaction. Raises ImportFailed, after which nothing was saved."""
    with refused_in_words(), _collector_paused():
        try:
            return _import(table, mapping, options, file_name=file_name, by=by, progress=progress, now=now)
        except _ExchangedDates:
            # Only the whole file shows it, and the rows are written by then: all is undone and read again.
            again = replace(options, is_order_doubtful=True)
            return _import(table, mapping, again, file_name=file_name, by=by, progress=progress, now=now)


@contextmanager
def refused_in_words() -> Iterator[None]:
    """What other people do at the same moment becomes an ImportConflict that says so."""
    try:
        yield
    except IntegrityError as error:
        raise ImportConflict(
            "Alguien cargó al mismo tiempo un caso o un deudor de este archivo: no se guardó nada, vuelva a intentar."
        ) from error
    except Gone as error:
        raise ImportConflict(
            "Alguien eliminó al mismo tiempo un caso de este archivo: no se guardó nada, vuelva a intentar."
        ) from error
    except OperationalError as error:
        if "locked" in str(error):
            raise ImportConflict(BUSY) from error
        raise


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pauses the garbage collector: rows make no reference cycles, and it took 15 % of the time of an import."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@transaction.atomic
def _import(
    table: Table,
    mapping: Mapping,
    options: Options,
    *,
    file_name: str,
    by: User | None,
    progress: Progress,
    now: datetime | None,
) -> Result:
    now = now or timezone.now()
    try:
        alone_in_transaction(Lock.IMPORT)
    except Taken as error:
        raise ImportConflict(BUSY) from error
    cartera = _cartera(options)
    if not Cartera.objects.hold(cartera.pk).is_active:
        raise ImportFailed(f"La cartera «{cartera.name}» está inactiva: actívela antes de importar.")
    searched = _keep_fields(cartera, mapping)
    batch = ImportBatch.objects.create(
        file_name=file_name[:255], sha256=table.sha256, cartera=cartera, created_by=by, created_at=now
    )
    writer = Writer(batch, cartera, by, dealer_for(options.assign_to), now, bool(mapping.kept), searched)
    result = Result(cartera.name, understood(table, mapping), mapping.headers, mapping.ignored)
    reading = Reading(
        today=dates.local_date(now),
        date_order=options.date_order,
        commas=table.delimiter == ",",
        new_keys=options.new_keys,
        is_order_doubtful=options.is_order_doubtful,
    )
    reading.remarks = table.remarks
    standing = Standing.of(cartera)
    forms = StoredForms(cartera)
    for outcomes in _chunks(_outcomes(table, mapping, reading), result):
        rows = [row for outcome in outcomes if (row := outcome if isinstance(outcome, ParsedRow) else outcome.settled)]
        known = load(rows, cartera, forms)
        plan = plan_chunk(outcomes, known, on_existing=options.on_existing, new_keys=options.new_keys)
        writer.write(plan)
        if options.on_existing != SKIP:
            ask_about_settled(plan.settled, batch=batch, now=now)
        forms.open_named += plan.open_named
        result.add(plan, rows)
        progress(result.rows)
    if not result.rows:
        raise ImportFailed("No hay filas de datos: debajo del encabezado hay solo un total. Agréguelas.")
    stop_new_debts(cartera.pk)
    if reading.dates.looks_exchanged:
        raise _ExchangedDates
    _note_columns(table, mapping, reading, result)
    if not table.others:  # else each sheet has its own numbers, and the lines are in the order of the sheets
        result.problems.sort(key=lambda problem: problem.row)
    if standing.count:
        _look_for_missing(standing, forms, options, result, mapping, batch=batch, by=by, now=now)
    if options.dry_run:
        transaction.set_rollback(True)
        return result
    if result.created or result.updated:
        refresh_statistics(Debtor, DebtorPhone, Case, LedgerEntry, DailyTotal, BookTotal)
    result.batch = _record(batch, table, mapping, options, result, by=by)
    return result


def _look_for_missing(
    standing: Standing,
    forms: StoredForms,
    options: Options,
    result: Result,
    mapping: Mapping,
    *,
    batch: ImportBatch,
    by: User | None,
    now: datetime,
) -> None:
    missing = find_missing(standing, named=forms.named, open_named=forms.open_named, rejected=result.rejected_forms)
    missing.check(options.missing, options.missing_max)
    settle_missing(missing, choice=options.missing, batch=batch, by=by, now=now)
    result.missing = missing
    column = mapping.header_of("nro_cliente")
    done = MISSING_DONE[options.missing]
    result.problems += [
        Problem(0, column, key, NOTE, f"Falta en el archivo un caso abierto que debe {format_money(balance)}: {done}.")
        for _, key, balance in missing.cases
    ]


def _outcomes(table: Table, mapping: Mapping, reading: Reading) -> Iterator[Outcome]:
    for sheet, rows in table.parts():
        yield from parse_rows(rows, mapping.of_sheet(sheet), today=reading.today, reading=reading)


def _chunks(outcomes: Iterator[Outcome], result: Result) -> Iterator[list[ParsedRow | Rejected]]:
    """The rows that may be a case, a chunk at a time; the others are added to the result."""
    while chunk := list(islice(outcomes, CHUNK_ROWS)):
        rows: list[ParsedRow | Rejected] = []
        for outcome in chunk:
            if type(outcome) is ParsedRow or (type(outcome) is Rejected and outcome.settled):
                rows.append(outcome)
            elif type(outcome) is Rejected:
                result.reject(outcome)
            else:
                result.problems += outcome.problems
        yield rows


def _note_columns(table: Table, mapping: Mapping, reading: Reading, result: Result) -> None:
    """What is said once about the file or a whole column, as a line of the report about the row of the headers."""
    if table.unread:
        result.note(table.header_row, "", f"Se leyó {_listed(table.sheets)}. No se leyó {', '.join(table.unread)}.")
    for text in table.notes_of():
        result.note(table.header_row, "", text, is_warning=True)
    if reading.dates.is_doubtful:
        dated = next(field for field in DATE_FIELDS if field in mapping.fields)
        result.note(table.header_row, mapping.header_of(dated), reading.dates.note)
    for text, is_wrong in reading.amounts.notes():
        result.note(table.header_row, mapping.header_of("total"), text, is_warning=is_wrong)
    for index, count in sorted(reading.say_nothing.items()):
        cells = f"{count} celda que no dice nada" if count == 1 else f"{count} celdas que no dicen nada"
        header = mapping.header_at(index)
        result.note(table.header_row, header, f"«{short(header)}»: {cells} (S/D, NULL, -), sin dato.")


def _listed(sheets: list[str]) -> str:
    names = ", ".join(f"«{name}»" for name in sheets)
    return f"la hoja {names}" if len(sheets) == 1 else f"las hojas {names}"


def _keep_fields(cartera: Cartera, mapping: Mapping) -> list[str]:
    """Keep the columns from now on. Returns which of the creditor's data are searched."""
    try:
        return services.keep_fields(cartera=cartera, headers=[column.key for column in mapping.kept])
    except ValidationError as error:  # others were added since the file was looked at
        raise ImportConflict(" ".join(error.messages)) from error


def _cartera(options: Options) -> Cartera:
    name = " ".join(options.cartera.split())
    cartera = Cartera.objects.named(name)
    if cartera is None and options.create_cartera:
        if not 0 < len(name) <= MAX_CARTERA_NAME:
            raise ImportFailed("El nombre de la cartera debe tener entre 1 y 120 caracteres.")
        cartera = Cartera.objects.create(name=name)
    if cartera is None:
        existing = ", ".join(f"«{found}»" for found in Cartera.objects.values_list("name", flat=True)[:20]) or "ninguna"
        raise ImportFailed(
            f"No existe la cartera «{name}». Carteras: {existing}. Corrija el nombre o pida que se la cree."
        )
    return cartera


def _record(
    batch: ImportBatch, table: Table, mapping: Mapping, options: Options, result: Result, *, by: User | None
) -> ImportBatch:
    batch.mapping = {
        "columns": {name: mapping.header_of(name) for name in mapping.fields},
        "ignored": [column.header for column in mapping.ignored],
        "sheet": table.sheet,
        "header_row": table.header_row,
        "headers": mapping.headers,
        "kept": {column.key: mapping.header_at(column.at) for column in mapping.kept},
        "signature": signature_of(mapping.headers),
        "chosen": choices_of(mapping),
    }
    batch.options = {
        "date_order": options.date_order,
        "assign_to": options.assign_to,
        "on_existing": options.on_existing,
        "missing": options.missing,
    }
    batch.counts = {**result.counts, "rejected_by": dict(result.rejected_by)}
    batch.report = report_text(result.problems)
    batch.originals = originals_of(result.problems)
    batch.save()
    audit.record(AuditEvent.Action.IMPORT, by=by, target=batch, after={"cartera": batch.cartera.name, **result.counts})
    return batch
