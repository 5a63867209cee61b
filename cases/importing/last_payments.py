"""The creditor's list of last payments: nro_cliente and date, nothing else (DESIGN §10 `update_last_payments`)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple

from django.db import transaction

from accounts import audit
from accounts.models import AuditEvent
from cases.importing.cells import BadCell, Cell, parse_date, parse_key, text_of
from cases.importing.columns import field_of, normalize_header
from cases.importing.errors import ImportFailed
from cases.importing.outcomes import REJECTED, Problem
from cases.importing.table import Table
from cases.models import Cartera, Case, LedgerEntry
from nova.lib import dates
from nova.lib.databases import lock_rows, refresh_statistics

CHUNK = 2000
PLAIN_DATES = frozenset({"fecha", "fechapago", "fechadepago", "date", "pago"})
Progress = Callable[[int], None]


class Stated(NamedTuple):
    row: int
    nro_cliente: str
    paid_on: date


@dataclass
class Result:
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        return len(self.problems)

    @property
    def counts(self) -> dict[str, int]:
        return {"updated": self.updated, "unchanged": self.unchanged, "rejected": self.rejected}


@transaction.atomic
def update_last_payments(
    table: Table,
    *,
    file_name: str,
    cartera: Cartera | None,
    date_order: str,
    dry_run: bool,
    now: datetime,
    progress: Progress = lambda rows: None,
) -> Result:
    """Set the creditor's last payment date of each case, found by nro_cliente.

    With `cartera` None all carteras are searched, and a key must exist in only one of them. `last_payment_date` is
    still the later of the creditor's date and ours (DESIGN §2). `date_order` is as in `cells.parse_date`. Raises
    ImportFailed.
    """
    key_column, date_column = _columns(table.headers)
    result = Result()
    seen: dict[str, int] = {}
    rows = iter(table)
    done = 0
    while chunk := list(islice(rows, CHUNK)):
        stated = list(_stated(chunk, key_column, date_column, date_order, seen, result, dates.local_date(now)))
        _write(stated, cartera, table.headers[key_column], result, now)
        done += len(chunk)
        progress(done)
    result.problems.sort(key=lambda problem: problem.row)
    if result.updated:
        audit.record(AuditEvent.Action.IMPORT, by=None, label=f"Últimos pagos: {file_name}"[:200], after=result.counts)
        refresh_statistics(Case)
    if dry_run:
        transaction.set_rollback(True)
    return result


def _columns(headers: list[str]) -> tuple[int, int]:
    fields = [field_of(header) for header in headers]
    plain = [normalize_header(header) in PLAIN_DATES for header in headers]
    date_column = next((i for i, name in enumerate(fields) if name == "fecha_ultimo_pago"), None)
    if date_column is None:
        date_column = plain.index(True) if True in plain else None
    if "nro_cliente" not in fields or date_column is None:
        found = ", ".join(f"«{header.strip()}»" for header in headers if header.strip()) or "ninguno"
        raise ImportFailed(
            "Hacen falta dos columnas, «Nro. de cliente» y «Fecha de último pago». "
            f"Encabezados encontrados: {found}. Corrija el encabezado del archivo."
        )
    return fields.index("nro_cliente"), date_column


def _stated(
    chunk: list[tuple[int, list[Cell]]] | list,
    key_column: int,
    date_column: int,
    date_order: str,
    seen: dict[str, int],
    result: Result,
    today: date,
) -> Iterator[Stated]:
    """The rows with a key and a date; the others go to the report. When a key comes twice, the first row is used."""
    for number, cells in chunk:
        key, day = (cells[column] if column < len(cells) else "" for column in (key_column, date_column))
        try:
            nro = parse_key(key)
        except BadCell as error:
            _reject(result, number, "nro_cliente", key, error.reason)
            continue
        try:
            paid_on = parse_date(day, date_order, latest=today) if text_of(day) else None
        except BadCell as error:
            _reject(result, number, "fecha_ultimo_pago", day, error.reason)
            continue
        if paid_on is None:
            _reject(result, number, "fecha_ultimo_pago", "", "está vacía")
        elif nro in seen:
            _reject(result, number, "nro_cliente", nro, f"ya apareció en la fila {seen[nro]}")
        else:
            seen[nro] = number
            yield Stated(number, nro, paid_on)


def _reject(result: Result, row: int, column: str, value: Cell, reason: str) -> None:
    text = text_of(value)
    result.problems.append(Problem(row, column, text[:500], REJECTED, f"«{text[:80]}» {reason}."))


def _write(stated: list[Stated], cartera: Cartera | None, header: str, result: Result, now: datetime) -> None:
    """Lock the cases in the order of their ids, as every change of many cases does, and write the dates."""
    cases = Case.objects.filter(nro_cliente__in=[row.nro_cliente for row in stated])
    if cartera is not None:
        cases = cases.filter(cartera=cartera)
    locked = lock_rows(cases, list(cases.values_list("pk", flat=True)), no_key=True)
    by_key: dict[str, list[Case]] = {}
    for case in locked:
        by_key.setdefault(case.nro_cliente or "", []).append(case)
    ours = LedgerEntry.objects.effective_payments().filter(case__in=locked).latest_by_case()
    changed = []
    for row in stated:
        found = by_key.get(row.nro_cliente, [])
        if len(found) != 1:
            reason = "está en varias carteras: indique cuál con --cartera" if found else "no es de ningún caso"
            _reject(result, row.row, header.strip(), row.nro_cliente, reason)
            continue
        case = found[0]
        if case.creditor_last_payment_date == row.paid_on:
            result.unchanged += 1
            continue
        case.creditor_last_payment_date = row.paid_on
        case.last_payment_date = max(filter(None, (row.paid_on, ours.get(case.pk))))
        case.version += 1
        case.updated_at = now
        changed.append(case)
    Case.objects.bulk_update(
        changed, ["creditor_last_payment_date", "last_payment_date", "version", "updated_at"], batch_size=500
    )
    result.updated += len(changed)
