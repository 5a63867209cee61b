"""How long the admin's dashboard takes at a million cases: `.venv/bin/python bench/dashboard.py [--cases N]`.

The whole page in-process on PostgreSQL, without any cache unless it says so, at `--small` cases and at `--cases`, in
one run; and the same aggregates in hand-written SQL over the same tables, the floor. What is marked * is above what was
promised: 1.5 times the floor plus 10 ms, 60 ms, 1.3 times the small size. The databases (BENCH_SERVER_URL;
nova_pages_<cases>, those of pages.py) are made the first time, which takes minutes, and kept.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
from timing import asked, databases_of, figures_of, timed

FLOOR, FIGURES, PAGE = "floor: the same aggregates by hand", "all figures of the page", "the whole page"
HOME = "/dashboard-admin"
LIMIT_MS, LIMIT_OF_FLOOR, LIMIT_OF_SMALL = 60, 1.5, 1.3
# The last 30 days begin on current_date - 29, the 30 before on current_date - 59.
BY_HAND = [
    # The KPIs of both periods, their trends and the comparison: a row a day.
    """SELECT day, sum(recovered), sum(placed), sum(owed), sum(kept), sum(broken), sum(activities), sum(attempts),
              sum(direct), sum(waived), sum(agreed)
       FROM cases_dailytotal WHERE grain = 1 AND day >= current_date - 59 GROUP BY day ORDER BY day""",
    # Recovered by week and cartera, and what each cartera kept in both periods.
    """SELECT c.name, date_trunc('week', day), day >= current_date - 29, sum(recovered), sum(kept), sum(broken)
        FROM cases_dailytotal JOIN cases_cartera c ON c.id = cartera_id
        WHERE grain = 1 AND day BETWEEN current_date - 59 AND current_date GROUP BY 1, 2, 3""",
    # The book by status and cartera.
    """SELECT s.name, c.name, sum(cases), sum(owed), sum(stopped) FROM cases_booktotal
       JOIN cases_casestatus s ON s.id = status_id JOIN cases_cartera c ON c.id = cartera_id GROUP BY 1, 2""",
    # The ranking.
    """SELECT u.username, recovered, kept, broken, activities, cases, paid
        FROM accounts_user u
        LEFT JOIN (SELECT gestor_id, sum(recovered) AS recovered, sum(kept) AS kept, sum(broken) AS broken,
                          sum(activities) AS activities
                   FROM cases_dailytotal WHERE grain = 2 AND day BETWEEN current_date - 29 AND current_date
                   GROUP BY 1) d
          ON d.gestor_id = u.id
        LEFT JOIN (SELECT gestor_id, sum(cases) AS cases, sum(cases) FILTER (WHERE stage = 'pagada') AS paid
                   FROM cases_booktotal JOIN cases_casestatus s ON s.id = status_id GROUP BY 1) b
          ON b.gestor_id = u.id
        WHERE u.role = 'gestor' ORDER BY recovered DESC""",
    # Instalments by how late they were paid, and the arrangements that run.
    """SELECT day, late, closed, sum(instalments) FROM cases_instalmenttotal
       WHERE grain = 1 AND day BETWEEN current_date - 66 AND current_date GROUP BY 1, 2, 3""",
    "SELECT count(*) FROM cases_arrangement WHERE status = 'active'",
    # Who has been idle.
    """SELECT u.id, (SELECT max(created_at) FROM cases_activity WHERE created_by_id = u.id AND voided_at IS NULL
                     AND NOT is_system) FROM accounts_user u WHERE u.role = 'gestor'""",
]
# The four main figures alone, without the sums: what indexes can do.
WITHOUT_ROLLUPS = [
    """SELECT sum(CASE kind WHEN 'payment' THEN amount ELSE -amount END) FROM cases_ledgerentry
        WHERE kind IN ('payment', 'reversal') AND value_date BETWEEN current_date - 29 AND current_date""",
    """SELECT status, count(*) FROM cases_promise
        WHERE promise_date BETWEEN current_date - 29 AND current_date GROUP BY 1""",
    """SELECT count(*), count(*) FILTER (WHERE is_attempt) FROM cases_activity a
        LEFT JOIN cases_activityresult r ON r.id = a.result_id
        WHERE created_at >= current_date - 29 AND voided_at IS NULL AND NOT is_system""",
    "SELECT count(*), sum(balance) FROM cases_case",
]


WRITTEN = ("cases_activity", "cases_case")
# The rows that 5,000 gestiones of the day leave, one by one, until the night sums them up.
A_DAY = """
INSERT INTO cases_dailytotal (grain, day, cartera_id, gestor_id, recovered, placed, owed, kept, broken, activities,
                              attempts, direct)
SELECT n % 3, current_date, CASE WHEN n % 3 < 2 THEN 1 + n % 12 END, CASE WHEN n % 3 <> 1 THEN 2 + n % 50 END,
       0, 0, 0, 0, 0, 1, 0, 0
FROM generate_series(1, 15000) AS n
"""


def by_hand(statements: list[str], rounds: int = 21) -> float:
    """Milliseconds: the sum of the medians, each prepared as the driver does by itself."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        total = 0.0
        for statement in statements:
            times = []
            for _ in range(rounds + 1):
                before = time.perf_counter()
                connection.execute(statement).fetchall()
                times.append((time.perf_counter() - before) * 1000)
            total += statistics.median(times[1:])
        return total


