"""GET /gestores/<id>, and the passing on of a gestor's cases."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Activity, Case
from tests import factories
from tests.conftest import ClientOf
from tests.queries import queries_do_not_grow
from tests.steps import pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def cases(gestor_user: User) -> list[Case]:
    cartera = factories.CarteraFactory(name="Norte")
    made = [factories.CaseFactory(assigned_to=gestor_user, cartera=cartera) for _ in range(3)]
    return [*made, factories.CaseFactory(assigned_to=gestor_user, status_slug="incobrable")]


def address(user: User, tail: str = "") -> str:
    return f"/gestores/{user.pk}{tail}"


def test_shows_figures_queue_and_last_gestiones(
    admin_client: Client, admin_user: User, gestor_user: User, other_gestor: User, cases: list[Case]
) -> None:
    pay(cases[0], "1500.00", by=gestor_user)
    services.record_activity(case=cases[1], by=gestor_user, type="call", result=factories.result("NOC"))
    Case.objects.filter(pk=cases[2].pk).update(next_action_at=timezone.now() + timedelta(days=2), queue_band=6)
    other = factories.CaseFactory(assigned_to=other_gestor)
    pay(other, "900.00", by=other_gestor)

    response = admin_client.get(address(gestor_user))

    assert response.context["tiles"][0].value == "$ 1.500,00"
    health = dict(response.context["health"])
    assert (health["En bandeja ahora"], health["Detenidos"]) == (0, 1)
    # The payment's case waits for the next business day, the third for its date.
    assert health["Agendados para más adelante"] == 2
    assert [activity.case_id for activity in response.context["activities"]] == [cases[1].pk, cases[0].pk]
    assert "Olga Gestora" in response.text  # somebody to give cases to
    assert [chart.name for chart in response.context["charts"]] == ["weekly", "statuses"]


def test_filters_apply(admin_client: Client, gestor_user: User, cases: list[Case]) -> None:
    page = admin_client.get(address(gestor_user), {"cartera": cases[3].cartera_id, "period": "year"})
    assert page.context["other_tiles"][0].value == "1"
    assert admin_client.get(address(gestor_user), {"start_date": "x"}).status_code == 400


def test_who_never_worked_has_no_page(admin_client: Client, admin_user: User, user_user: User) -> None:
    for nobody in (admin_user, user_user):
        assert admin_client.get(address(nobody)).status_code == 404
    assert admin_client.get("/gestores/999999").status_code == 404
    held = factories.CaseFactory(assigned_to=user_user)  # made a user after being a gestor
    page = admin_client.get(address(held.assigned_to))
    assert (page.status_code, "Ya no es gestor" in page.text) == (200, True)


@pytest.mark.parametrize("who", ["gestor_user", "other_gestor", "user_user", "staff_user"])
@pytest.mark.parametrize("tail", ["", "/reassignment"])
def test_it_is_for_admins(client_of: ClientOf, gestor_user: User, who: str, tail: str, request) -> None:
    client = client_of(request.getfixturevalue(who))
    answers = [client.get(address(gestor_user, tail))]
    if tail:
        answers.append(client.post(address(gestor_user, tail), {"to": "others", "expected": 0}))
    assert [(answer.status_code, answer["Location"][:10]) for answer in answers] == [(302, "/dashboard")] * len(answers)


def test_queries_do_not_grow_with_rows(admin_client: Client, gestor_user: User, other_gestor: User) -> None:
    def more() -> None:
        for _ in range(9):
            case = factories.CaseFactory(assigned_to=gestor_user)
            factories.ActivityFactory(case=case, result=factories.result("NC"))
            factories.GestorFactory()

    queries_do_not_grow(lambda: admin_client.get(address(gestor_user)), more)


# --- Reassignment ------------------------------------------------------------------------------------------
def confirm(client: Client, gestor: User, **chosen) -> tuple:
    asked = client.get(address(gestor, "/reassignment"), chosen)
    return asked, client.post(address(gestor, "/reassignment"), {**chosen, "expected": asked.context["count"]})


def test_open_cases_go_to_another_gestor(
    admin_client: Client, admin_user: User, gestor_user: User, other_gestor: User, cases: list[Case]
) -> None:
    asked, done = confirm(admin_client, gestor_user, to=other_gestor.pk)
    assert "3" in asked.text
    assert (done.status_code, done["Location"]) == (302, address(gestor_user))
    assert other_gestor.cases.count() == 3
    assert gestor_user.cases.get() == cases[3]  # closed ones stay, unless they are asked for
    assert "Casos reasignados: 3, a Olga Gestora." in admin_client.get(address(gestor_user)).text
    assert AuditEvent.objects.filter(action="assigned", actor=admin_user).count() == 3
    assert Activity.objects.filter(is_system=True).count() == 3


def test_of_a_cartera_alone_and_all_of_them(
    admin_client: Client, gestor_user: User, other_gestor: User, cases: list[Case]
) -> None:
    confirm(admin_client, gestor_user, to=other_gestor.pk, cartera=cases[3].cartera_id, stage="all")
    assert other_gestor.cases.get() == cases[3]


def test_shared_among_the_others(
    admin_client: Client, gestor_user: User, other_gestor: User, cases: list[Case]
) -> None:
    third = factories.GestorFactory()
    factories.GestorFactory(is_active=False)
    confirm(admin_client, gestor_user, to="others")
    assert sorted((other_gestor.cases.count(), third.cases.count())) == [1, 2]


def test_what_changed_meanwhile_is_asked_again_and_nothing_moves(
    admin_client: Client, gestor_user: User, other_gestor: User, cases: list[Case]
) -> None:
    for expected in ("2", "", "-1", "x"):
        answer = admin_client.post(address(gestor_user, "/reassignment"), {"to": other_gestor.pk, "expected": expected})
        assert answer.status_code == 409
        assert "ahora son 3 casos" in answer.text
    assert not other_gestor.cases.exists()


def test_a_second_press_of_the_button_moves_nothing_more(
    admin_client: Client, gestor_user: User, other_gestor: User, cases: list[Case]
) -> None:
    _, first = confirm(admin_client, gestor_user, to=other_gestor.pk)
    again = admin_client.post(address(gestor_user, "/reassignment"), {"to": other_gestor.pk, "expected": 3})
    assert (first.status_code, again.status_code) == (302, 409)
    assert other_gestor.cases.count() == 3


@pytest.mark.parametrize("to", ["", "999999", "nadie", "self", "inactive"])
def test_to_whom_it_cannot_be(admin_client: Client, gestor_user: User, other_gestor: User, to: str) -> None:
    others = {"self": str(gestor_user.pk), "inactive": str(factories.GestorFactory(is_active=False).pk)}
    answer = admin_client.post(address(gestor_user, "/reassignment"), {"to": others.get(to, to), "expected": 0})
    assert answer.status_code == 422


def test_nothing_to_reassign_and_nobody_to_take_it(admin_client: Client, gestor_user: User) -> None:
    assert "No hay a quién" in admin_client.get(address(gestor_user)).text
    other = factories.GestorFactory()
    asked = admin_client.get(address(gestor_user, "/reassignment"), {"to": other.pk})
    assert "no hay nada que reasignar" in asked.text
