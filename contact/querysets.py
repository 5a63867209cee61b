"""Which submissions there are: to be read, to be mailed."""

from datetime import datetime

from django.db import models
from django.db.models import Q

SEARCHED = ("name", "entity", "email", "phone", "message")


class SubmissionQuerySet(models.QuerySet):
    def waiting(self) -> "SubmissionQuerySet":
        """Nobody has taken care of them."""
        return self.filter(handled_at__isnull=True)

    def handled(self) -> "SubmissionQuerySet":
        return self.filter(handled_at__isnull=False)

    def search(self, text: str) -> "SubmissionQuerySet":
        """Every word occurs somewhere in the submission, whatever its capitals."""
        found = self
        for word in text.split():
            found = found.filter(*[Q(*[(f"{field}__icontains", word) for field in SEARCHED], _connector=Q.OR)])
        return found

    def unsent(self) -> "SubmissionQuerySet":
        return self.filter(notified_at__isnull=True)

    def sendable(self, now: datetime) -> "SubmissionQuerySet":
        """Unsent ones that nobody is sending at this moment; a sender that died holds its own until the lease ends."""
        return self.unsent().filter(Q(leased_until__isnull=True) | Q(leased_until__lte=now))

    def due(self, now: datetime) -> "SubmissionQuerySet":
        """Sendable ones whose wait after the last failure is over."""
        return self.sendable(now).filter(next_attempt_at__lte=now)
