"""Moving cases between statuses by hand (DESIGN §3.5)."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases import queue
from cases.models import Activity, Case, CaseStatus
from cases.querysets import CaseQuerySet
from cases.services.settlement import cancel_pending_promises, lock_case, set_status, snapshot
from cases.services.touch import touch


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
    """Set a case's status. Raises ValidationError (key status) where the balance says otherwise, StaleVersion (§2).

    Leaving the open stages for `incobrable` or `de_baja` cancels pending promises; coming back puts the case in the
    queue at once, in band 7.
    """
    now = now or timezone.now()
    case = lock_case(case, version=version)
    if case.status_id == status.pk:
        return case
    _check(case, status)
    before, former = snapshot(case), case.status
    is_reopened = not case.is_open and status.is_open
    if is_reopened:
        case.next_action_at, case.queue_band = now, queue.REST
    set_status(case, status)
    if status.stage in (CaseStatus.Stage.INCOBRABLE, CaseStatus.Stage.DE_BAJA):
        cancel_pending_promises(case, now=now)
    case.save()
    activity = Activity.objects.create(
        case=case,
        type=Activity.Type.STATUS,
        notes=f"{former} → {status}" + (f". {notes}" if notes else ""),
        created_by=by,
        created_at=now,
        is_system=is_system,
    )
    if not is_system:
        touch(case, activity=activity, keep_place=is_reopened)
    audit.record(AuditEvent.Action.STATUS, by=by, target=case, before=before, after=snapshot(case))
    return case


def _check(case: Case, status: CaseStatus) -> None:
    if not status.is_active:
        raise ValidationError({"status": "Ese estado ya no se usa: elija otro."})
    if status.stage == CaseStatus.Stage.PAGADA and case.balance > 0:
        raise ValidationError({"status": "El caso tiene saldo: registre el pago y pasará solo a pagada."})
    if status.is_open and case.balance <= 0:
        raise ValidationError({"status": "El caso no tiene saldo: ya está pagado."})


@transaction.atomic
def change_status_of_cases(
    *, cases: CaseQuerySet, status: CaseStatus, by: User, now: datetime | None = None
) -> tuple[int, list[tuple[Case, str]]]:
    """The same for many: how many changed, and those that could not with the reason. A few queries a case."""
    changed, refused = 0, []
    for case in cases.select_related("status", "debtor").order_by("id"):
        if case.status_id == status.pk:
            continue
        try:
            with transaction.atomic():
                change_status(case=case, status=status, by=by, is_system=True, now=now)
        except ValidationError as error:
            refused.append((case, " ".join(error.messages)))
        else:
            changed += 1
    return changed, refused
