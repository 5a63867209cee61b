"""The accounts that a creditor takes back (bajas): by nro_cliente, with a reason (DESIGN §5, Recalls)."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice

from django.db import OperationalError, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.importing.cells import BadCell, Cell, parse_key, text_of
from cases.importing.columns import CASE_NAMES, HeaderNames, headers_shown, normalize_header
from cases.importing.errors import ImportConflict, ImportFailed
from cases.importing.existing import StoredForms
from cases.importing.outcomes import NOTE, REJECTED, Problem
from cases.importing.report import originals_of, report_text
from cases.importing.run import BUSY
from cases.importing.table import Table
from cases.importing.write import former_of, note_changes
from cases.models import Cartera, Case, CaseStatus, ImportBatch
from cases.searching import OneOf
from cases.services.many import CHUNK
from cases.services.statuses import change_status_of_cases
from nova.lib.databases import Lock, Taken, alone_in_transaction, lock_rows
from nova.lib.money import round_total

REASONS = frozenset({"motivo", "motivobaja", "motivodebaja", "motivodelabaja", "causa", "observacion", "observaciones"})
MAX_REASON = 200
# The header of such a list is the row that names the key.
RECALL_NAMES = HeaderNames(CASE_NAMES.fields, ({"nro_cliente"},))
STAGES = (CaseStatus.Stage.DE_BAJA, CaseStatus.Stage.INCOBRABLE)
Progress = Callable[[int], None]


@dataclass
class Recalled:
    """`balance` is what the closed cases owe, in ARS."""

    closed: int = 0
    unknown: int = 0
    kept: int = 0
    balance: Decimal = Decimal("0.00")
    problems: list[Problem] = field(default_factory=list)
    batch: ImportBatch | None = None

    @property
    def counts(self) -> dict[str, int]:
        return {"closed": self.closed, "unknown": self.unknown, "kept": self.kept}


def status_for(slug: str) -> CaseStatus:
    """The status that a recall gives. Raises ImportFailed for another than an active one of a closed stage."""
    offered = CaseStatus.objects.filter(stage__in=STAGES, is_active=True)
    found = offered.filter(slug=slug).first()
    if found is None:
        slugs = ", ".join(offered.order_by("position").values_list("slug", flat=True)) or "ninguno"
        raise ImportFailed(f"«{slug}» no es un estado con el que se dé de baja: los que hay son {slugs}.")
    return found


def close_listed(
    table: Table,
    *,
    cartera: Cartera,
    status: CaseStatus,
    file_name: str,
    by: User | None,
    reason: str = "",
    dry_run: bool = False,
    progress: Progress = lambda rows: None,
    now: datetime | None = None,
) -> Recalled:
    """Give the listed cases of the cartera this status, in one transaction; `undo_import` takes it back.

    A column of reasons goes before `reason`. Raises ImportFailed, after which nothing was saved.
    """
    try:
        with transaction.atomic():
            done = _close(table, cartera, status, file_name, by, reason, progress, now or timezone.now())
            if dry_run:
                transaction.set_rollback(True)
    except OperationalError as error:
        if "locked" in str(error):
            raise ImportConflict(BUSY) from error
        raise
    return done


def _close(
    table: Table,
    cartera: Cartera,
    status: CaseStatus,
    file_name: str,
    by: User | None,
    reason: str,
    progress: Progress,
    now: datetime,
) -> Recalled:
    try:
        alone_in_transaction(Lock.IMPORT)
    except Taken as error:
        raise ImportConflict(BUSY) from error
    key_at, reason_at = _columns(table.headers)
    batch = ImportBatch.objects.create(
        kind=ImportBatch.Kind.RECALL,
        file_name=file_name[:255],
        sha256=table.sha256,
        cartera=cartera,
        created_by=by,
        created_at=now,
        mapping={"columns": {"nro_cliente": table.headers[key_at]}, "headers": table.headers, "sheet": table.sheet},
        options={"status": status.slug, "reason": reason},
    )
    done, seen, forms, read = Recalled(batch=batch), dict[str, int](), StoredForms(cartera), 0
    rows = iter(table)
    while chunk := list(islice(rows, CHUNK)):
        listed: dict[str, tuple[int, str]] = {}
        for number, cells in chunk:
            _take(number, cells, key_at, reason_at, reason, listed, seen, done)
        _close_chunk(listed, batch, status, forms, done, by=by, now=now)
        read += len(chunk)
        progress(read)
    if not read:
        raise ImportFailed("El archivo no tiene filas: revise que sea el que quería cargar.")
    done.problems.sort(key=lambda problem: problem.row)
    done.balance = round_total(done.balance)
    batch.counts = {**done.counts, "total": str(done.balance)}
    batch.report, batch.originals = report_text(done.problems), originals_of(done.problems)
    batch.save()
    audit.record(AuditEvent.Action.IMPORT, by=by, target=batch, after={"cartera": cartera.name, **done.counts})
    return done


def _columns(headers: list[str]) -> tuple[int, int | None]:
    names = [normalize_header(header) for header in headers]
    keys = [index for index, name in enumerate(names) if CASE_NAMES.fields.get(name) == "nro_cliente"]
    if not keys:
        raise ImportFailed(
            f"Falta la columna «Nro. de cliente». Encabezados encontrados: {headers_shown(headers)}. Corríjalo."
        )
    return keys[0], next((index for index, name in enumerate(names) if name in REASONS), None)


def _take(
    number: int,
    cells: Sequence[Cell],
    key_at: int,
    reason_at: int | None,
    reason: str,
    listed: dict[str, tuple[int, str]],
    seen: dict[str, int],
    done: Recalled,
) -> None:
    """Add the row to those of the chunk; one without a key is unknown, and one that came before counts no more."""
    cell = cells[key_at] if key_at < len(cells) else ""
    if not any(text_of(each) for each in cells):
        return
    try:
        key = parse_key(cell)
    except BadCell as error:
        done.unknown += 1
        done.problems.append(_problem(number, text_of(cell), REJECTED, f"El número de cliente {error.reason}."))
        return
    if key in seen:
        done.kept += 1
        done.problems.append(_problem(number, key, NOTE, f"Ya está en la fila {seen[key]}."))
        return
    seen[key] = number
    said = text_of(cells[reason_at]) if reason_at is not None and reason_at < len(cells) else ""
    listed[key] = number, " ".join((said or reason).split())[:MAX_REASON]


def _problem(row: int, value: str, severity: str, reason: str) -> Problem:
    return Problem(row, "nro_cliente", value[:500], severity, reason)


def _close_chunk(
    listed: dict[str, tuple[int, str]],
    batch: ImportBatch,
    status: CaseStatus,
    forms: StoredForms,
    done: Recalled,
    *,
    by: User | None,
    now: datetime,
) -> None:
    found = Case.objects.filter(OneOf("nro_cliente", listed), cartera=batch.cartera_id).order_by()
    cases = lock_rows(Case.objects.select_related("status"), list(found.values_list("pk", flat=True)), no_key=True)
    by_key = {case.nro_cliente: case for case in cases}
    twins = forms.twins([key for key in listed if key not in by_key])
    by_reason: dict[str, list[Case]] = defaultdict(list)
    for key, (number, said) in listed.items():
        case = by_key.get(key)
        if case is None:
            alike = f" Se parece a «{twins[key][0].nro_cliente}»: si es ese, corrija el número." if key in twins else ""
            done.unknown += 1
            done.problems.append(_problem(number, key, REJECTED, f"No es de ningún caso de la cartera.{alike}"))
        elif not case.is_open:
            done.kept += 1
            done.problems.append(_problem(number, key, NOTE, f"Ya está cerrado: {case.status}."))
        else:
            by_reason[said].append(case)
    closing = [case for each in by_reason.values() for case in each]
    note_changes(batch, [(case.pk, None, former_of(case)) for case in closing])
    for said, each in by_reason.items():
        chosen = Case.objects.filter(OneOf("id", [case.pk for case in each]))
        change_status_of_cases(cases=chosen, status=status, by=by, notes=said, now=now)
    done.closed += len(closing)
    done.balance += sum((case.balance for case in closing), Decimal("0.00"))
