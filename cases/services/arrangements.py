"""Proposing, approving, accepting and cancelling arrangements (DESIGN §3.8).

What one would come to is worked out in `cases.services.arrangement_figures`; what becomes of an accepted one follows
from the ledger (`cases.services.plans`). Every write locks the case first.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Arrangement, Case, CaseStatus, Instalment
from cases.rules import arrangements as rules
from cases.rules import queue
from cases.rules.arrangements import Authority
from cases.rules.reasons import APPROVED, REJECTED
from cases.services.arrangement_figures import (
    ArrangementTerms,
    Figures,
    Granting,
    granting_of,
    percent_words,
    role_of,
    worked_out,
)
from cases.services.effects import Watch
from cases.services.plans import Reason, Status, end_plan, expires_on, next_unpaid, post_differences
from cases.services.settlement import cancel_pending_promises, lock_case, set_status, settle, snapshot
from cases.services.touch import touch
from nova.lib import dates
from nova.lib.databases import lock_row
from nova.lib.money import format_money

NEEDS_CREDITOR = "Supera lo que puede otorgar la agencia: escriba quién lo autorizó del lado del acreedor."
PROPOSE_AGAIN = "proponga el convenio de nuevo."


class ArrangementConflict(Exception):
    """Somebody was first, or time was: nothing was written. The text is a Spanish sentence."""


# --- Proposing ----------------------------------------------------------------------------------------
@transaction.atomic
def propose_arrangement(
    *,
    case: Case,
    by: User,
    terms: ArrangementTerms,
    accept: bool = False,
    accepted_how: str = "",
    now: datetime | None = None,
) -> Arrangement:
    """Store an arrangement: proposed, or with `accept` active at once; beyond one's limit it waits for approval.

    Raises ValidationError with the field to mend, and ArrangementConflict for a second one that runs or waits.
    """
    case = lock_case(case)
    now = now or timezone.now()
    settle(case, now=now)
    before, watch = snapshot(case), Watch(case)
    activity = _noted(case, by=by, now=now)
    arrangement = add_arrangement(
        terms, case=case, by=by, activity=activity, accept=accept, accepted_how=accepted_how, now=now
    )
    accepted = arrangement.status == Status.ACTIVE
    _describe(activity, arrangement, is_gestion=accepted)
    if accepted:
        settled = settle(case, now=now, saves=False)
        touch(case, activity=activity, settled=settled, promise_date=next_due_on(arrangement))
    watch.keep(case, activity, arrangement=arrangement)
    audit_arrangement(arrangement, case, by=by, before=before)
    return arrangement


def add_arrangement(
    terms: ArrangementTerms,
    *,
    case: Case,
    by: User,
    activity: Activity,
    accept: bool,
    accepted_how: str,
    now: datetime,
) -> Arrangement:
    """Check and store an arrangement of a locked and settled case; the caller settles and touches it afterwards."""
    if accept and accepted_how not in Arrangement.How.values:
        raise ValidationError({"accepted_how": "Indique cómo aceptó: por teléfono, por mensaje o firmado."})
    _check_case(case)
    _check_alone(case)
    today = dates.local_date(now)
    granting = granting_of(case, today)
    figures = worked_out(case, by, terms, granting, today=today)
    needs = _needs(figures, by=by, authorisation=terms.creditor_authorisation)
    arrangement = Arrangement.objects.create(
        case=case,
        status=Status.AWAITING_APPROVAL if needs else Status.PROPOSED,
        system=terms.system,
        base_balance=figures.base_balance,
        agreed_total=figures.agreed_total,
        down_payment=figures.down_payment,
        monthly_rate=figures.monthly_rate,
        instalments=figures.instalments,
        first_due_on=next(part.due_on for part in figures.schedule if part.number),
        accepted_how=accepted_how if accept else "",
        lapse_overdue_count=settings.PLAN_LAPSE_OVERDUE_COUNT,
        lapse_days=settings.PLAN_LAPSE_DAYS,
        requested_by=by,
        creditor_authorisation=terms.creditor_authorisation.strip(),
        policy=_policy(figures, granting, needs=needs),
        activity=activity,
        notes=terms.notes.strip(),
        created_at=now,
    )
    Instalment.objects.bulk_create(
        [Instalment(arrangement=arrangement, **part._asdict()) for part in figures.schedule], batch_size=100
    )
    if accept and not needs:
        _activate(case, arrangement, by=by, activity=activity, now=now)
    return arrangement


def _check_case(case: Case) -> None:
    if not case.is_open:
        raise ValidationError({"case": "Solo un caso abierto admite un convenio: cambie antes su estado."})
    if case.stopped_at is not None:
        raise ValidationError({"case": "El caso está detenido: un administrador debe devolverlo antes a la bandeja."})


def _check_alone(case: Case) -> None:
    live = case.arrangements.filter(status__in=[Status.ACTIVE, Status.AWAITING_APPROVAL]).first()
    if live is not None:
        which = "uno vigente" if live.status == Status.ACTIVE else "uno que espera autorización"
        raise ArrangementConflict(f"El caso ya tiene un convenio: {which}.")


def _needs(figures: Figures, *, by: User, authorisation: str) -> str | None:
    """Who else has to say yes; nobody where an admin brings the creditor's word."""
    if figures.needs == Authority.CREDITOR and by.is_admin and authorisation.strip():
        return None
    return figures.needs


