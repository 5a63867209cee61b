"""An admin walks «Detenidos» case by case, as a gestor walks their own list (DESIGN §3.6)."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cases import services
from cases.models import Case
from tests.factories import CaseFactory, result
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db


def stopped(gestor: User, count: int) -> list[Case]:
    cases = [CaseFactory(assigned_to=gestor, debtor__last_name=f"Detenido {number}") for number in range(count)]
    for case in cases:
        services.set_stop(debtor=case.debtor, by=gestor, reason="reclamo")
    return cases


@pytest.fixture
def three(gestor_user: User) -> list[Case]:
    return stopped(gestor_user, 3)


def opened(client: Client, number: int, **filters: str) -> str:
    """The address of a case as the list links it."""
    line = client.get(reverse("stopped"), filters).context["lines"][number]
    return f"{line.case.get_absolute_url()}?{line.walk}"


def test_a_case_says_its_place_and_leads_on(admin_client: Client, three: list[Case]) -> None:
    address = opened(admin_client, 1)
    page = admin_client.get(address)
    screen = page.context["screen"]
    assert (screen.place, screen.list_url) == ("2 de 3", "/detenidos")
    assert "Volver a Detenidos" in page.text
    assert admin_client.get(screen.next_url)["Location"].startswith(three[2].get_absolute_url())
    assert admin_client.get(screen.previous_url)["Location"].startswith(three[0].get_absolute_url())
    last = admin_client.get(admin_client.get(screen.next_url)["Location"]).context["screen"]
    assert admin_client.get(last.next_url)["Location"] == "/detenidos"


def test_the_filters_of_the_list_are_kept(admin_client: Client, gestor_user: User, three: list[Case]) -> None:
    other = CaseFactory(assigned_to=gestor_user)
    services.set_stop(debtor=other.debtor, by=gestor_user, reason="fallecido")
    screen = admin_client.get(opened(admin_client, 0, reason="fallecido")).context["screen"]
    assert (screen.case.pk, screen.place, screen.list_url) == (other.pk, "1 de 1", "/detenidos?reason=fallecido")


def test_after_a_decision_the_next_one_is_what_came_in_its_place(admin_client: Client, three: list[Case]) -> None:
    page = admin_client.get(opened(admin_client, 1))
    release = dict(page.context["screen"].decisions)["Devolver a la bandeja"]
    form = admin_client.get(release).context
    sent = {"next_action_at": "mañana", "reason": "Resuelto", "back": form["back"]}
    sent["token"] = form["form"]["token"].value()
    done = admin_client.post(release.partition("?")[0], sent)
    again = admin_client.get(done["Location"])
    assert "ya no está en la lista" in again.text
    screen = again.context["screen"]
    assert admin_client.get(screen.next_url)["Location"].startswith(three[2].get_absolute_url())
    assert admin_client.get(screen.previous_url)["Location"].startswith(three[0].get_absolute_url())


def test_a_note_goes_on_to_the_next(admin_client: Client, three: list[Case]) -> None:
    address = opened(admin_client, 0)
    query = address.partition("?")[2]
    assert "Guardar y siguiente" in admin_client.get(address).text
    sent = {"type": "note", "result": result("NOTA").pk, "notes": "Llegó la carta", "token": "a1", "then": "next"}
    answer = admin_client.post(f"{three[0].get_absolute_url()}/activities?{query}", sent)
    assert answer["Location"].startswith(three[1].get_absolute_url())


def test_nobody_walks_the_list_of_another_role(
    admin_client: Client, gestor_client: Client, user_client: Client, three: list[Case]
) -> None:
    """An address that was passed on opens the case alone."""
    mine = f"{three[0].get_absolute_url()}?list=order%3Dname&at=0"
    assert admin_client.get(mine).context["screen"].walk is None
    assert gestor_client.get(opened(admin_client, 0)).context["screen"].walk is None
    steps = [f"/dashboard-gestor/{step}?from={three[0].pk}" for step in ("next", "previous")]
    assert [admin_client.get(step)["Location"] for step in steps] == ["/dashboard-admin"] * 2
    assert [user_client.get(step).status_code for step in steps] == [302, 404]


def test_queries_of_a_walk(admin_client: Client, gestor_user: User, three: list[Case]) -> None:
    address = opened(admin_client, 0)
    queries_do_not_grow(lambda: admin_client.get(address), lambda: stopped(gestor_user, 8))
