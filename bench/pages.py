"""How long the administration's pages take at a million cases: `.venv/bin/python bench/pages.py [--cases N]`.

Each page is asked for in-process on PostgreSQL, at `--small` cases and at `--cases`, with five gestiones a case; the
figure that counts is the ratio between the two, taken in one run. The databases (BENCH_SERVER_URL, default
postgres://postgres@127.0.0.1:5432; nova_pages_<cases>) are made the first time, which takes minutes, and kept.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import psycopg
from agency import DEFAULT_SERVER, prepare
from databases import ROOT, environment, exists

ROUNDS = 7


def pages(url: str) -> dict[str, str]:
    """What is asked for, by name. Searches look for somebody in the middle of the table."""
    with psycopg.connect(url) as connection:
        pk, key, debtor, cartera, gestor, dni = connection.execute(
            "SELECT c.id, nro_cliente, debtor_id, cartera_id, assigned_to_id, dni FROM cases_case c"
            " JOIN cases_debtor d ON d.id = debtor_id WHERE dni IS NOT NULL"
            " ORDER BY c.id OFFSET (SELECT count(*) / 2 FROM cases_case) LIMIT 1"
        ).fetchone()
    case, autocomplete = "/admin/cases/case/", "/admin/autocomplete/?app_label=cases&model_name=case"
    return {
        "role page of the admin": "/dashboard-admin",
        "role page, search by DNI": f"/dashboard-admin?search={dni}",
        "cases": case,
        "cases, page 50": f"{case}?p=50",
        "cases, search DNI": f"{case}?q={dni}",
        "cases, search nro_cliente": f"{case}?q={key}",
        "cases, search common name": f"{case}?q=nunez",
        "cases, search two words": f"{case}?q=maria+nanez",
        "cases, search unknown name": f"{case}?q=zzyzx",
        "cases, search unknown number": f"{case}?q=99999999",
        "cases of a cartera": f"{case}?cartera__id__exact={cartera}",
        "cases of a gestor": f"{case}?assigned_to__id__exact={gestor}",
        "cases without gestor (none)": f"{case}?assigned=0",
        "cases paid (none)": f"{case}?stage=pagada",
        "cases stopped (none)": f"{case}?stopped=1",
        "cases in band 2 (none)": f"{case}?queue_band__exact=2",
        "cases of a status (none)": f"{case}?status__id__exact=2",
        "one case": f"{case}{pk}/change/",
        "new case": f"{case}add/",
        "debtors": "/admin/cases/debtor/",
        "debtors, search": "/admin/cases/debtor/?q=maria+nanez",
        "one debtor": f"/admin/cases/debtor/{debtor}/change/",
        "movements": "/admin/cases/ledgerentry/",
        "movements, payments (none)": "/admin/cases/ledgerentry/?kind__exact=payment",
        "gestiones": "/admin/cases/activity/",
        "gestiones of a search": "/admin/cases/activity/?q=nunez",
        "gestiones, automatic (none)": "/admin/cases/activity/?is_system__exact=1",
        "gestiones, visits (none)": "/admin/cases/activity/?type__exact=visit",
        "promises": "/admin/cases/promise/",
        "promises, pending (none)": "/admin/cases/promise/?status__exact=pending",
        "audit trail": "/admin/accounts/auditevent/",
        "audit trail, payments (none)": "/admin/accounts/auditevent/?action__exact=payment",
        "audit trail of a case": f"/admin/accounts/auditevent/?target_type=case&target_id={pk}",
        "audit trail, search": "/admin/accounts/auditevent/?q=admin",
        "carteras": "/admin/cases/cartera/",
        "users": "/admin/accounts/user/",
        "autocomplete of debtors": "/admin/cases/case/debtors/?term=nunez",
        "autocomplete of gestores": f"{autocomplete}&field_name=assigned_to&term=nom",
    }


def measure(asked: dict[str, str]) -> dict[str, Any]:
    """Median milliseconds and statements of each page, in this process. Runs with DATABASE_URL set, see `main`."""
    import django  # noqa: PLC0415

    django.setup()
    from django.db import connection, reset_queries  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415

    client = Client()
    client.force_login(User.objects.get(username="admin"), backend="django.contrib.auth.backends.ModelBackend")
    figures = {}
    for name, url in asked.items():
        times = []
        for _ in range(ROUNDS):
            reset_queries()
            before = time.perf_counter()
            response = client.get(url, HTTP_HOST="localhost")
            times.append((time.perf_counter() - before) * 1000)
            if response.status_code != 200:
                sys.exit(f"{name}: {url} answered {response.status_code}")
        slowest = max(connection.queries, key=lambda query: float(query["time"]), default={"time": "0", "sql": ""})
        figures[name] = (statistics.median(times), len(connection.queries), slowest["sql"])
    return figures


def figures_of(url: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, "--measure", json.dumps(pages(url))],
        cwd=ROOT,
        env=environment(url),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--slowest", type=float, default=0, help="show the slowest statement of pages above so many ms")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(json.loads(arguments.measure))))
        return
    server = os.environ.get("BENCH_SERVER_URL", DEFAULT_SERVER)
    figures = []
    for cases in (arguments.small, arguments.cases):
        url = f"{server}/nova_pages_{cases}"
        if not exists(url):
            prepare(url, cases)
        figures.append(figures_of(url))
    print(f"{'':<32} {arguments.small:>9,} {arguments.cases:>11,}   ratio  statements")
    for name, (small, _, _) in figures[0].items():
        large, statements, sql = figures[1][name]
        print(f"{name:<32} {small:6.1f} ms {large:8.1f} ms {large / small:7.2f} {statements:8}")
        if arguments.slowest and large > arguments.slowest:
            print(f"    {sql[sql.find(' FROM ') :][:400]}")


if __name__ == "__main__":
    main()
