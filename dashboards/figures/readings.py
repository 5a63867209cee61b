"""The SQL statements that read every figure (DESIGN §6). Money in whole cents.

They are written by hand. Four read the sums of `cases.rollups`: each is one pass over one small table, joined to the
names to display, and serves several parts of the page. Three read the arrangements, which are few, and whose
instalments are kept or not by business days that no sum knows. `dashboards.figures.kpis` computes the figures from
them.
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
# From the due date of an instalment to another day.
DAYS = {
    "postgresql": "({} - due_on)",
    "sqlite": "CAST(julianday({}) - julianday(due_on) AS integer)",
}
MANY_DAYS = 365  # more than any grace


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
    """How many instalments of accepted arrangements fell due on a day and fared alike.

    `late` is the days from the due date to its payment, 0 for one that was paid by then, None while unpaid; `closed`
    the days to the closing of an arrangement that left it unpaid, 0 for one that closed by then, None while it runs.
    Both stop at MANY_DAYS.
    """

    due_on: date
    late: int | None
    closed: int | None
    count: int


class Waived(NamedTuple):
    """What the waivers of one day forgave, and what had been paid for them under their arrangements."""

    day: date
    waived: int
    paid: int


class Arrangements(NamedTuple):
    running: int
    instalments: list[DueInstalments]
    waivers: list[Waived]


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


def arrangements(scope: Scope, since: date, until: date, *, due_from: date) -> Arrangements:
    """What runs now, the waivers from `since` to `until`, and the instalments that fell due from `due_from` on. Runs
    three queries.
    """
    return Arrangements(_running(scope), _instalments(scope, due_from, until), _waivers(scope, since, until))


def _running(scope: Scope) -> int:
    whose, values = _of_arrangements(scope, gestor="case_.assigned_to_id")
    return _rows(
        f"SELECT COUNT(*) FROM cases_arrangement arrangement {whose.joins}"  # noqa: S608
        f" WHERE arrangement.status = 'active' {whose.conditions}",
        values,
    )[0][0]


def _instalments(scope: Scope, since: date, until: date) -> list[DueInstalments]:
    whose, values = _of_arrangements(scope, gestor="arrangement.requested_by_id")
    late, closed = (DAYS[connection.vendor].format(day) for day in ("paid_on", "arrangement.closed_on"))
    rows = _rows(
        f"SELECT due_on, {_few('paid_on', late)} AS late,"  # noqa: S608
        f"   CASE WHEN paid_on IS NULL THEN {_few('arrangement.closed_on', closed)} END AS closed, COUNT(*)"
        " FROM cases_instalment instalment"
        f" JOIN cases_arrangement arrangement ON arrangement.id = instalment.arrangement_id {whose.joins}"
        " WHERE due_on BETWEEN %s AND %s AND arrangement.accepted_at IS NOT NULL"
        f" {whose.conditions} GROUP BY 1, 2, 3",
        [_day(since), _day(until), *values],
    )
    return [DueInstalments(_date(day), late, closed, count) for day, late, closed, count in rows]


def _few(day: str, days: str) -> str:
    """The days from the due date to `day`, between 0 and MANY_DAYS; null without that day."""
    return f"CASE WHEN {day} <= due_on THEN 0 WHEN {days} > {MANY_DAYS} THEN {MANY_DAYS} ELSE {days} END"


def _waivers(scope: Scope, since: date, until: date) -> list[Waived]:
    whose, values = _of(scope._replace(gestor=None))
    if scope.gestor is not None:
        whose, values = f"{whose} AND credited_to_id = %s", [*values, scope.gestor.pk]
    rows = _rows(
        "SELECT value_date, CAST(SUM(waived) AS bigint),"  # noqa: S608
        "   CAST(SUM(CASE WHEN waived > 0 THEN agreed WHEN waived < 0 THEN -agreed ELSE 0 END) AS bigint)"
        " FROM (SELECT value_date, CAST(ROUND(-amount * 100) AS bigint) AS waived,"
        "         CAST(ROUND(arrangement.agreed_total * 100) AS bigint) AS agreed"
        "       FROM cases_ledgerentry entry"
        "       JOIN cases_arrangement arrangement ON arrangement.id = entry.arrangement_id"
        f"      WHERE entry.reason = 'waiver' AND value_date BETWEEN %s AND %s {whose}) AS entry"
        " GROUP BY value_date",
        [_day(since), _day(until), *values],
    )
    return [Waived(_date(day), *sums) for day, *sums in rows]


class _Whose(NamedTuple):
    joins: str
    conditions: str


def _of_arrangements(scope: Scope, *, gestor: str) -> tuple[_Whose, list[int]]:
    """The join and the conditions of the scope for arrangements, whose gestor is in that column; and the parameters."""
    by_column = {"case_.cartera_id": scope.cartera, gestor: scope.gestor}
    given = {column: row.pk for column, row in by_column.items() if row is not None}
    needs_case = any(column.startswith("case_.") for column in given)
    joins = "JOIN cases_case case_ ON case_.id = arrangement.case_id" if needs_case else ""
    return _Whose(joins, "".join(f" AND {column} = %s" for column in given)), list(given.values())


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
