"""System checks (`manage.py check`) of an installation."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

WORKERS_WITHOUT_REDIS = Error(
    "Several web workers without Redis: what they count would be writes of the database, several in each form.",
    hint="Set REDIS_URL, or WEB_CONCURRENCY=1.",
    id="nova.E001",
)


SESSIONS_OF_NO_TIME = Error(
    "SESSION_LIFETIME_HOURS and SESSION_IDLE_MINUTES must be 1 or more: nobody could stay logged in.",
    hint="Set both to what a working day and a long call take, as 8 and 120.",
    id="nova.E002",
)


@register(Tags.security)
def sessions_last(**kwargs: Any) -> list[CheckMessage]:
    shortest = min(settings.SESSION_LIFETIME_HOURS, settings.SESSION_IDLE_MINUTES)
    return [SESSIONS_OF_NO_TIME] if shortest < 1 else []


@register(Tags.security, deploy=True)
def workers_share_their_counters(**kwargs: Any) -> list[CheckMessage]:
    """Error when several workers would count in the database (DESIGN §8)."""
    workers = os.environ.get("WEB_CONCURRENCY", "1")
    several = not workers.isdecimal() or int(workers) > 1
    return [WORKERS_WITHOUT_REDIS] if several and not settings.REDIS_URL else []
