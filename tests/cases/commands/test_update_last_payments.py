"""`update_last_payments`: the creditor's dates, by key, and nothing else (DESIGN §10)."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from cases.models import Case
from nova.lib import dates
from tests.cases.transfer.command import run
from tests.factories import CarteraFactory, CaseFactory
from tests.queries import queries_do_not_grow
from tests.steps import pay

pytestmark = pytest.mark.django_db


def csv(folder: Path, *rows: str, header: str = "Nro. Cliente;Fecha de último pago") -> Path:
    path = folder / "pagos.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def test_dates_are_set_and_balances_are_not(tmp_path):
    case = CaseFactory(nro_cliente="0042")

    ran = run("update_last_payments", csv(tmp_path, "0042;15/03/2026"))

    case.refresh_from_db()
    assert (ran.code, ran.summary) == (0, "updated=1 unchanged=0 rejected=0")
    assert (case.last_payment_date, case.balance, case.version) == (date(2026, 3, 15), Decimal(10_000), 2)
    assert run("verify_data").code == 0


def test_again_changes_nothing(tmp_path):
    CaseFactory(nro_cliente="0042")
    file = csv(tmp_path, "0042;15/03/2026")
    run("update_last_payments", file)

    assert run("update_last_payments", file).summary == "updated=0 unchanged=1 rejected=0"
    assert Case.objects.get().version == 2


def test_our_own_later_payment_stays_the_last(tmp_path, admin_user):
    case = CaseFactory(nro_cliente="0042")
    pay(case, 10, by=admin_user)

    run("update_last_payments", csv(tmp_path, "0042;15/03/2026"))

    case.refresh_from_db()
    assert (case.last_payment_date, case.creditor_last_payment_date) == (dates.today(), date(2026, 3, 15))
    assert run("verify_data").code == 0


def test_workbook_with_real_dates(tmp_path):
    CaseFactory(nro_cliente="42")
    book = openpyxl.Workbook()
    book.active.append(["Cliente", "Fecha"])
    book.active.append([42, date(2026, 3, 15)])
    book.save(tmp_path / "pagos.xlsx")
    book.close()

    assert run("update_last_payments", tmp_path / "pagos.xlsx").summary.startswith("updated=1 ")
    assert Case.objects.get().last_payment_date == date(2026, 3, 15)


def test_key_of_several_carteras_needs_the_cartera(tmp_path):
    first, second = CarteraFactory(name="Una"), CarteraFactory(name="Otra")
    for cartera in (first, second):
        CaseFactory(cartera=cartera, nro_cliente="7")
    file = csv(tmp_path, "7;15/03/2026")

    lost = run("update_last_payments", file)
    found = run("update_last_payments", file, "--cartera", "otra")

    assert (lost.code, found.code) == (1, 0)
    assert "está en varias carteras" in lost.out
    assert Case.objects.get(cartera=second).last_payment_date == date(2026, 3, 15)
    assert Case.objects.get(cartera=first).last_payment_date is None


def test_bad_rows_are_reported_one_by_one(tmp_path):
    CaseFactory(nro_cliente="1")
    CaseFactory(nro_cliente="2")
    tomorrow = dates.today() + timedelta(days=1)
    rows = [
        "1;01/02/2026",
        "1;02/02/2026",
        f"2;{tomorrow:%d/%m/%Y}",
        "2;31/02/2026",
        "2;",
        ";01/02/2026",
        "9;01/02/2026",
    ]
    report = tmp_path / "informe.csv"

    ran = run("update_last_payments", csv(tmp_path, *rows), "--report", report)

    assert (ran.code, ran.summary) == (1, "updated=1 unchanged=0 rejected=6")
    text = report.read_text(encoding="utf-8")
    reasons = ["ya apareció en la fila 2", "es una fecha futura", "es una fecha que no existe", "está vací"]
    for reason in [*reasons, "no es de ningún caso"]:
        assert reason in text


def test_dry_run(tmp_path):
    CaseFactory(nro_cliente="1")

    assert run("update_last_payments", csv(tmp_path, "1;01/02/2026"), "--dry-run").summary.startswith("updated=1 ")
    assert Case.objects.get().last_payment_date is None


@pytest.mark.parametrize(
    ("header", "options", "reason"),
    [
        ("Cliente;Importe", [], "Hacen falta dos columnas"),
        ("Cliente;Fecha", ["--cartera", "Nada"], "No existe la cartera «Nada»"),
    ],
)
def test_what_cannot_be_done_is_2(tmp_path, header, options, reason):
    ran = run("update_last_payments", csv(tmp_path, "1;01/02/2026", header=header), *options)

    assert ran.code == 2
    assert reason in ran.error


def test_file_that_is_not_there(tmp_path, db):
    assert run("update_last_payments", tmp_path / "no.csv").code == 2


def test_queries_do_not_grow_with_rows(tmp_path):
    cases = CaseFactory.create_batch(2)

    def update():
        run("update_last_payments", csv(tmp_path, *(f"{case.nro_cliente};01/02/2026" for case in cases)))

    def more():
        cases[:] = CaseFactory.create_batch(40)

    assert queries_do_not_grow(update, more) <= 12