def _policy(figures: Figures, granting: Granting, *, needs: str | None) -> dict[str, Any]:
    """The limits that applied, as JSON: amounts and percentages as text."""
    return {
        "limits": [
            {
                name: str(value) if isinstance(value, Decimal) else value
                for name, value in limit._replace(role=str(limit.role))._asdict().items()
            }
            for limit in granting.limits
        ],
        "capital": str(granting.capital),
        "waiver_percent": str(figures.waiver_percent),
        "needs": str(needs) if needs else None,
        "exceeded": list(figures.exceeded),
    }


# --- Accepting ----------------------------------------------------------------------------------------
@transaction.atomic
def accept_arrangement(
    *, arrangement: Arrangement, by: User, accepted_how: str, now: datetime | None = None
) -> Arrangement:
    """Activate a proposal that the debtor accepts. The limits of `by` hold as they are now: beyond them it waits.

    Raises ValidationError (accepted_how, case) and ArrangementConflict.
    """
    case, arrangement, now = _lock(arrangement, now)
    if accepted_how not in Arrangement.How.values:
        raise ValidationError({"accepted_how": "Indique cómo aceptó: por teléfono, por mensaje o firmado."})
    _check_status(arrangement, Status.PROPOSED, now=now)
    _check_case(case)
    _check_alone(case)
    _check_still_holds(case, arrangement, now=now)
    before, watch = snapshot(case), Watch(case, decided=arrangement)
    arrangement.accepted_how = accepted_how
    needs = None if arrangement.approved_by_id else _needs_now(case, arrangement, by=by, now=now)
    activity = _noted(case, by=by, now=now)
    if needs:
        arrangement.status, arrangement.created_at, arrangement.requested_by = Status.AWAITING_APPROVAL, now, by
        arrangement.save()
        _describe(activity, arrangement, is_gestion=False)
    else:
        _activate(case, arrangement, by=by, activity=activity, now=now)
        _describe(activity, arrangement, is_gestion=True)
        settled = settle(case, now=now, saves=False)
        touch(case, activity=activity, settled=settled, promise_date=next_due_on(arrangement))
    watch.keep(case, activity)
    audit_arrangement(arrangement, case, by=by, before=before)
    return arrangement


