"""POST /api/login."""

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from tests.conftest import ClientOf
from tests.factories import UserFactory
from tests.steps import log_in

pytestmark = pytest.mark.django_db
WRONG = "Usuario o contraseña incorrectos."


@pytest.mark.parametrize("role", ["admin_user", "gestor_user", "user_user"])
def test_form_post_leads_to_the_page_of_the_role(client: Client, role: str, request) -> None:
    user = request.getfixturevalue(role)

    response = log_in(client, user)

    assert (response.status_code, response["Location"]) == (302, f"/dashboard-{user.role}")
    assert client.get(f"/dashboard-{user.role}").status_code == 200


def test_goes_on_at_a_safe_next_only(client: Client, gestor_user: User) -> None:
    safe = log_in(client, gestor_user, fields={"next": "/cuenta/clave"})
    unsafe = log_in(client, gestor_user, fields={"next": "//evil.example/"})

    assert safe["Location"] == "/cuenta/clave"
    assert unsafe["Location"] == "/dashboard-gestor"


def test_htmx_is_moved_and_gets_errors_as_a_fragment(client: Client, gestor_user: User) -> None:
    wrong = log_in(client, gestor_user, "mala", headers={"HX-Request": "true"})
    right = log_in(client, gestor_user, headers={"HX-Request": "true"})

    assert wrong.status_code == 400
    assert WRONG in wrong.text
    assert "<html" not in wrong.text
    assert right["HX-Redirect"] == "/dashboard-gestor"


def test_json_answers_json(client: Client, gestor_user: User) -> None:
    wrong = log_in(client, gestor_user, "mala", content_type="application/json")
    missing = client.post("/api/login", {"username": gestor_user.username}, content_type="application/json")
    right = log_in(client, gestor_user, content_type="application/json")

    assert wrong.status_code == 400
    assert wrong.json() == {"success": False, "error": WRONG, "details": {}, "status_code": 400}
    assert missing.json()["details"] == {"password": ["Escriba su contraseña."]}
    assert right.status_code == 200
    assert right.json()["data"]["redirect"] == "/dashboard-gestor"
    assert right.json()["data"]["user"]["role"] == "gestor"


@pytest.mark.parametrize(
    "body",
    [
        "no es json",
        "[]",
        "[" * 100_000,
        '{"username": "a\\u0000", "password": "b"}',
        '{"username": "\\ud800", "password": "b"}',
        '{"username": "a", "password": "\\ud800"}',
    ],
)
def test_broken_json_is_a_400(client: Client, body: str) -> None:
    response = client.post("/api/login", body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["success"] is False


def test_nobody_learns_which_users_exist(client: Client, gestor_user: User) -> None:
    inactive = UserFactory(is_active=False)

    answers = [
        log_in(client, "nadie"),
        log_in(client, gestor_user, "mala"),
        log_in(client, inactive),
        log_in(client, inactive, "mala"),
    ]

    assert {answer.status_code for answer in answers} == {400}
    assert all(WRONG in answer.text for answer in answers)
    pages = {
        answer.text.replace(username, "").replace(str(answer.context["csrf_token"]), "")
        for answer, username in zip(
            answers, ["nadie", gestor_user.username, inactive.username, inactive.username], strict=True
        )
    }
    assert len(pages) == 1


def test_csrf_is_enforced(gestor_user: User) -> None:
    client = Client(enforce_csrf_checks=True)

    as_form = log_in(client, gestor_user)
    as_json = log_in(client, gestor_user, content_type="application/json")
    token = client.get("/login").cookies["csrftoken"].value
    right = log_in(client, gestor_user, fields={"csrfmiddlewaretoken": token})
    header = {"X-CSRFToken": client.cookies["csrftoken"].value}
    by_header = log_in(client, gestor_user, content_type="application/json", headers=header)

    assert as_form.status_code == as_json.status_code == 403
    assert "El formulario venció" in as_form.text
    assert as_json.json()["status_code"] == 403
    assert right.status_code == 302
    assert by_header.status_code == 200


def test_session_of_before_does_not_survive(client: Client, gestor_user: User) -> None:
    session = client.session
    session["planted"] = "by an attacker"
    session.save()
    client.cookies["sessionid"] = session.session_key

    log_in(client, gestor_user)

    assert client.cookies["sessionid"].value != session.session_key
    assert Client(headers={"Cookie": f"sessionid={session.session_key}"}).get("/dashboard-gestor").status_code == 302


def test_session_lasts_eight_hours_and_is_hidden_from_scripts(client: Client, gestor_user: User) -> None:
    cookie = log_in(client, gestor_user).cookies["sessionid"]

    assert cookie["max-age"] == 8 * 3600
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_deactivation_ends_the_session(client_of: ClientOf, gestor_user: User) -> None:
    client = client_of(gestor_user)
    gestor_user.is_active = False
    gestor_user.save()

    assert client.get("/dashboard-gestor")["Location"] == "/login?next=/dashboard-gestor"


def test_a_reload_of_the_address_shows_the_form(client: Client) -> None:
    response = client.get("/api/login")

    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert 'action="/api/login"' in response.text


def test_audit_says_who_came_and_who_tried_and_no_password(client: Client, gestor_user: User) -> None:
    log_in(client, "nadie", "secreto-tecleado")
    log_in(client, gestor_user)
    client.post("/logout")

    events = AuditEvent.objects.order_by("id")
    assert [event.action for event in events] == ["login_failed", "login", "logout"]
    assert [event.actor for event in events] == [None, gestor_user, gestor_user]
    assert {event.address for event in events} == {"127.0.0.1"}
    assert events[0].target_label == "nadie"
    assert not any("secreto" in str(vars(event)) for event in events)
