"""How long the gestor's screen takes at a million cases: `.venv/bin/python bench/desk.py [--cases N]`.

Server time of each action, in-process on PostgreSQL: for a gestor of 5,000 cases at `--small` and at `--cases` (the
ratio of one run is what counts), and for one of 20,000 cases in the large database. Then what concerns one case, in a
database of `--loaded` cases right after a load, before PostgreSQL has looked at its tables again, against the same
after ANALYZE (`--cases 0`: this alone). The databases (BENCH_SERVER_URL; nova_desk_<cases>) are made the first time,
which takes minutes, and kept; each run saves some gestiones in them.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
from agency import prepare
from databases import copy, exists, manage
from timing import asked, databases_of, figures_of, server, timed

LIMIT_MS, LIMIT_RATIO = 60, 1.3
HELD_TO_RATIO = {
    "opening the queue",
    "the next case",
    "saving, and the next person",
}  # the rest depends on how many answer
OF_ONE_CASE = (
    "one case of the list",
    "the next case",
    "saving, and the next person",
    "saving a payment",
    "saving a promise",
)
LIMIT_OF_LOADED, TURNS = 2, 3

# Cases in the middle of their work: a third is due, some wait for a decision, some are paid.
WORK = [
    "UPDATE cases_case SET assigned_to_id = (SELECT id FROM accounts_user WHERE username = 'gestor3')"
    " WHERE assigned_to_id = (SELECT id FROM accounts_user WHERE username = 'gestor1')",
    """
    UPDATE cases_case SET assigned_to_id = (SELECT id FROM accounts_user WHERE username = 'gestor1')
    WHERE id IN (SELECT c.id FROM cases_case c JOIN accounts_user u ON u.id = assigned_to_id
                 WHERE u.username <> 'gestor2' ORDER BY md5(c.id::text) LIMIT 5000)
    """,
    """
    UPDATE cases_case SET queue_band = dice.band,
      next_action_at = CASE WHEN dice.band <> 5 THEN date_trunc('minute', now()) + dice.days * interval '1 day' END,
      last_activity_at = CASE WHEN dice.band <> 5 THEN now() - abs(dice.days) * interval '1 day' END,
      stopped_at = CASE WHEN dice.stop THEN now() END
    FROM (SELECT id, (ARRAY[1,2,2,2,2,3,4,4,5,5,6,6,6,6,6,6,6,6,6,7])[1 + floor(random() * 20)] AS band,
                 floor(random() * 48)::int - 16 AS days, random() < 0.02 AS stop FROM cases_case) AS dice
    WHERE dice.id = cases_case.id
    """,
    """
    INSERT INTO cases_ledgerentry (case_id, cartera_id, kind, amount, value_date, method, reference, credited_to_id,
                                   created_at, notes)
    SELECT id, cartera_id, 'payment',
           CASE WHEN abs(hashint8(id * 11)) % 10 = 3 THEN amount ELSE round(amount / 10, 2) END,
           current_date - abs(hashint8(id * 13) % 200), '', '', assigned_to_id, now(), ''
    FROM cases_case WHERE abs(hashint8(id * 11)) % 5 = 3
    """,
    """
    UPDATE cases_case SET balance = amount - paid.total
    FROM (SELECT case_id, sum(amount) AS total FROM cases_ledgerentry WHERE kind = 'payment' GROUP BY case_id) AS paid
    WHERE paid.case_id = cases_case.id AND abs(hashint8(cases_case.id * 11)) % 5 = 3
    """,
    """
    UPDATE cases_case SET stage = 'pagada', next_action_at = NULL,
      status_id = (SELECT id FROM cases_casestatus WHERE slug = 'pagada') WHERE abs(hashint8(id * 11)) % 10 = 3
    """,
    """
    INSERT INTO cases_promise (case_id, amount, promise_date, status, paid_amount, notes, is_historic, imported_author,
                               created_by_id, created_at, updated_at)
    SELECT id, round(balance / 4, 2), current_date + abs(hashint8(id * 17) % 20), 'pending', 0, '', false, '',
           assigned_to_id, now(), now()
    FROM cases_case WHERE queue_band = 4 AND stage = 'en_gestion'
    """,
]


def measure(username: str) -> dict[str, Any]:
    """Median milliseconds and statements of each action. Runs in a process with DATABASE_URL set, see `figures_of`."""
    import django  # noqa: PLC0415

    django.setup()
    from django.test import Client  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from cases.desk.queue import place_of  # noqa: PLC0415
    from cases.models import Activity, ActivityResult, Case  # noqa: PLC0415

    gestor = User.objects.get(username=username)
    result = ActivityResult.objects.get(code="NC").pk
    queue = list(Case.objects.in_queue(gestor).values_list("pk", flat=True)[:200])
    somewhere = Case.objects.visible_to(gestor).listed().filter(debtor__dni__isnull=False).order_by("-id")[500]
    deep = place_of(Case.objects.in_queue(gestor)[1000])
    client = Client(headers={"host": "localhost"})
    client.force_login(gestor, backend="django.contrib.auth.backends.ModelBackend")
    parts = {name: {"HX-Request": "true", "HX-Target": name} for name in ("desk", "case", "queue", "timeline")}

    def get(address: str, part: str = "") -> Any:
        response = client.get(address, headers=parts.get(part))
        if response.status_code == 302:
            response = client.get(response["Location"], headers=parts.get(part))
        if response.status_code != 200:
            sys.exit(f"{address} answered {response.status_code}")
        return response

    def save(turn: int, **more: str) -> None:
        pk = queue[turn]
        sent = {"token": uuid4().hex, "type": "call", "result": result, "notes": "No contesta.", "then": "next"}
        response = client.post(f"/cases/{pk}/activities", sent, headers={**parts["desk"], **more})
        if response.status_code != 200 or not Activity.objects.filter(case=pk, result=result).exists():
            sys.exit(f"/cases/{pk}/activities answered {response.status_code} and saved nothing")

    def alone(kind: str, sent: dict[str, str]) -> Callable[[int], None]:
        def send(turn: int) -> None:
            response = client.post(f"/cases/{queue[50 + turn]}/{kind}", {"token": uuid4().hex, **sent})
            if response.status_code != 303:
                sys.exit(f"/cases/{queue[50 + turn]}/{kind} answered {response.status_code} and saved nothing")

        return send

    due = (timezone.localdate() + timedelta(days=5)).isoformat()
    debts = of_one_person(queue[180:192], result)
    last_name = somewhere.debtor.last_name
    actions: dict[str, Callable[[int], Any]] = {
        "floor: a page of one form": lambda turn: get("/cuenta/clave"),
        "opening the queue": lambda turn: get("/dashboard-gestor"),
        "the queue, 1,000 cases down": lambda turn: get(f"/dashboard-gestor?after={deep.replace('+', '%2B')}", "queue"),
        "one case of the list": lambda turn: get(f"/cases/{queue[100 + turn]}", "case"),
        "the next case": lambda turn: get(f"/dashboard-gestor/next?from={queue[100 + turn]}", "desk"),
        "… as j asks for it": lambda turn: get(f"/dashboard-gestor/next?from={queue[100 + turn]}", "case"),
        "search, common name": lambda turn: get(f"/dashboard-gestor?search={last_name}", "queue"),
        "search, two words": lambda turn: get("/dashboard-gestor?search=maria+nanez", "queue"),
        "search, unknown name": lambda turn: get("/dashboard-gestor?search=zzyzx", "queue"),
        "search, two of nobody": lambda turn: get("/dashboard-gestor?search=nunez+altamirano", "queue"),
        "search, a key of nobody": lambda turn: get("/dashboard-gestor?search=AB-45", "queue"),
        "search, part of a phone": lambda turn: get("/dashboard-gestor?search=4547", "queue"),
        "search, DNI": lambda turn: get(f"/dashboard-gestor?search={somewhere.debtor.dni}", "queue"),
        "search, nro_cliente": lambda turn: get(f"/dashboard-gestor?search={somewhere.nro_cliente}", "queue"),
        "my cases": lambda turn: get("/dashboard-gestor?tab=casos"),
        "my cases without gestión": lambda turn: get("/dashboard-gestor?tab=casos&focus=idle"),
        "my cases, recovered": lambda turn: get("/dashboard-gestor?tab=casos&focus=recovered"),
        "my cases, due this week": lambda turn: get("/dashboard-gestor?tab=casos&focus=due_week"),
        "my cases, large, not reached": lambda turn: get("/dashboard-gestor?tab=casos&over=50000&days=15"),
        "a case walked in my cases": lambda turn: get(f"/cases/{queue[100 + turn]}?list=&at=100", "case"),
        "the agenda": lambda turn: get("/dashboard-gestor/agenda"),
        "saving, and the next person": save,
        "… where the rows stay": lambda turn: save(25 + turn, **{"Rows-Shown": "25"}),
        "a person with twelve debts": lambda turn: get(f"/cases/{debts[turn % 12]}", "case"),
        "… their payments alone": lambda turn: get(f"/cases/{debts[turn % 12]}?kind=pagos", "timeline"),
        "saving a payment": alone("payments", {"payment_amount": "1,50", "payment_confirm_duplicate": "on"}),
        "saving a promise": alone("promises", {"promise_amount": "1,50", "promise_date": due}),
    }
    return timed(actions)


def of_one_person(debts: list[int], result: int) -> list[int]:
    """These cases (ids), all of one person from now on, each with a history."""
    from cases.models import Activity, Case  # noqa: PLC0415

    Case.objects.filter(pk__in=debts).update(debtor=Case.objects.get(pk=debts[0]).debtor_id)
    said = [
        Activity(case_id=pk, type="call", result_id=result, notes="No contesta.") for pk in debts for _ in range(25)
    ]
    if Activity.objects.filter(case__in=debts).count() < len(said):
        Activity.objects.bulk_create(said)
    return debts


def main() -> None:
    arguments = asked(__doc__, loaded=100_000)
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    if arguments.cases:
        at_two_sizes(arguments)
    after_a_load(arguments.loaded, arguments.slowest)


def at_two_sizes(arguments: argparse.Namespace) -> None:
    urls = databases_of(arguments, "desk", WORK)
    small, large = (figures_of(url, __file__, "gestor1") for url in urls)
    huge = figures_of(urls[1], __file__, "gestor2")
    print(f"{'':<28} {arguments.small:>9,} {arguments.cases:>11,}   ratio   20,000 of one gestor  statements")
    for name, (few, *_) in small.items():
        many, (most, statements, slowest, sql) = large[name][0], huge[name]
        grew = name in HELD_TO_RATIO and many / few > LIMIT_RATIO
        misses = "*" if max(many, most) > LIMIT_MS or grew else ""
        print(f"{name:<28} {few:6.1f} ms {many:8.1f} ms {many / few:7.2f} {most:17.1f} ms {statements:11} {misses}")
        if arguments.slowest and most > arguments.slowest:
            print(f"    {slowest} s: {sql[sql.find(' FROM ') :][:700]}")


def after_a_load(cases: int, shown_from: float) -> None:
    loaded, analyzed = f"{server()}/nova_desk_loaded_{cases}", f"{server()}/nova_desk_analyzed_{cases}"
    if not exists(loaded):
        prepare(loaded, cases, WORK, analyzed=False)
    if not exists(analyzed):
        copy(loaded, analyzed.rsplit("/", 1)[1])
        with psycopg.connect(analyzed, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
    for url in (loaded, analyzed):
        manage(url, "migrate", "-v0")
    # In turns, and the best of each counts: a machine that is busy with something else is so for both.
    runs = [[figures_of(url, __file__, "gestor1") for url in (loaded, analyzed)] for _ in range(TURNS)]
    before, after = (
        {name: min(run[name] for run in of_one) for name in OF_ONE_CASE} for of_one in zip(*runs, strict=True)
    )
    print(f"\n{f'one of {cases:,} cases':<28} analyzed   just loaded   ratio")
    for name in OF_ONE_CASE:
        known, (unknown, _, slowest, sql) = after[name][0], before[name]
        misses = "*" if unknown / known > LIMIT_OF_LOADED else ""
        print(f"{name:<28} {known:5.1f} ms {unknown:10.1f} ms {unknown / known:7.2f} {misses}")
        if shown_from and unknown > shown_from:
            print(f"    {slowest} s: {sql[sql.find(' FROM ') :][:700]}")


if __name__ == "__main__":
    main()
