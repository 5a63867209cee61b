"""Tokens of the API: issued in the administration, shown once, hashed, revocable."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent, User
from accounts.tokens import issue_token, revoke_token
from tests import factories
from tests.queries import queries_of

pytestmark = pytest.mark.django_db
ADD = "/admin/accounts/apitoken/add/"
LIST = "/admin/accounts/apitoken/"


def ask(client: Client, text: str, address: str = "carteras") -> Any:
    return client.get(f"/api/v1/{address}", headers={"Authorization": f"Token {text}"})


def test_issued_in_the_administration_and_shown_once(
    admin_client: Client, client: Client, gestor_user: User, admin_user: User
) -> None:
    page = admin_client.post(ADD, {"name": "Sistema Cristal", "user": gestor_user.pk}, follow=True)
    text = page.text.split("Authorization: Token ")[1].split("<")[0].strip()
    token = ApiToken.objects.get()

    assert text.startswith("nova_")
    assert text not in admin_client.get(f"{LIST}{token.pk}/change/").text
    assert text not in str(ApiToken.objects.values().get())
    assert (token.user, token.created_by) == (gestor_user, admin_user)
    assert ask(client, text).status_code == 200
    event = AuditEvent.objects.get(action="token_issued")
    assert event.after["user"] == gestor_user.username
    assert text not in str(event.after)


def test_a_token_has_the_role_of_its_user_and_no_more(client: Client, gestor_user: User, admin_user: User) -> None:
    mine = factories.CaseFactory(assigned_to=gestor_user)
    other = factories.CaseFactory()
    _, text = issue_token(user=gestor_user, name="x", by=admin_user)
    assert [row["id"] for row in ask(client, text, "cases").json()["data"]] == [mine.pk]
    assert ask(client, text, f"cases/{other.pk}").status_code == 404
    assert ask(client, text, "users/gestores").status_code == 403


def test_a_token_writes_without_csrf(admin_user: User) -> None:
    case = factories.CaseFactory()
    _, text = issue_token(user=admin_user, name="x", by=admin_user)
    response = Client(enforce_csrf_checks=True).post(
        f"/api/v1/cases/{case.pk}/payments",
        {"amount": "10.00"},
        content_type="application/json",
        headers={"Authorization": f"Token {text}"},
    )
    assert response.status_code == 201


def test_its_last_use_is_noted_once_a_minute(client: Client, gestor_user: User, admin_user: User) -> None:
    token, text = issue_token(user=gestor_user, name="x", by=admin_user)
    ask(client, text)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    assert {sql.split()[0] for sql in queries_of(lambda: ask(client, text))} == {"SELECT"}
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    ask(client, text)
    token.refresh_from_db()
    assert token.last_used_at >= first


@pytest.mark.parametrize("why", ["revoked", "expired", "inactive", "must_change"])
def test_a_token_that_is_no_longer_good(client: Client, gestor_user: User, admin_user: User, why: str) -> None:
    token, text = issue_token(user=gestor_user, name="x", by=admin_user)
    assert ask(client, text).status_code == 200
    if why == "revoked":
        revoke_token(token=token, by=admin_user)
    elif why == "expired":
        ApiToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    elif why == "inactive":
        User.objects.filter(pk=gestor_user.pk).update(is_active=False)
    else:
        User.objects.filter(pk=gestor_user.pk).update(must_change_password=True)
    response = ask(client, text)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Token")
    assert ApiToken.objects.exists() is (why != "revoked")


@pytest.mark.parametrize(
    "header",
    ["Token", "Token a b", "Token \xff", "Token " + "x" * 9_000, "Token nada", "Bearer x", "token", "Token \x00"],
)
def test_malformed_headers_are_401(client: Client, header: str) -> None:
    response = client.get("/api/v1/carteras", headers={"Authorization": header})
    assert response.status_code == 401
    assert response.json()["status_code"] == 401


def test_guessing_tokens_runs_into_the_limit(client: Client) -> None:
    answers = [ask(client, f"nova_{number}").status_code for number in range(51)]
    assert answers == [401] * 50 + [429]


def test_revoking_in_the_administration(admin_client: Client, gestor_user: User, admin_user: User) -> None:
    tokens = [issue_token(user=gestor_user, name=name, by=admin_user)[0] for name in "ab"]
    admin_client.post(f"{LIST}{tokens[0].pk}/delete/", {"post": "yes"})
    admin_client.post(LIST, {"action": "revoke", "_selected_action": [tokens[1].pk]})
    assert not ApiToken.objects.exists()
    assert AuditEvent.objects.filter(action="token_revoked").count() == 2


def test_a_superusers_token_is_a_superusers(admin_client: Client, client_of: Any) -> None:
    root = User.objects.create_superuser("root", password=factories.PASSWORD)
    token, _ = issue_token(user=root, name="x", by=root)
    refused = admin_client.post(ADD, {"name": "n", "user": root.pk})
    admin_client.post(LIST, {"action": "revoke", "_selected_action": [token.pk]})
    assert refused.status_code == 200
    assert admin_client.post(f"{LIST}{token.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ApiToken.objects.count() == 1
    assert client_of(root).get(f"{LIST}{token.pk}/change/").status_code == 200


@pytest.mark.parametrize(("who", "status"), [("gestor_client", 302), ("user_client", 302), ("staff_client", 403)])
@pytest.mark.parametrize("path", [LIST, ADD])
def test_nobody_else_sees_them(who: str, status: int, path: str, request: pytest.FixtureRequest) -> None:
    answer = request.getfixturevalue(who).get(path)
    elsewhere = f"/admin/login/?next={path}" if status == 302 else None
    assert (answer.status_code, answer.get("Location")) == (status, elsewhere)


def test_an_expiry_in_the_past_is_refused(admin_client: Client, gestor_user: User) -> None:
    sent = {"name": "n", "user": gestor_user.pk, "expiry_0": "2020-01-01", "expiry_1": "10:00"}
    page = admin_client.post(ADD, sent)
    assert "ya pasó" in page.text
    assert not ApiToken.objects.exists()


# --- When a password changes ---------------------------------------------------------------------------------
NEW = "otra-clave-larga-7"


@pytest.fixture
def token(gestor_user: User, admin_user: User) -> str:
    """One that Gabriel's program has; another program, of Ana, has its own."""
    issue_token(user=admin_user, name="Tablero <b>", by=admin_user)
    return issue_token(user=gestor_user, name="Discador <b>", by=admin_user)[1]


