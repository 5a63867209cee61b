"""How long a session lasts, where somebody is signed in, and ending it everywhere."""

import time
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.utils import timezone

from accounts import session_life
from accounts.models import AuditEvent, Session, User
from tests.factories import PASSWORD, GestorFactory
from tests.queries import queries_do_not_grow, queries_of
from tests.steps import log_in

pytestmark = pytest.mark.django_db
NEW = "otra-clave-larga-7"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch):
    """Moves the clock of sessions on by so many seconds."""
    real, ahead = time.time, [0.0]
    monkeypatch.setattr(session_life.time, "time", lambda: real() + ahead[0])

    def move(**span: float) -> None:
        ahead[0] += timedelta(**span).total_seconds()

    return move


def signed_in(user: User, **headers: str) -> Client:
    client = Client(headers=headers)
    assert log_in(client, user).status_code == HTTPStatus.FOUND
    return client


def is_in(client: Client) -> bool:
    return client.get("/cuenta").status_code == HTTPStatus.OK


# --- How long -----------------------------------------------------------------------------------------------
def test_a_session_left_alone_ends(gestor_client: Client, later, settings) -> None:
    settings.SESSION_IDLE_MINUTES = 30
    later(minutes=29)
    assert is_in(gestor_client)
    later(minutes=29)  # it was used in between
    assert is_in(gestor_client)
    later(minutes=31)
    assert gestor_client.get("/cuenta").url == "/login?next=/cuenta"
    assert not is_in(gestor_client)  # and it stays over


def test_a_session_ends_after_its_day_however_busy(gestor_client: Client, later, settings) -> None:
    settings.SESSION_LIFETIME_HOURS, settings.SESSION_IDLE_MINUTES = 8, 120
    for _ in range(7):
        later(hours=1)
        assert is_in(gestor_client)
    later(minutes=59)
    assert is_in(gestor_client)
    later(minutes=2)
    assert not is_in(gestor_client)


def test_a_fragment_of_an_idle_session_leads_to_the_log_in_and_back(gestor_client: Client, later) -> None:
    later(hours=3)
    answer = gestor_client.get(
        "/dashboard-gestor",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/dashboard-gestor?page=2"},
    )
    assert answer["HX-Redirect"] == "/login?next=/dashboard-gestor%3Fpage%3D2"


def test_what_was_typed_when_it_ended_is_kept(gestor_client: Client, gestor_user: User, later) -> None:
    later(hours=3)
    gestor_client.post("/cases/1/activities", {"notes": "Prometió pagar el viernes"})
    answer = log_in(gestor_client, gestor_user)
    assert answer.url == "/cuenta/seguir"
    assert "Prometió pagar el viernes" in gestor_client.get("/cuenta/seguir").text


def test_the_api_of_an_idle_session_is_401(gestor_client: Client, later) -> None:
    assert gestor_client.get("/api/v1/cases").status_code == HTTPStatus.OK
    later(hours=3)
    assert gestor_client.get("/api/v1/cases").status_code == HTTPStatus.UNAUTHORIZED


def test_a_session_from_before_sessions_knew_their_age_is_over(gestor_client: Client) -> None:
    session = gestor_client.session
    del session["seen_at"]
    session.save()
    assert not is_in(gestor_client)


def test_it_is_written_once_a_minute_at_most(gestor_client: Client, later) -> None:
    def writes() -> list[str]:
        sent = queries_of(lambda: gestor_client.get("/dashboard-gestor"))
        return [sql for sql in sent if sql.startswith(("UPDATE", "INSERT"))]

    assert writes() == []
    later(seconds=61)
    assert len(writes()) == 1
    assert writes() == []


# --- Where --------------------------------------------------------------------------------------------------
def test_the_page_says_from_where_and_until_when(gestor_user: User) -> None:
    signed_in(gestor_user, user_agent=FIREFOX)
    client = signed_in(gestor_user)
    page = client.get("/cuenta").text
    assert "Firefox en Windows" in page
    assert "127.0.0.1" in page
    assert "Esta sesión" in page
    assert page.count('name="session"') == 1


@pytest.mark.parametrize("role", ["admin", "gestor", "user"])
def test_every_role_has_an_account(request: pytest.FixtureRequest, role: str) -> None:
    page = request.getfixturevalue(f"{role}_client").get("/cuenta")
    assert page.status_code == HTTPStatus.OK
    user = request.getfixturevalue(f"{role}_user")
    for text in (user.username, user.get_full_name(), user.get_role_display(), "Cambiar la contraseña"):
        assert text in page.text


def test_somebody_sees_no_session_of_another(gestor_user: User, other_gestor: User) -> None:
    signed_in(other_gestor, user_agent=FIREFOX)
    assert "Firefox" not in signed_in(gestor_user).get("/cuenta").text


def test_no_key_of_a_session_leaves_the_server(gestor_user: User) -> None:
    other, client = signed_in(gestor_user), signed_in(gestor_user)
    page = client.get("/cuenta").text
    for keeper in (other, client):
        assert keeper.cookies["sessionid"].value not in page


def test_the_previous_log_in_and_the_history(gestor_user: User) -> None:
    client = signed_in(gestor_user)
    assert "Este es el primero" in client.get("/cuenta").text
    log_in(Client(), gestor_user.username.upper(), "mala")
    client = signed_in(gestor_user)
    page = client.get("/cuenta").text
    assert "Este es el primero" not in page
    assert page.count("Ingreso fallido") == 1
    assert "Ingreso fallido" not in signed_in(GestorFactory()).get("/cuenta").text


