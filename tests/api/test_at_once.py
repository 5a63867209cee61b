"""Two requests at the same moment, on two real PostgreSQL connections."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from cases.models import Case, LedgerEntry
from tests import factories
from tests.at_once import at_once
from tests.conftest import ClientOf
from tests.steps import send

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def twice(client_of: ClientOf, admin_user: User) -> Any:
    """`twice("POST", address, body, other, **headers)`: the two responses."""

    def asking(method: str, address: str, *bodies: Any, **headers: str) -> list[Any]:
        clients = [client_of(admin_user) for _ in bodies]

        def ask(client: Any, body: Any) -> Any:
            return lambda: send(client, method, address, body, headers=headers)

        return at_once(*(ask(client, body) for client, body in zip(clients, bodies, strict=True)))

    return asking


def payments(case: Case) -> list[Decimal]:
    return list(LedgerEntry.objects.filter(case=case, kind="payment").values_list("amount", flat=True))


def test_one_key_pays_once_and_both_read_the_same(twice: Any) -> None:
    for number in range(5):
        case = factories.CaseFactory()
        body = {"amount": "100.00"}
        first, second = twice("POST", f"cases/{case.pk}/payments", body, body, **{"Idempotency-Key": f"k{number}"})
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert payments(case) == [Decimal(100)]


def test_one_key_with_two_bodies_does_one_of_them(twice: Any) -> None:
    case = factories.CaseFactory()
    answers = twice(
        "POST", f"cases/{case.pk}/payments", {"amount": "100"}, {"amount": "200"}, **{"Idempotency-Key": "k"}
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(payments(case)) == 1


def test_one_reference_pays_once(twice: Any) -> None:
    case = factories.CaseFactory()
    body = {"amount": "100", "reference": "recibo 1"}
    answers = twice("POST", f"cases/{case.pk}/payments", body, body)
    assert sorted(answer.status_code for answer in answers) == [201, 400]
    assert [list(answer.json()["details"]) for answer in answers if answer.status_code == 400] == [["reference"]]
    assert payments(case) == [Decimal(100)]


def test_two_that_together_exceed_the_balance_do_not_both_pass(twice: Any) -> None:
    case = factories.CaseFactory()
    answers = twice("POST", f"cases/{case.pk}/payments", {"amount": "6000"}, {"amount": "7000"})
    assert sorted(answer.status_code for answer in answers) == [201, 400]
    case.refresh_from_db()
    assert case.balance == case.amount - sum(payments(case))


def test_two_edits_of_one_version_do_not_both_pass(twice: Any) -> None:
    case = factories.CaseFactory()
    answers = twice("PATCH", f"cases/{case.pk}", {"notes": "una", "version": 1}, {"notes": "otra", "version": 1})
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    case.refresh_from_db()
    assert [answer.json()["data"]["notes"] for answer in answers if answer.status_code == 200] == [case.notes]


def test_one_key_creates_one_case(twice: Any) -> None:
    factories.CarteraFactory(name="Cristal Cash")
    body = {"debtor_name": "Gómez, Ana", "dni": "20111222", "amount": "500", "cartera": "Cristal Cash"}
    first, second = twice("POST", "cases", body, body, **{"Idempotency-Key": "alta"})
    assert first.json() == second.json()
    assert Case.objects.count() == 1
