"""How long arrangements take at a million cases: `.venv/bin/python bench/arrangements.py [--cases N]`.

In-process on PostgreSQL: the negotiator, the inbox of requests, a person's page and the figures at `--small` cases and
at `--cases`, a tenth of which have an arrangement. Then a night (rolled back): finding the cases that the new day
may change, and what each of them takes, with the arrangements of the database, with `--closed` more that have ended,
which it must not notice, and with none at all. The databases (BENCH_SERVER_URL; nova_arrangements_<cases>) are copies
of those of desk.py, made where they are missing, which takes minutes, and kept; each run saves some gestiones in them.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
from agency import prepare
from databases import copy, drop, exists, manage, rename
from desk import WORK
from timing import asked, figures_of, server, timed

LIMIT_MS = 60
RUNS = 3
# Of the arrangements of agency.py, those that run follow from the ledger here: accepted twenty days ago, nothing paid
# since, and next week is as full as this one. Some wait for an answer, and some of these have waited too long.
PLANS = [
    "DELETE FROM cases_instalment WHERE arrangement_id IN"
    " (SELECT id FROM cases_arrangement WHERE status IN ('active', 'proposed'))",
    """
    UPDATE cases_arrangement a SET status = 'cancelled', closed_on = current_date, next_look_on = NULL
    FROM cases_case c WHERE c.id = a.case_id AND a.status IN ('active', 'proposed') AND (
        c.balance <= 0 OR c.stage NOT IN ('en_gestion', 'promesa') OR c.stopped_at IS NOT NULL
        OR EXISTS (SELECT 1 FROM cases_ledgerentry l WHERE l.case_id = c.id AND l.kind = 'payment'
                   AND l.value_date >= current_date - 20))
    """,
    """
    UPDATE cases_arrangement a SET base_balance = c.balance, system = 'none', monthly_rate = 0,
      agreed_total = CASE WHEN a.id % 2 = 0 OR a.status = 'proposed' THEN round(c.balance * 0.8, 2) ELSE c.balance END,
      instalments = CASE WHEN a.id % 10 = 0 THEN 1 ELSE 6 END,
      first_due_on = CASE WHEN a.status = 'active' THEN current_date + (a.id % 31 - 9)::int ELSE current_date + 10 END,
      accepted_at = CASE WHEN a.status = 'active' THEN now() - interval '20 days' END,
      next_look_on = CASE WHEN a.status <> 'active' THEN NULL
        WHEN a.id % 93 < 11 THEN current_date ELSE current_date + 1 + (a.id % 20)::int END,
      created_at = CASE WHEN a.status = 'active' THEN now() - interval '20 days'
                        ELSE now() - (a.id % 9) * interval '1 day' END,
      requested_by_id = c.assigned_to_id
    FROM cases_case c WHERE c.id = a.case_id AND a.status IN ('active', 'proposed')
    """,
    """
    UPDATE cases_arrangement SET status = 'awaiting_approval', accepted_how = 'phone', policy = '{
        "needs": "admin", "exceeded": ["waiver_percent"], "waiver_percent": "20.00", "capital": "0",
        "limits": [{"role": "gestor", "max_percent": "10", "max_instalments": 60, "min_down_percent": "0",
                    "keeps_capital": false, "monthly_rate": null, "arrears_from_months": 0}]}'
    WHERE status = 'proposed' AND id % 4 <> 0
    """,
    """
    INSERT INTO cases_instalment (arrangement_id, number, due_on, amount, paid_amount, status)
    SELECT a.id, n, (first_due_on + (n - 1) * interval '1 month')::date,
           CASE WHEN n = instalments THEN agreed_total - part * (n - 1) ELSE part END, 0, 'pending'
    FROM (SELECT *, trunc(agreed_total / instalments, 2) AS part FROM cases_arrangement
          WHERE status IN ('active', 'proposed', 'awaiting_approval')) a
    JOIN LATERAL generate_series(1, a.instalments) AS n ON true
    """,
    """
    UPDATE cases_promise SET status = 'cancelled' WHERE status = 'pending'
    AND case_id IN (SELECT case_id FROM cases_arrangement WHERE status = 'active')
    """,
    """
    UPDATE cases_case c SET queue_band = 4, next_action_at = a.first_due_on - interval '1 day', stage = 'promesa',
      status_id = (SELECT id FROM cases_casestatus WHERE slug = 'con-arreglo')
    FROM cases_arrangement a WHERE a.case_id = c.id AND a.status = 'active'
    """,
    """
    INSERT INTO cases_discountlimit (role, arrears_from_months, max_percent, max_instalments, min_down_percent,
                                     keeps_capital)
    VALUES ('gestor', 0, 10, 60, 0, false), ('admin', 0, 30, 60, 0, false), ('creditor', 0, 50, 60, 0, false)
    """,
    """
    INSERT INTO cases_offer (name, system, instalments, waiver_percent, down_percent, monthly_rate, valid_days,
                             arrears_from_months, position, is_active)
    VALUES ('Contado', 'none', 1, 10, 0, 0, 7, 0, 1, true), ('Tres', 'none', 3, 0, 0, 0, 7, 0, 2, true),
           ('Seis', 'french', 6, 0, 10, 5, 7, 0, 3, true), ('Sesenta', 'french', 60, 0, 0, 5, 7, 0, 4, true)
    """,
    "VACUUM ANALYZE",
]
# As many more that have ended.
CLOSED = [
    """
    INSERT INTO cases_arrangement (case_id, status, system, base_balance, agreed_total, down_payment, monthly_rate,
                                   instalments, first_due_on, accepted_at, accepted_how, lapse_overdue_count,
                                   creditor_authorisation, policy, closed_on, notes, is_historic, created_at,
                                   updated_at)
    SELECT id, CASE WHEN id %% 2 = 0 THEN 'lapsed' ELSE 'completed' END, 'none', 1000, 1000, 0, 0, 2,
           current_date - 300, now() - interval '310 days', 'phone', 2, '', '{}', current_date - 200, '', false,
           now() - interval '310 days', now()
    FROM cases_case WHERE id %% 10 <> 3 ORDER BY id LIMIT %s
    """,
    """
    INSERT INTO cases_instalment (arrangement_id, number, due_on, amount, paid_amount, status)
    SELECT a.id, n, first_due_on + 30 * (n - 1), 500, 0, 'overdue' FROM cases_arrangement a, generate_series(1, 2) AS n
    WHERE base_balance = 1000 AND created_at::date = current_date - 310
    """,
    "VACUUM ANALYZE cases_arrangement, cases_instalment",
]
NONE = [
    "ALTER TABLE cases_ledgerentry DISABLE TRIGGER USER",
    "UPDATE cases_ledgerentry SET arrangement_id = NULL, reason = '' WHERE arrangement_id IS NOT NULL",
    "ALTER TABLE cases_ledgerentry ENABLE TRIGGER USER",
    "DELETE FROM cases_instalment",
    "DELETE FROM cases_arrangement",
    "UPDATE cases_case SET queue_band = 6"
    " WHERE status_id = (SELECT id FROM cases_casestatus WHERE slug = 'con-arreglo')",
    "VACUUM ANALYZE cases_arrangement, cases_instalment, cases_case",
]


def set_up() -> None:
    import django  # noqa: PLC0415

    django.setup()


class Browser:
    """Who asks, and for which parts of a page. What is answered otherwise than expected ends the run."""

    def __init__(self, user: Any) -> None:
        from django.test import Client  # noqa: PLC0415

        self.client = Client(headers={"host": "localhost"})
        self.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def get(self, address: str, part: str = "", **data: str) -> Any:
        return self._checked(self.client.get(address, data, headers=self._wants(part)), 200)

    def post(self, address: str, part: str, expected: int, **data: str) -> Any:
        sent = {"token": uuid4().hex, **data}
        return self._checked(self.client.post(address, sent, headers=self._wants(part)), expected)

    def _wants(self, part: str) -> dict[str, str]:
        return {"HX-Request": "true", "HX-Target": part} if part else {}

    def _checked(self, response: Any, expected: int) -> Any:
        if response.status_code != expected:
            sys.exit(f"{response.request['PATH_INFO']} answered {response.status_code}, not {expected}")
        return response


def measure_pages() -> dict[str, Any]:
    """Median milliseconds and statements of each action. Runs in a process with DATABASE_URL set, see `figures_of`."""
    set_up()
    from django.db import transaction  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from cases.models import Arrangement, Case  # noqa: PLC0415
    from dashboards.figures import kpis  # noqa: PLC0415
    from dashboards.figures.periods import last_30_days  # noqa: PLC0415
    from dashboards.figures.scope import Scope  # noqa: PLC0415
    from nova.lib import dates  # noqa: PLC0415

    gestor = User.objects.get(username="gestor1")
    desk, office = Browser(gestor), Browser(User.objects.get(username="admin"))
    open_ones = Case.objects.visible_to(gestor).open().filter(stopped_at__isnull=True, balance__gt=0).order_by("id")
    free = list(open_ones.filter(arrangements__isnull=True).values_list("pk", flat=True)[:100])
    arranged = list(open_ones.filter(arrangements__status="active").values_list("pk", flat=True)[:100])
    waiting = list(
        Arrangement.objects.awaiting()
        .standing(timezone.now())
        .order_by("-created_at")
        .values_list("pk", flat=True)[:100]
    )
    one = Scope(cartera=Case.objects.get(pk=free[0]).cartera, gestor=gestor)
    period, first = last_30_days(dates.today()), (dates.today() + timedelta(days=10)).isoformat()
    own = {"arrangement_system": "french", "arrangement_instalments": "60", "arrangement_first_due_on": first}
    table = [desk.get(f"/cases/{pk}", edit="arrangement").text for pk in free[50:80]]
    offers = [re.findall(r'name="arrangement_offer"\s+value="([^"]+)"', page)[0] for page in table]
    accepted = {"type": "call", "with_arrangement": "on", "arrangement_how": "phone"}

    def accept(turn: int) -> None:
        desk.post(f"/cases/{free[50 + turn]}/activities", "", 303, arrangement_offer=offers[turn], **accepted)

    def answer(turn: int) -> None:
        with transaction.atomic():  # the small database has few requests: they are asked again
            office.post(f"/arrangements/{waiting[turn]}/approval", "requests", 200)
            transaction.set_rollback(True)

    actions: dict[str, Callable[[int], Any]] = {
        "floor: a page of one form": lambda turn: desk.get("/cuenta/clave"),
        "a person without arrangement": lambda turn: desk.get(f"/cases/{free[turn]}", "case"),
        "a person with one": lambda turn: desk.get(f"/cases/{arranged[turn]}", "case"),
        "… their arrangements alone": lambda turn: desk.get(f"/cases/{arranged[turn]}", "timeline", kind="convenios"),
        "the negotiator opens": lambda turn: desk.get(f"/cases/{free[turn]}", "negotiator", edit="arrangement"),
        "… sixty French instalments": lambda turn: desk.get(f"/cases/{free[turn]}/arrangements/figures", **own),
        "accepting an offer": accept,
        "paying an instalment": lambda turn: desk.post(
            f"/cases/{arranged[50 + turn]}/payments", "", 303, payment_amount=f"{1 + uuid4().int % 900},50"
        ),
        "Autorizaciones": lambda turn: office.get("/autorizaciones"),
        "… answering one": answer,
        "the four figures": lambda turn: kpis.arrangement_counts(Scope(), period),
        "… of a gestor in a cartera": lambda turn: kpis.arrangement_counts(one, period),
        "the rows of convenios": lambda turn: office.get("/dashboard-admin/convenios"),
        "the rows of cuotas": lambda turn: office.get("/dashboard-admin/cuotas"),
        "the rows of quitas": lambda turn: office.get("/dashboard-admin/quitas"),
    }
    return timed(actions)


def measure_night() -> dict[str, Any]:
    """What a night reads to find its cases (seconds, statements), how many they are, and what 500 of each kind take."""
    set_up()
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from cases import nightly  # noqa: PLC0415
    from cases.models import Arrangement  # noqa: PLC0415
    from nova.lib import dates  # noqa: PLC0415

    now, statements = timezone.now(), 0

    def counted(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    def cost(action: Callable[[], Any]) -> tuple[float, int]:
        nonlocal statements
        statements, before = 0, time.perf_counter()
        with connection.execute_wrapper(counted):
            action()
        return time.perf_counter() - before, statements

    def worked(cases: list[int]) -> None:
        for case_id in cases:
            with nightly._transaction(True):
                nightly._bring_up_to_date(case_id, nightly.Report(), now=now)

    found: list[int] = []
    figures = {"finding": cost(lambda: found.extend(nightly._cases_to_bring_up_to_date(dates.today())))}
    looked_at = set(Arrangement.objects.filter(case__in=found, closed_on__isnull=True).values_list("case", flat=True))
    of_plans = [case_id for case_id in found if case_id in looked_at]
    others = [case_id for case_id in found if case_id not in looked_at]
    for name, cases in (("others", others), ("arrangements", of_plans)):
        worked(cases[500:510])  # warm
        figures[name] = (len(cases), *cost(lambda cases=cases: worked(cases[:500])))
    return figures


def ready(cases: int) -> str:
    """The address of nova_arrangements_<cases>; made where it is missing, which takes minutes."""
    url, source = f"{server()}/nova_arrangements_{cases}", f"{server()}/nova_desk_{cases}"
    if not exists(url):
        if not exists(source):
            prepare(source, cases, WORK)
        draft = f"{url}_draft"
        drop(draft)
        copy(source, draft.rsplit("/", 1)[1])
        manage(draft, "migrate", "-v0")
        execute(draft, PLANS)
        manage(draft, "rebuild_rollups")
        rename(draft, url.rsplit("/", 1)[1])
    manage(url, "migrate", "-v0")
    return url


def execute(url: str, statements: list[str], *parameters: Any) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement, parameters if "%s" in statement else None)


def main() -> None:
    arguments = asked(__doc__, closed=500_000)
    if arguments.measure:
        print(json.dumps({"pages": measure_pages, "night": measure_night}[arguments.measure]()))
        return
    small, large = ready(arguments.small), ready(arguments.cases)
    for url in (small, large):
        execute(url, ["VACUUM ANALYZE"])
    few, many = (figures_of(url, __file__, "pages") for url in (small, large))
    print(f"{'':<30} {arguments.small:>9,} {arguments.cases:>11,}   ratio  statements")
    for name, (of_small, *_) in few.items():
        of_large, statements, slowest, sql = many[name]
        misses = "*" if of_large > LIMIT_MS else ""
        print(f"{name:<30} {of_small:6.1f} ms {of_large:8.1f} ms {of_large / of_small:7.2f} {statements:8} {misses}")
        if arguments.slowest and of_large > arguments.slowest:
            print(f"    {slowest} s: {sql[sql.find(' FROM ') :][:700]}")
    nights(large, arguments.closed)


def nights(url: str, closed: int) -> None:
    variants = {"as it is": [], f"{closed:,} more that ended": CLOSED, "without any": NONE}
    urls = {}
    for number, (name, changes) in enumerate(variants.items()):
        urls[name] = f"{url}_night_{number}" if changes else url
        if changes:
            drop(urls[name])
            copy(url, urls[name].rsplit("/", 1)[1])
            execute(urls[name], changes, closed)
    # In turns, and the best of each counts: a machine that is busy with something else is so for all.
    runs = [{name: figures_of(of_one, __file__, "night") for name, of_one in urls.items()} for _ in range(RUNS)]
    print(f"\n{'a night':<28} {'finding its cases':>24} {'promises, ms a case':>28} {'arrangements, ms a case':>32}")
    for name in variants:
        best = {key: min(run[name][key] for run in runs) for key in runs[0][name]}
        seconds, statements = best["finding"]
        line = f"{name:<28} {seconds:9.2f} s, {statements:3} statements"
        for kind in ("others", "arrangements"):
            cases, took, sent = best[kind]
            measured = max(min(cases, 500), 1)
            line += f" {took * 1000 / measured:9.1f} × {cases:6,}, {sent / measured:4.1f} statements"
        print(line)
        if urls[name] != url:
            drop(urls[name])


if __name__ == "__main__":
    main()
