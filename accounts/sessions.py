"""The session store (SESSION_ENGINE): Django's own, with columns for the user, the IP and the browser.

Sessions are in the database; with Redis they are read from there. The columns are copied from the session data, so that
both agree.
"""

import re
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

# Keys of the session data; times are whole seconds since 1970.
STARTED, SEEN, ADDRESS, AGENT = "started_at", "seen_at", "address", "agent"

_Store: Any = CachedStore if settings.REDIS_URL else DatabaseStore

# A cookie may say anything: in quotes, with \000, also what PostgreSQL takes in no text.
_KEY = re.compile(r"[a-z0-9]{8,40}")


class SessionStore(_Store):
    def _validate_session_key(self, key: str | None) -> bool:
        """Whether the key may be one of ours; another one is nobody's session."""
        return bool(key and _KEY.fullmatch(key))

    @classmethod
    def get_model_class(cls) -> Any:
        return apps.get_model("accounts", "Session")

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row = super().create_model_instance(data)
        row.user_id = data.get(SESSION_KEY)
        row.started_at, row.seen_at = _moment(data.get(STARTED)), _moment(data.get(SEEN))
        row.address, row.agent = data.get(ADDRESS), data.get(AGENT, "")
        return row


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
