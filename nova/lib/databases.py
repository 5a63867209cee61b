"""Databases: errors as sentences, the replica, locks on rows and for one process at a time."""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from typing import Any, TypeVar

from django.db import (
    DEFAULT_DB_ALIAS,
    Error,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    connections,
    models,
)
from django.db.transaction import TransactionManagementError, atomic, on_commit

from nova.lib.outages import Outage, outage_of

logger = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row", bound=models.Model)

# PostgreSQL says "relation … does not exist", SQLite "no such table" and "no such column".
_WORDS_OF_STALE = ("does not exist", "no such table", "no such column")
STALE_SCHEMA = "La base de datos no está al día: ejecute «manage.py migrate» y repita la orden."


def trouble_of(error: Error) -> str:
    """One Spanish sentence: what failed and what to do. An unknown error keeps the driver's text."""
    reason = " ".join(str(error).split())
    outage = outage_of(error)
    if outage not in (None, Outage.AWAY):
        return outage.remedy.format(place=_place())
    if connection.connection is None:
        there = "exista su carpeta" if connection.vendor == "sqlite" else "el servidor esté en marcha"
        return f"No se pudo abrir la base de datos {_place()}: revise DATABASE_URL y que {there}."
    if any(words in reason for words in _WORDS_OF_STALE):
        return STALE_SCHEMA
    if isinstance(error, OperationalError | InterfaceError):
        return Outage.AWAY.remedy.format(place=_place())
    return f"La base de datos rechazó la operación: {reason}."


def _place() -> str:
    """`«gestiones» en 127.0.0.1:5432`, or the path of the file."""
    settings = connection.settings_dict
    host = ":".join(str(settings[part]) for part in ("HOST", "PORT") if settings[part])
    return f"«{settings['NAME']}»{f' en {host}' if host else ''}"


# SQLSTATEs of PostgreSQL, and SQLite's words: a row that another one refers to, a value that another row has.
_COLLISIONS = ("23503", "23505")
_COLLISIONS_OF_SQLITE = ("FOREIGN KEY constraint", "UNIQUE constraint")


def is_collision(error: BaseException | None) -> bool:
    """Whether a write met one of another person at the same moment, which no check before it could see: the same value
    stored twice, or a row deleted that this one refers to. Nothing was written.
    """
    if not isinstance(error, IntegrityError):
        return False
    if connection.vendor == "sqlite":
        return str(error).startswith(_COLLISIONS_OF_SQLITE)
    return getattr(error.__cause__, "sqlstate", None) in _COLLISIONS


# --- A replica to read from (DESIGN §9) -------------------------------------------------------------
REPLICA = "replica"
FRESHNESS_SECONDS = 5.0  # how long the result of a check of the replica is used
# Lag in seconds, of a replica that has not applied all that it received; -1 when nothing reaches it.
_LAG = """
SELECT CASE
    WHEN NOT pg_is_in_recovery() THEN 0
    WHEN NOT EXISTS (SELECT 1 FROM pg_stat_wal_receiver) THEN -1
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)
END
"""

_reads_from: ContextVar[str] = ContextVar("reads_from", default=DEFAULT_DB_ALIAS)
_replica = {"asked_at": float("-inf"), "is_good": False}


def read_connection() -> Any:
    """The connection to read from: the replica within `reading_from(REPLICA)`, else the database."""
    return connections[_reads_from.get()]


@contextmanager
def reading_from(alias: str) -> Iterator[None]:
    """Read our own tables from `alias` in this context. Users, sessions and all writes stay on the database."""
    token = _reads_from.set(alias)
    try:
        yield
    finally:
        _reads_from.reset(token)


def reads_from_replica(view: View) -> View:
    """Mark a view (function or class) whose GET may read from the replica (nova.middleware.ReplicaMiddleware)."""
    view.reads_from_replica = True  # type: ignore[attr-defined]
    return view


