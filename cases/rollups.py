"""The sums of the dashboard (DESIGN §6, §9): one definition of each, and the SQL fragments to read them.

PostgreSQL stores the sums in small tables (`cases.models.rollups`); SQLite, for small agencies, computes them in each
query. Both are read through the same fragments, so that there is one set of queries: `SELECT SUM(…) FROM {source} …`.
"""

import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import date
from typing import Any, NamedTuple

from django.conf import settings
from django.db import OperationalError, connection, transaction

from cases.models import (
    Activity,
    Arrangement,
    BookTotal,
    Case,
    DailyTotal,
    DataVersion,
    Instalment,
    InstalmentTotal,
    LedgerEntry,
    Promise,
)
from cases.rules.ledger import signed_sql
from nova.lib import dates
from nova.lib.databases import read_connection, refresh_statistics

Grain = DailyTotal.Grain
DAILY_KEY = ("day", "cartera_id", "gestor_id")
DAILY_SUMS = ("recovered", "placed", "owed", "kept", "broken", "activities", "attempts", "direct", "waived", "agreed")
INSTALMENT_KEY = ("day", "cartera_id", "gestor_id", "late", "closed")
INSTALMENT_SUMS = ("instalments",)
BOOK_KEY = ("cartera_id", "gestor_id", "status_id")
BOOK_SUMS = ("cases", "owed", "stopped")
TOTALS = (DailyTotal, InstalmentTotal, BookTotal)
LOCK_TRIES, LOCK_PAUSE = 300, 0.1  # half a minute

# Integer cents, because SQLite sums decimals in floating point. The triggers of migrations 0014 and 0056 compute the
# same row by row; `verify_data` compares both.
DAILY = """
SELECT value_date AS day, cartera_id, credited_to_id AS gestor_id,
       CASE kind WHEN 'payment' THEN cents WHEN 'reversal' THEN -cents ELSE 0 END AS recovered,
       CASE kind WHEN 'placement' THEN cents ELSE 0 END AS placed,
       {owed} AS owed,
       0 AS kept, 0 AS broken, 0 AS activities, 0 AS attempts, 0 AS direct,
       CASE WHEN reason = 'waiver' THEN -cents ELSE 0 END AS waived,
       CASE WHEN reason <> 'waiver' THEN 0 WHEN cents < 0 THEN agreed_cents ELSE -agreed_cents END AS agreed
FROM (SELECT value_date, cartera_id, credited_to_id, kind, reason, CAST(ROUND(amount * 100) AS bigint) AS cents,
             CAST(ROUND(agreed_total * 100) AS bigint) AS agreed_cents
      FROM cases_ledgerentry entry
      LEFT JOIN cases_arrangement arrangement ON arrangement.id = entry.arrangement_id) AS entry
UNION ALL
SELECT promise.promise_date, case_.cartera_id, promise.created_by_id, 0, 0, 0,
       CASE promise.status WHEN 'fulfilled' THEN 1 ELSE 0 END, CASE promise.status WHEN 'broken' THEN 1 ELSE 0 END,
       0, 0, 0, 0, 0
FROM cases_promise promise JOIN cases_case case_ ON case_.id = promise.case_id
UNION ALL
SELECT {local_day}, case_.cartera_id, activity.created_by_id, 0, 0, 0, 0, 0, 1,
       CASE WHEN result.is_attempt THEN 1 ELSE 0 END, CASE WHEN result.is_direct_contact THEN 1 ELSE 0 END, 0, 0
FROM cases_activity activity JOIN cases_case case_ ON case_.id = activity.case_id
LEFT JOIN cases_activityresult result ON result.id = activity.result_id
WHERE activity.voided_at IS NULL AND NOT activity.is_system {made_since}
""".replace("{owed}", signed_sql(amount="cents"))
INSTALMENTS = """
SELECT due_on AS day, case_.cartera_id, arrangement.requested_by_id AS gestor_id, {late} AS late,
       CASE WHEN paid_on IS NULL THEN {closed} END AS closed, 1 AS instalments
FROM cases_instalment instalment
JOIN cases_arrangement arrangement ON arrangement.id = instalment.arrangement_id
JOIN cases_case case_ ON case_.id = arrangement.case_id
WHERE accepted_at IS NOT NULL
"""
# From the due date of an instalment to another day, at most 99 days.
LATER = "CASE WHEN {day} <= due_on THEN 0 WHEN {days} > 99 THEN 99 ELSE {days} END"
DAYS = {"postgresql": "({day} - due_on)", "sqlite": "CAST(julianday({day}) - julianday(due_on) AS integer)"}
BOOK = """
SELECT cartera_id, assigned_to_id AS gestor_id, status_id, 1 AS cases, CAST(ROUND(balance * 100) AS bigint) AS owed,
       CASE WHEN stopped_at IS NOT NULL AND stage IN ('en_gestion', 'promesa') THEN 1 ELSE 0 END AS stopped
FROM cases_case
"""
LOCAL_DAY = {
    "postgresql": f"(activity.created_at AT TIME ZONE '{settings.TIME_ZONE}')::date",
    "sqlite": f"django_datetime_cast_date(activity.created_at, '{settings.TIME_ZONE}', 'UTC')",
}
GROUPS = {
    Grain.BOTH: DAILY_KEY,
    Grain.CARTERA: ("day", "cartera_id"),
    Grain.GESTOR: ("day", "gestor_id"),
}


