"""Who may open which page: the whole matrix."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db
OWN = {
    "admin_user": "/dashboard-admin",
    "gestor_user": "/dashboard-gestor",
    "user_user": "/dashboard-user",
    "staff_user": "/dashboard-user",
}
PUBLIC = ["/", "/gestiones", "/login", "/healthz"]
PRIVATE = ["/dashboard-admin", "/dashboard-gestor", "/dashboard-user", "/cuenta/clave", "/cases/said", "/devoluciones"]
PRIVATE += [f"/dashboard-gestor/{page}" for page in ("agenda", "recent", "selection/snooze")]


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_are_public(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", PRIVATE)
def test_anonymous_goes_to_the_log_in_and_comes_back(client: Client, path: str) -> None:
    response = client.get(path, {"page": "2"})

    assert (response.status_code, response["Location"]) == (302, f"/login?next={path}%3Fpage%3D2")


def test_a_fragment_moves_the_whole_page_to_the_log_in(client: Client) -> None:
    where = {"HX-Request": "true", "HX-Current-URL": "http://testserver/dashboard-gestor?page=2"}

    assert client.get("/dashboard-gestor", headers=where)["HX-Redirect"] == "/login?next=/dashboard-gestor%3Fpage%3D2"


@pytest.mark.parametrize("who", OWN)
@pytest.mark.parametrize("path", ["/dashboard-admin", "/dashboard-gestor", "/dashboard-user"])
def test_a_wrong_role_is_sent_to_its_own_page(client_of: ClientOf, who: str, path: str, request) -> None:
    response = client_of(request.getfixturevalue(who)).get(path)

    if OWN[who] == path:
        assert response.status_code == 200
    else:
        assert (response.status_code, response["Location"]) == (302, OWN[who])


@pytest.mark.parametrize(
    ("who", "status"), [("admin_user", 200), ("staff_user", 200), ("gestor_user", 302), ("user_user", 302)]
)
def test_the_admin_is_for_staff(client_of: ClientOf, who: str, status: int, request) -> None:
    assert client_of(request.getfixturevalue(who)).get("/admin/").status_code == status


@pytest.mark.parametrize("path", ["/admin/accounts/user/", "/admin/accounts/auditevent/", "/admin/axes/accesslog/"])
def test_users_and_audit_are_for_admins(admin_client: Client, staff_client: Client, path: str) -> None:
    assert admin_client.get(path).status_code == 200
    assert staff_client.get(path).status_code == 403


def test_the_data_group_edits_data_and_nothing_else(staff_user: User) -> None:
    granted = {permission.split(".")[1] for permission in staff_user.get_all_permissions()}

    assert {"change_cartera", "change_casestatus", "change_activityresult", "change_debtor", "change_case"} <= granted
    assert {"add_debtorphone", "add_cartera", "view_ledgerentry"} <= granted
    assert not {"change_ledgerentry", "delete_case", "change_activity", "add_user", "change_user"} & granted


def test_createsuperuser_makes_an_admin() -> None:
    call_command("createsuperuser", username="jefa", email="jefa@example.com", interactive=False)

    user = get_user_model().objects.get(username="jefa")
    assert (user.role, user.is_staff, user.is_superuser) == ("admin", True, True)
