"""«Mi cuenta»: what users see of their own account."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import session_life
from accounts.access import Request
from accounts.models import AuditEvent, SecondFactor, User

HISTORY = 15
HISTORY_DAYS = 90
HISTORY_ACTIONS = [
    AuditEvent.Action.LOGIN,
    AuditEvent.Action.LOGOUT,
    AuditEvent.Action.PASSWORD,
    AuditEvent.Action.SESSIONS_ENDED,
    AuditEvent.Action.SECOND_FACTOR_ON,
    AuditEvent.Action.SECOND_FACTOR_OFF,
]


def shown(request: Request) -> dict[str, Any]:
    """The template context of the account page. Runs six queries."""
    user = request.user
    places = session_life.places(user, request.session.session_key)
    factor = SecondFactor.objects.filter(user=user).first()
    return {
        "places": places,
        "others": [place for place in places if not place.is_current],
        "session_ends": session_life.ends_at(request.session),
        "idle_minutes": settings.SESSION_IDLE_MINUTES,
        "previous_login": _previous_login(user),
        "factor": factor,
        "recovery_codes": user.recovery_codes.count() if factor else 0,
        "history": _history(user),
        "history_days": HISTORY_DAYS,
    }


def _previous_login(user: User) -> AuditEvent | None:
    """The log-in before the current one, so that users can check that it was theirs."""
    logins = AuditEvent.objects.filter(actor=user, action=AuditEvent.Action.LOGIN)
    return next(iter(logins[1:2]), None)


def _history(user: User) -> list[AuditEvent]:
    """The last events of the account, newest first, including failed log-ins with its username. Runs two queries."""
    recent = AuditEvent.objects.filter(created_at__gte=timezone.now() - timedelta(days=HISTORY_DAYS))
    done = recent.filter(target_type="user", target_id=user.pk, action__in=HISTORY_ACTIONS)
    failed = recent.filter(action=AuditEvent.Action.LOGIN_FAILED, target_label__iexact=user.username)
    both = [*done.select_related("actor")[:HISTORY], *failed[:HISTORY]]
    return sorted(both, key=lambda event: (event.created_at, event.pk), reverse=True)[:HISTORY]
