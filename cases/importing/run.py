"""One import, from the file to its batch. The command, the upload page and both previews use it (DESIGN §5)."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.importing.columns import Mapping
from cases.importing.dealing import dealer_for
from cases.importing.errors import ImportConflict, ImportFailed
from cases.importing.existing import load
from cases.importing.plan import UPDATE, plan_chunk
from cases.importing.report import report_text
from cases.importing.rows import ParsedRow, Problem, Rejected, parse_rows
from cases.importing.table import Table
from cases.importing.write import Writer
from cases.models import Cartera, ImportBatch
from cases.services.stops import stop_new_debts
from nova.lib import dates
from nova.lib.databases import Gone, Lock, Taken, alone_in_transaction

CHUNK_ROWS = 5000
MAX_CARTERA_NAME = 120
BUSY = "Hay otra importación en curso: espere a que termine y vuelva a intentar."

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Options:
    """`cartera` and `assign_to` are names as a person wrote them; `assign_to` may be `round-robin`."""

    cartera: str
    create_cartera: bool = False
    date_order: str = "dmy"
    assign_to: str = ""
    on_existing: str = UPDATE
    dry_run: bool = False


@dataclass
class Result:
    """What an import did, or would do in a dry run. `total` is the sum of the debts of the accepted rows, in ARS."""

    cartera: str
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    warnings: int = 0
    total: Decimal = Decimal("0.00")
    rejected_by: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    batch: ImportBatch | None = None

    @property
    def counts(self) -> dict[str, Any]:
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
            "warnings": self.warnings,
            "total": str(self.total),
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
    try:
        with _collector_paused():
            return _import(table, mapping, options, file_name=file_name, by=by, progress=progress, now=now)
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
    writer = Writer(cartera, by, dealer_for(options.assign_to), now)
    result = Result(cartera.name)
    outcomes = parse_rows(table, mapping, date_order=options.date_order, today=dates.local_date(now))
    seen = 0
    for accepted in _chunks(outcomes, result):
        plan = plan_chunk(accepted, load(accepted, cartera), on_existing=options.on_existing)
        writer.write(plan)
        result.created += len(plan.new_cases)
        result.updated += plan.updated
        result.unchanged += plan.unchanged
        result.warnings += plan.warned
        result.problems += plan.problems
        result.total += sum((row.total for row in accepted), Decimal("0.00"))
        seen += len(accepted)
        progress(seen + result.rejected)
    if not seen + result.rejected:
        raise ImportFailed("No hay filas de datos: debajo del encabezado hay solo un total. Agréguelas.")
    stop_new_debts(cartera.pk)
    result.problems.sort(key=lambda problem: problem.row)
    if options.dry_run:
        transaction.set_rollback(True)
        return result
    result.batch = _record(table, mapping, options, result, cartera, file_name=file_name, by=by, now=now)
    return result


def _chunks(outcomes: Iterator[Any], result: Result) -> Iterator[list[ParsedRow]]:
    """The accepted rows, a chunk at a time; the others are added to the result."""
    while chunk := list(islice(outcomes, CHUNK_ROWS)):
        accepted = []
        for outcome in chunk:
            if type(outcome) is ParsedRow:
                accepted.append(outcome)
                continue
            result.problems += outcome.problems
            if type(outcome) is Rejected:
                result.rejected += 1
                result.rejected_by[outcome.code] += 1
        yield accepted


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
    table: Table,
    mapping: Mapping,
    options: Options,
    result: Result,
    cartera: Cartera,
    *,
    file_name: str,
    by: User | None,
    now: datetime,
) -> ImportBatch:
    batch = ImportBatch.objects.create(
        file_name=file_name[:255],
        sha256=table.sha256,
        cartera=cartera,
        created_by=by,
        created_at=now,
        mapping={
            "columns": {name: mapping.header_of(name) for name in mapping.fields},
            "ignored": [column.header for column in mapping.ignored],
            "sheet": table.sheet,
            "header_row": table.header_row,
        },
        options={
            "date_order": options.date_order,
            "assign_to": options.assign_to,
            "on_existing": options.on_existing,
        },
        counts={**result.counts, "rejected_by": dict(result.rejected_by)},
        report=report_text(result.problems),
    )
    audit.record(AuditEvent.Action.IMPORT, by=by, target=batch, after={"cartera": cartera.name, **result.counts})
    return batch
