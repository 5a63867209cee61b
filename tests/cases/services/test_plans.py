"""What a case asks costs the case's own rows, whatever PostgreSQL believes of the table (DESIGN §9).

After a load the statistics say that there are no payments and no pending promises. Until they are taken again, an index
of these alone looks empty, and any question about them seems to be answered fastest by reading it from end to end.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from cases import services
from cases.lists import OwnCases
from cases.models import Case, LedgerEntry, Promise
from nova.lib import dates
from tests.cases.importing.command import import_cases, portfolio
from tests.cases.transfer.command import run
from tests.factories import CarteraFactory, status
from tests.steps import pay, send

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
CASES, PAYMENTS, PENDING = 2_000, 19_000, 5_000
MOST = 200  # rows that one statement about a case may read of one table

LOAD = [
    """
    INSERT INTO cases_debtor (first_name, last_name, dni, email, street, street_number, city, postal_code, provincia,
                              notes, created_at)
    SELECT 'Ana', 'Gómez', 20000000 + n, '', '', '', '', '', '', '', now() FROM generate_series(1, {cases}) n
    """,
    """
    INSERT INTO cases_case (cartera_id, nro_cliente, debtor_id, entity, amount, balance, creditor_total, placed_on,
                            status_id, stage, queue_band, notes, version, created_at, updated_at)
    SELECT {cartera}, n, (SELECT min(id) FROM cases_debtor) + n - 1, '', 10000, 10000, 10000, current_date - 300,
           {status}, 'en_gestion', 5, '', 1, now(), now()
    FROM generate_series(1, {cases}) n
    """,
    """
    INSERT INTO cases_ledgerentry (case_id, cartera_id, kind, amount, value_date, method, reference, created_at, notes)
    SELECT id, cartera_id, 'placement', amount, placed_on, '', '', now(), '' FROM cases_case
    """,
    """
    INSERT INTO cases_promise (case_id, amount, promise_date, status, paid_amount, notes, is_historic, imported_author,
                               created_at, updated_at)
    SELECT id, 100, current_date - 200, 'broken', 0, '', true, '', now(), now() FROM cases_case
    """,
    "ANALYZE cases_debtor, cases_case, cases_ledgerentry, cases_promise",
]
THEN = [
    """
    INSERT INTO cases_ledgerentry (case_id, cartera_id, kind, amount, value_date, method, reference, created_at, notes)
    SELECT (SELECT min(id) FROM cases_case) + n % {cases}, {cartera}, 'payment', 10, current_date - n % 250, '', '',
           now(), ''
    FROM generate_series(1, {payments}) n
    """,
    """
    INSERT INTO cases_promise (case_id, amount, promise_date, status, paid_amount, notes, is_historic, imported_author,
                               created_at, updated_at)
    SELECT (SELECT min(id) FROM cases_case) + n % {cases}, 1, current_date + 5 + n % 30, 'pending', 0, '', false, '',
           now() - interval '1 day', now()
    FROM generate_series(1, {pending}) n
    """,
    """
    UPDATE cases_case SET balance = (SELECT sum(CASE kind WHEN 'payment' THEN -amount ELSE amount END)
                                     FROM cases_ledgerentry WHERE case_id = cases_case.id)
    """,
]


@pytest.fixture
def case(gestor_user: User) -> Case:
    """One of many, after a load and a month of payments and promises; the statistics are those of the load."""
    known = {"cartera": CarteraFactory(name="Cristal Cash").pk, "cases": CASES}
    known |= {"status": status("sin-gestion").pk, "payments": PAYMENTS, "pending": PENDING}
    with connection.cursor() as cursor:
        for statement in (*LOAD, *THEN):
            cursor.execute(statement.format(**known))
    case = Case.objects.get(nro_cliente="1000")
    case.assigned_to = gestor_user
    case.save()
    return case


def reads_of(action: Callable[[], Any], *, least: int = 6) -> list[tuple[int, str, str]]:
    """(rows read, how, statement) of every scan of every statement that `action` sends, the largest first."""
    with CaptureQueriesContext(connection) as captured:
        action()
    found = []
    for query in captured.captured_queries:
        sql = query["sql"]
        if not sql.startswith(("SELECT", "UPDATE", "DELETE")):
            continue
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
            [plan] = cursor.fetchone()[0]
            transaction.set_rollback(True)
        found += [(rows, how, sql) for rows, how in _scans(plan["Plan"])]
    assert len(found) >= least, "no statement was seen"
    return sorted(found, reverse=True)


def _scans(node: dict[str, Any]) -> Iterator[tuple[int, str]]:
    if "Scan" in node["Node Type"]:
        left_out = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        how = f"{node['Node Type']} {node.get('Index Name') or node.get('Relation Name')}"
        yield int((node["Actual Rows"] + left_out) * node["Actual Loops"]), how
    for inner in node.get("Plans", []):
        yield from _scans(inner)


def test_the_statistics_are_those_of_the_load(case: Case) -> None:
    """Else nothing here shows anything: PostgreSQL must believe that the table has no payment and none is pending."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) SELECT * FROM cases_ledgerentry WHERE kind = 'payment'")
        payments = cursor.fetchone()[0][0]["Plan"]["Plan Rows"]
        cursor.execute("EXPLAIN (FORMAT JSON) SELECT * FROM cases_promise WHERE status = 'pending'")
        pending = cursor.fetchone()[0][0]["Plan"]["Plan Rows"]
    assert (payments, pending) == (1, 1)
    assert LedgerEntry.objects.filter(kind="payment").count() == PAYMENTS


