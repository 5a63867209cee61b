"""Caches whose failure never takes the site down."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_SECONDS = 0.3
READ_TIMEOUT_SECONDS = 1.0
# After a failure Redis is not tried again for so long.
PAUSE_SECONDS = 5.0

_paused_until: dict[str, float] = {}


class ResilientRedisCache(RedisCache):
    """Without Redis every read is a miss and nothing is stored; `incr` raises as for a missing key.

    Log-ins stay guarded by django-axes, which counts in the database (DESIGN §8).
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = {
            "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "socket_timeout": READ_TIMEOUT_SECONDS,
            # Retry once: this replaces a connection that was idle while Redis restarted.
            "retry": Retry(NoBackoff(), 1),
            **params.get("OPTIONS", {}),
        }
        super().__init__(server, {**params, "OPTIONS": options})
        self._name = str(server)

    def _try(self, operation: Callable[..., Any], *args: Any, otherwise: Any) -> Any:
        if time.monotonic() < _paused_until.get(self._name, 0.0):
            return otherwise
        try:
            return operation(*args)
        except RedisError as error:
            _paused_until[self._name] = time.monotonic() + PAUSE_SECONDS
            logger.warning("Redis does not answer, going on without it for %s s: %s", PAUSE_SECONDS, error)
            return otherwise

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._try(super().add, key, value, timeout, version, otherwise=False)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._try(super().get, key, default, version, otherwise=default)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._try(super().set, key, value, timeout, version, otherwise=None)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._try(super().touch, key, timeout, version, otherwise=False)

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._try(super().delete, key, version, otherwise=False)

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        return self._try(super().get_many, keys, version, otherwise={})

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._try(super().has_key, key, version, otherwise=False)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        count = self._try(super().incr, key, delta, version, otherwise=None)
        if count is None:
            raise ValueError(f"Key '{key}' not found.")
        return count

    def set_many(self, data: dict[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> list[str]:
        return self._try(super().set_many, data, timeout, version, otherwise=list(data))

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        self._try(super().delete_many, keys, version, otherwise=None)

    def clear(self) -> None:
        self._try(super().clear, otherwise=None)
