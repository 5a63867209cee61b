"""Changes of the status of cases by a person (DESIGN §3.5)."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Case, CaseStatus
from cases.querysets import CaseQuerySet
from cases.rules import queue
from cases.services.effects import Watch
from cases.services.many import BulkResult, locked_chunks
from cases.services.plans import close_plans
from cases.services.settlement import cancel_pending_promises, lock_case, set_status, snapshot
from cases.services.touch import touch
from nova.lib.databases import Gone, lock_rows

# Setting a status of these stages by hand cancels the pending promises (DESIGN §3.5).
CANCELLING_STAGES = (CaseStatus.Stage.INCOBRABLE, CaseStatus.Stage.DE_BAJA)


@transaction.atomic
def change_status(
    *,
    case: Case,
    status: CaseStatus,
    by: User,
    notes: str = "",
    version: int | None = None,
    is_system: bool = False,
    now: datetime | None = None,
) -> Case:
    """Set the status of a case.

    Leaving the open stages for `incobrable` or `de_baja` cancels pending promises. Reopening a case puts it in the
    queue at once, in band 7. Raises ValidationError (key status) where the balance does not allow the status, and
    StaleVersion (§2).
    """
    case = lock_case(case, version=version)
    now = now or timezone.now()
    if case.status_id == status.pk:
        return case
    if refusal := refusal_of(case, status):
        raise ValidationError({"status": refusal})
    before, former = snapshot(case), case.status
    watch = None if is_system else Watch(case)
    is_reopened = _move(case, status, now=now)
    if status.stage in CANCELLING_STAGES:
        cancel_pending_promises([case], now=now)
        close_plans([case], by=by, now=now)
    activity = Activity.objects.create(
        case=case,
        type=Activity.Type.STATUS,
        notes=f"{former} → {status}" + (f". {notes}" if notes else ""),
        created_by=by,
        created_at=now,
        is_system=is_system,
    )
    if is_system:
        case.save()
    else:
        touch(case, activity=activity, keep_place=is_reopened)
    if watch is not None:
        watch.keep(case, activity)
    audit.record(AuditEvent.Action.STATUS, by=by, target=case, before=before, after=snapshot(case))
    return case


def refusal_of(case: Case, status: CaseStatus) -> str:
    """Why the case cannot have the status, as a Spanish sentence; empty when it can."""
    if not status.is_active:
        return "Ese estado ya no se usa: elija otro."
    if status.stage == CaseStatus.Stage.PAGADA and case.balance > 0:
        return "El caso tiene saldo: registre el pago y pasará solo a pagada."
    if status.is_open and case.balance <= 0:
        return "El caso no tiene saldo: ya está pagado."
    return ""


def _move(case: Case, status: CaseStatus, *, now: datetime) -> bool:
    """Set the status in memory. Returns whether that reopens the case, which puts it in the queue at once."""
    is_reopened = not case.is_open and status.is_open
    if is_reopened:
        case.next_action_at, case.queue_band = now, queue.Band.REST
    if status.stage == CaseStatus.Stage.PAGADA:
        case.next_action_at = None
    set_status(case, status)
    return is_reopened


@transaction.atomic
def change_status_of_cases(
    *, cases: CaseQuerySet, status: CaseStatus, by: User | None, notes: str = "", now: datetime | None = None
) -> BulkResult:
    """Set the status of many cases. Cases that cannot have it are counted in the result; no ValidationError is raised.

    A chunk of 2,000 cases costs a few statements.
    """
    now = now or timezone.now()
    result = BulkResult()
    for chunk in locked_chunks(cases):
        movable = []
        for case in chunk:
            if case.status_id == status.pk:
                continue
            if refusal := refusal_of(case, status):
                result.refuse(case, refusal)
            else:
                movable.append(case)
        _write(movable, status=status, by=by, notes=notes, now=now)
        result.changed += len(movable)
    return result


@transaction.atomic
def make_stage_default(*, status: CaseStatus) -> CaseStatus:
    """Make a status the default of its stage: the status that rules set when they move a case to that stage.

    Raises Gone, and ValidationError (key status) for an inactive status.
    """
    # All statuses, a dozen rows: of two people who choose another default each, the second sees the first one's.
    every = lock_rows(CaseStatus.objects.all(), list(CaseStatus.objects.values_list("pk", flat=True)))
    chosen = next((row for row in every if row.pk == status.pk), None)
    if chosen is None:
        raise Gone(f"status {status.pk}")
    if not chosen.is_active:
        raise ValidationError({"status": "Un estado inactivo no puede ser el predeterminado de su etapa."})
    for row in every:
        if row.stage == chosen.stage and row.is_stage_default and row is not chosen:
            row.is_stage_default = False
            row.save()
    chosen.is_stage_default = True
    chosen.save()
    return chosen


def _write(cases: list[Case], *, status: CaseStatus, by: User | None, notes: str, now: datetime) -> None:
    activities, events = [], []
    reopened: list[int] = []
    moved: list[int] = []
    for case in cases:
        before, former = snapshot(case), case.status
        (reopened if _move(case, status, now=now) else moved).append(case.pk)
        activities.append(
            Activity(
                case=case,
                type=Activity.Type.STATUS,
                notes=f"{former} → {status}" + (f". {notes}" if notes else ""),
                created_by=by,
                created_at=now,
                is_system=True,
            )
        )
        events.append(audit.event(AuditEvent.Action.STATUS, by=by, target=case, before=before, after=snapshot(case)))
    changes = {"status": status, "stage": status.stage, "version": F("version") + 1, "updated_at": now}
    paid = {"next_action_at": None} if status.stage == CaseStatus.Stage.PAGADA else {}
    Case.objects.filter(pk__in=moved).update(**changes, **paid)
    Case.objects.filter(pk__in=reopened).update(**changes, next_action_at=now, queue_band=queue.Band.REST)
    if status.stage in CANCELLING_STAGES:
        cancel_pending_promises(cases, now=now)
        close_plans(cases, by=by, now=now)
    Activity.objects.bulk_create(activities, batch_size=500)
    audit.record_many(events)
