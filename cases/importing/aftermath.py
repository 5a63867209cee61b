"""What a file says by what it does not: a known case without a debt, an account that is gone (DESIGN §5).

Runs in the transaction of the import, after its rows are written.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, F

from accounts import audit
from accounts.models import AuditEvent, User
from cases.importing.errors import ImportFailed
from cases.importing.existing import KnownCase
from cases.importing.keys import form_of
from cases.importing.write import former_of, note_changes
from cases.models import Activity, Cartera, Case, CaseStatus, ImportBatch, StopFlag
from cases.querysets import CaseQuerySet
from cases.rules import queue
from cases.services.many import CHUNK
from cases.services.plans import close_plans
from cases.services.settlement import cancel_pending_promises, snapshot
from nova.lib.databases import lock_rows
from nova.lib.money import format_money, round_total

REPORT, REVIEW, CLOSE = "report", "review", "close"
MISSING_CHOICES = (REPORT, REVIEW, CLOSE)
MOST_MISSING = 20  # percent of the open cases of the cartera; more is the wrong file, or a part of it
SETTLED_NOTE = "El acreedor informó este caso sin deuda: posible pago al acreedor. Consúltelo antes de reclamarlo."
_FIRST_BANDS = (queue.Band.CALL_BACK, queue.Band.BROKEN_PROMISE)


# --- Known cases without a debt ------------------------------------------------------------------------
def ask_about_settled(settled: Iterable[KnownCase], *, batch: ImportBatch, now: datetime) -> None:
    """Bring open cases whose row states no debt to band 3, once: their `creditor_total` becomes 0.

    A call-back that was agreed, a broken promise and a stop stay before it. No balance changes.
    """
    ids = [case.id for case in settled if case.creditor_total != 0]
    for start in range(0, len(ids), CHUNK):
        cases = Case.objects.open().filter(stopped_at__isnull=True)
        cases = cases.exclude(queue_band__in=_FIRST_BANDS).exclude(creditor_total=0)
        locked = lock_rows(cases, ids[start : start + CHUNK], no_key=True)
        note_changes(batch, [(case.pk, None, former_of(case)) for case in locked])
        for case in locked:
            case.creditor_total, case.queue_band, case.next_action_at = Decimal("0.00"), queue.Band.SAYS_PAID, now
            case.version += 1
            case.updated_at = now
        Case.objects.bulk_update(
            locked, ["creditor_total", "queue_band", "next_action_at", "version", "updated_at"], batch_size=500
        )
        Activity.objects.bulk_create(
            [
                Activity(case=case, type=Activity.Type.NOTE, notes=SETTLED_NOTE, created_at=now, is_system=True)
                for case in locked
            ],
            batch_size=500,
        )


# --- Accounts that are gone ------------------------------------------------------------------------------
@dataclass(frozen=True)
class Standing:
    """The open cases of a cartera that have a key, before the file: how many, the last id, what they owe."""

    cartera: Cartera
    count: int
    last_id: int

    @classmethod
    def of(cls, cartera: Cartera) -> "Standing":
        found = _open_cases(cartera).aggregate(count=Count("pk"))
        last = Case.objects.order_by("-pk").values_list("pk", flat=True).first()
        return cls(cartera, found["count"], last or 0)

    @property
    def cases(self) -> CaseQuerySet:
        return _open_cases(self.cartera).filter(pk__lte=self.last_id)


@dataclass
class Missing:
    """The open cases of a cartera that its new file no longer has. `total` is what they owe, in ARS."""

    open: int
    cases: list[tuple[int, str, Decimal]]

    @property
    def count(self) -> int:
        return len(self.cases)

    @property
    def total(self) -> Decimal:
        return round_total(sum((balance for _, _, balance in self.cases), Decimal(0)))

    @property
    def percent(self) -> Decimal:
        return Decimal(self.count) * 100 / self.open if self.open else Decimal(0)

    def check(self, choice: str, most: int) -> None:
        """Raise `ImportFailed` where so many are gone that it is rather the wrong file."""
        if choice == REPORT or self.percent <= most:
            return
        raise ImportFailed(
            f"Faltan en el archivo {self.count} de los {self.open} casos abiertos de la cartera "
            f"({self.percent:.0f} %, {format_money(self.total)}), más del {most} % permitido: no se guardó nada. "
            "Revise que sea el archivo entero. Si es así, suba el límite (con el comando, --missing-max)."
        )


def find_missing(standing: Standing, *, named: set[int], open_named: int, rejected: set[str]) -> Missing:
    """The cases that no row names. Those of rejected rows (by the form of their key) are there all the same.

    `open_named` of the open cases were named: where that is all of them nothing is read.
    """
    if open_named >= standing.count:
        return Missing(standing.count, [])
    rows = standing.cases.order_by("id").values_list("pk", "nro_cliente", "balance")
    found = [
        (pk, key or "", balance)
        for pk, key, balance in rows.iterator()
        if pk not in named and form_of(key or "") not in rejected
    ]
    return Missing(standing.count, found)


def settle_missing(missing: Missing, *, choice: str, batch: ImportBatch, by: User | None, now: datetime) -> None:
    """Stop or close the missing cases. `missing.check` comes first."""
    if choice == REPORT:
        return
    change: Callable[[list[Case], User | None, datetime], None] = _review if choice == REVIEW else _close
    ids = [pk for pk, _, _ in missing.cases]
    for start in range(0, len(ids), CHUNK):
        open_cases = Case.objects.open().select_related("status", "assigned_to", "debtor")
        cases = lock_rows(open_cases, ids[start : start + CHUNK], no_key=True)
        note_changes(batch, [(case.pk, None, former_of(case)) for case in cases])
        change(cases, by, now)


def _review(cases: list[Case], by: User | None, now: datetime) -> None:
    """Out of the queue until an admin looks at them, as a result that stops does."""
    stopped = [case for case in cases if case.stopped_at is None]
    reason = StopFlag.Reason.MISSING
    StopFlag.objects.bulk_create(
        [StopFlag(debtor_id=case.debtor_id, case=case, reason=reason, since=now, set_by=by) for case in stopped],
        batch_size=500,
    )
    Case.objects.filter(pk__in=[case.pk for case in stopped]).update(
        stopped_at=now, updated_at=now, version=F("version") + 1
    )
    audit.record_many(
        [
            audit.event(AuditEvent.Action.STOPPED, by=by, target=case, after={"stopped_at": now, "reason": reason})
            for case in stopped
        ]
    )


def _close(cases: list[Case], by: User | None, now: datetime) -> None:
    """To the default status of `de_baja`: promises are cancelled (DESIGN §3.5)."""
    status = CaseStatus.objects.default_of(CaseStatus.Stage.DE_BAJA)
    events = []
    for case in cases:
        before = snapshot(case)
        case.status, case.stage = status, status.stage
        after = {**snapshot(case), "reason": "missing"}
        events.append(audit.event(AuditEvent.Action.STATUS, by=by, target=case, before=before, after=after))
    Case.objects.filter(pk__in=[case.pk for case in cases]).update(
        status=status, stage=status.stage, updated_at=now, version=F("version") + 1
    )
    cancel_pending_promises(cases, now=now)
    close_plans(cases, by=by, now=now)
    audit.record_many(events)


def _open_cases(cartera: Cartera) -> CaseQuerySet:
    return Case.objects.open().filter(cartera=cartera, nro_cliente__isnull=False)
