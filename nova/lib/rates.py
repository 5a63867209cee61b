"""Rate limits (DESIGN §8), counted in the shared cache, atomically with Redis."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpRequest
from django_ratelimit import ALL
from django_ratelimit.core import get_usage


def waits(request: HttpRequest, *, group: str, key: str, rates: Iterable[str], method: Any = ALL) -> Iterator[int]:
    """For each rate, lazily: counts the request; yields 0, or the seconds left of a limit that was reached."""
    for rate in rates:
        usage = get_usage(request, group=f"{group} {rate}", key=key, rate=rate, method=method, increment=True)
        yield max(1, usage["time_left"]) if usage and usage["should_limit"] else 0
