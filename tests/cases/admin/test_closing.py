"""An admin closes the open cases of a cartera that is no longer worked (DESIGN §3.5)."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Activity, Cartera, Case, Promise
from cases.services import closing
from nova.lib import dates
from tests.at_once import at_once
from tests.conftest import ClientOf
from tests.factories import CarteraFactory, CaseFactory, GestorFactory
from tests.queries import queries_do_not_grow
from tests.steps import NO_FIELDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def cartera(gestor_user: User) -> Cartera:
    """Three open cases of two people, one promise; one of the people has a debt elsewhere; a closed case."""
    cartera = CarteraFactory(name="Norte")
    cases = [CaseFactory(cartera=cartera, assigned_to=gestor_user, amount=Decimal(1000)) for _ in range(2)]
    CaseFactory(cartera=cartera, debtor=cases[0].debtor, amount=Decimal(500))
    CaseFactory(debtor=cases[0].debtor)
    CaseFactory(cartera=cartera, status_slug="incobrable")
    services.promise_payment(
        case=cases[1], by=gestor_user, amount=Decimal(300), promise_date=dates.today() + timedelta(days=2)
    )
    cartera.is_active = False
    cartera.save()
    return cartera


def address(cartera: Cartera) -> str:
    return f"/admin/cases/cartera/{cartera.pk}/closing/"


def sent(**changed: str) -> dict[str, str]:
    return {"reason": "Fin del contrato", "expected": "3", "submission": uuid4().hex} | changed


def test_says_what_would_be_closed_and_closes_it(admin_client: Client, admin_user: User, cartera: Cartera) -> None:
    page = admin_client.get(address(cartera))
    facts = dict(page.context["facts"])
    assert facts == {
        "Casos abiertos": "3",
        "Saldo": "$ 2.500,00",
        "Promesas pendientes que se cancelan": "1, por $ 300,00",
        "Personas": "2",
        "Personas con otras deudas abiertas, que se siguen trabajando": "1",
    }
    assert 'name="expected" value="3"' in page.text
    done = admin_client.post(address(cartera), sent(), follow=True)
    assert "Se dieron de baja 3 casos de Norte." in done.text
    closed = cartera.cases.filter(stage="de_baja")
    assert (closed.count(), cartera.cases.open().count(), Case.objects.open().count()) == (3, 0, 1)
    assert set(Promise.objects.values_list("status", flat=True)) == {"cancelled"}
    assert AuditEvent.objects.filter(action="status", actor=admin_user).count() == 3
    written = Activity.objects.filter(type="status", is_system=True)
    assert written.count() == 3
    assert all(activity.notes.endswith("→ De baja. Fin del contrato") for activity in written)


def test_deactivating_a_cartera_leads_there(admin_client: Client, staff_client: Client, gestor_user: User) -> None:
    cartera = CaseFactory().cartera
    change = f"/admin/cases/cartera/{cartera.pk}/change/"
    data = {"name": cartera.name, "monthly_interest_rate": "5", **NO_FIELDS}
    done = admin_client.post(change, data)
    assert (done.status_code, done["Location"]) == (302, address(cartera))
    assert "Tiene 1 caso sin cerrar" in admin_client.get(address(cartera)).text
    assert address(cartera) in admin_client.get(change).text  # later too
    assert address(cartera) not in staff_client.get(change).text
    admin_client.post(change, {**data, "is_active": "on"})
    assert address(cartera) not in admin_client.get(change).text
    staff = staff_client.post(change, data)
    assert (staff.status_code, staff["Location"]) == (302, "/admin/cases/cartera/")
    admin_client.post(address(cartera), sent(expected="1"))
    assert address(cartera) not in admin_client.get(change).text


@pytest.mark.parametrize(("who", "refused"), [("staff_user", 403), ("gestor_user", 302), ("user_user", 302)])
def test_it_is_a_decision_of_admins(client_of: ClientOf, cartera: Cartera, who: str, refused: int, request) -> None:
    client = client_of(request.getfixturevalue(who))
    for answer in (client.get(address(cartera)), client.post(address(cartera), sent())):
        assert answer.status_code == refused
    assert cartera.cases.open().count() == 3


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"reason": " "}, "Escriba el motivo."),
        ({"reason": "x" * 301}, "300 caracteres"),
        ({"expected": "2"}, "ahora los casos abiertos son 3"),
        ({"expected": ""}, "ahora los casos abiertos son 3"),
        ({"expected": "-1"}, "ahora los casos abiertos son 3"),
        ({"expected": "9" * 5000}, "ahora los casos abiertos son 3"),
    ],
)
def test_bad_input_and_what_changed_meanwhile(
    admin_client: Client, cartera: Cartera, changed: dict[str, str], words: str
) -> None:
    answer = admin_client.post(address(cartera), sent(**changed))
    assert (answer.status_code, words in answer.text) == (422, True)
    if "expected" in changed:
        assert 'name="expected" value="3"' in answer.text
    assert cartera.cases.open().count() == 3


def test_an_active_cartera_and_one_without_open_cases(admin_client: Client) -> None:
    cartera = CaseFactory().cartera
    assert "está activa" in admin_client.get(address(cartera), follow=True).text
    assert "está activa" in admin_client.post(address(cartera), sent(expected="1")).text
    assert cartera.cases.open().exists()
    empty = CarteraFactory(is_active=False)
    assert "no hay nada que cerrar" in admin_client.get(address(empty), follow=True).text
    assert admin_client.get("/admin/cases/cartera/999999/closing/").status_code == 404


def test_a_second_click_closes_nothing_more(admin_client: Client, cartera: Cartera) -> None:
    form = sent()
    first, second = (admin_client.post(address(cartera), form) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    again = admin_client.post(address(cartera), sent())
    assert (again.status_code, "ahora los casos abiertos son 0" in again.text) == (422, True)
    assert "Dar de baja 0" not in again.text
    assert AuditEvent.objects.filter(action="status").count() == 3


def test_a_part_at_a_time(admin_user: User, cartera: Cartera) -> None:
    assert services.close_cartera(cartera=cartera, by=admin_user, expected=3, limit=2) == (2, 1)
    assert services.close_cartera(cartera=cartera, by=admin_user, expected=1, limit=2) == (1, 0)


def test_queries_do_not_grow_with_cases(admin_client: Client, cartera: Cartera) -> None:
    def more() -> None:
        for _ in range(9):
            CaseFactory(cartera=cartera)

    queries_do_not_grow(lambda: admin_client.get(address(cartera)), more)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_admins_at_once(admin_user: User) -> None:
    cartera = CaseFactory().cartera
    Cartera.objects.filter(pk=cartera.pk).update(is_active=False)
    close = lambda: closing.close_cartera(cartera=cartera, by=admin_user, expected=1)  # noqa: E731
    answers = at_once(close, close)
    assert {type(answer) for answer in answers} == {tuple, ValidationError}
    assert AuditEvent.objects.filter(action="status").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_while_somebody_activates_it_again(admin_user: User) -> None:
    cartera = CaseFactory(assigned_to=GestorFactory()).cartera
    Cartera.objects.filter(pk=cartera.pk).update(is_active=False)

    def activate() -> None:
        again = Cartera.objects.get(pk=cartera.pk)
        again.is_active = True
        again.save()

    at_once(activate, lambda: closing.close_cartera(cartera=cartera, by=admin_user, expected=1))
    case = Case.objects.get(cartera=cartera)
    assert AuditEvent.objects.filter(action="status").count() == int(not case.is_open)
