"""An import that is taken back: what nobody has touched since is as it was, the rest stays and says why (DESIGN §5)."""

import html
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEvent, User
from cases import nightly
from cases.importing.undoing import Undone, undo_import
from cases.importing.uploads import earlier_import
from cases.models import (
    Activity,
    Case,
    Debtor,
    DebtorPhone,
    ImportBatch,
    ImportChange,
    ImportUpload,
    LedgerEntry,
    Promise,
    StopFlag,
)
from cases.services import assign_cases, record_payment
from nova.lib import dates
from tests import factories
from tests.at_once import after_waiting, at_once
from tests.cases.importing.command import everything, import_cases, portfolio
from tests.cases.transfer.command import Ran, run
from tests.queries import queries_of
from tests.steps import pay

pytestmark = pytest.mark.django_db
HEADER = "cliente;apellido;dni;total;telefono;email;fecha mora"
ROW = "{0};PAZ {0};201112{0};{1};;;"


def load(folder: Path, *rows: str, code: int = 0, **options: str) -> ImportBatch:
    given = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", value)]
    ran = import_cases(portfolio(folder, *rows, header=HEADER), *given)
    assert ran.code == code, ran.error
    return ImportBatch.objects.latest("id")


def undo(batch: ImportBatch | int, *options: str) -> Ran:
    return run("undo_import", batch if isinstance(batch, int) else batch.pk, *options)


def state() -> dict[str, Any]:
    """What people and figures see: all but the trail, the versions and what is voided, lifted or cancels out."""
    own = {field.attname for field in Case._meta.concrete_fields} - {"version", "updated_at"}
    sums: dict[int, Any] = {}
    for entry in LedgerEntry.objects.signed():
        sums[entry.case_id] = sums.get(entry.case_id, 0) + entry.signed_amount
    return {
        "cases": sorted(Case.objects.values_list(*sorted(own)), key=repr),
        "debtors": sorted(Debtor.objects.values_list(), key=repr),
        "phones": sorted(DebtorPhone.objects.values_list("debtor", "number", "kind", "state", "note")),
        "owed": sums,
        "activities": list(Activity.objects.filter(voided_at__isnull=True).order_by("id").values_list("id", flat=True)),
        "stops": list(StopFlag.objects.filter(lifted_at__isnull=True).order_by("id").values_list("id", flat=True)),
        "promises": list(Promise.objects.order_by("id").values_list("id", "status")),
    }


# --- As it was -----------------------------------------------------------------------------------------------
def test_a_first_load_leaves_nothing(tmp_path: Path) -> None:
    batch = load(tmp_path, ROW.format(10, 100), ROW.format(11, 200))
    ran = undo(batch)
    assert (ran.code, ran.summary) == (0, "removed=2 restored=0 kept=0")
    assert (Case.objects.count(), Debtor.objects.count(), LedgerEntry.objects.count()) == (0, 0, 0)
    batch.refresh_from_db()
    assert batch.undone_at is not None
    assert AuditEvent.objects.filter(action="deleted", target_type="case").count() == 2
    assert run("verify_data").code == 0
    assert import_cases(portfolio(tmp_path, ROW.format(10, 100), header=HEADER)).counts("created") == (1,)


def test_what_it_refreshed_is_as_it_was(tmp_path: Path) -> None:
    load(tmp_path, "10;PAZ;20111210;1000;;;01/02/2026", "11;SUR;20111211;500;;;")
    before = state()
    batch = load(tmp_path, "10;PAZ;20111210;1500;1144445555;paz@example.com;03/03/2026", "12;NUEVO;20111212;50;;;")
    assert (str(Case.objects.get(nro_cliente="10").balance), DebtorPhone.objects.count()) == ("1500.00", 1)
    ran = undo(batch)
    assert (ran.code, ran.summary) == (0, "removed=1 restored=1 kept=0")
    assert state() == before
    amounts = LedgerEntry.objects.filter(case__nro_cliente="10").order_by("id").values_list("amount", flat=True)
    assert [int(amount) for amount in amounts] == [1000, 500, -500]
    assert run("verify_data").code == 0


@pytest.mark.parametrize("choice", ["close", "review"])
def test_the_missing_come_back(tmp_path: Path, choice: str) -> None:
    load(tmp_path, *(ROW.format(number, 100) for number in range(10, 20)))
    before = state()
    batch = load(tmp_path, *(ROW.format(number, 100) for number in range(11, 20)), missing=choice)
    assert state() != before
    assert undo(batch).summary == "removed=0 restored=1 kept=0"
    assert state() == before
    assert run("verify_data").code == 0


