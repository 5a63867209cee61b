"""How many cases there are, without counting them (DESIGN §9)."""

from django.db import connection
from django.db.models import Sum

from cases.models import Case, CaseTally


def total_cases() -> int:
    """Exact. PostgreSQL reads the tally that its triggers keep; SQLite, for small agencies, counts."""
    if connection.vendor != "postgresql":
        return Case.objects.count()
    return CaseTally.objects.aggregate(total=Sum("cases"))["total"] or 0


def compact_tally() -> None:
    """One row a cartera again, instead of one a statement. What others are writing meanwhile stays apart."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS (DELETE FROM cases_casetally RETURNING cartera_id, cases)"
            " INSERT INTO cases_casetally (cartera_id, cases)"
            " SELECT cartera_id, SUM(cases) FROM gone GROUP BY cartera_id HAVING SUM(cases) <> 0"
        )
