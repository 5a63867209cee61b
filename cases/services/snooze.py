"""Snoozing: a case that is not for now comes back on another day; nobody was contacted (DESIGN §4)."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Case, Promise
from cases.querysets import CaseQuerySet
from cases.rules import queue
from cases.services.effects import Watch
from cases.services.many import BulkResult, locked_chunks
from cases.services.plans import due_dates_of
from cases.services.settlement import lock_case
from nova.lib import dates
from nova.lib.databases import lock_rows

SNOOZE_DAYS = 15
SNOOZED = ("next_action_at", "queue_band")


@transaction.atomic
def snooze(
    *, case: Case, by: User, until: datetime, whole_person: bool = False, now: datetime | None = None
) -> Activity:
    """Let the case come back at `until`, at most 15 days from today. Returns its automatic Activity, which undo takes.

    `whole_person`: with the other debts of the person that are due in the same queue, where one of them would stand for
    the person at once; those that may not be snoozed stay.

    Raises ValidationError: key until for a moment that is not to come or too far, key case for a case that is not
    snoozed (closed, stopped, an agreed call, a promise that would fall due, or it comes back later anyway).
    """
    others = _due_debts(case, now=now or timezone.now()) if whole_person else []
    # In the order in which every service locks more than one case.
    locked = lock_rows(Case.objects.select_related("debtor"), sorted([case.pk, *others]))
    case = lock_case(case)
    now = now or timezone.now()
    _check_moment(until, now=now)
    pending = _pending_of(locked)
    if refusal := refusal_of_snooze(case, until=until, due=_due(pending.get(case.pk), until)):
        raise ValidationError({"case": refusal})
    submission = uuid4() if others else None
    for other in locked:
        is_free = not refusal_of_snooze(other, until=until, due=_due(pending.get(other.pk), until))
        if other.pk != case.pk and other.assigned_to_id == case.assigned_to_id and is_free:
            _snooze(other, by=by, until=until, now=now, submission=submission)
    return _snooze(case, by=by, until=until, now=now, submission=submission)


def _due_debts(case: Case, *, now: datetime) -> list[int]:
    """The other debts of the person that are due in the queue of whoever holds this one. Runs a query."""
    due = Case.objects.due(now).filter(debtor=case.debtor_id, assigned_to=case.assigned_to_id)
    return list(due.exclude(pk=case.pk).order_by().values_list("pk", flat=True))


@transaction.atomic
def snooze_cases(
    *, cases: CaseQuerySet, by: User, until: datetime, now: datetime | None = None
) -> tuple[BulkResult, Activity | None]:
    """Snooze many cases at once. The result says why the others stayed; the Activity, of any, undoes all of them.

    About ten queries a case: use it for a page of a list, not for a cartera. Raises ValidationError (key until).
    """
    result, last = BulkResult(), None
    submission = uuid4()
    now = now or timezone.now()
    _check_moment(until, now=now)
    for chunk in locked_chunks(cases):
        pending = _pending_of(chunk)
        for case in chunk:
            if refusal := refusal_of_snooze(case, until=until, due=_due(pending.get(case.pk), until)):
                result.refuse(case, refusal)
                continue
            last = _snooze(case, by=by, until=until, now=now, submission=submission)
            result.changed += 1
    return result, last


def refusal_of_snooze(case: Case, *, until: datetime, due: date | None) -> str:
    """Why the case does not wait until then, as a Spanish sentence; empty when it may.

    `due` is the date of a pending promise that falls due until then.
    """
    if not case.is_open:
        return "El caso está cerrado: no tiene próxima acción."
    if case.stopped_at is not None:
        return "El caso está detenido: vuelve cuando un administrador lo decida."
    if case.queue_band == queue.Band.CALL_BACK and case.next_action_at is not None:
        return f"Hay un llamado acordado ({dates.format_moment(case.next_action_at)}): no se pospone, se registra."
    if due is not None:
        return f"La promesa del {due:%d/%m/%Y} vence antes: no se pospone."
    if case.next_action_at is not None and case.next_action_at >= until:
        return f"Ya vuelve más adelante: el {dates.format_moment(case.next_action_at)}."
    return ""


def _check_moment(until: datetime, *, now: datetime) -> None:
    last = dates.local_date(now) + timedelta(days=SNOOZE_DAYS)
    if until <= now:
        raise ValidationError({"until": "Elija un momento que todavía no pasó."})
    if dates.local_date(until) > last:
        raise ValidationError({"until": f"Se pospone como máximo {SNOOZE_DAYS} días: hasta el {last:%d/%m/%Y}."})


def _pending_of(cases: Iterable[Case]) -> dict[int, date]:
    """The first pending promise, or unpaid instalment, of each of these cases. Runs two queries."""
    pks = [case.pk for case in cases]
    pending = Promise.objects.pending().filter(case__in=pks)
    promised = dict(pending.order_by("-promise_date").values_list("case_id", "promise_date"))  # the earliest wins
    return promised | due_dates_of(pks)


def _due(promise_date: date | None, until: datetime) -> date | None:
    """The promise, when it falls due until then."""
    return promise_date if promise_date is not None and promise_date <= dates.local_date(until) else None


def _snooze(case: Case, *, by: User, until: datetime, now: datetime, submission: UUID | None) -> Activity:
    """Move a locked case, which may be moved."""
    watch, before = Watch(case), {name: getattr(case, name) for name in SNOOZED}
    case.next_action_at = until
    case.queue_band = queue.band_after_dating(
        band=case.queue_band, is_touched=case.last_activity_at is not None, next_action_at=until
    )
    case.save(update_fields=[*SNOOZED, "updated_at"])
    activity = Activity.objects.create(
        case=case,
        type=Activity.Type.NOTE,
        notes=f"Pospuesto: vuelve el {dates.format_moment(until)}",
        created_by=by,
        created_at=now,
        is_system=True,
        submission=submission,
    )
    watch.keep(case, activity)
    after = {name: getattr(case, name) for name in SNOOZED}
    audit.record(AuditEvent.Action.EDITED, by=by, target=case, before=before, after=after)
    return activity
