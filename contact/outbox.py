"""Mailing what was stored: every submission is tried until it is told (DESIGN §7, §10).

A sender takes a row by one conditional UPDATE, which databases of all kinds make atomic, and holds it for a lease: two
senders never mail the same row, and the row of one that was killed is free again when its lease ends. A failure waits
twice as long as the one before, up to some hours, for ever: a mail server that is down for a week loses nothing.
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

# Longer than a conversation can last: each of its dozen steps may take EMAIL_TIMEOUT.
LEASE = timedelta(minutes=10)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=4)

SENT, REFUSED, UNREACHABLE, TAKEN = "sent", "refused", "unreachable", "taken"


@dataclass(frozen=True)
class Drained:
    """How many were mailed, how many were tried in vain, and how many are not mailed yet."""

    sent: int
    failed: int
    left: int


def is_configured() -> bool:
    """Without recipients nothing is mailed, and nothing counts as a failure."""
    return bool(settings.CONTACT_RECIPIENTS)


def drain(*, impatient: bool = False) -> Drained:
    """Mail what is due, oldest first; `impatient` does not wait out the time after a failure.

    Never raises because of mail: what failed says why in its row. A server that cannot be reached at all is not asked
    again for the others, which would each wait in vain. Three queries for each submission.
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
    """How long after that many failures in a row."""
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
    except Exception as error:  # whatever it was, the row stays and the next one gets its turn
        # Who wrote, and what, is in the row: the log knows its number alone.
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
    """Only while it is still ours: after the lease another sender may have it."""
    ContactSubmission.objects.filter(pk=submission.pk, attempts=submission.attempts).update(
        leased_until=None,
        next_attempt_at=timezone.now() + wait_after(submission.attempts),
        last_error=reason[: ContactSubmission._meta.get_field("last_error").max_length],
    )


# --- Without a worker ----------------------------------------------------------------------------------------
_draining = threading.Lock()
_asked = threading.Event()


def drain_soon() -> None:
    """In this process and out of the request, for an installation without `manage.py worker`; call it after commit.

    One thread drains, however many ask meanwhile: it looks again before it ends.
    """
    if settings.CONTACT_WORKER or not is_configured():
        return
    _asked.set()
    threading.Thread(target=_drain_aside, name="contact-outbox", daemon=True).start()


def _drain_aside() -> None:
    try:
        # The flag is looked at after the lock is given back: who set it in vain before that is seen now.
        while _asked.is_set() and _draining.acquire(blocking=False):
            try:
                _asked.clear()
                if drain().sent:  # the server is there: what it once refused need not wait for the night
                    drain(impatient=True)
            finally:
                _draining.release()
    except Exception:
        logger.exception("contact: the outbox could not be drained")
    finally:
        connection.close()