class Source(NamedTuple):
    """The SQL after FROM, with its parameters."""

    sql: str
    params: tuple[Any, ...] = ()


def is_kept() -> bool:
    """Whether this database stores the sums (PostgreSQL)."""
    return connection.vendor == "postgresql"


def daily(since: date, *, by_cartera: bool, by_gestor: bool) -> Source:
    """The daily sums from `since` on (local day), with the columns DAILY_KEY and DAILY_SUMS.

    The flags say which columns of the key the query uses; the fewer they are, the fewer rows it reads.
    """
    if not is_kept():
        moment = connection.ops.adapt_datetimefield_value(dates.start_of_day(since))
        return Source(f"({_daily_definition('AND activity.created_at >= %s')}) AS daily", (moment,))
    grain = Grain.BOTH if by_cartera and by_gestor else Grain.GESTOR if by_gestor else Grain.CARTERA
    return Source(f"(SELECT * FROM {DailyTotal._meta.db_table} WHERE grain = {int(grain)}) AS daily")  # noqa: S608


def instalments(*, by_cartera: bool, by_gestor: bool) -> Source:
    """The instalments that fell due, with the columns INSTALMENT_KEY and INSTALMENT_SUMS; the flags as in `daily`."""
    if not is_kept():
        return Source(f"({_instalments_definition()}) AS due")
    grain = Grain.BOTH if by_cartera and by_gestor else Grain.GESTOR if by_gestor else Grain.CARTERA
    return Source(f"(SELECT * FROM {InstalmentTotal._meta.db_table} WHERE grain = {int(grain)}) AS due")  # noqa: S608


def book() -> Source:
    """The sums of the current portfolio, with the columns BOOK_KEY and BOOK_SUMS."""
    return Source(f"{BookTotal._meta.db_table} AS book" if is_kept() else f"({BOOK}) AS book")


def total_cases(
    *, cartera: int | None = None, gestor: int | None = None, statuses: Collection[int] | None = None
) -> int:
    """The exact number of cases, of all or of those with the given ids.

    Runs one query, which on PostgreSQL reads sums and does not count the cases.
    """
    given: list[tuple[str, Any]] = [("cartera_id = %s", cartera), ("gestor_id = %s", gestor)]
    conditions = [(sql, [value]) for sql, value in given if value is not None]
    if statuses is not None:
        conditions.append((f"status_id IN ({', '.join(['%s'] * len(statuses)) or 'NULL'})", list(statuses)))
    where = " AND ".join(sql for sql, _ in conditions) or "1 = 1"
    with read_connection().cursor() as cursor:
        cursor.execute(
            f"SELECT COALESCE(SUM(cases), 0) FROM {book().sql} WHERE {where}",  # noqa: S608
            [value for _, values in conditions for value in values],
        )
        return int(cursor.fetchone()[0])


def data_version() -> int | None:
    """The version of the figures: while it is the same, the figures are the same too.

    None on a database that does not store it, and inside a transaction that may have changed the figures. Runs a query.
    """
    if not is_kept() or read_connection().in_atomic_block:
        return None
    with read_connection().cursor() as cursor:
        cursor.execute(f"SELECT version FROM {DataVersion._meta.db_table}")  # noqa: S608
        row = cursor.fetchone()
    return row[0] if row else 0


# --- Maintenance of the sums ------------------------------------------------------------------------------
class Busy(Exception):
    """The tables are locked by other writers; nothing was done."""


def rebuild() -> None:
    """Compute all sums again from the data. Other writers wait meanwhile, readers do not.

    Raises Busy when the tables cannot be locked within half a minute.
    """
    if not is_kept():
        return
    for _ in range(LOCK_TRIES):
        with suppress(Busy), transaction.atomic():
            _lock()
            with connection.cursor() as cursor:
                for table, insert in _insertions():
                    cursor.execute(f"DELETE FROM {table}")  # noqa: S608
                    cursor.execute(insert)
            refresh_statistics(*TOTALS)
            return
        time.sleep(LOCK_PAUSE)
    raise Busy


