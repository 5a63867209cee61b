"""Users in the Django admin."""

import re

import pytest
from auditlog.models import LogEntry
from django.test import Client

from accounts.models import AuditEvent, User
from tests import factories
from tests.conftest import ClientOf
from tests.steps import log_in

pytestmark = pytest.mark.django_db
ADD = "/admin/accounts/user/add/"


def change(user: User) -> str:
    return f"/admin/accounts/user/{user.pk}/change/"


def fields(user: User, **changes) -> dict:
    data = {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "role": user.role,
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        **changes,
    }
    return {name: value for name, value in data.items() if value not in (False, None)}


def new(**changes) -> dict:
    return {"username": "nuevo", "first_name": "Nora", "role": "gestor", "must_change_password": "on", **changes}


@pytest.fixture
def superuser(db) -> User:
    return User.objects.create_superuser("raiz", "raiz@example.com", factories.PASSWORD)


def test_one_form_makes_a_gestor_with_a_password(admin_client: Client, client: Client) -> None:
    page = admin_client.get(ADD).text
    assert re.search(r'name="must_change_password"[^>]*checked', page)
    response = admin_client.post(ADD, new(password1="clave-elegida-1", password2="clave-elegida-1"))

    user = User.objects.get(username="nuevo")
    assert response["Location"] == "/admin/accounts/user/"
    assert (user.role, user.is_staff, user.must_change_password) == ("gestor", False, True)
    assert user.check_password("clave-elegida-1")


def test_without_a_password_one_is_generated_and_shown_once(admin_client: Client, client: Client) -> None:
    page = admin_client.post(ADD, new(must_change_password=""), follow=True).text

    shown = re.search(r"nuevo: ([a-z2-9-]{14}) ", page)
    assert shown, "the page says the password"
    assert log_in(client, "nuevo", shown[1])["Location"] == "/dashboard-gestor"
    assert client.get("/dashboard-gestor")["Location"] == "/cuenta/clave"
    assert shown[1] not in admin_client.get("/admin/accounts/user/").text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"password1": "clave-elegida-1"}, "Escriba la contraseña dos veces"),
        ({"password1": "clave-elegida-1", "password2": "otra-clave-1"}, "no coinciden"),
        ({"password1": "corta", "password2": "corta"}, "10 caracteres"),
        ({"username": "ANA.ADMIN"}, "Ya existe un usuario"),
    ],
)
def test_mistakes_in_the_form_are_said(admin_client: Client, data: dict, message: str) -> None:
    response = admin_client.post(ADD, new(**data))

    assert message in response.text
    assert not User.objects.filter(username="nuevo").exists()


def test_an_admin_who_is_no_superuser_cannot_make_one(admin_client: Client, gestor_user: User) -> None:
    admin_client.post(ADD, new(username="trepador", is_superuser="on", is_staff="on"))
    admin_client.post(change(gestor_user), fields(gestor_user, is_superuser="on", user_permissions=["1"]))

    gestor_user.refresh_from_db()
    assert not User.objects.filter(is_superuser=True).exists()
    assert not gestor_user.user_permissions.exists()


def test_an_admin_who_is_no_superuser_cannot_touch_one(admin_client: Client, superuser: User) -> None:
    password = {"password1": "robada-robada-1", "password2": "robada-robada-1"}

    assert admin_client.post(change(superuser), fields(superuser, username="otro")).status_code == 403
    assert admin_client.post(f"/admin/accounts/user/{superuser.pk}/password/", password).status_code == 403
    assert admin_client.post(f"/admin/accounts/user/{superuser.pk}/delete/", {"post": "yes"}).status_code == 403
    superuser.refresh_from_db()
    assert superuser.username == "raiz"
    assert superuser.check_password(factories.PASSWORD)


def test_a_superuser_can_make_another(client_of: ClientOf, superuser: User, admin_user: User) -> None:
    client_of(superuser).post(change(admin_user), fields(admin_user, is_superuser="on"))

    admin_user.refresh_from_db()
    assert admin_user.is_superuser