def may_read_from_replica(view: Callable[..., Any]) -> bool:
    """Whether `reads_from_replica` marked the view that a path resolves to."""
    return getattr(getattr(view, "cls", view), "reads_from_replica", False)


class ReplicaRouter:
    """`reading_from` for the ORM. The tables of accounts stay on the database: a log-out must take effect at once."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        return None if model._meta.app_label not in ("cases", "contact") else _reads_from.get()

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, obj1: models.Model, obj2: models.Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS


def replica_is_good(max_lag: float) -> bool:
    """Whether there is a replica that answers with a lag of at most `max_lag` seconds. Checked every few seconds."""
    if REPLICA not in connections.settings:
        return False
    if time.monotonic() - _replica["asked_at"] > FRESHNESS_SECONDS:
        _replica.update(asked_at=time.monotonic(), is_good=_lag_is_within(max_lag))
    return bool(_replica["is_good"])


def give_up_replica() -> None:
    """Do not use the replica for a few seconds, after a failure."""
    _replica.update(asked_at=time.monotonic(), is_good=False)
    connections[REPLICA].close()


def _lag_is_within(max_lag: float) -> bool:
    try:
        if connections[REPLICA].vendor != "postgresql":
            return True
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(_LAG)
            lag = float(cursor.fetchone()[0])
    except Error as error:
        connections[REPLICA].close()
        logger.warning("the replica does not answer, its readers use the database: %s", type(error).__name__)
        return False
    if not 0 <= lag <= max_lag:
        logger.warning("the replica is behind (%.0f s), its readers use the database", lag)
        return False
    return True


# --- A chunk at a time ----------------------------------------------------------------------------------
def chunks_by_key(rows: Any, key: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a `values_list` that begins with `key`, ascending. Memory holds one chunk.

    Each chunk is a query of its own: writes between them are seen, and no cursor stays open, which PgBouncer would not
    allow.
    """
    rows = rows.order_by(key)
    chunk = list(rows[:size])
    while chunk:
        yield chunk
        chunk = list(rows.filter(**{f"{key}__gt": chunk[-1][0]})[:size])


@contextmanager
def one_moment() -> Iterator[None]:
    """A transaction that reads and sees the database as it was at its first statement, whatever is written meanwhile.

    Inside another transaction it sees what that one sees. Nothing can be written in it on PostgreSQL.
    """
    is_outermost = not connection.in_atomic_block
    with atomic():
        if connection.vendor == "postgresql" and is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


# --- Rows that are locked ------------------------------------------------------------------------------
class Gone(Exception):
    """The row was there when it was looked up, and has been deleted since. Nothing was written."""


