"""Mails stored submissions: each one is tried until it has been sent (DESIGN §7, §10).

A sender takes a row by one conditional UPDATE, which every database makes atomic, and holds it for a lease: two senders
never mail the same row, and the row of a killed one is free again when its lease ends. After each failure the wait
doubles, up to some hours, without end: a mail server that is down for a week loses nothing.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from contact import mail
from contact.models import ContactSubmission
from contact.querysets import SubmissionQuerySet
from nova.lib.dates import doubled

logger = logging.getLogger(__name__)

# Longer than an SMTP conversation can last: each of its dozen steps may take EMAIL_TIMEOUT.
LEASE = timedelta(minutes=10)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=4)

SENT, REFUSED, UNREACHABLE, TAKEN = "sent", "refused", "unreachable", "taken"


@dataclass(frozen=True)
class Drained:
    """Numbers of submissions: mailed, failed, and not mailed yet."""

    sent: int
    failed: int
    left: int


def is_configured() -> bool:
    """Whether there are recipients. Without them nothing is mailed, and nothing counts as a failure."""
    return bool(settings.CONTACT_RECIPIENTS)


def drain(*, impatient: bool = False) -> Drained:
    """Mail what is due, oldest first; `impatient` ignores the wait after a failure.

    Never raises because of mail: the reason of a failure is stored in its row. After a server that cannot be reached
    the rest is not tried, as each would wait in vain. Three queries per submission.
    """
    outcomes: list[str] = []
    for pk in _due(impatient) if is_configured() else []:
        outcomes.append(_send(pk, impatient=impatient))
        if outcomes[-1] == UNREACHABLE:
            break
    return Drained(
        sent=outcomes.count(SENT),
        failed=outcomes.count(REFUSED) + outcomes.count(UNREACHABLE),
        left=ContactSubmission.objects.unsent().count(),
    )


def wait_after(attempts: int) -> timedelta:
    """The wait after `attempts` failures in a row."""
    return doubled(FIRST_WAIT, attempts - 1, longest=LONGEST_WAIT)


def _due(impatient: bool) -> list[int]:
    return list(_free(impatient).order_by("next_attempt_at", "id").values_list("pk", flat=True))


def _free(impatient: bool) -> SubmissionQuerySet:
    now = timezone.now()
    return ContactSubmission.objects.sendable(now) if impatient else ContactSubmission.objects.due(now)


def _send(pk: int, *, impatient: bool) -> str:
    submission = _take(pk, impatient=impatient)
    if submission is None:
        return TAKEN
    try:
        mail.deliver(mail.notice(submission))
    except Exception as error:  # any error: the row stays, and the next one is tried
        # Personal data stays in the row: the log has only its number.
        logger.warning("contact: submission %s could not be mailed: %s", pk, type(error).__name__)
        _put_back(submission, mail.in_words(error))
        return UNREACHABLE if mail.is_unreachable(error) else REFUSED
    ContactSubmission.objects.filter(pk=pk).update(notified_at=timezone.now(), leased_until=None, last_error="")
    return SENT


def _take(pk: int, *, impatient: bool) -> ContactSubmission | None:
    free = _free(impatient)
    submission = free.filter(pk=pk).first()
    if submission is None:
        return None
    submission.attempts += 1
    taken = free.filter(pk=pk, attempts=submission.attempts - 1).update(
        leased_until=timezone.now() + LEASE, attempts=submission.attempts
    )
    return submission if taken else None


def _put_back(submission: ContactSubmission, reason: str) -> None:
    """Release the row for another try, unless its lease has ended and another sender has it."""
    ContactSubmission.objects.filter(pk=submission.pk, attempts=submission.attempts).update(
        leased_until=None,
        next_attempt_at=timezone.now() + wait_after(submission.attempts),
        last_error=reason[: ContactSubmission._meta.get_field("last_error").max_length],
    )


# --- Without a worker ----------------------------------------------------------------------------------------
_draining = threading.Lock()
_requested = threading.Event()


def drain_soon() -> None:
    """Mail in a thread of this process, for an installation without `manage.py worker`. Call it after commit.

    One thread sends at a time. Further calls make it look again before it ends.
    """
    if settings.CONTACT_WORKER or not is_configured():
        return
    _requested.set()
    threading.Thread(target=_drain_aside, name="contact-outbox", daemon=True).start()


def _drain_aside() -> None:
    try:
        # The flag is checked after the lock is released, so that one set just before is not missed.
        while _requested.is_set() and _draining.acquire(blocking=False):
            try:
                _requested.clear()
                if drain().sent:  # the server answers: retry what it refused before
                    drain(impatient=True)
            finally:
                _draining.release()
    except Exception:
        logger.exception("contact: the outbox could not be drained")
    finally:
        connection.close()
