"""The six SQL statements that read every figure (DESIGN §6). Money in whole cents.

They are written by hand. Five read the sums of `cases.rollups`: each is one pass over one small table, joined to the
names to display, and serves several parts of the page. One counts the arrangements that run.
`dashboards.figures.kpis` computes the figures from them.
"""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.db import connection

from cases import rollups
from dashboards.figures.periods import Period
from dashboards.figures.scope import Scope
from nova.lib.databases import read_connection

MONDAY = {
    "postgresql": "date_trunc('week', day)::date",
    "sqlite": "date(day, 'weekday 0', '-6 days')",
}


class Day(NamedTuple):
    """What one day added to the figures of a scope."""

    day: date
    recovered: int
    placed: int
    owed: int
    kept: int
    broken: int
    activities: int
    attempts: int
    direct: int
    waived: int
    agreed: int


class CarteraWeek(NamedTuple):
    """What one week added to the figures of a cartera, in the period (`is_current`) or the previous one.

    A cartera without data has one row of zeros, whose `monday` is None.
    """

    cartera_id: int
    cartera: str
    is_active: bool
    monday: date | None
    is_current: bool
    recovered: int
    kept: int
    broken: int


class CaseTotals(NamedTuple):
    """The current cases of one status and cartera. A status without cases has one row, whose `cartera_id` is None."""

    status_id: int
    slug: str
    status: str
    stage: str
    color: str
    cartera_id: int | None
    cartera: str | None
    is_active: bool  # whether the cartera is worked
    cases: int
    owed: int
    stopped: int
    unassigned: int


class Person(NamedTuple):
    """An active gestor, or a user who holds cases or was credited money: what they did in the period and hold now."""

    pk: int
    name: str
    is_active_gestor: bool
    joined: datetime
    last_activity: datetime | None
    recovered: int
    kept: int
    broken: int
    activities: int
    cases: int
    paid: int
    open: int
    owed: int


class DueInstalments(NamedTuple):
    """How many instalments of accepted arrangements fell due on a day and fared alike (`InstalmentTotal`)."""

    due_on: date
    late: int | None
    closed: int | None
    instalments: int


def days(scope: Scope, since: date) -> list[Day]:
    """One row per day with data from `since` on, in order."""
    source = _daily(scope, since)
    whose, values = _of(scope)
    rows = _rows(
        f"SELECT day, {_sums(*rollups.DAILY_SUMS)} FROM {source.sql}"  # noqa: S608
        f" WHERE day >= %s {whose} GROUP BY day ORDER BY day",
        [*source.params, _day(since), *values],
    )
    return [Day(_date(day), *sums) for day, *sums in rows]


def weeks(scope: Scope, current: Period, previous: Period) -> list[CarteraWeek]:
    """Rows by cartera (all of them, ordered by name) and week. A week that both periods touch has two rows."""
    source = _daily(scope, min(current.start, previous.start), by_cartera=True)
    whose, values = _of(scope)
    rows = _rows(
        "SELECT cartera.id, cartera.name, cartera.is_active, week.monday, week.is_current,"  # noqa: S608
        "   COALESCE(recovered, 0), COALESCE(kept, 0), COALESCE(broken, 0)"
        " FROM cases_cartera cartera LEFT JOIN ("
        f"  SELECT cartera_id, {MONDAY[connection.vendor]} AS monday, day BETWEEN %s AND %s AS is_current,"
        f"    {_sums('recovered', 'kept', 'broken')}"
        f"  FROM {source.sql} WHERE (day BETWEEN %s AND %s OR day BETWEEN %s AND %s) {whose}"
        "   GROUP BY 1, 2, 3"
        ") week ON week.cartera_id = cartera.id ORDER BY cartera.name, cartera.id, week.monday, week.is_current",
        [*map(_day, current), *source.params, *map(_day, current), *map(_day, previous), *values],
    )
    return [
        CarteraWeek(pk, name, bool(is_active), monday and _date(monday), bool(is_current), *sums)
        for pk, name, is_active, monday, is_current, *sums in rows
    ]


def case_totals(scope: Scope) -> list[CaseTotals]:
    """The current cases: one row per status and cartera, in the order of the statuses."""
    whose, values = _of(scope)
    rows = _rows(
        "SELECT status.id, status.slug, status.name, status.stage, status.color, grouped.cartera_id, cartera.name,"  # noqa: S608
        "   COALESCE(cartera.is_active, true),"
        "   COALESCE(cases, 0), COALESCE(owed, 0), COALESCE(stopped, 0), COALESCE(unassigned, 0)"
        " FROM cases_casestatus status LEFT JOIN ("
        f"  SELECT status_id, cartera_id, {_sums('cases', 'owed', 'stopped')},"
        "     CAST(SUM(CASE WHEN gestor_id IS NULL THEN cases ELSE 0 END) AS bigint) AS unassigned"
        f"  FROM {rollups.book().sql} WHERE 1 = 1 {whose} GROUP BY 1, 2 HAVING SUM(cases) <> 0"
        " ) grouped ON grouped.status_id = status.id"
        " LEFT JOIN cases_cartera cartera ON cartera.id = grouped.cartera_id"
        " ORDER BY status.position, status.id, cartera.name",
        values,
    )
    return [CaseTotals(*row) for row in rows]


