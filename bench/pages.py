"""How long the administration's pages take at a million cases: `.venv/bin/python bench/pages.py [--cases N]`.

Each page is asked for in-process on PostgreSQL, at `--small` cases and at `--cases`, with five gestiones a case; the
figure that counts is the ratio between the two, taken in one run. The databases (BENCH_SERVER_URL, default
postgres://postgres@127.0.0.1:5432; nova_pages_<cases>) are made the first time, which takes minutes, and kept.
"""

import json
import sys
from typing import Any

import psycopg
from timing import asked, databases_of, figures_of, timed

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
        "cases of the dashboard": "/dashboard-admin/casos",
        "cases of the dashboard, search by DNI": f"/dashboard-admin/casos?search={dni}",
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


def measure(addresses: dict[str, str]) -> dict[str, Any]:
    """Median milliseconds and statements of each page. Runs in a process with DATABASE_URL set, see `figures_of`."""
    import django  # noqa: PLC0415

    django.setup()
    from django.test import Client  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(username="admin"), backend="django.contrib.auth.backends.ModelBackend")

    def get(name: str, address: str) -> None:
        response = client.get(address)
        if response.status_code != 200:
            sys.exit(f"{name}: {address} answered {response.status_code}")

    actions = {name: lambda turn, name=name, address=address: get(name, address) for name, address in addresses.items()}
    return timed(actions, ROUNDS)


def main() -> None:
    arguments = asked(__doc__)
    if arguments.measure:
        print(json.dumps(measure(json.loads(arguments.measure))))
        return
    small, large = (figures_of(url, __file__, json.dumps(pages(url))) for url in databases_of(arguments, "pages"))
    print(f"{'':<32} {arguments.small:>9,} {arguments.cases:>11,}   ratio  statements")
    for name, (few, *_) in small.items():
        many, statements, _, sql = large[name]
        print(f"{name:<32} {few:6.1f} ms {many:8.1f} ms {many / few:7.2f} {statements:8}")
        if arguments.slowest and many > arguments.slowest:
            print(f"    {sql[sql.find(' FROM ') :][:400]}")


if __name__ == "__main__":
    main()
