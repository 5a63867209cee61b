"""The lifetime of sessions, and the list of a user's sessions (DESIGN §8).

A session ends SESSION_LIFETIME_HOURS after its log-in, and SESSION_IDLE_MINUTES after its last request. Both times are
stored in the session: a request costs no extra query, and at most one write per minute.
"""

import hashlib
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, Session, User
from accounts.sessions import ADDRESS, AGENT, SEEN, STARTED
from nova.lib.ip import ip_of

TOUCH_SECONDS = 60
MAX_AGENT = 300


def begin(request: HttpRequest) -> None:
    """Store when and from where a session begins. Called after a log-in."""
    now = int(time.time())
    request.session[STARTED] = request.session[SEEN] = now
    request.session[ADDRESS] = ip_of(request)
    request.session[AGENT] = request.headers.get("User-Agent", "")[:MAX_AGENT]


def is_over(session: SessionBase) -> bool:
    """Whether a signed-in session has passed its lifetime or its idle time."""
    now = time.time()
    started, seen = session.get(STARTED), session.get(SEEN)
    if started is None or seen is None:
        return True  # created before sessions stored their start
    lifetime, idle = timedelta(hours=settings.SESSION_LIFETIME_HOURS), timedelta(minutes=settings.SESSION_IDLE_MINUTES)
    return now >= started + lifetime.total_seconds() or now >= seen + idle.total_seconds()


def touch(session: SessionBase) -> None:
    """Store the time of use; a write at most once a minute."""
    now = int(time.time())
    if now - session[SEEN] >= TOUCH_SECONDS:
        session[SEEN] = now


def ends_at(session: SessionBase) -> datetime:
    """When the session ends at the latest."""
    return datetime.fromtimestamp(session[STARTED], UTC) + timedelta(hours=settings.SESSION_LIFETIME_HOURS)


# --- Those of a user ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Place:
    """A session as shown to its owner. `number` identifies it without revealing its key."""

    number: str
    started_at: datetime
    seen_at: datetime
    address: str
    device: str
    is_current: bool


def places(user: User, current: str | None) -> list[Place]:
    """The sessions of a user: the current one first, then by last use. Runs a query."""
    rows = [
        Place(
            number=_number(row.session_key),
            started_at=started_at,
            seen_at=seen_at,
            address=row.address or "",
            device=device_of(row.agent),
            is_current=row.session_key == current,
        )
        for row in _live(user)
        if (started_at := row.started_at) and (seen_at := row.seen_at)
    ]
    return sorted(rows, key=lambda place: (not place.is_current, -place.seen_at.timestamp()))


def end_chosen(*, user: User, numbers: Collection[str], current: str | None, address: str | None) -> int:
    """End these sessions of the user, except the current one. Returns their number."""
    chosen = [row for row in _live(user) if row.session_key != current and _number(row.session_key) in numbers]
    return _end(chosen, user=user, by=user, address=address)


def end_others(*, user: User, by: User | None, current: str | None = None, address: str | None = None) -> int:
    """End all sessions of a user, except `current` if given. Returns their number."""
    rows = Session.objects.filter(user=user).exclude(session_key=current or "")
    return _end(list(rows), user=user, by=by, address=address)


def _end(rows: list[Session], *, user: User, by: User | None, address: str | None) -> int:
    if not rows:
        return 0
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    with transaction.atomic():
        for row in rows:
            store(row.session_key).delete()
        audit.record(
            AuditEvent.Action.SESSIONS_ENDED, by=by, target=user, after={"sessions": len(rows)}, address=address
        )
    return len(rows)


def _live(user: User) -> list[Session]:
    now = timezone.now()
    return list(
        Session.objects.filter(
            user=user,
            started_at__gt=now - timedelta(hours=settings.SESSION_LIFETIME_HOURS),
            seen_at__gt=now - timedelta(minutes=settings.SESSION_IDLE_MINUTES),
        )
    )


def _number(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()[:16]


# Browsers also use the names of others in their User-Agent: the most specific name comes first.
_BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def device_of(agent: str) -> str:
    """«Firefox en Windows», derived from the User-Agent."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in agent), "")
    if not browser:
        return system or "Navegador desconocido"
    return f"{browser} en {system}" if system else browser
