"""Records log-ins, failed log-ins and log-outs in the audit trail (DESIGN §8), from Django's signals: all paths send
them.
"""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import audit, session_life
from accounts.models import AuditEvent, User
from nova.lib.ip import ip_of


@receiver(user_logged_in)
def record_login(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    if request is not None:
        session_life.begin(request)
    audit.record(AuditEvent.Action.LOGIN, by=user, target=user, address=request and ip_of(request))


@receiver(user_login_failed)
def record_failed_login(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Record the username as typed; never the password."""
    username = str(credentials.get("username") or "")
    audit.record(AuditEvent.Action.LOGIN_FAILED, by=None, label=username, address=request and ip_of(request))


@receiver(user_logged_out)
def record_logout(request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        audit.record(AuditEvent.Action.LOGOUT, by=user, target=user, address=request and ip_of(request))
