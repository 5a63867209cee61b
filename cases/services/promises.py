"""Making and cancelling promises to pay (DESIGN §3.4). Their outcomes are computed from the ledger, not set here."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Case, CaseStatus, Promise
from cases.services.effects import Watch
from cases.services.money import checked_amount
from cases.services.settlement import ensure_next_action, lock_case, set_status, settle, snapshot
from cases.services.touch import touch
from nova.lib import dates
from nova.lib.databases import lock_row
from nova.lib.money import format_money


class PromiseTerms(NamedTuple):
    """What a debtor promised: the amount in ARS and the local day by which it is due."""

    amount: Decimal
    promise_date: date
    notes: str = ""


@transaction.atomic
def promise_payment(
    *,
    case: Case,
    by: User | None,
    amount: Decimal,
    promise_date: date,
    notes: str = "",
    now: datetime | None = None,
) -> Promise:
    """Record a promise without a gestión, with an Activity of type promise. `amount` is in ARS.

    Raises ValidationError with the keys amount, promise_date or case.
    """
    case = lock_case(case)
    now = now or timezone.now()
    before, watch = snapshot(case), Watch(case)
    activity = Activity.objects.create(
        case=case, type=Activity.Type.PROMISE, notes=notes, created_by=by, created_at=now
    )
    terms = PromiseTerms(amount, promise_date, notes)
    promise = add_promise(terms, case=case, by=by, activity=activity, now=now)
    settled = settle(case, now=now, saves=False)
    touch(case, activity=activity, settled=settled, promise_date=promise_date)
    watch.keep(case, activity, promise=promise)
    after = {**snapshot(case), "promise": promise.pk, "amount": promise.amount, "promise_date": promise_date}
    audit.record(AuditEvent.Action.PROMISE, by=by, target=case, before=before, after=after)
    return promise


def add_promise(terms: PromiseTerms, *, case: Case, by: User | None, activity: Activity, now: datetime) -> Promise:
    """Check a promise and add it to a locked case, which moves to the stage `promesa`.

    The caller must call `settle` and `touch` afterwards. Raises ValidationError.
    """
    settle(case, now=now)  # a promise past its grace must no longer reserve a part of the balance
    if not case.is_open:
        raise ValidationError({"case": "Solo un caso abierto admite promesas: cambie antes su estado."})
    if case.arrangements.active().exists():
        raise ValidationError({"case": "El caso tiene un convenio: acuerde un llamado para esa fecha."})
    amount = checked_amount(terms.amount)
    today = dates.local_date(now)
    latest = today + timedelta(days=settings.PROMISE_MAX_DAYS_AHEAD)
    if not today <= terms.promise_date <= latest:
        raise ValidationError({"promise_date": f"La fecha debe estar entre hoy y el {latest:%d/%m/%Y}."})
    available = case.balance - unpaid_promises(case)
    if amount > available:
        shown = format_money(max(available, Decimal(0)))
        raise ValidationError({"amount": f"Las promesas pendientes superarían el saldo: quedan {shown} sin prometer."})
    promise = Promise.objects.create(
        case=case,
        amount=amount,
        promise_date=terms.promise_date,
        notes=terms.notes,
        activity=activity,
        created_by=by,
        created_at=now,
    )
    if case.stage != CaseStatus.Stage.PROMESA:
        set_status(case, CaseStatus.objects.default_of(CaseStatus.Stage.PROMESA))
    return promise


def unpaid_promises(case: Case) -> Decimal:
    """The sum, in ARS, of what is not yet paid of the pending promises. Runs a query."""
    total = case.promises.pending().aggregate(total=Sum(F("amount") - F("paid_amount")))["total"]
    return Decimal(total or 0).quantize(Decimal("0.01"))


@transaction.atomic
def cancel_promise(*, promise: Promise, by: User, notes: str = "", now: datetime | None = None) -> Promise:
    """Cancel a pending promise.

    Raises ValidationError (key promise) for one that is not pending, and for anybody but its creator or an admin.
    """
    case = lock_case(promise.case_id)
    now = now or timezone.now()
    before = snapshot(case)
    settle(case, now=now)  # a promise past its grace is broken even when `nightly` has not run since
    promise = lock_row(Promise.objects.all(), promise.pk)
    if promise.status != Promise.Status.PENDING:
        raise ValidationError(
            {"promise": f"La promesa está {promise.get_status_display().lower()}: solo se cancelan las pendientes."}
        )
    if not by.is_admin and promise.created_by_id != by.pk:
        raise ValidationError({"promise": "Solo quien hizo la promesa o un administrador puede cancelarla."})
    Activity.objects.create(
        case=case,
        type=Activity.Type.PROMISE,
        notes=notes or f"Promesa del {promise.promise_date:%d/%m/%Y} cancelada",
        created_by=by,
        created_at=now,
        is_system=True,
    )
    promise.status = Promise.Status.CANCELLED
    promise.save(update_fields=["status", "updated_at"])
    settle(case, now=now, cancelled=True)
    if case.is_open:
        ensure_next_action(case, now=now)
        case.save(update_fields=["next_action_at", "updated_at"])
    audit.record(
        AuditEvent.Action.PROMISE_CANCELLED,
        by=by,
        target=case,
        before={**before, "promise": promise.pk},
        after=snapshot(case),
    )
    return promise
