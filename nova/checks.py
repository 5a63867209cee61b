"""What `manage.py check --deploy` must know about an installation of ours."""

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

WORKERS_WITHOUT_REDIS = Error(
    "Several web workers without Redis: each would count log-in failures by itself.",
    hint="Set REDIS_URL, or WEB_CONCURRENCY=1 (the database cache's counters are not atomic).",
    id="nova.E001",
)


@register(Tags.security, deploy=True)
def workers_share_their_counters(**kwargs: Any) -> list[CheckMessage]:
    """Counters live in Redis, or in the database with a single worker (DESIGN §8)."""
    workers = os.environ.get("WEB_CONCURRENCY", "1")
    several = not workers.isdecimal() or int(workers) > 1
    return [WORKERS_WITHOUT_REDIS] if several and not settings.REDIS_URL else []
