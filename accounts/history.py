"""The history of log-ins that django-axes writes: how long it is kept (DESIGN §8)."""

from datetime import datetime, timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings

# Long enough to look into what somebody noticed late; longer it would be a register of where people work from.
KEPT_FOR = timedelta(days=180)


def forget_old(now: datetime) -> None:
    """Log-ins and failures of long ago, and what counted towards a lock that has ended."""
    AccessLog.objects.filter(attempt_time__lt=now - KEPT_FOR).delete()
    AccessFailureLog.objects.filter(attempt_time__lt=now - KEPT_FOR).delete()
    AccessAttempt.objects.filter(attempt_time__lt=now - settings.AXES_COOLOFF_TIME).delete()
