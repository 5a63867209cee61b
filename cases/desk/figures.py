"""The gestor's own figures and alerts at the top of the screen (DESIGN §4). The dashboard's are in `dashboards`."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from accounts.models import User
from cases.rules import queue
from cases.rules.ledger import signed_sql
from cases.rules.queue import IDLE_DAYS
from nova.lib import dates
from nova.lib.money import round_total

# The arrangement of an instalment that falls due is looked up one by one: joined, PostgreSQL reads all that run.
# One statement, because the figures are on every page, and as separate queries they cost as much as the case itself.
# `cases.lists.counted_by` lists what each figure counts; a test compares both.
FIGURES = f"""
SELECT
  (SELECT COALESCE(SUM(-({signed_sql()})), 0) FROM cases_ledgerentry
   WHERE credited_to_id = %(gestor)s AND kind IN ('payment', 'reversal')
     AND value_date BETWEEN %(month)s AND %(today)s),
  (SELECT COUNT(*) FROM cases_promise
   WHERE created_by_id = %(gestor)s AND promise_date BETWEEN %(month)s AND %(today)s AND status = 'fulfilled'),
  (SELECT COUNT(*) FROM cases_promise
   WHERE created_by_id = %(gestor)s AND promise_date BETWEEN %(month)s AND %(today)s AND status = 'broken'),
  (SELECT COUNT(*) FROM cases_activity
   WHERE created_by_id = %(gestor)s AND created_at >= %(midnight)s AND voided_at IS NULL AND NOT is_system),
  (SELECT COUNT(*) FROM (
     SELECT promise.case_id FROM cases_promise promise JOIN cases_case ON cases_case.id = promise.case_id
     WHERE promise.status = 'pending' AND promise.promise_date = %(today)s AND cases_case.assigned_to_id = %(gestor)s
       AND cases_case.in_active_cartera
     UNION
     SELECT cases_case.id FROM cases_instalment instalment
     JOIN cases_case ON cases_case.id = (
       SELECT case_id FROM cases_arrangement WHERE id = instalment.arrangement_id AND status = 'active')
     WHERE NOT instalment.status = 'paid' AND instalment.due_on = %(today)s
       AND cases_case.assigned_to_id = %(gestor)s AND cases_case.in_active_cartera
   ) AS due),
  (SELECT COUNT(*) FROM cases_case
   WHERE assigned_to_id = %(gestor)s AND stage IN ('en_gestion', 'promesa') AND stopped_at IS NULL AND in_active_cartera
     AND last_activity_at < %(since)s),
  (SELECT COUNT(*) FROM cases_case
   WHERE assigned_to_id = %(gestor)s AND stage IN ('en_gestion', 'promesa') AND stopped_at IS NULL AND in_active_cartera
     AND last_activity_at IS NULL AND created_at < %(since)s),
  {", ".join(f"people.band_{band:d}" for band in queue.Band)}
FROM (
  SELECT {", ".join(f"COUNT(*) FILTER (WHERE band = {band:d}) AS band_{band:d}" for band in queue.Band)}
  FROM (
    SELECT MIN(queue_band) AS band FROM cases_case
    WHERE assigned_to_id = %(gestor)s AND stage IN ('en_gestion', 'promesa') AND stopped_at IS NULL
      AND in_active_cartera AND (next_action_at <= %(now)s OR next_action_at IS NULL)
    GROUP BY debtor_id
  ) AS person
) AS people
"""  # noqa: S608


class Figures(NamedTuple):
    """Figures of this month to date (amounts in ARS); the gestiones are today's.

    `kept_percent` is None when no promise has an outcome yet.
    """

    recovered: Decimal
    kept_percent: Decimal | None
    kept: int
    decided: int
    activities_today: int
    due_today: int
    idle: int
    in_queue: int
    broken: int
    call_backs: int


def figures_of(gestor: User, *, now: datetime) -> tuple[Figures, dict[int, int]]:
    """The figures of a gestor, and the number of people in each band of the queue where there are any, as
    `CaseQuerySet.people_by_band` counts them. Runs one query.
    """
    today = dates.local_date(now)
    recovered, kept, broken, activities, due_today, idle, untouched, *counts = _read(gestor, today=today, now=now)
    bands = {int(band): count for band, count in zip(queue.Band, counts, strict=True) if count}
    figures = Figures(
        recovered=round_total(recovered),  # SQLite sums in floating point
        kept_percent=Decimal(kept * 100) / (kept + broken) if kept + broken else None,
        kept=kept,
        decided=kept + broken,
        activities_today=activities,
        due_today=due_today,
        idle=idle + untouched,
        in_queue=sum(bands.values()),
        broken=bands.get(queue.Band.BROKEN_PROMISE, 0),
        call_backs=bands.get(queue.Band.CALL_BACK, 0),
    )
    return figures, bands


def _read(gestor: User, *, today: date, now: datetime) -> tuple[Any, ...]:
    moment, day = connection.ops.adapt_datetimefield_value, connection.ops.adapt_datefield_value
    params = {
        "gestor": gestor.pk,
        "today": day(today),
        "month": day(today.replace(day=1)),
        "midnight": moment(dates.start_of_day(today)),
        "now": moment(now),
        "since": moment(now - timedelta(days=IDLE_DAYS)),
    }
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, params)
        return cursor.fetchone()
