"""Limits on log-in attempts (DESIGN §8).

Only failures count. They are counted for the username at one place (accounts.places), for the address whoever is
tried, and, for attempts from a place that the user has never logged in from, for the username wherever they come from.
So a stranger who fails keeps out strangers, and not the user at a known place.

Reaching a limit starts a cool-off. What is refused counts for nothing. An attempt is counted before its password is
checked and given back when it was right, so that parallel guesses cannot pass the limit. Failures are kept in slots and
summed over the last minute or hour: the windows of django-ratelimit would let twice as many through around their edges,
and cannot give back.

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

from accounts import places
from accounts.models import KnownPlace
from nova.lib.ip import ip_of, site_of

SLOTS = 6
HOUR_SECONDS = 3600


class TooManyAttempts(Exception):
    """`wait` is in seconds. When no view handles it, the answer is 429 (nova.middleware.ErrorPagesMiddleware)."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"wait {wait} s")
        self.wait = wait


@dataclass(frozen=True)
class Counter:
    """The failures of one username, place or IP in the last `window` seconds; a cool-off takes as long."""

    key: str
    limit: int
    window: int
    slot: int

    @property
    def block_key(self) -> str:
        return f"{self.key}:blocked"

    def slot_keys(self) -> list[str]:
        return [f"{self.key}:{slot}" for slot in range(self.slot - SLOTS, self.slot + 1)]

    def add(self, delta: int) -> None:
        key = f"{self.key}:{self.slot}"
        if delta > 0:
            cache.add(key, 0, self.window + 2 * self.window // SLOTS)
        with suppress(ValueError):  # Redis is down, or a block has deleted the slots: there is nothing to count
            cache.incr(key, delta)

    def total(self) -> int:
        return sum(cache.get_many(self.slot_keys()).values())

    def blocked_for(self, now: float) -> int:
        until = cache.get(self.block_key)
        return max(1, round(until - now)) if until else 0

    def block(self) -> None:
        cache.set(self.block_key, time.time() + self.window, self.window)
        cache.delete_many(self.slot_keys())


@dataclass(frozen=True)
class Attempt:
    """An attempt to prove to be a user, which one of its counters may refuse."""

    counters: list[Counter]
    place: KnownPlace | None = None

    def take(self) -> None:
        """Count the attempt as if it had failed. Raises TooManyAttempts, and then it does not count."""
        self._stop_if_blocked()  # before it counts: what is refused is in nobody's way, not even for a moment
        for counter in self.counters:
            counter.add(1)
        # More in flight than may fail: the surplus waits for what becomes of the others. Added up before the blocks are
        # checked: a new block deletes the slots afterwards, so a total that comes too late is caught by that check.
        is_surplus = any(counter.total() > counter.limit for counter in self.counters)
        try:
            self._stop_if_blocked()
            if is_surplus:
                raise TooManyAttempts(settings.LOGIN_WINDOW_SECONDS)
        except TooManyAttempts:
            self.give_back()
            raise

    def give_back(self) -> None:
        """It was no failure."""
        for counter in self.counters:
            counter.add(-1)

    def failed(self) -> None:
        """Start the cool-off when that was the last failure allowed."""
        for counter in self.counters:
            if counter.total() >= counter.limit:
                counter.block()

    def _stop_if_blocked(self) -> None:
        now = time.time()
        wait = max(counter.blocked_for(now) for counter in self.counters)
        if wait:
            raise TooManyAttempts(wait)


def log_in_attempt(request: HttpRequest, username: str, *, step: str = "") -> Attempt:
    """An attempt from outside. The second step counts apart from the password. Runs a query."""
    place = places.known_place(request, username)
    address = ip_of(request)
    where = place.digest if place else address and site_of(address)
    counters = counters_of(f"{username}{step}", where=where or "", address=address, is_known=place is not None)
    return Attempt(counters, place)


def is_password_of(request: HttpRequest, password: str) -> bool:
    """Whether `password` is that of the signed-in user.

    Counts as a log-in attempt from a known place does, for this session. Raises TooManyAttempts.
    """
    user: Any = request.user
    where = f"session {request.session.session_key}"
    attempt = Attempt(counters_of(user.username, where=where, address=ip_of(request), is_known=True))
    attempt.take()
    if user.check_password(password):
        attempt.give_back()
        return True
    attempt.failed()
    return False


def counters_of(username: str, *, where: str, address: str | None, is_known: bool) -> list[Counter]:
    """The counters of an attempt. An unknown IP is not counted."""
    username, minute = username.casefold(), settings.LOGIN_WINDOW_SECONDS
    per_minute, per_hour = settings.LOGIN_FAILURES_PER_USERNAME, settings.LOGIN_FAILURES_PER_HOUR
    counters = [
        _counter("place", f"{username}\0{where}", per_minute, minute),
        _counter("place", f"{username}\0{where}", per_hour, HOUR_SECONDS),
    ]
    if not is_known:
        counters.append(_counter("username", username, per_minute, minute))
    if address:
        counters.append(_counter("address", site_of(address), settings.LOGIN_FAILURES_PER_ADDRESS, minute))
    return counters


def _counter(kind: str, value: str, limit: int, window: int) -> Counter:
    digest = hashlib.sha256(value.encode()).hexdigest()[:32]
    slot = int(time.time()) // (window // SLOTS)
    return Counter(f"login:{kind}:{window}:{digest}", limit, window, slot)