def test_a_possible_payment_to_the_creditor_is_no_longer_one(tmp_path: Path) -> None:
    load(tmp_path, ROW.format(10, 100), ROW.format(11, 100))
    before = state()
    batch = load(tmp_path, ROW.format(10, 0), ROW.format(11, 100))
    assert undo(batch).summary == "removed=0 restored=1 kept=0"
    assert state() == before


KEYS = st.integers(10, 15)
TOTALS = st.integers(1, 9)
LINES = st.dictionaries(
    KEYS,
    st.tuples(
        TOTALS, st.sampled_from(["", "1144445555", "1166667777"]), st.sampled_from(["", "a@b.example"]), st.booleans()
    ),
    min_size=1,
)


@given(first=LINES, second=LINES, missing=st.sampled_from(["report", "review", "close"]))
@settings(max_examples=25, phases=[Phase.generate])
def test_an_import_and_its_undoing_change_nothing(tmp_path: Path, first: Any, second: Any, missing: str) -> None:
    people = 30_000_000 + 100 * ImportBatch.objects.count()  # others than those of the example before

    def rows(lines: Any) -> list[str]:
        return [
            f"{key};PAZ {key};{people + key if known else ''};{total}00;{phone};{mail};"
            for key, (total, phone, mail, known) in lines.items()
        ]

    cartera = f"Cartera {ImportBatch.objects.count()}"
    file = portfolio(tmp_path, *rows(first), header=HEADER)
    assert import_cases(file, cartera=cartera).code == 0
    before = state()
    file = portfolio(tmp_path, *rows(second), header=HEADER)
    assert import_cases(file, "--missing", missing, "--missing-max", "100", cartera=cartera).code == 0
    moved = ImportBatch.objects.latest("id")
    ran = undo(moved)
    assert (ran.code, ran.out.split()[-1]) == (0, "kept=0")
    assert state() == before


def test_the_creditors_other_columns_are_as_they_were(tmp_path: Path) -> None:
    header = "cliente;apellido;dni;total;Sucursal"
    for rows in (["10;PAZ;20111210;100;Centro", "11;SUR;20111211;100;Norte"], ["10;PAZ;20111210;200;Oeste"]):
        ran = import_cases(portfolio(tmp_path, *rows, header=header), "--keep-columns", "all")
        assert ran.code == 0, ran.error
    before = state()
    ran = import_cases(portfolio(tmp_path, "10;PAZ;20111210;300;Este", "11;SUR;20111211;100;Sur", header=header))
    assert [case.extra for case in Case.objects.order_by("nro_cliente")] == [{"Sucursal": "Este"}, {"Sucursal": "Sur"}]
    assert undo(ImportBatch.objects.latest("id")).summary == "removed=0 restored=2 kept=0"
    assert state() == before


# --- What stays ------------------------------------------------------------------------------------------------
def test_what_was_worked_stays_and_is_named(tmp_path: Path, gestor_user: User) -> None:
    load(tmp_path, ROW.format(10, 1000), ROW.format(11, 1000))
    batch = load(tmp_path, ROW.format(10, 1500), ROW.format(11, 1500), ROW.format(12, 70), ROW.format(13, 70))
    pay(Case.objects.get(nro_cliente="10"))
    record_payment(
        case=Case.objects.get(nro_cliente="12"), by=gestor_user, amount=Decimal(50), value_date=dates.today()
    )
    ran = undo(batch)
    assert ran.summary == "removed=1 restored=1 kept=2"
    assert ("Quedan como están 2: se trabajó o cambió después." in ran.out, "  12 · PAZ" in ran.out) == (True, True)
    assert {case.nro_cliente for case in Case.objects.all()} == {"10", "11", "12"}
    assert run("verify_data").code == 0


def test_an_assignment_is_no_work(tmp_path: Path, gestor_user: User) -> None:
    batch = load(tmp_path, ROW.format(10, 1000))
    assign_cases(cases=Case.objects.all(), gestor=gestor_user, by=None)
    assert undo(batch).summary == "removed=1 restored=0 kept=0"