def test_queries_do_not_grow_with_sessions(gestor_user: User) -> None:
    def more() -> None:
        for _ in range(6):
            signed_in(gestor_user)

    client = signed_in(gestor_user)
    more()
    assert queries_do_not_grow(lambda: client.get("/cuenta"), more) <= 10


# --- Ending it ----------------------------------------------------------------------------------------------
def numbers_of(client: Client) -> list[str]:
    return [place.number for place in client.get("/cuenta").context["others"]]


def test_the_sessions_chosen_end_and_the_others_stay(gestor_user: User) -> None:
    first, second, mine = signed_in(gestor_user, user_agent=FIREFOX), signed_in(gestor_user), signed_in(gestor_user)
    chosen = [place.number for place in mine.get("/cuenta").context["others"] if place.device.startswith("Firefox")]
    answer = mine.post("/cuenta/sesiones", {"session": chosen, "password": PASSWORD})
    assert answer.url == "/cuenta"
    assert [is_in(client) for client in (first, second, mine)] == [False, True, True]
    event = AuditEvent.objects.get(action="sessions_ended")
    assert (event.actor, event.target_id, event.after) == (gestor_user, gestor_user.pk, {"sessions": 1})


def test_without_the_password_nothing_ends(gestor_user: User) -> None:
    other, mine = signed_in(gestor_user), signed_in(gestor_user)
    for password in ("", "mala"):
        answer = mine.post("/cuenta/sesiones", {"session": numbers_of(mine), "password": password})
        assert answer.status_code == 422
    assert is_in(other)


def test_guessing_the_password_there_is_held_up_as_at_the_door(gestor_user: User) -> None:
    mine = signed_in(gestor_user)
    for _ in range(5):
        assert mine.post("/cuenta/sesiones", {"password": "mala"}).status_code == 422
    assert mine.post("/cuenta/sesiones", {"password": PASSWORD}).status_code == 429
    assert mine.post("/cuenta/clave", {"old_password": PASSWORD}).status_code == 429


def test_nobody_ends_a_session_of_another(gestor_user: User, other_gestor: User) -> None:
    theirs, mine = signed_in(other_gestor), signed_in(gestor_user)
    row = Session.objects.get(user=other_gestor)
    for number in (session_life._number(row.session_key), row.session_key):
        mine.post("/cuenta/sesiones", {"session": [number], "password": PASSWORD})
    assert is_in(theirs)


def test_a_new_password_ends_all_other_sessions(gestor_user: User) -> None:
    other, mine = signed_in(gestor_user), signed_in(gestor_user)
    mine.post("/cuenta/clave", {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW})
    assert is_in(mine)
    assert not is_in(other)
    assert Session.objects.filter(user=gestor_user).count() == 1


def test_a_password_that_an_admin_gives_ends_all_sessions(admin_client: Client, gestor_user: User) -> None:
    theirs = signed_in(gestor_user)
    url = f"/admin/accounts/user/{gestor_user.pk}/password/"
    admin_client.post(url, {"password1": NEW, "password2": NEW})
    assert not Session.objects.filter(user=gestor_user).exists()
    assert not is_in(theirs)


def test_whoever_is_deactivated_is_out_at_once(gestor_user: User) -> None:
    theirs = signed_in(gestor_user)
    User.objects.filter(pk=gestor_user.pk).update(is_active=False)
    assert not is_in(theirs)


def test_logging_out_leaves_no_session(gestor_user: User) -> None:
    client = signed_in(gestor_user)
    client.post("/logout")
    assert not Session.objects.filter(user=gestor_user).exists()


# --- The store ----------------------------------------------------------------------------------------------
def test_the_row_of_a_session_says_whose_it_is(gestor_user: User) -> None:
    signed_in(gestor_user, user_agent=FIREFOX)
    row = Session.objects.get(user=gestor_user)
    assert row.address == "127.0.0.1"
    assert row.agent == FIREFOX
    assert abs(row.started_at - timezone.now()) < timedelta(seconds=5)
    assert row.started_at == row.seen_at


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox en Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0", "Edge en Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1", "Safari en iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36", "Chrome en Android"),
        ("curl/8.0", "Navegador desconocido"),
        ("", "Navegador desconocido"),
        ("<script>alert(1)</script>", "Navegador desconocido"),
    ],
)
def test_devices_in_words(agent: str, device: str) -> None:
    assert session_life.device_of(agent) == device


def test_a_very_long_agent_is_cut(gestor_user: User) -> None:
    signed_in(gestor_user, user_agent="x" * 5000)
    assert len(Session.objects.get(user=gestor_user).agent) == 300


def test_an_admin_ends_the_sessions_of_others_and_keeps_their_own(admin_user: User, gestor_user: User) -> None:
    boss, theirs = signed_in(admin_user), signed_in(gestor_user)
    data = {"action": "end_sessions", "_selected_action": [gestor_user.pk, admin_user.pk]}
    answer = boss.post("/admin/accounts/user/", data, follow=True)
    assert "Sesiones cerradas: 1." in answer.text
    assert [is_in(theirs), is_in(boss)] == [False, True]
    assert AuditEvent.objects.get(action="sessions_ended").actor == admin_user


def test_nobody_but_an_admin_does(staff_client: Client, gestor_user: User) -> None:
    theirs = signed_in(gestor_user)
    data = {"action": "end_sessions", "_selected_action": [gestor_user.pk]}
    assert staff_client.post("/admin/accounts/user/", data).status_code == 403
    assert is_in(theirs)