def _lock() -> None:
    """Lock all tables at once or none: waiting for one table while holding another may end in a deadlock."""
    models = (Case, LedgerEntry, Promise, Activity, Arrangement, Instalment, *TOTALS)
    tables = ", ".join(model._meta.db_table for model in models)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE NOWAIT")
    except OperationalError as error:
        raise Busy from error


def compact() -> None:
    """Merge the rows of each key into one. Rows that other transactions write meanwhile are left for the next run."""
    if not is_kept():
        return
    with connection.cursor() as cursor:
        for table, key, sums, _ in _definitions():
            keys, columns = ", ".join(key), ", ".join((*key, *sums))
            cursor.execute(
                f"WITH counted AS (SELECT id, COUNT(*) OVER (PARTITION BY {keys}) AS rows FROM {table}),"  # noqa: S608
                f" gone AS (DELETE FROM {table} WHERE id IN (SELECT id FROM counted WHERE rows > 1)"
                f"   RETURNING {columns})"
                f" INSERT INTO {table} ({columns}) SELECT {keys}, {_sums(sums)} FROM gone"
                f" GROUP BY {keys} HAVING {_something(sums)}"
            )
    refresh_statistics(*TOTALS)


class Drift(NamedTuple):
    """A SELECT that returns each key of a table whose sums are wrong, with the excess of each sum."""

    table: str
    key: tuple[str, ...]
    sums: tuple[str, ...]
    sql: str


def drifts() -> list[Drift]:
    """The SELECTs that find wrong sums, one for each table; for `verify_data`."""
    found = []
    for table, key, sums, definition in _definitions():
        keys, stored = ", ".join(key), ", ".join((*key, *sums))
        minus = ", ".join(f"-{name}" for name in sums)
        sql = (
            f"SELECT {keys}, {_sums(sums)} FROM ("  # noqa: S608
            f"  SELECT {stored} FROM {table} UNION ALL SELECT {keys}, {minus} FROM ({definition}) AS defined"
            f") AS both_ways GROUP BY {keys} HAVING {_something(sums)} ORDER BY {keys}"
        )
        found.append(Drift(table, key, sums, sql))
    return found


def _insertions() -> list[tuple[str, str]]:
    return [
        (table, f"INSERT INTO {table} ({', '.join((*key, *sums))}) {definition}")
        for table, key, sums, definition in _definitions()
    ]


def _definitions() -> list[tuple[str, tuple[str, ...], tuple[str, ...], str]]:
    """(table, columns of the key, columns of the sums, SELECT that computes the sums of each key)."""
    sets = ", ".join(f"({', '.join(group)})" for group in GROUPS.values())
    daily_rows = (
        f"SELECT GROUPING(cartera_id, gestor_id) AS grain, {', '.join(DAILY_KEY)}, {_named_sums(DAILY_SUMS)}"  # noqa: S608
        f" FROM ({_daily_definition()}) AS daily GROUP BY GROUPING SETS ({sets}) HAVING {_something(DAILY_SUMS)}"
    )
    book_rows = (
        f"SELECT {', '.join(BOOK_KEY)}, {_named_sums(BOOK_SUMS)} FROM ({BOOK}) AS book GROUP BY {', '.join(BOOK_KEY)}"  # noqa: S608
    )
    fates = ", ".join(f"({', '.join((*group, 'late', 'closed'))})" for group in GROUPS.values())
    instalment_rows = (
        f"SELECT GROUPING(cartera_id, gestor_id) AS grain, {', '.join(INSTALMENT_KEY)},"  # noqa: S608
        f" {_named_sums(INSTALMENT_SUMS)} FROM ({_instalments_definition()}) AS due GROUP BY GROUPING SETS ({fates})"
    )
    return [
        (DailyTotal._meta.db_table, ("grain", *DAILY_KEY), DAILY_SUMS, daily_rows),
        (InstalmentTotal._meta.db_table, ("grain", *INSTALMENT_KEY), INSTALMENT_SUMS, instalment_rows),
        (BookTotal._meta.db_table, BOOK_KEY, BOOK_SUMS, book_rows),
    ]


def _daily_definition(made_since: str = "") -> str:
    return DAILY.format(local_day=LOCAL_DAY[connection.vendor], made_since=made_since)


def _instalments_definition() -> str:
    days = DAYS[connection.vendor]
    late, closed = (LATER.format(day=day, days=days.format(day=day)) for day in ("paid_on", "arrangement.closed_on"))
    return INSTALMENTS.format(late=late, closed=closed)


def _sums(names: Sequence[str]) -> str:
    return ", ".join(f"SUM({name})" for name in names)


def _named_sums(names: Sequence[str]) -> str:
    return ", ".join(f"SUM({name}) AS {name}" for name in names)


def _something(names: Sequence[str]) -> str:
    return " OR ".join(f"SUM({name}) <> 0" for name in names)
