"""Two requests at the same moment, on two real PostgreSQL connections."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from cases import services
from cases.models import Case, Debtor, LedgerEntry
from tests import factories
from tests.at_once import after_waiting, at_once
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


# --- The same new person -----------------------------------------------------------------------------------
@pytest.fixture
def post(admin_client: Client) -> Any:
    """`post(nro_cliente="2")`: how a case of Ana's, of cartera Cristal Cash, is placed."""
    factories.CarteraFactory(name="Cristal Cash")

    def posting(**given: Any) -> Any:
        body = {"debtor_name": "Gómez, Ana", "dni": "20111222", "amount": "500", "cartera": "Cristal Cash", **given}
        return lambda: send(admin_client, "POST", "cases", body)

    return posting


@pytest.mark.parametrize("document", ["20111222", "27-20111222-8", "30-71234567-1"])
def test_two_requests_with_one_new_document_make_one_person_with_both_cases(post: Any, document: str) -> None:
    second = after_waiting(
        post(nro_cliente="1", dni=document), post(nro_cliente="2", dni=document, email="ana@example.com")
    )

    assert second.status_code == 201, second.json()
    debtor = Debtor.objects.get()
    assert set(debtor.cases.values_list("nro_cliente", flat=True)) == {"1", "2"}
    assert debtor.email == "ana@example.com"


def test_the_same_key_and_the_same_new_person_is_refused_by_the_key(post: Any) -> None:
    answer = after_waiting(post(nro_cliente="1"), post(nro_cliente="1"))

    assert (answer.status_code, list(answer.json()["details"])) == (400, ["nro_cliente"])
    assert (Case.objects.count(), Debtor.objects.count()) == (1, 1)


def test_many_at_once_are_all_created(post: Any) -> None:
    answers = at_once(*(post(nro_cliente=str(number)) for number in range(6)))

    assert [answer.status_code for answer in answers] == [201] * 6
    assert (Case.objects.count(), Debtor.objects.count()) == (6, 1)


def test_a_debtor_who_gets_a_case_stays_when_the_other_one_goes(post: Any, admin_user: User) -> None:
    case = factories.CaseFactory(debtor__dni="20111222")

    after_waiting(post(nro_cliente="2"), lambda: services.delete_case(case=case, by=admin_user))

    assert Debtor.objects.get().cases.get().nro_cliente == "2"


def test_a_debtor_who_went_meanwhile_is_made_anew(post: Any, admin_user: User) -> None:
    case = factories.CaseFactory(debtor__dni="20111222", debtor__city="Viedma")

    answer = after_waiting(lambda: services.delete_case(case=case, by=admin_user), post(nro_cliente="2"))

    assert answer.status_code == 201
    assert (Debtor.objects.get().city, Case.objects.get().nro_cliente) == ("", "2")


def test_a_document_that_another_is_just_getting_is_a_conflict(admin_client: Client, admin_user: User) -> None:
    first, second = factories.CaseFactory(), factories.CaseFactory()

    answer = after_waiting(
        lambda: services.edit_case(case=first, by=admin_user, debtor_changes={"dni": "30111222"}),
        lambda: send(admin_client, "PATCH", f"cases/{second.pk}", {"dni": "30.111.222"}),
    )

    assert (answer.status_code, "otra persona guardó" in answer.json()["error"]) == (409, True)
    assert Debtor.objects.get(dni="30111222") == first.debtor


# --- An edit that waited -------------------------------------------------------------------------------------
def test_an_edit_says_nothing_of_what_it_does_not_send(admin_client: Client, admin_user: User) -> None:
    """A surname that was corrected while a first name waited stays corrected."""
    case = factories.CaseFactory(debtor__first_name="Ana", debtor__last_name="Gomes")

    answer = after_waiting(
        lambda: services.edit_case(case=case, by=admin_user, debtor_changes={"last_name": "Gómez"}),
        lambda: send(admin_client, "PATCH", f"cases/{case.pk}", {"name": "Ana María"}),
    )

    assert (answer.status_code, answer.json()["data"]["debtor_name"]) == (200, "Ana María Gómez")


def test_a_case_that_was_taken_away_meanwhile_is_not_edited(
    gestor_client: Client, gestor_user: User, other_gestor: User, admin_user: User
) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)

    answer = after_waiting(
        lambda: services.assign_cases(cases=Case.objects.all(), gestor=other_gestor, by=admin_user),
        lambda: send(gestor_client, "PATCH", f"cases/{case.pk}", {"notes": "otra"}),
    )

    assert (answer.status_code, Case.objects.get().notes) == (404, "")