def _activate(case: Case, arrangement: Arrangement, *, by: User, activity: Activity, now: datetime) -> None:
    """Make it active: promises are cancelled, and interest is posted."""
    arrangement.schedule.filter(number=0).update(due_on=dates.local_date(now))
    cancel_pending_promises([case], now=now)
    arrangement.status, arrangement.accepted_at = Status.ACTIVE, now
    arrangement.activity = activity
    arrangement.next_look_on = dates.local_date(now)  # until settle() knows better
    arrangement.save()
    wanted = {Reason.PLAN_INTEREST: arrangement.plan_interest}
    post_differences(case, arrangement, wanted, now=now, activity=activity, by=by)
    set_status(case, CaseStatus.objects.arranged())


def next_due_on(arrangement: Arrangement) -> date | None:
    """The date of the first instalment that is not paid, by which the case comes up again; None when it has ended."""
    if arrangement.status != Status.ACTIVE:
        return None
    following = next_unpaid(arrangement)
    return following.due_on if following else None


def _lock(arrangement: Arrangement, now: datetime | None) -> tuple[Case, Arrangement, datetime]:
    """The case locked and settled, then the arrangement as it is now. Raises Gone."""
    case = lock_case(arrangement.case_id)
    now = now or timezone.now()
    settle(case, now=now)
    return case, lock_row(Arrangement.objects.all(), arrangement.pk), now


def _check_status(arrangement: Arrangement, *expected: str, now: datetime) -> None:
    never_accepted = arrangement.status == Status.CANCELLED and arrangement.accepted_at is None
    if never_accepted and arrangement.closed_on == expires_on(arrangement) < dates.local_date(now):
        raise ArrangementConflict(f"La propuesta venció: {PROPOSE_AGAIN}")
    if arrangement.status not in expected:
        raise ArrangementConflict(f"El convenio está {arrangement.get_status_display().lower()}.")


def _check_still_holds(case: Case, arrangement: Arrangement, *, now: datetime) -> None:
    if case.balance != arrangement.base_balance:
        raise ArrangementConflict(f"El saldo cambió: ahora es {format_money(case.balance)}; {PROPOSE_AGAIN}")
    if arrangement.first_due_on < dates.local_date(now):
        raise ArrangementConflict(f"Ya pasó la fecha de la primera cuota: {PROPOSE_AGAIN}")


def _asked(case: Case, arrangement: Arrangement, granting: Granting) -> rules.Asked:
    return rules.Asked(
        arrangement.base_balance,
        arrangement.agreed_total,
        arrangement.down_payment,
        arrangement.instalments,
        arrangement.monthly_rate,
        granting.capital,
    )


def _needs_now(case: Case, arrangement: Arrangement, *, by: User, now: datetime) -> str | None:
    """Who else has to say yes by the limits of today, which are kept with the arrangement."""
    granting = granting_of(case, dates.local_date(now))
    limits, asked = granting.from_role(role_of(by)), _asked(case, arrangement, granting)
    needed = rules.needed(limits, asked)
    if needed is None:
        raise ArrangementConflict(f"Los límites cambiaron y nadie puede otorgarlo: {PROPOSE_AGAIN}")
    needs = None if needed.role == limits[0].role else str(needed.role)
    if needs == Authority.CREDITOR and by.is_admin and arrangement.creditor_authorisation:
        needs = None
    kept = arrangement.policy | {"needs": needs, "exceeded": list(rules.exceeded(limits[0], asked))}
    arrangement.policy = kept
    return needs