def own_change(client: Client, **more: str) -> Any:
    data = {"old_password": factories.PASSWORD, "new_password1": NEW, "new_password2": NEW}
    return client.post("/cuenta/clave", {**data, **more}, follow=True)


def test_an_admin_sees_what_enters_as_a_user(
    admin_client: Client, token: str, gestor_user: User, user_user: User
) -> None:
    page = admin_client.get(f"/admin/accounts/user/{gestor_user.pk}/change/").text
    assert f'<a href="{LIST}{gestor_user.auth_token_set.get().pk}/change/">«Discador &lt;b&gt;», sin usar</a>' in page
    assert "Discador" not in admin_client.get(f"/admin/accounts/user/{user_user.pk}/change/").text


def test_an_admin_who_gives_a_password_may_end_the_tokens(
    admin_client: Client, client: Client, admin_user: User, gestor_user: User, token: str
) -> None:
    url = f"/admin/accounts/user/{gestor_user.pk}/password/"
    page = admin_client.get(url).text
    assert "«Discador &lt;b&gt;», sin usar" in page
    assert 'name="revoke_tokens"' in page
    assert "checked" not in page.split('name="revoke_tokens"')[1].split(">")[0]
    assert "Tablero" not in page

    admin_client.post(url, {"password1": NEW, "password2": NEW})
    assert ApiToken.objects.count() == 2  # offered, not forced

    done = admin_client.post(url, {"password1": NEW, "password2": NEW, "revoke_tokens": "on"}, follow=True)
    assert "Tokens de la API revocados: 1." in done.text
    assert [left.name for left in ApiToken.objects.all()] == ["Tablero <b>"]
    assert ask(client, token).status_code == 401
    event = AuditEvent.objects.get(action="token_revoked")
    assert (event.actor, event.before["user"]) == (admin_user, gestor_user.username)


def test_a_password_that_is_refused_ends_no_token(admin_client: Client, gestor_user: User, token: str) -> None:
    url = f"/admin/accounts/user/{gestor_user.pk}/password/"
    page = admin_client.post(url, {"password1": NEW, "password2": "x", "revoke_tokens": "on"})
    assert "checked" in page.text.split('name="revoke_tokens"')[1].split(">")[0]
    assert ApiToken.objects.count() == 2


def test_whoever_changes_their_own_may_too(gestor_client: Client, gestor_user: User, token: str) -> None:
    page = gestor_client.get("/cuenta/clave").text
    assert "«Discador &lt;b&gt;», sin usar" in page
    refused = own_change(gestor_client, old_password="mala", revoke_tokens="on")
    assert (refused.status_code, ApiToken.objects.count()) == (422, 2)

    done = own_change(gestor_client, revoke_tokens="on")
    assert "Se revocó un token de la API." in done.text
    assert [left.name for left in ApiToken.objects.all()] == ["Tablero <b>"]
    assert AuditEvent.objects.get(action="token_revoked").actor == gestor_user


def test_unasked_no_token_ends(gestor_client: Client, client: Client, token: str) -> None:
    own_change(gestor_client)
    assert ask(client, token).status_code == 200


def test_nobody_without_tokens_is_asked(admin_client: Client, user_client: Client, user_user: User) -> None:
    assert "revoke_tokens" not in user_client.get("/cuenta/clave").text
    assert "revoke_tokens" not in admin_client.get(f"/admin/accounts/user/{user_user.pk}/password/").text
    assert "revocó" not in own_change(user_client, revoke_tokens="on").text