def test_nobody_changes_their_own_standing(admin_client: Client, admin_user: User) -> None:
    admin_client.post(change(admin_user), {"username": "ana.admin", "first_name": "Anita", "role": "user"})

    admin_user.refresh_from_db()
    assert (admin_user.first_name, admin_user.role, admin_user.is_active) == ("Anita", "admin", True)
    assert admin_client.post(f"/admin/accounts/user/{admin_user.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_gestor_who_stops_being_one_leaves_cases_to_reassign(admin_client: Client, gestor_user: User) -> None:
    factories.CaseFactory.create_batch(2, assigned_to=gestor_user)

    page = admin_client.post(change(gestor_user), fields(gestor_user, role="user"), follow=True).text

    assert "Gabriel Gestor ya no es gestor y tiene 2 casos a su cargo" in page


def test_deactivating_a_gestor_says_how_many_open_cases_wait(admin_client: Client, gestor_user: User) -> None:
    factories.CaseFactory(assigned_to=gestor_user)
    factories.CaseFactory(assigned_to=gestor_user, status_slug="pagada")

    page = admin_client.post(change(gestor_user), fields(gestor_user, is_active=False), follow=True).text

    assert "Gabriel Gestor no puede ingresar y tiene 1 caso abierto por reasignar" in page


def test_an_admin_who_stops_being_one_leaves_the_administration(client_of: ClientOf, superuser: User) -> None:
    other = factories.AdminFactory()

    client_of(superuser).post(change(other), fields(other, role="gestor"))

    other.refresh_from_db()
    assert (other.role, other.is_staff) == ("gestor", False)


def test_deleting_a_user_with_history_is_refused_in_words(admin_client: Client, gestor_user: User) -> None:
    factories.ActivityFactory(created_by=gestor_user)

    page = admin_client.post(f"/admin/accounts/user/{gestor_user.pk}/delete/", {"post": "yes"}, follow=True).text

    assert "Gabriel Gestor no puede eliminarse" in page
    assert User.objects.filter(pk=gestor_user.pk).exists()


def test_a_user_made_by_mistake_is_deleted(admin_client: Client) -> None:
    user = factories.UserFactory()

    admin_client.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"})

    assert not User.objects.filter(pk=user.pk).exists()


def test_a_password_given_by_an_admin_is_changed_at_the_next_log_in(admin_client, admin_user, gestor_user) -> None:
    url = f"/admin/accounts/user/{gestor_user.pk}/password/"
    page = admin_client.get(url).text
    assert "Gabriel Gestor" in page
    assert page.count('type="submit"') == 2, "log out and change, no way to leave somebody without a password"

    admin_client.post(url, {"password1": "dada-por-otro-1", "password2": "dada-por-otro-1"})

    gestor_user.refresh_from_db()
    event = AuditEvent.objects.get(action="password")
    assert gestor_user.check_password("dada-por-otro-1")
    assert gestor_user.must_change_password
    assert (event.actor, event.target_id) == (admin_user, gestor_user.pk)
    assert admin_client.get(f"/admin/accounts/user/{admin_user.pk}/password/")["Location"] == "/cuenta/clave"


def test_edits_are_kept_with_before_and_after_and_without_passwords(admin_client, admin_user, gestor_user) -> None:
    admin_client.post(change(gestor_user), fields(gestor_user, first_name="Gabriela"))

    entry = LogEntry.objects.filter(action=LogEntry.Action.UPDATE).latest("id")
    assert entry.actor == admin_user
    assert entry.changes == {"first_name": ["Gabriel", "Gabriela"]}
    assert not LogEntry.objects.filter(changes__has_key="password").exists()


def test_list_finds_and_filters(admin_client: Client, gestor_user: User, user_user: User) -> None:
    by_role = admin_client.get("/admin/accounts/user/?role__exact=gestor").text
    by_name = admin_client.get("/admin/accounts/user/?q=Usuaria").text

    assert "gabriel.gestor" in by_role
    assert "ursula.usuaria" not in by_role
    assert "ursula.usuaria" in by_name
    assert "gabriel.gestor" not in by_name


@pytest.mark.parametrize("changes", [{"is_active": False}, {"role": "user"}])
def test_who_leaves_open_cases_is_asked_where_they_go(admin_client: Client, gestor_user: User, changes: dict) -> None:
    factories.CaseFactory(assigned_to=gestor_user)
    page = admin_client.post(change(gestor_user), fields(gestor_user, **changes), follow=True)
    assert page.redirect_chain[0][0] == f"/gestores/{gestor_user.pk}/reassignment"
    assert page.status_code == 200
    assert "1</strong> caso abierto y ya no los trabaja" in page.text


def test_who_leaves_nothing_open_is_not_asked(admin_client: Client, gestor_user: User) -> None:
    factories.CaseFactory(assigned_to=gestor_user, status_slug="incobrable")
    page = admin_client.post(change(gestor_user), fields(gestor_user, is_active=False), follow=True)
    assert [path for path, _ in page.redirect_chain] == ["/admin/accounts/user/"]