def lock_rows(rows: "models.QuerySet[Row]", keys: Collection[Any], *, no_key: bool = False) -> list[Row]:
    """Lock the rows with these primary keys and return those of them that are in `rows`, ascending by primary key.

    This and `lock_row` are the only ways to lock rows. A queryset with `select_for_update` is lazy, so what is read
    between making and iterating it is read before the lock; a list is not. Two statements, the lock by key alone and
    then the read: in one, a row that was waited for would be joined with, and compared with, other rows as they were
    before the wait. The order of the keys keeps two callers from a deadlock.

    `no_key`: rows that refer to these may be inserted meanwhile. Needs a transaction. On SQLite, whose transactions
    lock the whole database, it is the read alone.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("A lock ends with its transaction: there is none.")
    if connection.features.has_select_for_update:
        locking = rows.model._base_manager.filter(pk__in=keys).order_by("pk").select_for_update(no_key=no_key)
        list(locking.values_list("pk"))
    # Sorted here: for an order in SQL, Django compares every column with it.
    return sorted(rows.filter(pk__in=keys).order_by(), key=lambda row: row.pk)


def lock_row(rows: "models.QuerySet[Row]", key: Any, *, no_key: bool = False) -> Row:
    """`lock_rows` for one row. Raises Gone when `rows` does not have it (any more)."""
    for row in lock_rows(rows, [key], no_key=no_key):
        return row
    raise Gone(f"{rows.model._meta.label} {key}")


def hold_row(rows: "models.QuerySet[Row]", key: Any) -> Row:
    """The row, which nobody locks with `lock_row` until the transaction ends; others may hold it too. Raises Gone."""
    if connection.vendor == "postgresql":  # the transaction of SQLite already excludes other writers
        table, column = rows.model._meta.db_table, rows.model._meta.pk.column
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT 1 FROM "{table}" WHERE "{column}" = %s FOR KEY SHARE', [key])  # noqa: S608
    for row in rows.filter(pk=key):
        return row
    raise Gone(f"{rows.model._meta.label} {key}")


# --- What PostgreSQL knows of a table ---------------------------------------------------------------------
ANALYZE_WAIT = "5s"  # for a table that is just being vacuumed, whose statistics are then taken by that
# What searches read one by one until it is entered in their index.
_ENTER_WAITING = """
SELECT gin_clean_pending_list(pg_index.indexrelid)
  FROM pg_index JOIN pg_class ON pg_class.oid = pg_index.indexrelid JOIN pg_am ON pg_am.oid = pg_class.relam
 WHERE pg_am.amname = 'gin' AND pg_index.indisvalid AND pg_index.indrelid = ANY(%s::regclass[])
"""


def refresh_statistics(*tables: type[models.Model]) -> None:
    """Take the statistics of these tables again once the open transaction is committed; at the end of a bulk load.

    What waits for their GIN indexes is entered as well. PostgreSQL does both by itself, but minutes later, and only
    when a tenth of a table has changed: until then it plans for the table as it was. A second or less at a million
    rows. When it fails the load is done all the same: the log says why.
    """
    quoted = [connection.ops.quote_name(table._meta.db_table) for table in tables]

    def analyze() -> None:
        with atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{ANALYZE_WAIT}'")
            cursor.execute(f"ANALYZE {', '.join(quoted)}")
            cursor.execute(_ENTER_WAITING, [quoted])

    if connection.vendor == "postgresql":
        on_commit(analyze, robust=True)


# --- One at a time ------------------------------------------------------------------------------------
class Lock(IntEnum):
    """Keys of PostgreSQL's advisory locks, the same in every version."""

    NIGHTLY = 7_316_002
    TRANSFER = 7_316_004
    PREPARATION = 7_316_005  # migrations and the first administrator
    PAYMENTS = 7_316_006  # files of payments are staged one at a time
    IMPORT = -1789678572480580348


class Taken(Exception):
    """Another process holds the lock."""


def alone_in_transaction(key: Lock) -> None:
    """Allow one transaction with this key at a time; raises Taken for a second one.

    On SQLite, immediate transactions already ensure it.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            raise Taken


ASK_AGAIN_SECONDS = 0.2


def _is_ours(cursor: Any, key: Lock) -> bool:
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key])
    return bool(cursor.fetchone()[0])


@contextmanager
def alone(key: Lock, *, waits: bool = False) -> Iterator[None]:
    """Allow one run with this key at a time, across its transactions; raises Taken for a second one.

    The lock belongs to a transaction on a connection of its own, so that it also works through PgBouncer, where
    connections are shared. Only on PostgreSQL; elsewhere it does nothing.
    """
    if connection.vendor != "postgresql":
        yield
        return
    holder = connection.copy()
    try:
        holder.ensure_connection()
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            # Asked again and again: whoever waits inside PostgreSQL holds a snapshot, for which an index that the
            # holder of the lock builds concurrently would wait in turn, for ever.
            while not _is_ours(cursor, key):
                holder.rollback()
                if not waits:
                    raise Taken
                time.sleep(ASK_AGAIN_SECONDS)
        yield
    finally:
        holder.close()  # releases the lock
