"""GET /dashboard-gestor/due: what the screen asks every minute."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import session_life
from accounts.models import User
from accounts.sessions import SEEN
from tests import factories
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db
URL = "/dashboard-gestor/due"


def call(gestor: User, last_name: str, *, minutes: int):
    at = timezone.now() + timedelta(minutes=minutes)
    return factories.CaseFactory(
        assigned_to=gestor, queue_band=1, next_action_at=at, debtor__last_name=last_name, debtor__first_name=""
    )


def known(page: str) -> str:
    return re.search(r'name="known" value="(\w+)"', page)[1]  # type: ignore[index]


def test_a_call_whose_hour_has_come_and_the_figures(
    gestor_client: Client, gestor_user: User, other_gestor: User
) -> None:
    call(gestor_user, "Ahora", minutes=-1)
    call(gestor_user, "Hace rato", minutes=-90)
    call(gestor_user, "Después", minutes=9)
    call(other_gestor, "Ajena", minutes=-1)

    answer = gestor_client.get(URL).text

    assert "Ahora: llamado acordado a las" in answer
    assert not {name for name in ("Hace rato", "Después", "Ajena") if name in answer}
    assert 'data-call-backs="2"' in answer
    assert 'id="figures"' in answer
    assert "<form" not in answer


def test_nothing_new_is_nothing(gestor_client: Client, gestor_user: User) -> None:
    call(gestor_user, "Primera", minutes=-1)
    first = known(gestor_client.get(URL).text)
    assert known(gestor_client.get("/dashboard-gestor?tab=casos").text) == first
    assert gestor_client.get(URL, {"known": first}).status_code == 204
    call(gestor_user, "Segunda", minutes=0)
    assert "Segunda" in gestor_client.get(URL, {"known": first}).text


def test_the_open_case_needs_no_notice(gestor_client: Client, gestor_user: User) -> None:
    case = call(gestor_user, "Ahora", minutes=-1)
    assert "llamado acordado a las" not in gestor_client.get(f"/cases/{case.pk}").text


def test_only_a_gestor_has_calls(admin_client: Client, user_client: Client, client: Client) -> None:
    for other in (admin_client, user_client, client):
        answer = other.get(URL)
        assert (answer.status_code, answer.content) == (204, b"")
    assert client.post(URL).status_code == 204


def test_asking_keeps_no_session_alive(gestor_client: Client, settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real, ahead = session_life.time.time, [0]
    monkeypatch.setattr(session_life.time, "time", lambda: real() + ahead[0])
    gestor_client.get("/dashboard-gestor")
    seen = gestor_client.session[SEEN]
    for minute in (1, 2, 30, 60, 110):
        ahead[0] = 60 * minute
        assert gestor_client.get(URL).status_code == 200
    settings.SESSION_IDLE_MINUTES = 111
    assert gestor_client.session[SEEN] == seen
    ahead[0] = 60 * settings.SESSION_IDLE_MINUTES + 1
    assert gestor_client.get(URL, headers={"HX-Request": "true"}).status_code == 204
    assert gestor_client.get("/dashboard-gestor").status_code == 302


def test_a_page_keeps_its_session_alive(gestor_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    real, ahead = session_life.time.time, [0]
    monkeypatch.setattr(session_life.time, "time", lambda: real() + ahead[0])
    seen = gestor_client.session[SEEN]
    ahead[0] = 120
    gestor_client.get("/dashboard-gestor")
    assert gestor_client.session[SEEN] >= seen + 120


def test_queries_do_not_grow(gestor_client: Client, gestor_user: User) -> None:
    call(gestor_user, "Una", minutes=-1)
    queries_do_not_grow(
        lambda: gestor_client.get(URL), lambda: [call(gestor_user, "Más", minutes=-1) for _ in range(5)]
    )
