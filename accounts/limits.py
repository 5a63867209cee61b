"""Limits on log-in attempts (DESIGN §8).

Only failures count: a number per minute for a username and for an IP. Reaching one of the two starts a cool-off of a
minute. An attempt is counted before its password is checked and given back when it was right, so that parallel guesses
cannot pass the limit. Failures are kept in slots of ten seconds and summed over the last minute: the windows of
django-ratelimit would let twice as many through around their edges, and cannot give back.

Without Redis nothing is counted (nova.cache); then only django-axes, in the database, locks out.
"""

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from nova.lib.ip import ip_of, site_of

SLOT_SECONDS = 10


class TooManyAttempts(Exception):
    """`wait` is in seconds. When no view handles it, the answer is 429 (nova.middleware.ErrorPagesMiddleware)."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"wait {wait} s")
        self.wait = wait


@dataclass(frozen=True)
class Counter:
    """The failures of one username or one IP."""

    key: str
    limit: int
    slot: int

    @property
    def block_key(self) -> str:
        return f"{self.key}:blocked"

    def slot_keys(self) -> list[str]:
        slots = -(-settings.LOGIN_WINDOW_SECONDS // SLOT_SECONDS)
        return [f"{self.key}:{slot}" for slot in range(self.slot - slots, self.slot + 1)]

    def add(self, delta: int) -> None:
        key = f"{self.key}:{self.slot}"
        if delta > 0:
            cache.add(key, 0, settings.LOGIN_WINDOW_SECONDS + 2 * SLOT_SECONDS)
        with suppress(ValueError):  # Redis is down, or a block has deleted the slots: there is nothing to count
            cache.incr(key, delta)

    def total(self) -> int:
        return sum(cache.get_many(self.slot_keys()).values())

    def blocked_for(self, now: float) -> int:
        until = cache.get(self.block_key)
        return max(1, round(until - now)) if until else 0


def counters(*, username: str, address: str | None) -> list[Counter]:
    """The counters of an attempt. An unknown IP is not counted."""
    slot = int(time.time()) // SLOT_SECONDS
    kinds = [("username", username.casefold(), settings.LOGIN_FAILURES_PER_USERNAME)]
    if address:
        kinds.append(("address", site_of(address), settings.LOGIN_FAILURES_PER_ADDRESS))
    return [
        Counter(key=f"login:{kind}:{hashlib.sha256(value.encode()).hexdigest()[:32]}", limit=limit, slot=slot)
        for kind, value, limit in kinds
    ]


def take_attempt(attempt: list[Counter]) -> None:
    """Count one attempt as if it had failed. Raises TooManyAttempts, and then it does not count."""
    now = time.time()
    for counter in attempt:
        counter.add(1)
    # More in flight than may fail: the surplus waits for what becomes of the others. Added up before the blocks are
    # checked: a new block deletes the slots afterwards, so a total that comes too late is caught by that check.
    surplus = [settings.LOGIN_WINDOW_SECONDS for counter in attempt if counter.total() > counter.limit]
    waits = [counter.blocked_for(now) for counter in attempt]
    if not any(waits):
        waits = surplus
    if any(waits):
        give_back(attempt)
        raise TooManyAttempts(max(waits))


def give_back(attempt: list[Counter]) -> None:
    """Take back an attempt that was no failure."""
    for counter in attempt:
        counter.add(-1)


def is_password_of(request: HttpRequest, password: str) -> bool:
    """Whether `password` is that of the signed-in user.

    Counts as a log-in attempt does; raises TooManyAttempts.
    """
    user: Any = request.user
    attempt = counters(username=user.username, address=ip_of(request))
    take_attempt(attempt)
    if user.check_password(password):
        give_back(attempt)
        return True
    attempt_failed(attempt)
    return False


def attempt_failed(attempt: list[Counter]) -> None:
    """Start the cool-off when that was the last failure allowed."""
    for counter in attempt:
        if counter.total() >= counter.limit:
            cooling_off = settings.LOGIN_WINDOW_SECONDS
            cache.set(counter.block_key, time.time() + cooling_off, cooling_off)
            cache.delete_many(counter.slot_keys())
