"""Writes the plan of a chunk to the database, inside the single transaction of the import.

What was there before is noted as it was (`ImportChange`), so that the import can be undone.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db import connection

from accounts.models import User
from cases.importing.dealing import Dealer
from cases.importing.existing import CONTACT_FIELDS, KnownDebtor
from cases.importing.kept_columns import as_json
from cases.importing.outcomes import WARNING, ParsedRow, Problem, with_cells
from cases.importing.plan import CaseMove, ChunkPlan
from cases.models import (
    Arrangement,
    Cartera,
    Case,
    CaseStatus,
    Debtor,
    DebtorPhone,
    ImportBatch,
    ImportChange,
    LedgerEntry,
)
from cases.rules import ledger, queue
from cases.searching import extra_text
from cases.services.cases import move_case
from cases.services.settlement import lock_case, settle
from cases.services.withdrawing import withdraw_clearances
from nova.lib import copying, dates
from nova.lib.databases import Gone, lock_rows

DEBTOR_COLUMNS = ("id", "first_name", "last_name", "dni", "cuit", *CONTACT_FIELDS, "notes", "created_at")
PHONE_COLUMNS = ("debtor", "number", "kind", "state", "note")
CASE_COLUMNS = (
    *("id", "cartera", "nro_cliente", "debtor", "entity", "amount", "initial_amount", "balance", "placed_on"),
    *("last_payment_date", "creditor_last_payment_date", "creditor_total", "status", "stage", "assigned_to"),
    *("queue_band", "notes", "version", "created_at", "updated_at", "arrears_since", "arrears_estimated"),
    "import_batch",
)
LEDGER_COLUMNS = (
    *("case", "cartera", "kind", "amount", "value_date", "method", "reference", "credited_to", "created_by"),
    *("created_at", "notes", "reason", "import_batch"),
)
CHANGE_COLUMNS = ("batch", "case", "debtor", "former")
SETTLED_BY_ARRANGEMENT = "Saldado por convenio: informe al acreedor. No se cambió el saldo."
CASE_REFRESH_COLUMNS = (
    *("entity", "initial_amount", "creditor_total", "creditor_last_payment_date", "last_payment_date", "balance"),
    *("arrears_since", "arrears_estimated", "status", "stage", "next_action_at", "queue_band", "version", "updated_at"),
)

# What an import changes of a case beyond its balance, which follows from the ledger.
RESTORED = (
    *("entity", "initial_amount", "creditor_total", "creditor_last_payment_date", "last_payment_date"),
    *("arrears_since", "arrears_estimated", "status_id", "stage", "next_action_at", "queue_band"),
)

EXTRA = ("extra", "extra_text")


@dataclass
class Writer:
    """The values shared by all chunks of one import. `dealer` gives the gestores of its new cases.

    `keeps_extra`: some columns of the file are kept. A search looks at the keys `searched` of `Case.extra`.
    """

    batch: ImportBatch
    cartera: Cartera
    by: User | None
    dealer: Dealer
    now: datetime
    keeps_extra: bool = False
    searched: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.moment = str(connection.ops.adapt_datetimefield_value(self.now))
        self.today = dates.local_date(self.now).isoformat()
        self.initial_status = CaseStatus.objects.default_of(CaseStatus.Stage.EN_GESTION)
        self.working_status = CaseStatus.objects.working()
        self.by_id = self.by.pk if self.by else None
        self.extra_columns = ("extra", "extra_text") if self.searched else ("extra",)

    def write(self, plan: ChunkPlan) -> None:
        self._insert_debtors(plan.new_debtors)
        taken = self._move_cases(plan.moves)
        copying.fill(Debtor, ("dni", "cuit", *CONTACT_FIELDS), map(self._debtor_change, plan.changed_debtors))
        copying.insert(
            DebtorPhone,
            PHONE_COLUMNS,
            [
                (debtor.id, phone.number, phone.kind, "unverified", phone.note)
                for debtor, phone in plan.new_phones
                if (debtor.id, phone.number) not in taken
            ],
        )
        self._insert_cases(plan)
        self._refresh_cases(plan)
        self._write_extras(plan.extras)
        self._note_debtors(plan, taken)

    def _move_cases(self, moves: list[CaseMove]) -> set[tuple[int, str]]:
        """Move the cases. Returns the (debtor id, number) of all phones that their new debtors have afterwards."""
        note_changes(self.batch, [(move.case.id, None, {"moved": move.case.debtor_id}) for move in moves])
        for move in moves:
            move_case(case_id=move.case.id, debtor_id=move.debtor.id)
        phones = DebtorPhone.objects.filter(debtor__in=[move.debtor.id for move in moves]).order_by()
        return set(phones.values_list("debtor_id", "number")) if moves else set()

    def _insert_debtors(self, debtors: list[KnownDebtor]) -> None:
        for debtor, pk in zip(debtors, copying.reserve_ids(Debtor, len(debtors)), strict=True):
            debtor.id = pk
        rows = [
            (
                *(debtor.id, debtor.first_name, debtor.last_name, debtor.dni, debtor.cuit),
                *(debtor.email, debtor.street, debtor.street_number, debtor.city, debtor.postal_code),
                *(debtor.provincia, "", self.moment),
            )
            for debtor in debtors
        ]
        copying.insert(Debtor, DEBTOR_COLUMNS, rows)
        for debtor in debtors:
            debtor.changed = False

    def _debtor_change(self, debtor: KnownDebtor) -> tuple[copying.Value, ...]:
        return (debtor.dni, debtor.cuit, *(getattr(debtor, name) for name in CONTACT_FIELDS), debtor.id)

    def _insert_cases(self, plan: ChunkPlan) -> None:
        status, cartera = self.initial_status, self.cartera
        cases, entries = [], []
        gestores = self.dealer([new.debtor for new in plan.new_cases]) if plan.new_cases else []
        pks = copying.reserve_ids(Case, len(plan.new_cases))
        for new, pk, gestor in zip(plan.new_cases, pks, gestores, strict=True):
            row = new.row
            total, paid_on = str(row.total), _text(row.fecha_ultimo_pago)
            cases.append(
                (
                    *(pk, cartera.pk, row.nro_cliente, new.debtor.id, row.entity or cartera.name, total),
                    *(_text(row.monto_inicial), total, self.today, paid_on, paid_on, total),
                    *(status.pk, status.stage, gestor, queue.Band.NEW, row.notes, 1, self.moment, self.moment),
                    *(_text(row.fecha_mora) or paid_on or self.today, row.fecha_mora is None, self.batch.pk),
                    *(self._extra(row.extra) if self.keeps_extra else ()),
                )
            )
            entries.append(self._entry(pk, ledger.Kind.PLACEMENT, total, gestor, ""))
        copying.insert(Case, (*CASE_COLUMNS, *self.extra_columns) if self.keeps_extra else CASE_COLUMNS, cases)
        copying.insert(LedgerEntry, LEDGER_COLUMNS, entries)

    def _entry(
        self, case_id: int, kind: str, amount: str, gestor: int | None, notes: str, reason: str = ""
    ) -> tuple[copying.Value, ...]:
        place = (case_id, self.cartera.pk, kind, amount, self.today, "", "")
        return (*place, gestor, self.by_id, self.moment, notes, reason, self.batch.pk)

    def _note_debtors(self, plan: ChunkPlan, taken: set[tuple[int, str]]) -> None:
        """What people who were there before were given. Those whom this chunk made go with their cases."""
        made = {debtor.id for debtor in plan.new_debtors}
        phones: dict[int, list[str]] = defaultdict(list)
        for debtor, phone in plan.new_phones:
            if debtor.id not in made and (debtor.id, phone.number) not in taken:
                phones[debtor.id].append(phone.number)
        filled = {debtor.id: debtor.filled for debtor in plan.changed_debtors if debtor.id not in made}
        rows = [
            (None, pk, {"filled": filled.get(pk) or {}, "phones": phones.get(pk, [])})
            for pk in sorted(filled.keys() | phones.keys())
        ]
        note_changes(self.batch, rows)

    def _refresh_cases(self, plan: ChunkPlan) -> None:
        """Lock the changed cases and read them and their payments again, which concurrent ones may have changed (§3.2).

        Raises Gone when one of them has been deleted meanwhile: its row of the file would be lost.
        """
        rows = {refresh.case.id: refresh.row for refresh in plan.refreshes}
        locked = lock_rows(Case.objects.all(), list(rows), no_key=True)
        if len(locked) < len(rows):
            raise Gone(f"{len(rows) - len(locked)} cases of the file")
        arranged = self._arranged(list(rows))
        if arranged:
            # What has lapsed by now gives back its interest before the new total.
            for pk in arranged:
                settle(lock_case(pk), now=self.now)
            locked = list(Case.objects.filter(pk__in=rows).order_by("pk"))
        settled = {pk for pk, status in self._arranged(arranged).items() if status == Arrangement.Status.COMPLETED}
        ours = LedgerEntry.objects.effective_payments().filter(case__in=list(rows)).latest_by_case()
        updates, entries, owing_again, changes = [], [], [], []
        for case in locked:
            row = rows[case.pk]
            changes.append((case.pk, None, former_of(case)))
            difference = ledger.refresh_adjustment(
                stated=row.total, previously_stated=case.creditor_total, balance=case.balance
            )
            if case.pk in settled:
                if difference:
                    _tell_settled(row, plan)
                difference = Decimal("0.00")
            if difference:
                entries.append(
                    self._entry(
                        case.pk,
                        ledger.Kind.ADJUSTMENT,
                        str(difference),
                        case.assigned_to_id,
                        "Actualización del acreedor",
                        LedgerEntry.Reason.CREDITOR,
                    )
                )
            if case.balance + difference > 0 >= case.balance:
                owing_again.append(case.pk)
            case.balance += difference
            case.creditor_total = row.total
            case.initial_amount = row.monto_inicial or case.initial_amount
            case.entity = row.entity or case.entity
            case.creditor_last_payment_date = row.fecha_ultimo_pago or case.creditor_last_payment_date
            if row.fecha_mora is not None:
                case.arrears_since, case.arrears_estimated = row.fecha_mora, False
            paid_on = max(filter(None, (case.creditor_last_payment_date, ours.get(case.pk))), default=None)
            updates.append(self._case_change(case, paid_on))
        copying.update(Case, CASE_REFRESH_COLUMNS, updates)
        copying.insert(LedgerEntry, LEDGER_COLUMNS, entries)
        note_changes(self.batch, changes)
        withdraw_clearances(owing_again, now=self.now)
        for pk in arranged:
            settle(lock_case(pk), now=self.now)

    def _write_extras(self, extras: dict[int, dict[str, str]]) -> None:
        """Write what the creditor says besides. No money moves, and no form of a person edits it: `version` stays.

        Raises Gone as `_refresh_cases` does.
        """
        if not extras:
            return
        locked = lock_rows(Case.objects.only("pk", *EXTRA), extras, no_key=True)
        if len(locked) < len(extras):
            raise Gone(f"{len(extras) - len(locked)} cases of the file")
        note_changes(self.batch, [(case.pk, None, {name: getattr(case, name) for name in EXTRA}) for case in locked])
        changes: list[tuple[copying.Value, ...]] = [
            (*self._extra(as_json(extra)), self.moment, pk) for pk, extra in extras.items()
        ]
        copying.update(Case, (*self.extra_columns, "updated_at"), changes)

    def _extra(self, extra: str) -> tuple[str, ...]:
        """The values of `extra_columns`."""
        return (extra, extra_text(json.loads(extra), self.searched)) if self.searched else (extra,)

    @staticmethod
    def _arranged(pks: Iterable[int]) -> dict[int, str]:
        """The status of the last accepted arrangement of each of these cases that has one, by id. Runs a query."""
        accepted = Arrangement.objects.accepted().filter(case__in=list(pks)).order_by("accepted_at", "id")
        return dict(accepted.values_list("case_id", "status")) if pks else {}

    def _case_change(self, case: Case, paid_on: date | None) -> tuple[copying.Value, ...]:
        next_action = (
            str(connection.ops.adapt_datetimefield_value(case.next_action_at)) if case.next_action_at else None
        )
        place: tuple[copying.Value, ...] = (case.status_id, case.stage, next_action, case.queue_band)
        if case.stage == CaseStatus.Stage.PAGADA and case.balance > 0:
            place = (self.working_status.pk, self.working_status.stage, self.moment, queue.Band.REST)
        return (
            *(case.entity, _text(case.initial_amount), str(case.creditor_total)),
            *(_text(case.creditor_last_payment_date), _text(paid_on), str(case.balance)),
            *(_text(case.arrears_since), case.arrears_estimated),
            *(*place, case.version + 1, self.moment, case.pk),
        )


# Amounts, dates and moments as their text: there may be one for each row of the file.
_encode = json.JSONEncoder(default=str, ensure_ascii=False).encode
_former = attrgetter(*RESTORED)


def former_of(case: Case) -> dict[str, Any]:
    """What an import may change of a case, as JSON holds it."""
    return dict(zip(RESTORED, _former(case), strict=True))


def note_changes(batch: ImportBatch, changes: Iterable[tuple[int | None, int | None, Mapping[str, Any]]]) -> None:
    """Note (case, debtor, former) of what the import changes."""
    rows = [(batch.pk, case, debtor, _encode(former)) for case, debtor, former in changes]
    copying.insert(ImportChange, CHANGE_COLUMNS, rows)


def _tell_settled(row: ParsedRow, plan: ChunkPlan) -> None:
    """The creditor states another total of a case that an arrangement has settled: nothing is posted (§3.8)."""
    problem = Problem(row.row, row.source.mapping.header_of("total"), str(row.total), WARNING, SETTLED_BY_ARRANGEMENT)
    plan.problems += with_cells([problem], row.source.cells)
    plan.warned += 1


def _text(value: Decimal | date | None) -> str | None:
    return None if value is None else str(value)