def set_up() -> Any:
    """Returns a browserless client of the admin, after what every night does."""
    import django  # noqa: PLC0415

    django.setup()
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from cases import rollups  # noqa: PLC0415

    rollups.compact()
    with connection.cursor() as cursor:
        for table in ("cases_dailytotal", "cases_instalmenttotal", "cases_booktotal", "cases_dataversion"):
            cursor.execute(f"VACUUM ANALYZE {table}")
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(username="admin"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def uncached(client: Any, address: str, *, forget: bool = True) -> Callable[[int], Any]:
    from django.core.cache import cache  # noqa: PLC0415

    def ask(turn: int) -> Any:
        if forget:
            cache.clear()
        response = client.get(address)
        if response.status_code != 200:
            sys.exit(f"{address} answered {response.status_code}")
        return response

    return ask


def pages(client: Any) -> dict[str, Any]:
    from django.utils import timezone  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from cases.models import Cartera  # noqa: PLC0415
    from dashboards.figures import kpis  # noqa: PLC0415
    from dashboards.figures.periods import last_30_days  # noqa: PLC0415
    from dashboards.figures.scope import Scope  # noqa: PLC0415
    from dashboards.filtering import CARTERAS_SHOWN  # noqa: PLC0415
    from nova.lib import dates  # noqa: PLC0415

    gestor, cartera = User.objects.get(username="gestor1").pk, Cartera.objects.order_by("pk")[0].pk
    addresses = {
        PAGE: HOME,
        "  of a cartera": f"{HOME}?cartera={cartera}",
        "  of a gestor": f"{HOME}?gestor={gestor}",
        "  of both": f"{HOME}?gestor={gestor}&cartera={cartera}",
        "  of 90 days": f"{HOME}?period=quarter",
        "  of 365 days": f"{HOME}?period=year",
        "API: kpis": "/api/v1/dashboard/kpis",
        "API: ranking": "/api/v1/dashboard/gestores/ranking",
        "a gestor's page": f"/gestores/{gestor}",
        "payments behind a figure": f"{HOME}/movimientos",
        "instalments behind a figure": f"{HOME}/cuotas",
        "waivers behind a figure": f"{HOME}/quitas",
        "arrangements behind a figure": f"{HOME}/convenios",
        "promises behind a figure": f"{HOME}/promesas",
        "gestiones behind a figure": f"{HOME}/gestiones",
        "cases behind a figure": f"{HOME}/casos",
        "the PDF": f"{HOME}/exports/pdf",
    }
    figures = {FLOOR: (by_hand(BY_HAND), len(BY_HAND), "0", "")}
    figures["(main figures from the base tables)"] = (by_hand(WITHOUT_ROLLUPS, 5), len(WITHOUT_ROLLUPS), "0", "")
    period, now = last_30_days(dates.today()), timezone.now()
    figures |= timed(
        {FIGURES: lambda turn: kpis.dashboard(Scope(), period, period.before(), limit=CARTERAS_SHOWN, now=now)}
    )
    figures |= timed({name: uncached(client, address) for name, address in addresses.items()})
    return figures | timed({"the page from the cache": uncached(client, HOME, forget=False)})


def upkeep(client: Any) -> dict[str, Any]:
    """What keeping the sums costs whoever writes, and what a day's writing costs whoever reads before the night."""
    from django.db import connection  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from cases import rollups, services  # noqa: PLC0415
    from cases.models import Case, DailyTotal  # noqa: PLC0415

    gestor, some = User.objects.get(username="gestor1"), list(Case.objects.order_by("id")[1000:1200])

    def record(turn: int) -> Any:
        return services.record_activity(case=some[turn], by=gestor, type="call", notes="No contesta.")

    figures = timed({"recording a gestión": record}, 99)
    with connection.cursor() as cursor:
        try:
            for table in WRITTEN:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            figures |= timed({"  without keeping the sums": record}, 99)
        finally:
            for table in WRITTEN:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        rollups.rebuild()
        last = DailyTotal.objects.order_by("-pk").values_list("pk", flat=True)[0]
        cursor.execute(A_DAY)
        try:
            figures |= timed({"the whole page after 5,000 gestiones": uncached(client, HOME)})
        finally:
            cursor.execute("DELETE FROM cases_dailytotal WHERE id > %s", [last])
    return figures


def main() -> None:
    arguments = asked(__doc__)
    if arguments.measure:
        print(json.dumps({"pages": pages, "upkeep": upkeep}[arguments.measure](set_up())))
        return
    small, large = (
        figures_of(url, __file__, "pages") | figures_of(url, __file__, "upkeep")
        for url in databases_of(arguments, "pages")
    )
    print(f"{'':<36} {arguments.small:>9,} {arguments.cases:>11,}   ratio  to the floor  statements")
    floor = large[FLOOR][0]
    for name, (few, *_) in small.items():
        many, statements, *_ = large[name]
        is_over = many > LIMIT_OF_FLOOR * floor + 10 or many > LIMIT_MS or many > LIMIT_OF_SMALL * few
        mark = "*" if name in (FIGURES, PAGE) and is_over else ""
        print(f"{name:<36} {few:6.1f} ms {many:8.1f} ms {many / few:7.2f} {many / floor:13.1f} {statements:11} {mark}")


if __name__ == "__main__":
    main()
