"""Recording gestiones: one save makes one Activity, with its promise and payment (DESIGN §3.6, §3.7, §4)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, ActivityResult, Arrangement, Case, CaseStatus, DebtorPhone, LedgerEntry, Promise
from cases.models.activity import CONTACT_TYPES
from cases.rules.stops import reason_of_result
from cases.services.arrangements import add_arrangement, audit_arrangement, next_due_on
from cases.services.effects import Watch
from cases.services.money import PaymentTerms, post_payment
from cases.services.promises import PromiseTerms, add_promise
from cases.services.settlement import lock_case, settle, snapshot
from cases.services.statuses import change_status
from cases.services.stops import lock_debts, set_stop
from cases.services.touch import latest_gestion_at, touch
from nova.lib.databases import Gone, lock_row, lock_rows
from nova.lib.refusals import by_field

LAST_YEAR = 2100  # a later year is a typing error, and databases cannot store the latest ones


class Recorded(NamedTuple):
    activity: Activity
    promise: Promise | None
    payment: LedgerEntry | None
    arrangement: Arrangement | None = None


@transaction.atomic
def record_activity(
    *,
    case: Case,
    by: User,
    type: str = "",
    result: ActivityResult | None = None,
    phone: DebtorPhone | None = None,
    notes: str = "",
    override_reason: str = "",
    next_action_at: datetime | None = None,
    promise: Mapping[str, Any] | None = None,
    payment: Mapping[str, Any] | None = None,
    arrangement: Mapping[str, Any] | None = None,
    status: CaseStatus | None = None,
    version: int | None = None,
    submission: UUID | None = None,
    now: datetime | None = None,
) -> Recorded:
    """Record one gestión with its payment, status and promise in one transaction.

    `override_reason`: why a phone was used that is not offered; what happened is recorded without one too.
    Without a `type` it is that of the result; a payment alone is no call, and a text alone is a note.
    `promise` has amount (ARS) and promise_date; `payment` has amount and optionally value_date, method, reference and
    confirm_overpayment. A `status` is set after the payment and before the promise, as an automatic activity.
    `arrangement` has terms (ArrangementTerms) and, when it is accepted, accept and accepted_how; it comes first, so
    that the payment feeds it.

    Raises ValidationError; keys of the three have the prefixes `promise_`, `payment_` and `arrangement_`. Raises
    ArrangementConflict for a second arrangement. Raises
    StaleVersion for an old `version` only when there is a `status`: a gestión alone never conflicts (DESIGN §2).
    """
    if result is not None and result.stops_case:
        lock_debts(case.debtor_id)  # all of them, before the one: two stops of a person wait for each other
    case = lock_case(case, version=version if status is not None else None)
    now = now or timezone.now()
    type = type or type_of(result, promise=promise or arrangement, payment=payment)
    _check(
        case,
        type=type,
        result=result,
        phone=phone,
        notes=notes,
        chosen=next_action_at,
        promise=promise,
        arrangement=arrangement,
        now=now,
    )
    if arrangement is not None:
        settle(case, now=now)
    before = snapshot(case)
    watch = Watch(case, phone=phone)
    activity = Activity.objects.create(
        case=case,
        type=type,
        result=result,
        phone=phone,
        notes=notes,
        override_reason=override_reason,
        created_by=by,
        created_at=now,
        submission=submission,
    )
    entry = made = agreed = None
    has_ended = False
    if arrangement is not None:
        with _named_with("arrangement"):
            agreed = _arrange(case, arrangement, by=by, activity=activity, now=now)
    if payment is not None:
        with _named_with("payment"):
            entry = post_payment(PaymentTerms(**payment), case=case, by=by, activity=activity, now=now)
        has_ended = bool(settle(case, now=now, paid=True).plan.ended)
    was_open = case.is_open
    if status is not None:
        case = change_status(case=case, status=status, by=by, is_system=True, now=now)
        before["status"] = case.status.slug  # the change of status has its own audit event
    if promise is not None:
        with _named_with("promise"):
            made = add_promise(PromiseTerms(**promise), case=case, by=by, activity=activity, now=now)
    if result is not None:
        _apply_result(case, activity, by=by, now=now)
    settled = settle(case, now=now, saves=False)
    touch(
        case,
        activity=activity,
        settled=settled,
        result=result,
        promise_date=made.promise_date if made else next_due_on(agreed) if agreed else None,
        chosen=next_action_at,
        keep_place=(has_ended or not was_open) and result is None and made is None and next_action_at is None,
    )
    watch.keep(case, activity, promise=made, entry=entry, arrangement=agreed, changed_status=status is not None)
    _audit(case, by=by, before=before, entry=entry, promise=made)
    if agreed is not None:
        audit_arrangement(agreed, case, by=by, before=before)
    return Recorded(activity, made, entry, agreed)


def _arrange(case: Case, asked: Mapping[str, Any], *, by: User, activity: Activity, now: datetime) -> Arrangement:
    """Add the arrangement of a gestión to a locked and settled case."""
    agreed = add_arrangement(
        asked["terms"],
        case=case,
        by=by,
        activity=activity,
        accept=asked.get("accept", False),
        accepted_how=asked.get("accepted_how", ""),
        now=now,
    )
    if agreed.is_active:
        settle(case, now=now)
    agreed.refresh_from_db()
    return agreed


def record_activities(
    *,
    case: Case,
    also: Sequence[Case],
    by: User,
    result: ActivityResult | None = None,
    next_action_at: datetime | None = None,
    type: str = "",
    phone: DebtorPhone | None = None,
    notes: str = "",
    now: datetime | None = None,
    **parts: Any,
) -> Recorded:
    """Record one contact about several debts of a person: one gestión each, told to be one by `submission`.

    `parts` (promise, payment, status, version, override_reason) belong to `case` alone, and the phone, which is marked
    once. The others take result, note and next action. Returns what was recorded for `case`.

    Raises ValidationError (key also) for a debt of another person, and for a result that needs a promise.
    """
    kind = type or type_of(result, promise=parts.get("promise"), payment=parts.get("payment"))
    shared: dict[str, Any] = {"by": by, "result": result, "next_action_at": next_action_at, "notes": notes}
    others = {other.pk for other in also} - {case.pk}
    if not others:
        return record_activity(case=case, type=kind, phone=phone, now=now, **shared, **parts)
    if result is not None and result.needs_promise:
        raise ValidationError({"also": "Una promesa es de una deuda: regístrela en cada una."})
    with transaction.atomic():
        if result is not None and result.stops_case:
            lock_debts(case.debtor_id)
        # All of them before the first is written, in the order of their ids; record_activity() reads each again.
        locked = {row.pk: row for row in lock_rows(Case.objects.all(), [case.pk, *others])}
        if missing := {case.pk, *others} - locked.keys():
            raise Gone(f"cases {sorted(missing)}")
        if len({row.debtor_id for row in locked.values()}) > 1:
            raise ValidationError({"also": "Solo se registran juntas las deudas de una misma persona."})
        shared |= {"submission": uuid4(), "now": now or timezone.now()}
        made = record_activity(case=locked.pop(case.pk), type=kind, phone=phone, **shared, **parts)
        for other in locked.values():
            # What a person chose for the next action of this debt holds for the others too, where they are open.
            record_activity(case=other, type=kind if kind in CONTACT_TYPES else Activity.Type.NOTE, **shared)
        return made


def type_of(result: ActivityResult | None, *, promise: Any = None, payment: Any = None) -> str:
    """The type of a gestión for which nobody chose one."""
    if result is not None:
        return result.type
    if payment is not None:
        return Activity.Type.PAYMENT
    return Activity.Type.PROMISE if promise is not None else Activity.Type.NOTE


def _check(
    case: Case,
    *,
    type: str,
    result: ActivityResult | None,
    phone: DebtorPhone | None,
    notes: str,
    chosen: datetime | None,
    promise: Mapping[str, Any] | None,
    arrangement: Mapping[str, Any] | None,
    now: datetime,
) -> None:
    errors: dict[str, str] = {}
    if type not in Activity.Type.values:
        errors["type"] = "Elija un tipo de gestión."
    if result is None and not notes.strip() and type == Activity.Type.NOTE:
        errors["notes"] = "Escriba la nota o elija un resultado."
    if result is not None and not result.is_active:
        errors["result"] = "Ese resultado ya no se usa: elija otro."
    if promise is not None and arrangement is not None:
        errors["promise"] = "El convenio ya dice cuándo se paga: no lleva otra promesa."
    if result is not None and result.needs_promise and promise is None and not (arrangement or {}).get("accept"):
        errors["promise"] = "Este resultado exige una promesa: escriba su importe y su fecha."
    if result is not None and result.asks_when and chosen is None:
        errors["next_action_at"] = "Indique el día y la hora en que hay que volver a llamar."
    if chosen is not None and chosen < now:
        errors["next_action_at"] = "La próxima acción no puede quedar en el pasado."
    elif chosen is not None and chosen.year > LAST_YEAR:
        errors["next_action_at"] = f"La próxima acción no puede ser posterior al año {LAST_YEAR}."
    if phone is not None and phone.debtor_id != case.debtor_id:
        errors["phone"] = "Ese teléfono no es de este deudor."
    if errors:
        raise ValidationError(errors)


def _apply_result(case: Case, activity: Activity, *, by: User, now: datetime) -> None:
    result, phone = activity.result, activity.phone
    if result is None:
        return
    if result.stops_case:
        set_stop(
            debtor=case.debtor,
            case=None if result.stops_person else case,
            reason=reason_of_result(result.code),
            by=by,
            activity=activity,
            now=now,
        )
        case.refresh_from_db(fields=["stopped_at", "stopped_by_result"])
    if phone is None:
        return
    if result.marks_phone_bad:
        phone.state = DebtorPhone.State.BAD
        phone.save(update_fields=["state"])
    elif result.is_direct_contact and phone.state == DebtorPhone.State.UNVERIFIED:
        phone.state = DebtorPhone.State.GOOD
        phone.save(update_fields=["state"])


def name_in_part(part: str, name: str) -> str:
    """The name of a field of the promise or payment in the form of the gestión: `amount` → `promise_amount`."""
    return name if name.startswith(f"{part}_") else f"{part}_{name}"


@contextmanager
def _named_with(part: str) -> Iterator[None]:
    """Rename the fields of a ValidationError raised inside with `name_in_part`."""
    try:
        yield
    except ValidationError as error:
        names = {name: name_in_part(part, name) for name in error.message_dict if name != "case"}
        raise ValidationError(by_field(error, names)) from error


def _audit(
    case: Case,
    *,
    by: User,
    before: dict[str, Any],
    entry: LedgerEntry | None,
    promise: Promise | None,
) -> None:
    """Write an audit event when the gestión changed money, promises or status; a stop writes its own.

    Other gestiones need none: the Activity itself is the record.
    """
    after = snapshot(case)
    if entry is not None:
        audit.record(
            AuditEvent.Action.PAYMENT,
            by=by,
            target=case,
            before=before,
            after={**after, "entry": entry.pk, "amount": entry.amount},
        )
    if promise is not None:
        audit.record(
            AuditEvent.Action.PROMISE,
            by=by,
            target=case,
            before=before,
            after={
                **after,
                "promise": promise.pk,
                "amount": promise.amount,
                "promise_date": promise.promise_date,
            },
        )
    if entry is None and promise is None and before["status"] != after["status"]:
        audit.record(AuditEvent.Action.STATUS, by=by, target=case, before=before, after=after)


@transaction.atomic
def void_activity(*, activity: Activity, by: User, now: datetime | None = None) -> Activity:
    """Void a gestión: it leaves timelines and figures, its effects stay (DESIGN §3.6).

    Raises ValidationError (key activity) for one already voided, and for anybody but its creator or an admin.
    """
    case = lock_case(activity.case_id)
    now = now or timezone.now()
    activity = lock_row(Activity.objects.all(), activity.pk)
    if activity.voided_at is not None:
        raise ValidationError({"activity": "Esa gestión ya fue anulada."})
    if not by.is_admin and activity.created_by_id != by.pk:
        raise ValidationError({"activity": "Solo quien registró la gestión o un administrador puede anularla."})
    activity.voided_at, activity.voided_by = now, by
    activity.save(update_fields=["voided_at", "voided_by"])
    case.last_activity_at = latest_gestion_at(case)
    case.save(update_fields=["last_activity_at", "updated_at"])
    audit.record(
        AuditEvent.Action.ACTIVITY_VOIDED,
        by=by,
        target=case,
        before={"activity": activity.pk, "type": activity.type, "notes": activity.notes},
        after={"voided_at": now},
    )
    return activity