# --- Approving ----------------------------------------------------------------------------------------
@transaction.atomic
def approve_arrangement(
    *,
    arrangement: Arrangement,
    by: User,
    notes: str = "",
    creditor_authorisation: str = "",
    now: datetime | None = None,
) -> Arrangement:
    """Say yes to a request: it becomes active where the debtor had accepted, else a proposal that may be accepted.

    Raises PermissionDenied for whoever asked and for who is no admin, ValidationError (creditor_authorisation) where
    the creditor's word is missing, and ArrangementConflict.
    """
    case, arrangement, now = _lock(arrangement, now)
    _check_approver(arrangement, by)
    _check_status(arrangement, Status.AWAITING_APPROVAL, now=now)
    _check_case(case)
    _check_still_holds(case, arrangement, now=now)
    before, watch = snapshot(case), Watch(case, decided=arrangement)
    arrangement.creditor_authorisation = creditor_authorisation.strip() or arrangement.creditor_authorisation
    needs = _needs_now(case, arrangement, by=by, now=now)
    if needs:
        raise ValidationError({"creditor_authorisation": NEEDS_CREDITOR})
    arrangement.approved_by, arrangement.status = by, Status.PROPOSED
    _keep_decision(arrangement, APPROVED, now=now)
    arrangement.notes = f"{arrangement.notes}\n{notes}".strip()
    activity = _noted(case, by=by, now=now)
    if arrangement.accepted_how:
        _activate(case, arrangement, by=by, activity=activity, now=now)
    else:
        arrangement.save()
    _describe(activity, arrangement, is_gestion=False, said=f"Autorizado. {notes}".strip())
    settle(case, now=now)
    if arrangement.status == Status.ACTIVE:
        _place(case, arrangement)
    _call_now(case, now=now)  # the answer is there: the debtor is called
    watch.keep(case, activity)
    audit_arrangement(arrangement, case, by=by, before=before)
    return arrangement


@transaction.atomic
def reject_arrangement(*, arrangement: Arrangement, by: User, notes: str, now: datetime | None = None) -> Arrangement:
    """Say no to a request, and why. Raises as `approve_arrangement`, and ValidationError (notes) without a reason."""
    case, arrangement, now = _lock(arrangement, now)
    _check_approver(arrangement, by)
    _check_status(arrangement, Status.AWAITING_APPROVAL, now=now)
    if not notes.strip():
        raise ValidationError({"notes": "Escriba por qué se rechaza."})
    watch = Watch(case, decided=arrangement)
    activity = _noted(case, by=by, now=now)
    arrangement.approved_by = None
    _keep_decision(arrangement, REJECTED, now=now)
    arrangement.save(update_fields=["approved_by", "policy"])
    end_plan(case, arrangement, by=by, now=now, status=Status.REJECTED, notes=notes.strip())
    _describe(activity, arrangement, is_gestion=False, said=f"Rechazado: {notes.strip()}")
    _call_now(case, now=now)
    watch.keep(case, activity)
    return arrangement


def _keep_decision(arrangement: Arrangement, decision: str, *, now: datetime) -> None:
    """What was answered and when: by that moment the queue knows that a case came up for the answer (DESIGN §4)."""
    arrangement.policy = {**arrangement.policy, "decision": decision, "decided_at": now.isoformat()}


def _check_approver(arrangement: Arrangement, by: User) -> None:
    if not by.is_admin:
        raise PermissionDenied("Solo un administrador autoriza convenios.")
    if arrangement.requested_by_id == by.pk:
        raise PermissionDenied("Quien pidió el convenio no puede decidirlo: lo hace otro administrador.")


def _call_now(case: Case, *, now: datetime) -> None:
    """The answer to a request brings an open case up at once (band 1), unless a call at an hour was agreed."""
    if not case.is_open or (case.queue_band == queue.Band.CALL_BACK and case.next_action_at is not None):
        return
    case.next_action_at, case.queue_band = now, queue.Band.CALL_BACK
    case.save(update_fields=["next_action_at", "queue_band", "updated_at"])


def _place(case: Case, arrangement: Arrangement) -> None:
    """The place of a case whose arrangement has just become active without a gestión."""
    due_on = next_due_on(arrangement)
    if case.is_open and due_on is not None:
        case.next_action_at = queue.next_action_for_promise(due_on)
        case.queue_band = queue.Band.PROMISE_DUE
        case.save(update_fields=["next_action_at", "queue_band", "updated_at"])


