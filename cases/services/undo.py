"""Taking back everything that one submission did, where it is still as the submission left it (DESIGN §3.6)."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Arrangement, Case, CaseStatus, DebtorPhone, Effect, LedgerEntry, Promise
from cases.querysets import ActivityQuerySet
from cases.services.effects import DECISION, as_text, from_text
from cases.services.money import reverse_payment
from cases.services.plans import Status, end_plan, has_agreement, reopen_plan
from cases.services.settlement import lock_case, settle, snapshot
from cases.services.stops import lock_debts, take_back_stop
from cases.services.touch import latest_gestion_at
from cases.services.withdrawing import withdraw_agreements
from nova.lib.databases import lock_row, lock_rows

OFFERED = timedelta(seconds=15)  # how long the screen shows the button
ACCEPTED = timedelta(minutes=5)  # a click on an old page, a slow network, an API
UNDONE = "Deshecho por quien lo registró"

Target = Effect.Target
PLACE = ("next_action_at", "queue_band")
NAMES = {
    "status_id": "el estado",
    "next_action_at": "la próxima acción",
    "queue_band": "la prioridad",
}


@dataclass
class Undone:
    """What an undo did. `left` says in Spanish what could not be taken back, and why."""

    activities: list[Activity]
    left: list[str] = field(default_factory=list)


@transaction.atomic
def undo(*, activity: Activity, by: User, now: datetime | None = None) -> Undone:
    """Take back the submission of `activity`: all its gestiones, with what each of them did.

    Raises ValidationError (key activity) for one that is voided, too old, made by an automatic action, or by somebody
    else (an admin may undo anybody's).
    """
    rows = submission_of(activity)
    if Effect.objects.filter(activity__in=rows, model=Target.STOP).exists():
        lock_debts(activity.case.debtor_id)  # all of them, before the one
    # In the order in which every service locks more than one case.
    cases = {pk: lock_case(pk) for pk in sorted(set(rows.values_list("case_id", flat=True)))}
    now = now or timezone.now()
    result = Undone(list(rows.order_by("case_id", "id")))
    for row in result.activities:
        if refusal := refusal_of_undo(row, by=by, now=now):
            raise ValidationError({"activity": refusal})
    for row in result.activities:
        _undo_one(row, cases[row.case_id], result, by=by, now=now)
    return result


def submission_of(activity: Activity) -> ActivityQuerySet:
    """The gestiones that one save recorded: this one, and those of the other debts of the person."""
    if activity.submission is None:
        return Activity.objects.filter(pk=activity.pk)
    return Activity.objects.filter(submission=activity.submission)


def refusal_of_undo(activity: Activity, *, by: User, now: datetime, within: timedelta = ACCEPTED) -> str:
    """Why this person cannot undo it now, as a Spanish sentence; empty when they can."""
    if activity.is_system and not activity.effects.exists():
        return "Esa gestión es automática: no se deshace."
    if activity.voided_at is not None:
        return "Esa gestión ya fue anulada o deshecha."
    if not by.is_admin and activity.created_by_id != by.pk:
        return "Solo quien registró la gestión o un administrador puede deshacerla."
    if now - activity.created_at > within:
        return "Ya pasaron cinco minutos: anule la gestión, y corrija a mano lo que haga falta."
    return ""


def _undo_one(activity: Activity, case: Case, result: Undone, *, by: User, now: datetime) -> None:
    """Take back one gestión of a locked case."""
    before = snapshot(case)
    effects = list(activity.effects.order_by("id"))
    # What still holds what the submission wrote. Asked before anything is taken back, for that changes it too.
    ours = [row for row in effects if row.model == Target.CASE and as_text(getattr(case, row.field)) == row.after]
    theirs = [row for row in effects if row.model == Target.CASE and row not in ours]
    if any(row.field in PLACE for row in theirs):  # date and band are one place: both go back, or neither
        theirs += [row for row in ours if row.field in PLACE]
        ours = [row for row in ours if row.field not in PLACE]
    # What the submission left alone stays as it is: settle() below gives a place to a case whose promise is pending
    # again, or that is open again. Only where somebody else had closed it is the place that of settle().
    touched = {row.field for row in [*ours, *theirs]}
    held = {name: getattr(case, name) for name in PLACE if name not in touched}
    was_open, was_moved = case.is_open, any(row.field == "status_id" for row in ours)
    _void(activity, effects, by=by, now=now)
    _take_back_phones(effects, result)
    _take_back_payments(effects, result, by=by, now=now)
    for row in effects:
        if row.model == Target.STOP:
            take_back_stop(row.object_id, by=by, now=now)
    case.refresh_from_db()
    _take_back_arrangements(case, effects, result, by=by, now=now)
    _take_back_promises(effects, result)
    settle(case, now=now)
    case.last_activity_at = latest_gestion_at(case)
    _restore(case, activity, ours, result, held if was_moved or was_open == case.is_open else {})
    result.left += [f"{NAMES[row.field]}: la cambió otra gestión" for row in theirs]
    case.save()
    audit.record(
        AuditEvent.Action.ACTIVITY_VOIDED,
        by=by,
        target=case,
        before={**before, "activity": activity.pk, "type": activity.type, "notes": activity.notes},
        after={**snapshot(case), "voided_at": now, "undone": True, "left": result.left},
    )


def _void(activity: Activity, effects: list[Effect], *, by: User, now: datetime) -> None:
    made = [row.object_id for row in effects if row.model == Target.ACTIVITY]
    Activity.objects.filter(pk__in=[activity.pk, *made]).update(voided_at=now, voided_by=by)
    activity.voided_at, activity.voided_by = now, by


def _take_back_phones(effects: list[Effect], result: Undone) -> None:
    for row in effects:
        if row.model != Target.PHONE:
            continue
        phone = next(iter(lock_rows(DebtorPhone.objects.all(), [row.object_id])), None)
        if phone is None or phone.state != row.after:
            result.left.append("el teléfono: lo cambió otra persona")
            continue
        phone.state = row.before or ""
        phone.save(update_fields=["state"])


def _take_back_payments(effects: list[Effect], result: Undone, *, by: User, now: datetime) -> None:
    for row in effects:
        if row.model != Target.PAYMENT:
            continue
        payment = LedgerEntry.objects.get(pk=row.object_id)
        if LedgerEntry.objects.filter(reverses=payment).exists():
            continue  # an admin has reversed it already: that is what was wanted
        reverse_payment(payment=payment, by=by, notes=UNDONE, now=now)


def _take_back_arrangements(case: Case, effects: list[Effect], result: Undone, *, by: User, now: datetime) -> None:
    """Cancel the arrangement that was made, as if it had not been accepted: all of its interest goes. One that was
    decided is again what it was before.
    """
    for row in effects:
        if row.model != Target.ARRANGEMENT:
            continue
        arrangement = lock_row(Arrangement.objects.all(), row.object_id)
        if row.field == DECISION:
            _take_back_decision(case, arrangement, row, result, by=by, now=now)
        elif arrangement.status in (Status.PROPOSED, Status.AWAITING_APPROVAL, Status.ACTIVE):
            end_plan(case, arrangement, by=by, now=now, takes_all=True, notes=UNDONE)
            withdraw_agreements(arrangement, by=by, now=now)
            case.save(update_fields=["balance", "updated_at"])
        elif arrangement.status not in (Status.CANCELLED, Status.REJECTED):
            result.left.append(f"el convenio: ya está {arrangement.get_status_display().lower()}")


def _take_back_decision(
    case: Case, arrangement: Arrangement, row: Effect, result: Undone, *, by: User, now: datetime
) -> None:
    """A request waits again, a proposal may be accepted again: where nobody has decided otherwise since."""
    decided = json.loads(row.after or "")
    if arrangement.status != decided["status"]:
        result.left.append(f"el convenio: ya está {arrangement.get_status_display().lower()}")
        return
    others = case.arrangements.filter(status__in=[Status.ACTIVE, Status.AWAITING_APPROVAL]).exclude(pk=arrangement.pk)
    if others.exists():
        result.left.append("el convenio: después se pidió o se aceptó otro")
        return
    reopen_plan(case, arrangement, row.before or "", by=by, now=now)
    withdraw_agreements(arrangement, by=by, now=now)
    case.save(update_fields=["balance", "updated_at"])


def _take_back_promises(effects: list[Effect], result: Undone) -> None:
    """Cancel the promise that was made; make those pending again that were cancelled."""
    for row in effects:
        if row.model != Target.PROMISE:
            continue
        promise = lock_row(Promise.objects.all(), row.object_id)
        if not row.field:
            if promise.status == Promise.Status.PENDING:
                promise.status = Promise.Status.CANCELLED
                promise.save(update_fields=["status", "updated_at"])
            elif promise.status != Promise.Status.CANCELLED:
                result.left.append(f"la promesa: ya está {promise.get_status_display().lower()}")
        elif promise.status == Promise.Status.CANCELLED:
            promise.status = Promise.Status.PENDING  # settle() computes what it is today
            promise.save(update_fields=["status", "updated_at"])


def _restore(case: Case, activity: Activity, ours: list[Effect], result: Undone, held: dict[str, Any]) -> None:
    """Set back the columns of the case that nobody has changed since, and those that were `held` as they are.

    `case` is locked and settled.
    """
    former = held | {row.field: from_text(row.field, row.before) for row in ours}
    worked_since = case.activities.by_people().filter(created_at__gte=activity.created_at).exists()
    if "next_action_at" in former and former["next_action_at"] is None and worked_since and case.is_open:
        # A later gestión counts on a date; without one the case would be lost to the queue.
        del former["next_action_at"]
        former.pop("queue_band", None)
        result.left.append("la próxima acción: otra gestión la necesita")
    if "status_id" in former:
        status = CaseStatus.objects.get(pk=former["status_id"])
        if reason := _why_not(case, status, activity):
            del former["status_id"]
            result.left.append(f"el estado: {reason}")
        elif case.status_id != status.pk:
            case.status, case.stage = status, status.stage
            case.version += 1
    for name, value in former.items():
        if name != "status_id":
            setattr(case, name, value)
    if case.stage == CaseStatus.Stage.PAGADA:
        case.next_action_at = None


def _why_not(case: Case, status: CaseStatus, activity: Activity) -> str:
    """Why the case cannot go back to `status`; empty when it can."""
    if status.stage == CaseStatus.Stage.PAGADA and case.balance > 0:
        return "el caso tiene saldo"
    if status.is_open and case.balance <= 0:
        return "el caso quedó pagado"
    promised_since = case.promises.pending().filter(created_at__gte=activity.created_at).exists()
    if (promised_since or case.arrangements.active().exists()) and status.stage != CaseStatus.Stage.PROMESA:
        return "hay otra promesa pendiente"
    if status.stage == CaseStatus.Stage.PROMESA and case.stage != status.stage:
        return "" if has_agreement(case) else "la promesa ya no está pendiente"
    return ""
