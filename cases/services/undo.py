"""Taking back everything that one submission did, where it is still as the submission left it (DESIGN §3.6)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Case, CaseStatus, DebtorPhone, Effect, LedgerEntry, Promise
from cases.services.effects import as_text, from_text
from cases.services.money import reverse_payment
from cases.services.settlement import lock_case, settle, snapshot
from cases.services.stops import lock_debts, take_back_stop
from cases.services.touch import latest_gestion_at
from nova.lib.databases import lock_row, lock_rows

OFFERED = timedelta(seconds=15)  # how long the screen shows the button
ACCEPTED = timedelta(minutes=5)  # a click on an old page, a slow network, an API
UNDONE = "Deshecho por quien lo registró"

Target = Effect.Target
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
    cases = _cases_of(activity)
    if Effect.objects.filter(activity__case__in=cases, model=Target.STOP).exists():
        lock_debts(activity.case.debtor_id)  # all of them, before the one
    for case_id in sorted(cases):  # the order in which every service locks more than one case
        lock_case(case_id)
    now = now or timezone.now()
    rows = Activity.objects.filter(pk=activity.pk)
    if activity.submission is not None:
        rows = Activity.objects.filter(submission=activity.submission, is_system=False)
    activities = list(rows.order_by("case_id", "id"))
    _check(activities, by=by, now=now)
    result = Undone(activities)
    for row in activities:
        _undo_one(row, result, by=by, now=now)
    return result


def _cases_of(activity: Activity) -> set[int]:
    if activity.submission is None:
        return {activity.case_id}
    return set(Activity.objects.filter(submission=activity.submission).values_list("case_id", flat=True))


def is_undoable(activity: Activity, *, by: User, now: datetime, within: timedelta = ACCEPTED) -> bool:
    return (
        not activity.is_system
        and activity.voided_at is None
        and (by.is_admin or activity.created_by_id == by.pk)
        and now - activity.created_at <= within
    )


def _check(activities: list[Activity], *, by: User, now: datetime) -> None:
    for activity in activities:
        if activity.is_system:
            raise ValidationError({"activity": "Esa gestión es automática: no se deshace."})
        if activity.voided_at is not None:
            raise ValidationError({"activity": "Esa gestión ya fue anulada o deshecha."})
        if not by.is_admin and activity.created_by_id != by.pk:
            raise ValidationError({"activity": "Solo quien registró la gestión o un administrador puede deshacerla."})
        if now - activity.created_at > ACCEPTED:
            raise ValidationError(
                {"activity": "Ya pasaron cinco minutos: anule la gestión, y corrija a mano lo que haga falta."}
            )


def _undo_one(activity: Activity, result: Undone, *, by: User, now: datetime) -> None:
    case = Case.objects.select_related("status", "cartera", "debtor", "assigned_to").get(pk=activity.case_id)
    before = snapshot(case)
    effects = list(activity.effects.order_by("id"))
    # What still holds what the submission wrote. Asked before anything is taken back, for that changes it too.
    ours = [row for row in effects if row.model == Target.CASE and as_text(getattr(case, row.field)) == row.after]
    theirs = [row for row in effects if row.model == Target.CASE and row not in ours]
    # A reversal that reopens the case gives it a place, also where the submission had left the place alone.
    touched = {row.field for row in effects if row.model == Target.CASE}
    held = {name: getattr(case, name) for name in ("next_action_at", "queue_band") if name not in touched}
    _void(activity, effects, by=by, now=now)
    _take_back_phones(effects, result)
    _take_back_payments(effects, result, by=by, now=now)
    for row in effects:
        if row.model == Target.STOP:
            take_back_stop(row.object_id, by=by, now=now)
    case.refresh_from_db()
    _take_back_promises(activity, effects, result, now=now)
    settle(case, now=now)
    case.last_activity_at = latest_gestion_at(case)
    _restore(case, activity, ours, result, held if any(row.field == "status_id" for row in ours) else {})
    result.left += [f"{NAMES[row.field]}: la cambió otra gestión" for row in theirs if row.field in NAMES]
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


def _take_back_promises(activity: Activity, effects: list[Effect], result: Undone, *, now: datetime) -> None:
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
    """Set back the columns of the case that nobody has changed since. `case` is locked and settled."""
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
    if promised_since and status.stage != CaseStatus.Stage.PROMESA:
        return "hay otra promesa pendiente"
    if status.stage == CaseStatus.Stage.PROMESA and case.stage != status.stage:
        return "" if case.promises.pending().exists() else "la promesa ya no está pendiente"
    return ""
