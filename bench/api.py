"""How long the JSON API takes at a million cases: `.venv/bin/python bench/api.py [--cases N]`.

Server time of each request, in-process on PostgreSQL, with a token of an admin as integrators have one (of a gestor
for their own list): at `--small` cases and at `--cases`, in one run. What is marked * is above the limits of pages of
50 unfiltered cases. The databases (BENCH_SERVER_URL; nova_pages_<cases>, those of pages.py) are made the first time,
which takes minutes, and kept; each run records some gestiones and payments in them.
"""

import json
import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from timing import asked, databases_of, figures_of, timed

FLOOR = "floor: the carteras"
LIMITS_MS = {"cases, page 1": 40, "cases, page 1,000": 80}
DEEP = 1000


def measure() -> dict[str, Any]:
    """Median milliseconds and statements of each request. Runs in a process with DATABASE_URL set, see `figures_of`."""
    import django  # noqa: PLC0415

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from accounts.tokens import issue_token  # noqa: PLC0415
    from cases.models import Case  # noqa: PLC0415

    settings.SIGNED_IN_API_RATES = ("1000000/m",)
    admin, gestor = User.objects.get(username="admin"), User.objects.get(username="gestor1")
    clients = {}
    for user in (admin, gestor):
        _, token = issue_token(user=user, name="bench", by=admin)
        clients[user] = Client(headers={"host": "localhost", "authorization": f"Token {token}"})
    middle = Case.objects.count() // 2
    some = list(Case.objects.filter(debtor__dni__isnull=False).select_related("debtor").order_by("id")[middle:][:100])

    def get(address: str, user: User = admin) -> Any:
        response = clients[user].get(f"/api/v1/{address}")
        if response.status_code != 200:
            sys.exit(f"{address} answered {response.status_code}: {response.text[:300]}")
        return response

    def post(address: str, body: Any) -> Any:
        headers = {"idempotency-key": uuid4().hex}
        response = clients[admin].post(f"/api/v1/{address}", body, content_type="application/json", headers=headers)
        if response.status_code != 201:
            sys.exit(f"{address} answered {response.status_code}: {response.text[:300]}")
        return response

    first, last = some[0], Case.objects.count() // 50
    addresses = {
        FLOOR: "carteras",
        "cases, page 1": "cases",
        "cases, page 1,000": f"cases?page={min(DEEP, last)}",
        "cases, the last page": f"cases?page={last}",
        "cases by balance": "cases?ordering=-balance",
        "cases by last payment": "cases?ordering=last_payment_date",
        "cases by last change": "cases?ordering=-updated_at",
        "cases of a cartera": f"cases?cartera_id={first.cartera_id}",
        "cases of a gestor": f"cases?gestor_id={gestor.pk}",
        "cases of a stage": "cases?status=en_gestion",
        "cases of a status (none)": "cases?management_status=pagada",
        "cases, search DNI": f"cases?search={first.debtor.dni}",
        "cases, search name": f"cases?search={first.debtor.last_name}",
        "cases, search two words": "cases?search=maria+nanez",
        "dashboard: kpis": "dashboard/kpis",
        "dashboard: ranking": "dashboard/gestores/ranking",
        "dashboard: performance": "dashboard/charts/performance",
        "dashboard: by status": "dashboard/cases/status",
    }
    actions: dict[str, Callable[[int], Any]] = {
        name: lambda turn, address=address: get(address) for name, address in addresses.items()
    }
    actions |= {
        "one case": lambda turn: get(f"cases/{some[turn].pk}"),
        "the gestiones of a case": lambda turn: get(f"activities/case/{some[turn].pk}"),
        "a gestor's cases": lambda turn: get("cases/gestor", gestor),
        "a gestor's cases, page 10": lambda turn: get("cases/gestor?page=10", gestor),
        "recording a gestión": lambda turn: post(f"cases/{some[turn].pk}/activities", {"type": "call", "result": "NC"}),
        "recording a payment": lambda turn: post(f"cases/{some[turn].pk}/payments", {"amount": "1.50"}),
    }
    return timed(actions)


def main() -> None:
    arguments = asked(__doc__)
    if arguments.measure:
        print(json.dumps(measure()))
        return
    small, large = (figures_of(url, __file__, "requests") for url in databases_of(arguments, "pages"))
    print(f"{'':<28} {arguments.small:>9,} {arguments.cases:>11,}   ratio  to the floor  statements")
    for name, (few, *_) in small.items():
        many, statements, slowest, sql = large[name]
        misses = "*" if many > LIMITS_MS.get(name, many) else ""
        ratios = f"{many / few:7.2f} {many / large[FLOOR][0]:13.1f}"
        print(f"{name:<28} {few:6.1f} ms {many:8.1f} ms {ratios} {statements:11} {misses}")
        if arguments.slowest and many > arguments.slowest:
            print(f"    {slowest} s: {sql[sql.find(' FROM ') :][:700]}")


if __name__ == "__main__":
    main()
