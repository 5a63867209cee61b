"""How often somebody may ask (DESIGN §8): counted in the shared cache, atomically where Redis is."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpRequest
from django_ratelimit import ALL
from django_ratelimit.core import get_usage


def waits(request: HttpRequest, *, group: str, key: str, rates: Iterable[str], method: Any = ALL) -> Iterator[int]:
    """For each rate, as it is asked for: counts the request, and 0, or how many seconds are left of a limit reached."""
    for rate in rates:
        usage = get_usage(request, group=f"{group} {rate}", key=key, rate=rate, method=method, increment=True)
        yield max(1, usage["time_left"]) if usage and usage["should_limit"] else 0
