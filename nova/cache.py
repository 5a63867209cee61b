"""Caches whose failure never takes the site down."""

import base64
import logging
import pickle  # noqa: TID251  writes a number as Django's cache does, and reads nothing
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.redis import RedisCache
from django.db import connections, router, transaction
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_SECONDS = 0.3
READ_TIMEOUT_SECONDS = 1.0
# After a failure Redis is not tried again for so long.
PAUSE_SECONDS = 5.0

_paused_until: dict[str, float] = {}


class CountingDatabaseCache(DatabaseCache):
    """Django's, but `incr` counts threads and processes that come at once, and a counter ends when it would have ended.

    Django's own reads, adds and stores: of 200 at once it counts a tenth, and each begins five minutes anew.
    """

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        db = router.db_for_write(self.cache_model_class)
        table = connections[db].ops.quote_name(self._table)  # type: ignore[attr-defined]
        stored = self.make_and_validate_key(key, version=version)
        lock = "FOR UPDATE" if connections[db].features.has_select_for_update else ""  # SQLite's transactions wait
        with transaction.atomic(using=db), connections[db].cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {table} WHERE cache_key = %s {lock}", [stored])  # noqa: S608  our own words
            count = self.get(key, version=version)
            if count is None:
                raise ValueError(f"Key '{key}' not found.")
            value = base64.b64encode(pickle.dumps(count + delta, self.pickle_protocol)).decode()
            cursor.execute(f"UPDATE {table} SET value = %s WHERE cache_key = %s", [value, stored])  # noqa: S608
        return count + delta


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