# --- Cancelling ---------------------------------------------------------------------------------------
@transaction.atomic
def cancel_arrangement(*, arrangement: Arrangement, by: User, reason: str, now: datetime | None = None) -> Arrangement:
    """Cancel an active arrangement, a proposal or a request: by whoever asked for it, or an admin.

    Raises PermissionDenied for anybody else, ValidationError (reason) and ArrangementConflict.
    """
    case, arrangement, now = _lock(arrangement, now)
    if not by.is_admin and arrangement.requested_by_id != by.pk:
        raise PermissionDenied("Solo quien hizo el convenio o un administrador puede cancelarlo.")
    _check_status(arrangement, Status.ACTIVE, Status.PROPOSED, Status.AWAITING_APPROVAL, now=now)
    if not reason.strip():
        raise ValidationError({"reason": "Escriba por qué se cancela."})
    was_active, before = arrangement.status == Status.ACTIVE, snapshot(case)
    end_plan(case, arrangement, by=by, now=now, notes=reason.strip())
    Activity.objects.create(
        case=case,
        type=Activity.Type.NOTE,
        notes=f"Convenio N° {arrangement.pk} cancelado: {reason.strip()}",
        created_by=by,
        created_at=now,
        is_system=True,
    )
    if was_active:
        settle(case, now=now)
        if case.is_open:
            set_status(case, CaseStatus.objects.working())
            case.next_action_at, case.queue_band = now, queue.Band.BROKEN_PROMISE
            case.save()
        audit.record(AuditEvent.Action.STATUS, by=by, target=case, before=before, after=snapshot(case))
    return arrangement


# --- Words and records ---------------------------------------------------------------------------------
def _noted(case: Case, *, by: User, now: datetime) -> Activity:
    """The note of what was done with an arrangement; `_describe` writes its words."""
    return Activity.objects.create(
        case=case, type=Activity.Type.NOTE, created_by=by, created_at=now, is_system=True, notes="Convenio"
    )


def _describe(activity: Activity, arrangement: Arrangement, *, is_gestion: bool, said: str = "") -> None:
    """Write what the automatic note of an arrangement says; an accepted one is a gestión of a person."""
    activity.notes = f"Convenio N° {arrangement.pk}: {summary(arrangement)}" + (f". {said}" if said else "")
    activity.is_system = not is_gestion
    activity.type = Activity.Type.PROMISE if is_gestion else Activity.Type.NOTE
    activity.save(update_fields=["notes", "is_system", "type"])


def summary(arrangement: Arrangement) -> str:
    """«$ 150.000,00 en 1 pago, quita de $ 100.000,00 (40 %) · vigente»."""
    payments = arrangement.instalments + bool(arrangement.down_payment)
    text = f"{format_money(arrangement.agreed_total)} en {payments} {'pago' if payments == 1 else 'pagos'}"
    if waived := arrangement.waived_if_completed:
        percent = percent_words(rules.waived_percent(arrangement.base_balance, arrangement.agreed_total))
        text += f", quita de {format_money(waived)} ({percent} %)"
    elif arrangement.plan_interest:
        text += f", con {format_money(arrangement.plan_interest)} de interés"
    return f"{text} · {arrangement.get_status_display().lower()}"


def audit_arrangement(arrangement: Arrangement, case: Case, *, by: User, before: Mapping[str, Any]) -> None:
    """Record what a person did with an arrangement of a case; `before` is its snapshot."""
    after = {
        **snapshot(case),
        "arrangement": arrangement.pk,
        "arrangement_status": arrangement.status,
        "base_balance": arrangement.base_balance,
        "agreed_total": arrangement.agreed_total,
        "creditor_authorisation": arrangement.creditor_authorisation,
    }
    audit.record(AuditEvent.Action.ARRANGEMENT, by=by, target=case, before=dict(before), after=after)