@pytest.mark.parametrize("touch", ["note", "phone", "stop", "snooze", "payment key", "edit"])
def test_whatever_refers_to_a_new_case_keeps_it(tmp_path: Path, gestor_user: User, touch: str) -> None:
    batch = load(tmp_path, ROW.format(10, 1000))
    case = Case.objects.get()
    if touch == "note":
        factories.ActivityFactory(case=case)
    elif touch == "phone":
        factories.DebtorPhoneFactory(debtor=case.debtor)
    elif touch == "stop":
        StopFlag.objects.create(debtor=case.debtor, case=case, reason="reclamo", since=case.created_at)
    elif touch == "snooze":
        Case.objects.update(version=2, next_action_at=case.created_at)
    elif touch == "edit":
        AuditEvent.objects.create(action="edited", target_type="case", target_id=case.pk)
    else:
        factories.PaymentRowFactory(case=case)
    assert undo(batch).out.split()[-1] == ("kept=0" if touch == "phone" else "kept=1")


def test_a_case_that_it_moved_to_another_person_stays(tmp_path: Path) -> None:
    load(tmp_path, "10;PAZ;;1000;;;")
    import_cases(portfolio(tmp_path, "77;PAZ;20111210;5;;;", header=HEADER), cartera="Otra")
    batch = load(tmp_path, "10;PAZ;20111210;1500;;;")
    ran = undo(batch)
    assert ran.summary == "removed=0 restored=0 kept=1"
    assert "pasó a otro deudor" in ran.out
    assert str(Case.objects.get(nro_cliente="10").balance) == "1500.00"


def test_a_later_load_keeps_what_it_refreshed(tmp_path: Path) -> None:
    first = load(tmp_path, ROW.format(10, 1000), ROW.format(11, 1000))
    second = load(tmp_path, ROW.format(10, 1500), ROW.format(11, 1000))
    ran = undo(first)
    assert ran.summary == "removed=1 restored=0 kept=1"
    assert "otra importación lo actualizó después" in ran.out
    assert undo(second).summary == "removed=0 restored=1 kept=0"
    assert str(Case.objects.get().balance) == "1000.00"


def test_a_phone_that_was_used_or_marked_stays(tmp_path: Path) -> None:
    load(tmp_path, ROW.format(10, 1000), ROW.format(11, 1000), ROW.format(12, 1000))
    batch = load(
        tmp_path, *(f"{number};PAZ {number};201112{number};1000;11444455{number};;" for number in (10, 11, 12))
    )
    used, marked, _ = DebtorPhone.objects.order_by("id")
    factories.ActivityFactory(case=Case.objects.get(nro_cliente="10"), phone=used)
    DebtorPhone.objects.filter(pk=marked.pk).update(state="good")
    assert undo(batch).code == 0
    assert set(DebtorPhone.objects.all()) == {used, marked}


def test_a_document_by_which_a_later_debt_found_its_person_stays(tmp_path: Path) -> None:
    load(tmp_path, "10;PAZ;;1000;;;")
    batch = load(tmp_path, "10;PAZ;20111210;1000;;;")
    ran = import_cases(portfolio(tmp_path, "77;PAZ;20111210;5;;;", header=HEADER), cartera="Otra")
    assert (ran.code, Debtor.objects.count()) == (0, 1)
    assert undo(batch).code == 0
    assert Debtor.objects.get().dni == "20111210"


# --- Refused, tried, twice ---------------------------------------------------------------------------------------
def test_a_trial_changes_nothing(tmp_path: Path) -> None:
    load(tmp_path, ROW.format(10, 1000))
    batch = load(tmp_path, ROW.format(10, 1500), ROW.format(11, 70))
    before = everything()
    ran = undo(batch, "--dry-run")
    assert (ran.code, ran.summary) == (0, "removed=1 restored=1 kept=0")
    assert everything() == before


def test_it_is_done_once(tmp_path: Path) -> None:
    batch = load(tmp_path, ROW.format(10, 1000))
    assert undo(batch).code == 0
    assert undo(batch) == Ran(2, "", "Esa importación ya se deshizo.")
    assert undo(999_999) == Ran(2, "", "No existe la importación n.º 999999.")


@pytest.mark.parametrize("count", ["created", "updated", "closed"])
def test_an_import_of_before_cannot_be_undone(count: str) -> None:
    batch = factories.ImportBatchFactory(counts={count: 3})
    with pytest.raises(ValidationError, match="no se puede deshacer"):
        undo_import(batch, by=None)


def test_what_an_import_changed_is_noted_for_ninety_days(tmp_path: Path) -> None:
    load(tmp_path, ROW.format(10, 1000))
    batch = load(tmp_path, ROW.format(10, 1500))
    last_day = batch.created_at + timedelta(days=90)
    assert undo_import(batch, by=None, dry_run=True, now=last_day - timedelta(seconds=1)).restored == 1
    with pytest.raises(ValidationError, match="Pasaron más de 90 días"):
        undo_import(batch, by=None, now=last_day)
    nightly.run(now=last_day)
    assert ImportChange.objects.count() == 1
    nightly.run(now=last_day + timedelta(seconds=1))
    assert ImportChange.objects.count() == 0


