"""Stops of a person or of one debt, and their copy on the cases (DESIGN §3.6).

Lock order: the debts of the person by id, then the person. Whoever places a case takes the same lock on the person, so
that a stop and a new debt at the same moment see each other.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Case, CaseStatus, Debtor, StopFlag
from cases.querysets import CaseQuerySet
from cases.services.many import BulkResult
from cases.services.settlement import ensure_next_action, lock_case
from nova.lib.databases import lock_row, lock_rows


def lock_debts(debtor_id: int) -> None:
    """Lock all debts of a person, then the person. Needs a transaction; before any other lock of theirs."""
    debts = Case.objects.filter(debtor=debtor_id)
    lock_rows(debts.only("pk"), list(debts.values_list("pk", flat=True)))
    lock_person(debtor_id)


def lock_person(debtor_id: int) -> None:
    lock_rows(Debtor.objects.only("pk"), [debtor_id], no_key=True)


@transaction.atomic
def set_stop(
    *,
    debtor: Debtor,
    by: User | None,
    reason: str,
    channel: str = StopFlag.Channel.ALL,
    case: Case | None = None,
    until: datetime | None = None,
    activity: Activity | None = None,
    now: datetime | None = None,
) -> StopFlag:
    """Stop the contact with a person, or (with `case`) about one debt; with `until` for a time.

    The same stop that stands already is not set twice: the later end of both holds. Raises ValidationError.
    """
    lock_debts(debtor.pk)
    now = now or timezone.now()
    if until is not None and until <= now:
        raise ValidationError({"until": "La detención debe terminar en el futuro."})
    same = StopFlag.objects.standing().filter(debtor=debtor, case=case, channel=channel, reason=reason).first()
    if same is not None:
        if same.until is not None and (until is None or until > same.until):
            same.until = until
            same.save(update_fields=["until"])
        return same
    stop = StopFlag(
        debtor=debtor,
        case=case,
        channel=channel,
        reason=reason,
        since=now,
        until=until,
        set_by=by,
        activity=activity,
    )
    stop.full_clean(exclude={"debtor", "case", "set_by", "activity"})
    stop.save()
    copy_stops([debtor.pk], now=now)
    result = activity.result if activity is not None else None
    audit.record(
        AuditEvent.Action.STOPPED,
        by=by,
        target=activity.case if activity is not None else case or debtor,
        after={
            "stop": stop.pk,
            "channel": channel,
            "reason": reason,
            "person": case is None,
            "stopped_at": now,
            "until": until,
            "stopped_by_result": result.code if result else None,
        },
    )
    return stop


@transaction.atomic
def lift_stop(
    *,
    stop: StopFlag,
    by: User | None,
    next_action_at: datetime | None = None,
    notes: str = "",
    now: datetime | None = None,
) -> StopFlag:
    """Lift a stop. Debts that no other stop holds go back to their queues, all with the same next action.

    Without `by` the program ends it: then they keep their next action. Raises ValidationError: key stop for a stop that
    was lifted already, key next_action_at where a person lifts it and an open debt goes back without one.
    """
    lock_debts(stop.debtor_id)
    now = now or timezone.now()
    stop = lock_row(StopFlag.objects.all(), stop.pk)
    if stop.lifted_at is not None:
        raise ValidationError({"stop": "Esa detención ya se levantó."})
    _lift([stop], debtor_id=stop.debtor_id, by=by, next_action_at=next_action_at, notes=notes, now=now)
    return stop


@transaction.atomic
def release_cases(
    *, cases: CaseQuerySet, by: User, next_action_at: datetime, notes: str = "", now: datetime | None = None
) -> BulkResult:
    """`release_case` for several; the result says which were not stopped any more. About a dozen queries a person."""
    result = BulkResult()
    chosen = dict(cases.order_by("id").values_list("pk", "debtor_id"))
    # All debts of all these people in the order of their ids, then the people: a bulk change locks in that order too.
    debts = Case.objects.filter(debtor__in=set(chosen.values()))
    lock_rows(debts.only("pk"), sorted(debts.order_by().values_list("pk", flat=True)))
    lock_rows(Debtor.objects.only("pk"), sorted(set(chosen.values())), no_key=True)
    now = now or timezone.now()
    held = set(Case.objects.filter(pk__in=chosen, stopped_at__isnull=False).values_list("pk", flat=True))
    for case in Case.objects.filter(pk__in=chosen).select_related("debtor").order_by("id"):
        if case.pk not in held:
            result.refuse(case, "El caso no está detenido.")
            continue
        if Case.objects.filter(pk=case.pk, stopped_at__isnull=False).exists():  # not released with another debt
            release_case(case=case, by=by, next_action_at=next_action_at, notes=notes, now=now)
        result.changed += 1
    return result


@transaction.atomic
def release_case(
    *, case: Case, by: User, next_action_at: datetime, notes: str = "", now: datetime | None = None
) -> Case:
    """Lift every stop that holds a case, the person's too: all their debts go back to their queues (§3.6).

    A case that was paid in the meantime is released too, without a next action (§3.5). Raises ValidationError (key
    case) when the case is not stopped.
    """
    lock_debts(case.debtor_id)
    now = now or timezone.now()
    case = lock_case(case)
    if case.stopped_at is None:
        raise ValidationError({"case": "El caso no está detenido."})
    stops = list(StopFlag.objects.stopping().of_case(case))
    _lift(stops, debtor_id=case.debtor_id, by=by, next_action_at=next_action_at, notes=notes, now=now)
    return Case.objects.select_related("status", "cartera", "debtor", "assigned_to").get(pk=case.pk)


def _lift(
    stops: list[StopFlag],
    *,
    debtor_id: int,
    by: User | None,
    next_action_at: datetime | None,
    notes: str,
    now: datetime,
) -> None:
    """Lift the stops of one locked person and release the cases that no other stop holds."""
    held = list(Case.objects.filter(debtor=debtor_id, stopped_at__isnull=False).order_by("id").values_list("pk"))
    StopFlag.objects.filter(pk__in=[stop.pk for stop in stops]).update(lifted_by=by, lifted_at=now)
    for stop in stops:
        stop.lifted_by, stop.lifted_at = by, now
    before = {pk: _stop_of(pk) for (pk,) in held}
    copy_stops([debtor_id], now=now)
    freed = Case.objects.filter(pk__in=before, stopped_at__isnull=True).select_related("status", "debtor")
    for case in freed.order_by("id"):
        _release(case, by=by, before=before[case.pk], next_action_at=next_action_at, notes=notes, now=now)
    told = {"notes": notes} if notes else {}
    for stop in stops:
        if stop.channel != StopFlag.Channel.ALL:
            audit.record(
                AuditEvent.Action.RELEASED,
                by=by,
                target=stop.debtor,
                before={"stop": stop.pk, "channel": stop.channel, "reason": stop.reason},
                after=told,
            )


def _stop_of(case_id: int) -> dict[str, Any]:
    case = Case.objects.select_related("stopped_by_result").get(pk=case_id)
    result = case.stopped_by_result
    return {"stopped_at": case.stopped_at, "stopped_by_result": result.code if result else None}


def _release(
    case: Case,
    *,
    by: User | None,
    before: dict[str, Any],
    next_action_at: datetime | None,
    notes: str,
    now: datetime,
) -> None:
    if case.is_open and next_action_at is None and by is not None:
        raise ValidationError({"next_action_at": "Indique cuándo hay que volver a trabajarlo."})
    if case.stage == CaseStatus.Stage.PAGADA:
        case.next_action_at = None
    elif next_action_at is not None:
        case.next_action_at = next_action_at
    elif case.is_open:
        ensure_next_action(case, now=now)
    case.version += 1
    case.save(update_fields=["next_action_at", "version", "updated_at"])
    Activity.objects.create(
        case=case,
        type=Activity.Type.NOTE,
        notes=_release_note(case) + (f". {notes}" if notes else ""),
        created_by=by,
        created_at=now,
        is_system=True,
    )
    audit.record(
        AuditEvent.Action.RELEASED,
        by=by,
        target=case,
        before=before,
        after={"next_action_at": case.next_action_at, **({"notes": notes} if notes else {})},
    )


def _release_note(case: Case) -> str:
    if not case.is_open:
        return f"Ya no está detenido; su estado es «{case.status}» y no entra en la cola"
    return f"Devuelto a la cola para el {timezone.localtime(case.next_action_at):%d/%m/%Y %H:%M}"


def take_back_stop(pk: int, *, by: User, now: datetime) -> None:
    """Undo a stop that was set a moment ago: the debts of the person, which are locked, keep their place.

    Nothing happens when somebody has lifted it already.
    """
    stop = lock_row(StopFlag.objects.all(), pk)
    if stop.lifted_at is None:
        stop.lifted_by, stop.lifted_at = by, now
        stop.save(update_fields=["lifted_by", "lifted_at"])
        copy_stops([stop.debtor_id], now=now)


# --- The copy on the cases -------------------------------------------------------------------------
def copy_stops(debtors: Iterable[int], *, now: datetime | None = None) -> None:
    """Set the copy on every case of these people, closed ones too: a reopened debt is still stopped. One statement."""
    holding = StopFlag.objects.stopping().filter(
        Q(case__isnull=True) | Q(case=OuterRef("pk")), debtor=OuterRef("debtor_id")
    )
    first = holding.order_by("since", "id")
    stamp = {"updated_at": now} if now is not None else {}
    Case.objects.filter(debtor__in=list(debtors)).update(
        stopped_at=Subquery(first.values("since")[:1]),
        stopped_by_result=Subquery(first.values("activity__result")[:1]),
        **stamp,
    )


def stop_new_debt(case: Case) -> None:
    """Give a case that was just placed with, or moved to, its debtor the stops of that person."""
    lock_person(case.debtor_id)
    if StopFlag.objects.stopping().filter(debtor=case.debtor_id).exists():
        copy_stops([case.debtor_id])
        case.refresh_from_db(fields=["stopped_at", "stopped_by_result"])


def stop_new_debts(cartera_id: int) -> None:
    """The same for the cases of one import, as the last thing of its transaction.

    Thousands of people are not locked for it: for the moment until the commit nobody sets a stop, and one that is being
    set is waited for.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE cases_stopflag IN SHARE MODE")
    stopped = StopFlag.objects.stopping().filter(
        case__isnull=True, debtor__cases__cartera=cartera_id, debtor__cases__stopped_at__isnull=True
    )
    if debtors := list(stopped.order_by("debtor").values_list("debtor", flat=True).distinct()):
        copy_stops(debtors)


def move_stops(*, case: Case, former: Debtor, debtor_id: int, is_empty: bool) -> None:
    """The stops of a case go with it to its other debtor; those of the person too when nobody is left there."""
    own = Q() if is_empty else Q(case=case.pk)
    StopFlag.objects.filter(own, debtor=former).update(debtor=debtor_id)
    lock_person(debtor_id)
    copy_stops([debtor_id])


def ended(now: datetime) -> Iterable[int]:
    """The ids of standing stops whose end has come."""
    return StopFlag.objects.standing().filter(until__lte=now).order_by("id").values_list("pk", flat=True)