@pytest.mark.parametrize("known", [True, False], ids=["statistics of the load", "no statistics"])
def test_saving_what_was_done(case: Case, gestor_user: User, admin_user: User, known: bool) -> None:
    if not known:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM pg_statistic WHERE starelid::regclass::text LIKE 'cases_%'")
    promised = dates.today() + timedelta(days=3)

    def work() -> None:
        services.record_activity(case=case, by=gestor_user, type="call", notes="No contesta.")
        payment = pay(case, 10, by=gestor_user)
        promise = services.promise_payment(case=case, by=gestor_user, amount=Decimal(10), promise_date=promised)
        services.reverse_payment(payment=payment, by=admin_user)
        services.cancel_promise(promise=promise, by=gestor_user)
        services.change_status(case=case, status=status("incobrable"), by=gestor_user)

    rows, how, sql = reads_of(work)[0]
    assert rows < MOST, f"{how} read {rows} rows: {sql}"


def test_reading_a_case(case: Case, gestor_client: Client) -> None:
    def read() -> None:
        assert gestor_client.get(f"/cases/{case.pk}").status_code == 200
        assert send(gestor_client, "GET", f"cases/{case.pk}").status_code == 200
        assert send(gestor_client, "GET", f"activities/case/{case.pk}").status_code == 200

    rows, how, sql = reads_of(read)[0]
    assert rows < MOST, f"{how} read {rows} rows: {sql}"


def test_a_creditors_file_reads_the_payments_of_its_cases(case: Case, tmp_path: Path) -> None:
    """Once for each chunk of a file: all payments of the agency would be read forty times for 200,000 rows."""
    file = portfolio(tmp_path, "1000;Ana;Gómez;;12000", "1001;Ana;Gómez;;12000")
    dates_file = tmp_path / "pagos.csv"
    dates_file.write_text("Nro. Cliente;Fecha de último pago\n1000;15/03/2020\n")

    def load() -> None:
        assert import_cases(file).counts("updated") == (2,)
        assert run("update_last_payments", dates_file).summary == "updated=1 unchanged=0 rejected=0"

    # The cases of the cartera are read whole, once a file: for those it no longer has, and other forms of a key.
    reads = [read for read in reads_of(load) if not read[1].split()[-1].startswith(("cases_case", "case_"))]
    rows, how, sql = reads[0]
    assert rows < MOST, f"{how} read {rows} rows: {sql}"


def test_a_list_of_pending_promises_by_day_still_has_its_index(case: Case) -> None:
    """Those of a night: three of five thousand."""
    Promise.objects.filter(pk__in=Promise.objects.filter(status="pending").values("pk")[:3]).update(
        promise_date=dates.today()
    )
    due = Promise.objects.pending_of_all().computed().filter(promise_date__lte=dates.today())

    rows, how, sql = max(reads_of(lambda: [list(due.values_list("case_id")) for _ in range(6)]))
    assert (rows, how.split()[-1]) == (3, "promise_due"), sql


def test_lists_and_searches_of_ones_own_cases_read_an_index_alone(case: Case, gestor_user: User) -> None:
    """A gestor's cases lie all over the table: to look at each costs more than everything else of the page."""
    read = {
        "words": lambda: list(Case.objects.visible_to(gestor_user).search("ana gomez")),
        "list": lambda: OwnCases(gestor_user, QueryDict(""), now=timezone.now()).ids,
    }
    Case.objects.filter(pk__gt=case.pk).update(assigned_to=gestor_user)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE cases_case")
        # As after a vacuum, which no transaction can run.
        cursor.execute("UPDATE pg_class SET relallvisible = relpages WHERE relname = 'cases_case'")
        cursor.execute("SET LOCAL enable_seqscan = off")
    for name, action in read.items():
        scans = {how for _, how, _ in reads_of(action, least=1)}
        assert "Index Only Scan case_by_gestor_person" in scans, (name, scans)