def test_the_ledger_still_refuses_every_other_deletion(tmp_path: Path) -> None:
    load(tmp_path, ROW.format(10, 1000))
    load(tmp_path, ROW.format(10, 1500))
    with pytest.raises(TypeError):
        LedgerEntry.objects.all().delete()


def test_it_asks_the_same_of_many_as_of_few(tmp_path: Path) -> None:
    def measured(first: int, count: int) -> int:
        numbers = range(first, first + count)
        load(tmp_path, *(f"{number};PAZ {number};{30_000_000 + number};100;;;" for number in numbers))
        batch = load(
            tmp_path,
            *(f"{number};PAZ {number};{30_000_000 + number};200;;;" for number in numbers),
            *(f"N{number};SUR {number};{40_000_000 + number};100;;;" for number in numbers),
        )
        return len(queries_of(lambda: undo_import(batch, by=None)))

    assert measured(1000, 10) == measured(2000, 40)


# --- In the administration ------------------------------------------------------------------------------------------
def test_an_admin_undoes_it_with_its_figures_first(admin_client: Client, tmp_path: Path, gestor_user: User) -> None:
    batch = load(tmp_path, ROW.format(10, 1000), ROW.format(11, 2000))
    record_payment(case=Case.objects.get(nro_cliente="11"), by=gestor_user, amount=Decimal(50))
    address = f"/admin/cases/importbatch/{batch.pk}"
    assert f"{address}/undo/" in admin_client.get(f"{address}/change/").text
    asked = admin_client.get(f"{address}/undo/").text
    for words in ("Casos que se quitan", "1, por $ 1.000,00", "se trabajó o cambió después", "11 · PAZ 11"):
        assert words in asked
    assert Case.objects.count() == 2
    done = admin_client.post(f"{address}/undo/", {"submission": "1" * 32}, follow=True).text
    assert "Se deshizo la importación: 1 caso quitado, 0 restaurados y 1 que queda como está." in done
    assert ("Deshecha" in done, f"{address}/undo/" in done) == (True, False)
    again = admin_client.post(f"{address}/undo/", {"submission": "2" * 32})
    assert (again.status_code, "ya se deshizo" in again.text) == (422, True)


def test_what_takes_longer_than_a_request_is_for_the_command(admin_client: Client, tmp_path: Path) -> None:
    batch = load(tmp_path, ROW.format(10, 1000))
    ImportBatch.objects.update(counts={"created": 30_001})
    address = f"/admin/cases/importbatch/{batch.pk}/undo/"
    assert f"«manage.py undo_import {batch.pk}»" in html.unescape(admin_client.get(address).text)
    assert admin_client.post(address, {"submission": "1" * 32}).status_code == 422
    assert Case.objects.count() == 1


def test_who_only_edits_data_undoes_nothing(staff_client: Client, tmp_path: Path) -> None:
    batch = load(tmp_path, ROW.format(10, 1000))
    assert staff_client.get(f"/admin/cases/importbatch/{batch.pk}/undo/").status_code == 403
    assert Case.objects.count() == 1


def test_the_same_file_may_come_again(tmp_path: Path) -> None:
    batch = load(tmp_path, ROW.format(10, 1000))
    upload = ImportUpload(sha256=batch.sha256, options={"cartera": batch.cartera.name})
    assert earlier_import(upload) == batch
    assert undo(batch).code == 0
    assert earlier_import(upload) is None


# --- At once -------------------------------------------------------------------------------------------------------
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_payment_that_it_waited_for_keeps_its_case(tmp_path: Path) -> None:
    batch = load(tmp_path, ROW.format(10, 1000), ROW.format(11, 1000))
    case = Case.objects.get(nro_cliente="10")
    ran = after_waiting(lambda: pay(case), lambda: undo(batch))
    assert (ran.code, ran.summary) == (0, "removed=1 restored=0 kept=1")
    assert run("verify_data").code == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_at_once_undo_once(tmp_path: Path) -> None:
    load(tmp_path, ROW.format(10, 1000))
    batch = load(tmp_path, ROW.format(10, 1500))
    results = at_once(*[lambda: undo_import(batch, by=None)] * 2)
    assert [type(result) for result in results].count(Undone) == 1, results
    assert LedgerEntry.objects.filter(kind="adjustment").count() == 2
    assert str(Case.objects.get().balance) == "1000.00"
