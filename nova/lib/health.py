"""Health of the database, the migrations and Redis: for probes, deployments and `verify_setup`."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from redis import Redis
from redis.exceptions import RedisError

OK = "ok"
TIMEOUT_SECONDS = 1.0

# Migrations are only added while a process runs, so a positive result stays valid.
_migrated = {"seen": False}


def database() -> str:
    """`ok`, or `unreachable`."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        connection.close()
        return "unreachable"
    return OK


def pending_migrations() -> list[str]:
    """Migrations missing in the database, as `cases.0003_seed_statuses`. Raises the database's errors."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrations() -> str:
    """`ok`, `pending`, or `unknown` without a database."""
    if not _migrated["seen"]:
        try:
            _migrated["seen"] = not pending_migrations()
        except Error:
            return "unknown"
    return OK if _migrated["seen"] else "pending"


def redis() -> str | None:
    """`ok` or `unreachable`; None where none is configured."""
    if not settings.REDIS_URL:
        return None
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=TIMEOUT_SECONDS
        ) as server:
            server.ping()
    except RedisError:
        return "unreachable"
    return OK


def liveness() -> dict[str, Any]:
    """Whether this process and its database answer. Runs one query."""
    return _told({"database": database()})


def readiness() -> dict[str, Any]:
    """Whether this process can serve: the database has all migrations, Redis answers where it is configured."""
    parts = {"database": database()}
    parts["migrations"] = migrations() if parts["database"] == OK else "unknown"
    if (shared := redis()) is not None:
        parts["redis"] = shared
    return _told(parts)


def beat() -> None:
    """Touch HEARTBEAT_FILE from a background process; the container's health check reads its age."""
    if path := os.environ.get("HEARTBEAT_FILE"):
        Path(path).touch()


def _told(parts: dict[str, str]) -> dict[str, Any]:
    return {"status": OK if set(parts.values()) == {OK} else "error", **parts}