def people(scope: Scope, period: Period) -> list[Person]:
    """Rows ordered by name. The gestor of the scope is ignored: the page offers the other gestores too."""
    source = _daily(scope, period.start, by_gestor=True)
    whose, values = _of(scope._replace(gestor=None))
    rows = _rows(
        "SELECT person.id, person.first_name, person.last_name, person.username,"  # noqa: S608
        "   person.role = 'gestor' AND person.is_active, person.date_joined,"
        "   (SELECT MAX(created_at) FROM cases_activity activity WHERE activity.created_by_id = person.id"
        "      AND activity.voided_at IS NULL AND NOT activity.is_system),"
        "   COALESCE(recovered, 0), COALESCE(kept, 0), COALESCE(broken, 0), COALESCE(activities, 0),"
        "   COALESCE(cases, 0), COALESCE(paid, 0), COALESCE(open, 0), COALESCE(owed, 0)"
        " FROM accounts_user person LEFT JOIN ("
        f"  SELECT gestor_id, {_sums('recovered', 'kept', 'broken', 'activities')}"
        f"  FROM {source.sql} WHERE day BETWEEN %s AND %s {whose} GROUP BY 1"
        " ) done ON done.gestor_id = person.id LEFT JOIN ("
        f"  SELECT gestor_id, {_sums('cases', 'owed')},"
        "     CAST(SUM(CASE WHEN stage = 'pagada' THEN cases ELSE 0 END) AS bigint) AS paid,"
        "     CAST(SUM(CASE WHEN stage IN ('en_gestion', 'promesa') AND cartera.is_active THEN cases ELSE 0 END)"
        "       AS bigint) AS open"
        f"  FROM {rollups.book().sql} JOIN cases_casestatus status ON status.id = book.status_id"
        "     JOIN cases_cartera cartera ON cartera.id = book.cartera_id"
        f"  WHERE gestor_id IS NOT NULL {whose} GROUP BY 1"
        " ) held ON held.gestor_id = person.id"
        " WHERE (person.role = 'gestor' AND person.is_active) OR cases <> 0 OR recovered <> 0"
        " ORDER BY person.first_name, person.last_name, person.id",
        [*source.params, *map(_day, period), *values, *values],
    )
    return [
        Person(
            pk,
            f"{first} {last}".strip() or username,
            bool(is_active_gestor),
            _moment(joined),
            last_activity and _moment(last_activity),
            *sums,
        )
        for pk, first, last, username, is_active_gestor, joined, last_activity, *sums in rows
    ]


def instalments(scope: Scope, since: date, until: date) -> list[DueInstalments]:
    """The instalments that fell due from `since` to `until`."""
    source = rollups.instalments(by_cartera=scope.cartera is not None, by_gestor=scope.gestor is not None)
    whose, values = _of(scope)
    rows = _rows(
        f"SELECT day, late, closed, {_sums(*rollups.INSTALMENT_SUMS)} FROM {source.sql}"  # noqa: S608
        f" WHERE day BETWEEN %s AND %s {whose} GROUP BY day, late, closed",
        [*source.params, _day(since), _day(until), *values],
    )
    return [DueInstalments(_date(day), *counted) for day, *counted in rows]


def running(scope: Scope) -> int:
    """How many arrangements are active now, by the gestor who holds the case."""
    by_column = {"case_.cartera_id": scope.cartera, "case_.assigned_to_id": scope.gestor}
    given = {column: row.pk for column, row in by_column.items() if row is not None}
    joined = "JOIN cases_case case_ ON case_.id = arrangement.case_id" if given else ""
    conditions = "".join(f" AND {column} = %s" for column in given)
    rows = _rows(
        f"SELECT COUNT(*) FROM cases_arrangement arrangement {joined}"  # noqa: S608
        f" WHERE arrangement.status = 'active' {conditions}",
        list(given.values()),
    )
    return rows[0][0]


def _daily(scope: Scope, since: date, *, by_cartera: bool = False, by_gestor: bool = False) -> rollups.Source:
    return rollups.daily(
        since,
        by_cartera=by_cartera or scope.cartera is not None,
        by_gestor=by_gestor or scope.gestor is not None,
    )


def _of(scope: Scope) -> tuple[str, list[int]]:
    """The SQL conditions of the scope, and their parameters."""
    by_column = {"cartera_id": scope.cartera, "gestor_id": scope.gestor}
    given = {column: row.pk for column, row in by_column.items() if row is not None}
    return "".join(f" AND {column} = %s" for column in given), list(given.values())


def _sums(*names: str) -> str:
    return ", ".join(f"CAST(SUM({name}) AS bigint) AS {name}" for name in names)


def _rows(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with read_connection().cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


# SQLite reads and writes dates and datetimes as text.
def _day(day: date) -> Any:
    return connection.ops.adapt_datefield_value(day)


def _date(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _moment(value: datetime | str) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
