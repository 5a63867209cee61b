"""Services: store a submission, mark it as handled."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from contact import outbox
from contact.models import ContactSubmission


def submit(*, fields: dict[str, str], key: UUID) -> ContactSubmission:
    """Store a submission once, however often it is sent, and mail it after commit."""
    with transaction.atomic():
        submission, is_new = ContactSubmission.objects.get_or_create(key=key, defaults=fields)
        if is_new:
            transaction.on_commit(outbox.drain_soon)
    return submission


def set_handled(*, submission: ContactSubmission, is_handled: bool, now: datetime) -> bool:
    """Mark it as handled or not handled. Returns whether that changed anything: a second click does not."""
    waiting = ContactSubmission.objects.filter(pk=submission.pk, handled_at__isnull=is_handled)
    return bool(waiting.update(handled_at=now if is_handled else None))
