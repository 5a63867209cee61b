"""The nightly run: it updates what changes as days pass, without a user's action.

These are promises past their grace, instalments, bands, expired sessions and uploads, and unsent mail. Everything is
computed from the data and today's date: a second run changes nothing, and one run after ten days gives the same as ten
runs (DESIGN §3.3, §3.8, §4, §10). Each case is locked in a short transaction of its own, so users wait for one case at
most.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import audit, history, places
from accounts.models import AuditEvent, Session
from cases import rollups
from cases.models import Arrangement, Case, ImportChange, ImportUpload, Promise, StopFlag, Submission
from cases.models.imports import UNDO_FOR
from cases.rules import promises as rules
from cases.rules import queue
from cases.services import stops
from cases.services.plans import next_unpaid_of
from cases.services.settlement import lock_case, promise_terms, settle
from contact import outbox
from contact.models import ContactSubmission
from nova.lib import dates
from nova.lib.databases import Gone, Lock, alone, chunks_by_key
from nova.lib.outages import Outage, outage_of

logger = logging.getLogger(__name__)

CHUNK = 500
EXAMPLES = 20
UPLOADS_LIVE = timedelta(hours=24)
SUBMISSIONS_LIVE = timedelta(days=30)


@dataclass
class Report:
    """What one run did. It counts cases, not promises, and keeps the ids of the first cases that failed."""

    promises_decided: int = 0
    promises_broken: int = 0
    arrangements_lapsed: int = 0
    brought_forward: int = 0
    stops_ended: int = 0
    sessions: int = 0
    uploads: int = 0
    submissions: int = 0
    notices_sent: int = 0
    notices_left: int = 0
    failed: int = 0
    failed_cases: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def fail(self, case_id: int) -> None:
        self.failed += 1
        if len(self.failed_cases) < EXAMPLES:
            self.failed_cases.append(case_id)


def run(*, now: datetime, dry_run: bool = False) -> Report:
    """Do the nightly run. `dry_run` takes the same path and rolls every transaction back.

    Raises Taken when another run is in progress. On SQLite two runs alternate case by case: safe, but useless.
    """
    started = time.monotonic()
    report = Report()
    with alone(Lock.NIGHTLY):
        for case_id in _cases_to_bring_up_to_date(dates.local_date(now)):
            try:
                with _transaction(dry_run):
                    _bring_up_to_date(case_id, report, now=now)
            except Gone:
                continue
            except Exception as error:
                if outage_of(error) in (Outage.FULL, Outage.READ_ONLY):
                    raise  # the others would fail alike, each with its page in the log
                logger.exception("nightly: case %s was left as it is", case_id)
                report.fail(case_id)
        for stop_id in list(stops.ended(now)):
            with _transaction(dry_run):
                _end_stop(stop_id, now=now)
                report.stops_ended += 1
        with _transaction(dry_run):
            report.sessions = _drop_expired_sessions(now)
            places.forget_old(now)
            history.forget_old(now)
        with _transaction(dry_run):
            report.uploads = _drop_old_uploads(now)
        with _transaction(dry_run):
            ImportChange.objects.filter(batch__created_at__lt=now - UNDO_FOR).delete()
            report.submissions, _ = Submission.objects.filter(created_at__lt=now - SUBMISSIONS_LIVE).delete()
        with _transaction(dry_run):
            rollups.compact()
        if not dry_run:  # mail cannot be rolled back
            notices = outbox.drain(impatient=True)
            report.notices_sent, report.notices_left = notices.sent, notices.left
        else:
            report.notices_left = ContactSubmission.objects.unsent().count()
        report.seconds = round(time.monotonic() - started, 1)
        with _transaction(dry_run):
            audit.record(AuditEvent.Action.NIGHTLY, by=None, label="Proceso nocturno", after=asdict(report))
    return report


@contextmanager
def _transaction(dry_run: bool) -> Iterator[None]:
    with transaction.atomic():
        yield
        if dry_run:
            transaction.set_rollback(True)


# --- Which cases ---------------------------------------------------------------------------------
def _cases_to_bring_up_to_date(today: date) -> Iterator[int]:
    """The ids of the cases to change today, read without a lock, a chunk at a time."""
    due = Promise.objects.pending_of_all().computed().filter(promise_date__lte=dates.next_business_day(today))
    for chunk in _chunks(due, "case_id"):
        pending = _promise_dates(chunk)
        for case in Case.objects.filter(pk__in=chunk).order_by("pk"):
            if _has_expired(pending[case.pk], today) or _new_place(case, pending[case.pk], today):
                yield case.pk
    running = Arrangement.objects.active_of_all().filter(next_look_on__lte=today)
    waiting = Arrangement.objects.filter(
        status__in=[Arrangement.Status.PROPOSED, Arrangement.Status.AWAITING_APPROVAL],
        created_at__lt=dates.start_of_day(today - timedelta(days=settings.PROPOSAL_DAYS)),
    )
    for looked_at in (running, waiting):
        for chunk in _chunks(looked_at, "case_id"):
            yield from chunk
    agreed = Arrangement.objects.active_of_all().filter(case=OuterRef("pk"))
    has_pending = Exists(Promise.objects.pending_of_all().filter(case=OuterRef("pk"))) | Exists(agreed)
    misplaced = Case.objects.open().filter(
        Q(queue_band=queue.Band.PROMISE_DUE) & ~has_pending
        | Q(queue_band=queue.Band.NEW) & (Q(last_activity_at__isnull=False) | Q(next_action_at__isnull=False))
    )
    for chunk in _chunks(misplaced, "id"):
        yield from chunk


def _chunks(rows: QuerySet, key: str) -> Iterator[list[int]]:
    """The distinct values of `key`, ascending, a chunk at a time."""
    for chunk in chunks_by_key(rows.values_list(key).distinct(), key, CHUNK):
        yield [value for (value,) in chunk]


def _promise_dates(case_ids: list[int]) -> dict[int, list[date]]:
    pending: dict[int, list[date]] = defaultdict(list)
    rows = Promise.objects.pending().computed().filter(case__in=case_ids).values_list("case_id", "promise_date")
    for case_id, promise_date in rows:
        pending[case_id].append(promise_date)
    return pending


# --- What changes --------------------------------------------------------------------------------
def _has_expired(pending: list[date], today: date) -> bool:
    terms = promise_terms()
    return any(rules.last_day_of_grace(promise_date, terms) < today for promise_date in pending)


def _new_place(case: Case, pending: list[date], today: date) -> queue.Place | None:
    """The place of the case today; None when it need not change, and for closed or stopped cases."""
    if not case.is_open or case.stopped_at is not None:
        return None
    place = queue.Place(case.queue_band, case.next_action_at)
    worked_on = dates.local_date(case.last_activity_at) if case.last_activity_at else None
    moved = queue.place_as_days_pass(place, pending=pending, worked_on=worked_on, today=today)
    return moved if moved != place else None


def _bring_up_to_date(case_id: int, report: Report, *, now: datetime) -> None:
    """Set the place that nightly runs since the due date would have set; then update promises and arrangements."""
    today = dates.local_date(now)
    case = lock_case(case_id)
    promised, unpaid = _promise_dates([case_id])[case_id], next_unpaid_of([case_id])
    if place := _new_place(case, [*promised, *(instalment.due_on for instalment in unpaid.values())], today):
        case.queue_band, case.next_action_at = place
        case.save(update_fields=["queue_band", "next_action_at", "updated_at"])
        report.brought_forward += 1
    has_expired = _has_expired(promised, today)
    if not has_expired and not case.arrangements.filter(closed_on__isnull=True).exists():
        return
    transition = settle(case, now=now)
    report.promises_decided += has_expired
    report.promises_broken += transition.broken
    report.arrangements_lapsed += transition.plan.ended == Arrangement.Status.LAPSED


def _end_stop(stop_id: int, *, now: datetime) -> None:
    """End a stop that had an end. An admin may have lifted it since it was read: then nothing is left to do."""
    stop = StopFlag.objects.standing().filter(pk=stop_id).first()
    if stop is not None:
        stops.lift_stop(stop=stop, by=None, now=now)


def _drop_expired_sessions(now: datetime) -> int:
    return Session.objects.filter(expire_date__lt=now).delete()[0]


def _drop_old_uploads(now: datetime) -> int:
    """Delete files not confirmed within a day: they contain personal data of debtors."""
    return ImportUpload.objects.filter(created_at__lt=now - UPLOADS_LIVE).delete()[0]
