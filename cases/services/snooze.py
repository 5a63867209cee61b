"""Snoozing: a case that is not for now comes back on another day; nobody was contacted (DESIGN §4)."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Case, Promise
from cases.querysets import CaseQuerySet
from cases.rules import queue
from cases.rules.reasons import payment_name
from cases.services.effects import Watch
from cases.services.many import BulkResult, locked_chunks
from cases.services.plans import next_unpaid_of
from cases.services.settlement import lock_case
from nova.lib import dates
from nova.lib.databases import lock_rows

SNOOZE_DAYS = 15
SNOOZED = ("next_action_at", "queue_band")


class Due(NamedTuple):
    """What the debtor is to pay on a day, as the subject of a sentence: «La promesa», «La cuota 3 de 6»."""

    name: str
    day: date


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


def refusal_of_snooze(case: Case, *, until: datetime, due: Due | None) -> str:
    """Why the case does not wait until then, as a Spanish sentence; empty when it may.

    `due` is the promise or instalment that falls due until then.
    """
    if not case.is_open:
        return "El caso está cerrado: no tiene próxima acción."
    if case.stopped_at is not None:
        return "El caso está detenido: vuelve cuando un administrador lo decida."
    if case.queue_band == queue.Band.CALL_BACK and case.next_action_at is not None:
        return f"Hay un llamado acordado ({dates.format_moment(case.next_action_at)}): no se pospone, se registra."
    if due is not None:
        return f"{due.name} del {due.day:%d/%m/%Y} vence antes: no se pospone."
    if case.next_action_at is not None and case.next_action_at >= until:
        return f"Ya vuelve más adelante: el {dates.format_moment(case.next_action_at)}."
    return ""


def _check_moment(until: datetime, *, now: datetime) -> None:
    last = dates.local_date(now) + timedelta(days=SNOOZE_DAYS)
    if until <= now:
        raise ValidationError({"until": "Elija un momento que todavía no pasó."})
    if dates.local_date(until) > last:
        raise ValidationError({"until": f"Se pospone como máximo {SNOOZE_DAYS} días: hasta el {last:%d/%m/%Y}."})


def _pending_of(cases: Iterable[Case]) -> dict[int, Due]:
    """The first pending promise, or unpaid instalment, of each of these cases. Runs two queries."""
    pks = [case.pk for case in cases]
    pending = Promise.objects.pending().filter(case__in=pks)
    promised = dict(pending.order_by("-promise_date").values_list("case_id", "promise_date"))  # the earliest wins
    dues = {pk: Due("La promesa", day) for pk, day in promised.items()}
    for pk, instalment in next_unpaid_of(pks).items():
        name = payment_name(instalment.number, instalment.arrangement.instalments).lower()
        dues[pk] = Due(f"{'La' if name.startswith('cuota') else 'El'} {name}", instalment.due_on)
    return dues


def _due(due: Due | None, until: datetime) -> Due | None:
    """What falls due until then."""
    return due if due is not None and due.day <= dates.local_date(until) else None


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
