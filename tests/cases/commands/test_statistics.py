"""Whoever fills a table has its statistics taken and its indexes whole: PostgreSQL plans for what is there now, and no
search reads what waits (DESIGN §9)."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from cases.models import BookTotal, Case, DailyTotal, Debtor, DebtorPhone, LedgerEntry, Promise
from nova.lib import databases
from tests.cases.importing.command import import_cases, portfolio
from tests.cases.transfer.command import empty_tables, run
from tests.factories import CaseFactory, PromiseFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _nothing_is_known() -> None:
    """What PostgreSQL believes, before: that every table is empty."""
    empty_tables()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def believed(*models: Any) -> list[int]:
    """The number of rows that the statistics say."""
    with connection.cursor() as cursor:
        counts = []
        for model in models:
            cursor.execute("SELECT reltuples::int FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
            counts.append(cursor.fetchone()[0])
    return counts


def enter_waiting(index: str) -> int:
    """Enters what waits for an index. Returns how many pages it was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [index])
        return int(cursor.fetchone()[0])


def three(folder: Path) -> Path:
    header = "Nro. Cliente;Nombre;Apellido;DNI;Deuda Total;Teléfono"
    rows = (f"{number};Ana;Paz;2011122{number};1000;11 4444-555{number}" for number in range(3))
    return portfolio(folder, *rows, header=header)


def test_after_an_import(tmp_path: Path) -> None:
    tables = (Debtor, DebtorPhone, Case, LedgerEntry)
    import_cases(three(tmp_path), "--dry-run")
    assert believed(*tables) == [0, 0, 0, 0]

    import_cases(three(tmp_path))

    assert believed(*tables, DailyTotal, BookTotal) == [3, 3, 3, 3, DailyTotal.objects.count(), 1]
    with connection.cursor() as cursor:  # and its columns: what share of the entries are payments
        cursor.execute(
            "SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'cases_ledgerentry' AND attname = 'kind'"
        )
        assert cursor.fetchone() == ("{placement}",)


@pytest.mark.parametrize("index", ["debtor_search_trigram", "phone_digits_trigram"])
def test_nothing_waits_for_an_index_after_an_import(index: str, tmp_path: Path) -> None:
    DebtorPhone.objects.create(debtor=CaseFactory().debtor, number="+541144445550")
    assert enter_waiting(index) == 1

    import_cases(three(tmp_path))

    assert enter_waiting(index) == 0


def test_after_the_dates_of_last_payments(tmp_path: Path) -> None:
    CaseFactory(nro_cliente="0042")
    file = tmp_path / "pagos.csv"
    file.write_text("Nro. Cliente;Fecha de último pago\n0042;15/03/2026\n")

    run("update_last_payments", file)

    assert believed(Case) == [1]


def test_after_a_move_from_another_installation(tmp_path: Path) -> None:
    PromiseFactory()
    file = tmp_path / "todo.json"
    run("export_data", file)
    empty_tables()

    assert run("import_data", file).code == 0

    assert believed(Debtor, Case, LedgerEntry, Promise, BookTotal) == [1, 1, 1, 1, 1]


@pytest.mark.parametrize("command", ["rebuild_rollups", "nightly"])
def test_after_the_sums_are_made_or_merged(command: str) -> None:
    CaseFactory.create_batch(3, cartera=CaseFactory().cartera)

    assert run(command).code == 0

    assert believed(BookTotal, DailyTotal) == [1, DailyTotal.objects.count()]


def test_after_the_invented_agency(settings: Any) -> None:
    settings.DEBUG = True

    assert run("create_sample_data", "--cases", 3).code == 0

    assert believed(Case) == [3]
    assert believed(LedgerEntry, Promise) == [LedgerEntry.objects.count(), Promise.objects.count()]


def test_after_a_copy_was_anonymized(settings: Any) -> None:
    CaseFactory()

    assert run("anonymize_data", "--confirm", connection.settings_dict["NAME"]).code == 0

    assert believed(Debtor, Case) == [1, 1]


def test_a_load_is_done_though_the_statistics_cannot_be_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody is vacuuming the table."""
    monkeypatch.setattr(databases, "ANALYZE_WAIT", "50ms")
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE cases_case IN SHARE UPDATE EXCLUSIVE MODE")
        ran = import_cases(three(tmp_path))
    finally:
        other.close()
    assert (ran.code, ran.counts("created"), Case.objects.count()) == (0, (3,), 3)
    assert believed(Case) == [0]
    assert "lock timeout" in caplog.text
