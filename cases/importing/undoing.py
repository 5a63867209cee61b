"""Takes an import back (DESIGN §5): what nobody has touched returns to what it was; the rest stays, and it says why.

A case that was there before is untouched while the import is what changed it last (`updated_at`). A new one is while
nothing refers to it but its placement, and only its gestor has changed.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.models import ForeignObjectRel, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts import audit
from accounts.models import AuditEvent, User
from cases.importing.errors import ImportConflict
from cases.importing.run import BUSY
from cases.importing.write import EXTRA, LEDGER_COLUMNS, RESTORED
from cases.models import (
    Activity,
    Arrangement,
    Case,
    CaseStatus,
    Debtor,
    DebtorPhone,
    ImportBatch,
    ImportChange,
    LedgerEntry,
    StopFlag,
)
from cases.models.debtor import CONTACT_FIELDS
from cases.models.imports import UNDO_FOR
from cases.querysets import CaseQuerySet
from cases.rules import ledger, queue
from cases.searching import OneOf
from cases.services.many import CHUNK
from cases.services.settlement import snapshot
from cases.services.stops import copy_stops
from cases.services.withdrawing import withdraw_clearances
from nova.lib import copying, dates
from nova.lib.databases import Lock, Taken, alone_in_transaction, chunks_by_key, lock_row, lock_rows

NOTES = "Se deshizo la importación"
WORKED = "se trabajó o cambió después"
MOVED = "la importación lo pasó a otro deudor: revíselo a mano"
RELOADED = "otra importación lo actualizó después"
ARRANGED = "tiene un convenio: corríjalo a mano"
NOTHING_KEPT = (
    "De esta importación no se guardó qué cambió (es de una versión anterior, o vino de otra base): "
    "no se puede deshacer."
)
CHANGED = (*RESTORED, *EXTRA)
COLUMNS = tuple("status" if name == "status_id" else name for name in CHANGED)
DOCUMENTS = ("dni", "cuit")
FILLED = (*DOCUMENTS, *CONTACT_FIELDS)
# What an untouched case has of its own.
OF_THE_PLACEMENT = (LedgerEntry, Activity, ImportChange)


@dataclass
class Undone:
    """What was taken back. `kept`: (case, reason) of those that stay. `removed_amount`: of the removed ones, in ARS."""

    removed: int = 0
    restored: int = 0
    people: int = 0  # who were made by the import and have no other debt
    contacts: int = 0  # people who had been given something: a phone, an address, a document
    removed_amount: Decimal = Decimal("0.00")
    kept: list[tuple[str, str]] = field(default_factory=list)

    @property
    def has_something(self) -> bool:
        return bool(self.removed or self.restored or self.contacts)

    @property
    def counts(self) -> dict[str, int]:
        return {"removed": self.removed, "restored": self.restored, "kept": len(self.kept)}

    @property
    def reasons(self) -> Counter[str]:
        return Counter(reason for _, reason in self.kept)


def undo_import(batch: ImportBatch, *, by: User | None, dry_run: bool = False, now: datetime | None = None) -> Undone:
    """Take the import back, in one transaction. Raises ValidationError, and ImportConflict while another one runs.

    Promises and arrangements that a recall, or the missing cases of a file, had cancelled stay cancelled.
    """
    now = now or timezone.now()
    with transaction.atomic():
        try:
            alone_in_transaction(Lock.IMPORT)
        except Taken as error:
            raise ImportConflict(BUSY) from error
        batch = lock_row(ImportBatch.objects.select_related("cartera").defer("report", "originals"), batch.pk)
        if batch.undone_at is not None:
            raise ValidationError("Esa importación ya se deshizo.")
        if batch.created_at <= now - UNDO_FOR:
            raise ValidationError(
                f"Pasaron más de {UNDO_FOR.days} días desde esa importación: ya no se puede deshacer."
            )
        if _did_something(batch) and not (batch.changes.exists() or _placed_by(batch).exists()):
            raise ValidationError(NOTHING_KEPT)
        done = Undone()
        # What was changed goes back first: a new case of a person who was there before needs nothing of it.
        _restore_cases(batch, done, by=by, now=now)
        _remove_cases(batch, done, by=by)
        _restore_debtors(batch, done)
        ImportBatch.objects.filter(pk=batch.pk).update(undone_at=now, undone_by=by)
        audit.record(AuditEvent.Action.REVERSAL, by=by, target=batch, after=done.counts)
        if dry_run:
            transaction.set_rollback(True)
    return done


def _did_something(batch: ImportBatch) -> bool:
    return any(batch.counts.get(name) for name in ("created", "updated", "closed"))


def _placed_by(batch: ImportBatch) -> CaseQuerySet:
    """By an index: that of the newest cases of a cartera."""
    return Case.objects.filter(cartera=batch.cartera_id, created_at=batch.created_at, import_batch=batch)


def _chunks(rows: models.QuerySet[Any]) -> Iterator[list[Any]]:
    """The rows in the order of their keys, a few thousand at a time; those of earlier chunks may be gone by then."""
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield chunk
        last = chunk[-1].pk


# --- New cases ---------------------------------------------------------------------------------------------
def _remove_cases(batch: ImportBatch, done: Undone, *, by: User | None) -> None:
    placed = _placed_by(batch)
    for chunk in _chunks(placed.only("pk", "debtor")):
        cases = lock_rows(placed.select_related("status", "assigned_to", "debtor"), [case.pk for case in chunk])
        debtors = lock_rows(Debtor.objects.only("pk"), {case.debtor_id for case in cases})
        touched = _touched(cases, batch)
        done.kept += [(str(case), touched[case.pk]) for case in cases if case.pk in touched]
        gone = [case for case in cases if case.pk not in touched]
        audit.record_many(
            audit.event(AuditEvent.Action.DELETED, by=by, target=case, before=snapshot(case), label=str(case))
            for case in gone
        )
        _delete([case.pk for case in gone])
        done.removed += len(gone)
        done.removed_amount += sum((case.balance for case in gone), Decimal("0.00"))
        done.people += _delete_caseless([debtor.pk for debtor in debtors])


def _touched(cases: Collection[Case], batch: ImportBatch) -> dict[int, str]:
    """Why each of these new cases (ids) stays. A fixed number of queries."""
    pks = [case.pk for case in cases]
    touched: dict[int, str] = {}
    for model, name in _referring(Case):
        if model in OF_THE_PLACEMENT:
            continue
        rows = model._base_manager.filter(OneOf(f"{name}_id", pks)).order_by()
        touched |= dict.fromkeys(rows.values_list(f"{name}_id", flat=True).distinct(), WORKED)
    own = Q(kind=ledger.Kind.PLACEMENT) | Q(import_batch=batch)
    for rows in (
        LedgerEntry.objects.filter(OneOf("case_id", pks)).exclude(own),
        Activity.objects.filter(OneOf("case_id", pks), is_system=False),
    ):
        touched |= dict.fromkeys(rows.order_by().values_list("case_id", flat=True).distinct(), WORKED)
    edits = AuditEvent.objects.filter(OneOf("target_id", pks), target_type="case").order_by()
    edits = edits.exclude(action=AuditEvent.Action.ASSIGNED)
    touched |= {pk: WORKED for pk in edits.values_list("target_id", flat=True).distinct() if pk is not None}
    for case in cases:
        is_new = case.next_action_at is None and case.queue_band == queue.Band.NEW and case.is_open
        if case.version > 1 and not is_new:
            touched[case.pk] = WORKED
    later = ImportChange.objects.filter(OneOf("case_id", pks)).exclude(batch=batch).order_by()
    return touched | dict.fromkeys(later.values_list("case_id", flat=True).distinct(), RELOADED)


def _referring(model: type[models.Model]) -> list[tuple[type[models.Model], str]]:
    """(model, field) of everything that may refer to a row of this model, in whatever app."""
    relations = [each for each in model._meta.get_fields(include_hidden=True) if isinstance(each, ForeignObjectRel)]
    return [(each.related_model, each.field.name) for each in relations if not each.many_to_many]


def _delete(cases: list[int]) -> None:
    """Untouched cases, with their placement and what the system noted. Their rows are locked."""
    if not cases:
        return
    _delete_where(Activity, "case_id", cases)
    _delete_where(ImportChange, "case_id", cases)
    _delete_where(LedgerEntry, "case_id", cases)
    _delete_where(Case, "id", cases)


def _delete_where(model: type[models.Model], column: str, values: list[int]) -> None:
    """One statement. The ORM would look at each row, and refuses it for the ledger: the placement of an untouched case
    is the one deletion that the database allows there. Its foreign keys hold as ever.
    """
    if not values:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DELETE FROM {table} WHERE {column} = ANY(%s)", [values])  # noqa: S608
        else:
            marks = ", ".join(["%s"] * len(values))
            cursor.execute(f"DELETE FROM {table} WHERE {column} IN ({marks})", values)  # noqa: S608


def _delete_caseless(debtors: list[int]) -> int:
    """Those of these locked people who have no debt and no stop left. Returns how many they were."""
    alone = Debtor.objects.filter(OneOf("id", debtors), cases__isnull=True, stops__isnull=True).order_by()
    pks = list(alone.values_list("pk", flat=True))
    _delete_where(DebtorPhone, "debtor_id", pks)
    _delete_where(ImportChange, "debtor_id", pks)
    _delete_where(Debtor, "id", pks)
    return len(pks)


# --- Cases that were there before ----------------------------------------------------------------------------
def _restore_cases(batch: ImportBatch, done: Undone, *, by: User | None, now: datetime) -> None:
    names = {status.pk: status for status in CaseStatus.objects.all()}
    for pks in _changed_cases(batch):
        # Of several changes of a case, the first one has what was before them all.
        formers: dict[int, dict[str, Any]] = {}
        changes = ImportChange.objects.filter(OneOf("case_id", pks), batch=batch).order_by("id")
        for case_id, former in changes.values_list("case_id", "former"):
            formers[case_id] = {**former, **formers.get(case_id, {})}
        cases = {case.pk: case for case in lock_rows(Case.objects.select_related("status", "debtor"), pks)}
        later = ImportChange.objects.filter(OneOf("case_id", pks), batch__gt=batch.pk).order_by()
        reloaded = set(later.values_list("case_id", flat=True).distinct())
        posted = dict(
            LedgerEntry.objects.filter(OneOf("case_id", pks), import_batch=batch, kind=ledger.Kind.ADJUSTMENT)
            .order_by("case_id")
            .values_list("case_id", "amount")
        )
        arranged = set(
            Arrangement.objects.accepted().filter(OneOf("case_id", pks)).order_by().values_list("case_id", flat=True)
        )
        back: list[tuple[Case, Mapping[str, Any]]] = []
        for pk, case in cases.items():
            former = formers[pk]
            if "moved" in former:
                done.kept.append((str(case), MOVED))
            elif case.pk in reloaded or case.updated_at != batch.created_at:
                done.kept.append((str(case), RELOADED if case.pk in reloaded else WORKED))
            elif case.pk in arranged:
                done.kept.append((str(case), ARRANGED))
            elif former.get("status_id", case.status_id) not in names:
                done.kept.append((str(case), "su estado anterior ya no existe"))
            else:
                back.append((case, former))
        _write_back(batch, back, posted, by=by, now=now)
        done.restored += len(back)


def _changed_cases(batch: ImportBatch) -> Iterator[list[int]]:
    """The ids of the cases that the import changed, a chunk at a time."""
    changed = ImportChange.objects.filter(batch=batch, case__isnull=False).values_list("case_id").distinct()
    for chunk in chunks_by_key(changed, "case_id", CHUNK):
        yield [case_id for (case_id,) in chunk]


def _write_back(
    batch: ImportBatch,
    back: list[tuple[Case, Mapping[str, Any]]],
    posted: Mapping[int, Decimal],
    *,
    by: User | None,
    now: datetime,
) -> None:
    """The values before, and the opposite of what the import adjusted."""
    moment, today = str(connection.ops.adapt_datetimefield_value(now)), dates.local_date(now).isoformat()
    updates, entries, owing_again, events = [], [], [], []
    for case, former in back:
        amount = -posted.get(case.pk, Decimal("0.00"))
        if amount:
            place = (case.pk, case.cartera_id, ledger.Kind.ADJUSTMENT, str(amount), today, "", "")
            notes = f"{NOTES} del {dates.local_date(batch.created_at):%d/%m/%Y}"
            gestor = case.assigned_to_id
            reason = LedgerEntry.Reason.CREDITOR
            entries.append((*place, gestor, by.pk if by else None, moment, notes, reason, batch.pk))
        if case.balance + amount > 0 >= case.balance:
            owing_again.append(case.pk)
        if former.get("status_id", case.status_id) != case.status_id:
            before, after = {"status": case.status.slug}, {"reason": "undone"}
            events.append(audit.event(AuditEvent.Action.STATUS, by=by, target=case, before=before, after=after))
        values = [_stored(name, former[name]) if name in former else _as_it_is(case, name) for name in CHANGED]
        updates.append((*values, str(case.balance + amount), case.version + 1, moment, case.pk))
    copying.update(Case, (*COLUMNS, "balance", "version", "updated_at"), updates)
    copying.insert(LedgerEntry, LEDGER_COLUMNS, entries)
    withdraw_clearances(owing_again, now=now)
    audit.record_many(events)
    pks = [case.pk for case, _ in back]
    flags = StopFlag.objects.filter(
        OneOf("case_id", pks), reason=StopFlag.Reason.MISSING, since=batch.created_at, lifted_at__isnull=True
    )
    if debtors := list(flags.order_by("debtor").values_list("debtor", flat=True).distinct()):
        flags.update(lifted_at=now, lifted_by=by)
        copy_stops(debtors)
    noted = Activity.objects.filter(OneOf("case_id", pks), is_system=True, created_at=batch.created_at)
    noted.filter(voided_at__isnull=True).update(voided_at=now, voided_by=by)


def _stored(name: str, value: Any) -> copying.Value:
    """A value of the JSON as the table takes it."""
    if name == "next_action_at" and value is not None:
        return str(connection.ops.adapt_datetimefield_value(parse_datetime(value)))
    return json.dumps(value, ensure_ascii=False) if name == "extra" else value


def _as_it_is(case: Case, name: str) -> copying.Value:
    return _stored(name, json.loads(DjangoJSONEncoder().encode(getattr(case, name))))


# --- People who were there before ------------------------------------------------------------------------------
def _restore_debtors(batch: ImportBatch, done: Undone) -> None:
    """What was filled in is empty again where it is as it was filled; phones that nobody has used or marked go."""
    for changes in _chunks(ImportChange.objects.filter(batch=batch, debtor__isnull=False)):
        people = {debtor.pk: debtor for debtor in lock_rows(Debtor.objects.all(), {row.debtor_id for row in changes})}
        # A document is what later debts of the person may have been found by.
        later = Case.objects.filter(OneOf("debtor_id", list(people)), created_at__gt=batch.created_at).order_by()
        known_by = set(later.values_list("debtor_id", flat=True).distinct())
        phones = _unused_phones(changes)
        gone: list[int] = []
        for change in changes:
            debtor = people.get(change.debtor_id)
            if debtor is None:
                continue
            filled = [
                name
                for name, value in change.former["filled"].items()
                if getattr(debtor, name) == value and not (name in DOCUMENTS and debtor.pk in known_by)
            ]
            for name in filled:
                setattr(debtor, name, None if name in DOCUMENTS else "")
            given = [phones[key] for number in change.former["phones"] if (key := (debtor.pk, number)) in phones]
            gone += given
            done.contacts += bool(filled or given)
        rows = [(*(getattr(debtor, name) for name in FILLED), debtor.pk) for debtor in people.values()]
        copying.update(Debtor, FILLED, rows)
        _delete_where(DebtorPhone, "id", gone)


def _unused_phones(changes: list[ImportChange]) -> dict[tuple[int, str], int]:
    """By (person, number) the phones of these changes to which nothing refers and that nobody has marked or named."""
    given = {(change.debtor_id, number) for change in changes for number in change.former["phones"]}
    if not given:
        return {}
    phones = DebtorPhone.objects.filter(OneOf("debtor_id", {debtor for debtor, _ in given}), state="unverified")
    found = {(debtor, number): pk for debtor, number, pk in phones.order_by().values_list("debtor_id", "number", "pk")}
    found = {key: pk for key, pk in found.items() if key in given}
    for model, name in _referring(DebtorPhone):
        rows = model._base_manager.filter(OneOf(f"{name}_id", list(found.values()))).order_by()
        used = set(rows.values_list(f"{name}_id", flat=True).distinct())
        found = {key: pk for key, pk in found.items() if pk not in used}
    return found
