"""Querysets of submissions: to be read, to be mailed."""

from datetime import datetime

from django.db import models
from django.db.models import Q

SEARCHED = ("name", "entity", "email", "phone", "message")


class SubmissionQuerySet(models.QuerySet):
    def waiting(self) -> "SubmissionQuerySet":
        """Submissions not handled yet."""
        return self.filter(handled_at__isnull=True)

    def handled(self) -> "SubmissionQuerySet":
        return self.filter(handled_at__isnull=False)

    def search(self, text: str) -> "SubmissionQuerySet":
        """Submissions that contain every word in some field, ignoring case."""
        found = self
        for word in text.split():
            found = found.filter(*[Q(*[(f"{field}__icontains", word) for field in SEARCHED], _connector=Q.OR)])
        return found

    def unsent(self) -> "SubmissionQuerySet":
        return self.filter(notified_at__isnull=True)

    def sendable(self, now: datetime) -> "SubmissionQuerySet":
        """Unsent submissions that no sender holds; one that died holds its rows until the lease ends."""
        return self.unsent().filter(Q(leased_until__isnull=True) | Q(leased_until__lte=now))

    def due(self, now: datetime) -> "SubmissionQuerySet":
        """Sendable submissions whose wait after the last failure is over."""
        return self.sendable(now).filter(next_attempt_at__lte=now)
