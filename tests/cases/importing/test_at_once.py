"""A creditor's file beside a person who works a case of it: the load waits, then sees what was done (DESIGN §3.2)."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from cases import services
from cases.models import Case, ImportUpload
from nova.lib import dates
from tests.at_once import after_waiting
from tests.cases.importing.command import import_cases, portfolio
from tests.cases.transfer.command import run
from tests.factories import CarteraFactory, CaseFactory, DebtorFactory
from tests.steps import ledger_sum, pay

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LATELY = dates.today() - timedelta(days=3)
BEFORE = dates.today() - timedelta(days=200)


@pytest.fixture
def case() -> Case:
    return CaseFactory(cartera=CarteraFactory(name="Cristal Cash"), nro_cliente="0042", debtor__dni="20111222")


def refresh(folder: Path, *, total: str = "12000", document: str = "20111222") -> Callable[[], Any]:
    file = portfolio(folder, f"0042;Ana;Gómez;{document};{total}")
    return lambda: import_cases(file)


def last_payments(folder: Path) -> Callable[[], Any]:
    file = folder / "pagos.csv"
    file.write_text(f"Nro. Cliente;Fecha de último pago\n0042;{BEFORE:%d/%m/%Y}\n")
    return lambda: run("update_last_payments", file)


LOADS = pytest.mark.parametrize(
    ("load", "creditors_date"), [(refresh, None), (last_payments, BEFORE)], ids=["import_cases", "update_last_payments"]
)


def paid_on(case: Case) -> date | None:
    case.refresh_from_db()
    return case.last_payment_date


@LOADS
def test_a_payment_that_it_waited_for_is_the_last_one(case, tmp_path, load, creditors_date) -> None:
    ran = after_waiting(lambda: pay(case, value_date=LATELY), load(tmp_path))

    assert ran.code == 0, ran.error
    assert (paid_on(case), case.creditor_last_payment_date) == (LATELY, creditors_date)
    assert case.version == 2
    assert run("verify_data").code == 0


@LOADS
def test_a_reversal_that_it_waited_for_leaves_none(case, tmp_path, load, creditors_date) -> None:
    payment = pay(case, value_date=LATELY)

    ran = after_waiting(lambda: services.reverse_payment(payment=payment, by=None), load(tmp_path))

    assert ran.code == 0, ran.error
    assert paid_on(case) == creditors_date
    assert run("verify_data").code == 0


def test_the_creditors_total_is_the_balance_after_the_payment(case, tmp_path) -> None:
    after_waiting(lambda: pay(case, 1000), refresh(tmp_path))

    case.refresh_from_db()
    assert case.balance == ledger_sum(case) == Decimal("12000.00")


def test_a_case_that_was_deleted_meanwhile_stops_the_import_in_words(case, tmp_path, admin_user: User) -> None:
    """Its row of the file would be lost: neither refreshed nor created."""
    ran = after_waiting(lambda: services.delete_case(case=case, by=admin_user), refresh(tmp_path))

    assert ran.code == 2
    assert "Alguien eliminó" in ran.error
    assert import_cases(portfolio(tmp_path, "0042;Ana;Gómez;20111222;12000")).counts("created", "updated") == (1, 0)


def test_one_deleted_before_it_could_move_too(tmp_path, admin_user: User) -> None:
    case = CaseFactory(cartera=CarteraFactory(name="Cristal Cash"), nro_cliente="0042", debtor__dni=None)
    DebtorFactory(dni="20111222")

    ran = after_waiting(lambda: services.delete_case(case=case, by=admin_user), refresh(tmp_path, total="10000"))

    assert (ran.code, "Alguien eliminó" in ran.error) == (2, True)


@pytest.mark.parametrize("page", ["change", "columns"])
def test_a_file_discarded_in_another_window_is_not_found(
    client_of, admin_user: User, admin_client: Client, page: str
) -> None:
    file = ("cartera.csv", b"Nro. Cliente;Nombre;Apellido;DNI;Deuda Total\n1;Ana;Paz;;10\n")
    upload = ImportUpload.objects.create(
        created_by=admin_user,
        file_name=file[0],
        content=file[1],
        options={
            "cartera": "Cristal Cash",
            "create_cartera": True,
            "sheet": "",
            "date_order": "dmy",
            "assign_to": "",
            "on_existing": "update",
        },
    )
    fields = {"new_cartera": "Cristal Cash", "date_order": "dmy", "on_existing": "update"}
    chosen = {
        f"column_{number}": name for number, name in enumerate(("nro_cliente", "name", "lastname", "dni", "total"))
    }

    answer = after_waiting(
        ImportUpload.objects.all().delete,
        lambda: admin_client.post(f"/admin/cases/importupload/{upload.pk}/{page}/", fields | chosen),
    )

    assert answer.status_code == 404
    assert not ImportUpload.objects.exists()
