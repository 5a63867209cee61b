"""Redis helps while it answers and harms nobody when it does not; without it the database counts (nova.cache)."""

import time
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from nova import cache as module
from nova.cache import CountingDatabaseCache, ResilientRedisCache
from tests.at_once import at_once
from tests.steps import log_in

NOWHERE = "redis://127.0.0.1:1/0"
BLACK_HOLE = "redis://10.255.255.1:6379/0"
DOWN = {"default": {"BACKEND": "nova.cache.ResilientRedisCache", "LOCATION": NOWHERE}}


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_paused_until", {})


def test_without_redis_everything_is_a_miss() -> None:
    cache = ResilientRedisCache(NOWHERE, {})

    cache.set("a", 1)
    cache.set_many({"a": 1})
    cache.delete_many(["a"])
    cache.clear()
    assert cache.get("a", "otherwise") == "otherwise"  # honest: nothing is there
    assert cache.get_many(["a"]) == {}
    assert cache.add("a", 1) is False
    assert "a" not in cache
    assert cache.touch("a") is False
    assert cache.delete("a") is False
    assert cache.get_or_set("a", 7) == 7
    with pytest.raises(ValueError, match="not found"):
        cache.incr("a")


def test_a_machine_that_does_not_answer_is_waited_for_once() -> None:
    cache = ResilientRedisCache(BLACK_HOLE, {})
    start = time.monotonic()

    for _ in range(20):
        cache.get("a")

    assert time.monotonic() - start < 2


@pytest.mark.django_db
def test_log_in_works_without_redis(client: Client, gestor_user: User, settings) -> None:
    settings.CACHES = DOWN
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

    response = log_in(client, gestor_user)

    assert response["Location"] == "/dashboard-gestor"
    assert client.get("/dashboard-gestor").status_code == 200


@pytest.mark.django_db
def test_axes_guards_the_door_without_redis(client: Client, gestor_user: User, settings) -> None:
    settings.CACHES = DOWN
    settings.AXES_FAILURE_LIMIT = 8
    statuses = [log_in(client, gestor_user, "mala").status_code for _ in range(9)]

    assert statuses == [400] * 7 + [429] * 2


@pytest.mark.redis
def test_with_redis_it_is_a_cache(settings) -> None:
    cache = ResilientRedisCache(settings.TEST_REDIS_URL, {"KEY_PREFIX": uuid.uuid4().hex})

    assert cache.add("a", 1, 10) is True
    assert cache.add("a", 2, 10) is False
    assert cache.incr("a") == 2
    assert cache.get_many(["a", "b"]) == {"a": 2}
    with pytest.raises(ValueError, match="not found"):
        cache.incr("b")
    cache.delete("a")
    assert cache.get("a") is None


# --- Without Redis: the database ------------------------------------------------------------------------
@pytest.fixture
def counters() -> CountingDatabaseCache:
    return CountingDatabaseCache("nova_cache", {})


@pytest.mark.postgres  # SQLite in memory refuses a second writer at once; the file of an installation makes it wait
@pytest.mark.django_db(transaction=True)
def test_the_database_counts_all_that_come_at_once(counters: CountingDatabaseCache) -> None:
    counters.set("a", 0, 60)

    counts = at_once(*[lambda: counters.incr("a")] * 20)

    assert sorted(counts) == list(range(1, 21))
    assert counters.get("a") == 20
    assert counters.decr("a", 5) == 15


@pytest.mark.django_db
def test_a_counter_of_the_database_ends_when_it_would_have_ended(counters: CountingDatabaseCache) -> None:
    counters.set("long", 1, 86_400)
    counters.set("over", 1, -1)

    assert counters.incr("long") == 2

    ends = "SELECT expires > %s FROM nova_cache WHERE cache_key LIKE %s"
    with connection.cursor() as cursor:
        cursor.execute(ends, [timezone.now() + timedelta(hours=23), "%long"])
        assert [bool(lasts) for (lasts,) in cursor.fetchall()] == [True]
    for key in ("over", "never"):
        with pytest.raises(ValueError, match="not found"):
            counters.incr(key)
