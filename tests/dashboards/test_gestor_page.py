"""GET /gestores/<id>, and the passing on of a gestor's cases."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Count, Sum
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Activity, Case
from nova.lib import dates
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
    kept = {"expected": asked.context["count"], "shares": asked.context["expected_shares"]}
    return asked, client.post(address(gestor, "/reassignment"), {**chosen, **kept})


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


def test_says_what_each_would_receive_and_then_gives_exactly_that(
    admin_client: Client, gestor_user: User, other_gestor: User
) -> None:
    third = factories.GestorFactory()
    known = factories.CaseFactory(assigned_to=third).debtor  # whose other debts follow to the same gestor
    mine = [factories.CaseFactory(assigned_to=gestor_user, debtor=known) for _ in range(3)]
    several = factories.CaseFactory(assigned_to=gestor_user, status_slug="incobrable")
    mine += [several, factories.CaseFactory(assigned_to=gestor_user, debtor=several.debtor)]
    mine += [factories.CaseFactory(assigned_to=gestor_user) for _ in range(4)]
    services.promise_payment(
        case=mine[0], by=gestor_user, amount=Decimal(300), promise_date=dates.today() + timedelta(days=2)
    )
    asked, done = confirm(admin_client, gestor_user, to="others", stage="all")
    told = {share.gestor: share for share in asked.context["shares"]}
    assert (told[third].promises, told[third].promised, told[other_gestor].promises) == (1, Decimal(300), 0)
    assert (asked.context["total"]["cases"], done.status_code) == (9, 302)
    for gestor in (other_gestor, third):
        received = Case.objects.filter(assigned_to=gestor, pk__in=[case.pk for case in mine])
        figures = received.aggregate(Count("pk"), Count("debtor", distinct=True), Sum("balance"))
        assert tuple(figures.values()) == (told[gestor].cases, told[gestor].people, told[gestor].balance)
    debtors = Case.objects.values("debtor").annotate(gestores=Count("assigned_to", distinct=True))
    assert {row["gestores"] for row in debtors} == {1}  # nobody is split, not even with a closed debt


def test_shares_in_several_chunks_come_out_as_they_were_said(
    admin_client: Client, gestor_user: User, other_gestor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("cases.services.assignment", "cases.services.many"):
        monkeypatch.setattr(f"{module}.CHUNK", 2)
    factories.GestorFactory()
    for first, last in (("incobrable", "en-gestion"), ("en-gestion", "incobrable"), ("incobrable", "en-gestion")):
        one = factories.CaseFactory(assigned_to=gestor_user, status_slug=first)
        factories.CaseFactory.create_batch(2, assigned_to=gestor_user)
        factories.CaseFactory(assigned_to=gestor_user, debtor=one.debtor, status_slug=last)
    _, done = confirm(admin_client, gestor_user, to="others", stage="all")
    assert done.status_code == 302
    debtors = Case.objects.values("debtor").annotate(gestores=Count("assigned_to", distinct=True))
    assert {row["gestores"] for row in debtors} == {1}


def test_what_each_would_receive_changed_meanwhile(
    admin_client: Client, gestor_user: User, other_gestor: User, cases: list[Case]
) -> None:
    asked = admin_client.get(address(gestor_user, "/reassignment"), {"to": "others"})
    factories.GestorFactory()
    sent = {"to": "others", "expected": 3, "shares": asked.context["expected_shares"]}
    for shares in (sent["shares"], "", "x:y", "1:" + "9" * 5000):
        answer = admin_client.post(address(gestor_user, "/reassignment"), {**sent, "shares": shares})
        assert (answer.status_code, "revise y confirme de nuevo" in answer.text) == (409, True)
    assert not other_gestor.cases.exists()
    again = {**sent, "shares": answer.context["expected_shares"]}
    assert admin_client.post(address(gestor_user, "/reassignment"), again).status_code == 302


def test_cases_of_inactive_carteras_are_said_to_stay(
    admin_client: Client, gestor_user: User, other_gestor: User, cases: list[Case]
) -> None:
    factories.CaseFactory(assigned_to=gestor_user, cartera=factories.CarteraFactory(is_active=False))
    asked, done = confirm(admin_client, gestor_user, to="others")
    assert (asked.context["total"]["cases"], asked.context["staying"], done.status_code) == (3, 1, 302)
    assert "1 caso se queda" in asked.text
    last = admin_client.get(address(gestor_user, "/reassignment"), {"to": "others"})
    assert "Reasignar</button>" not in last.text


def test_leaving_them_as_they_are_is_a_choice_of_its_own(
    admin_client: Client, gestor_user: User, other_gestor: User, cases: list[Case]
) -> None:
    leave = {"to": "leave"}
    assert admin_client.get(address(gestor_user, "/reassignment"), leave).status_code == 422  # still works them
    User.objects.filter(pk=gestor_user.pk).update(is_active=False)
    assert "dejarlos como están" in admin_client.get(address(gestor_user, "/reassignment")).text
    asked = admin_client.get(address(gestor_user, "/reassignment"), leave)
    assert '<strong class="num">3</strong> casos abiertos quedan' in asked.text
    done = admin_client.post(address(gestor_user, "/reassignment"), leave, follow=True)
    assert "quedan como están" in done.text
    assert gestor_user.cases.count() == 4
    board = admin_client.get("/dashboard-admin").text
    assert "de un gestor inactivo" in board
    assert address(gestor_user, "/reassignment") in board


def test_more_than_one_request_can_move(
    admin_client: Client, gestor_user: User, other_gestor: User, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.reassigning.REQUEST_LIMIT", 2)
    for ask, status in ((admin_client.get, 422), (admin_client.post, 409)):
        answer = ask(address(gestor_user, "/reassignment"), {"to": "others", "expected": 3})
        assert answer.status_code == status
        assert "hágalo por cartera" in answer.text
