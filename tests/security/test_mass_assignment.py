"""Fields that a form does not have are fields that nobody sets: the role above all."""

import pytest
from django.test import Client

from accounts.models import User
from tests import factories
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
POWERS = {"role": "admin", "is_staff": "on", "is_superuser": "on", "is_active": "on", "groups": "1", "user": "1"}
NEW = "otra-clave-larga-7"


def standing(user: User) -> tuple:
    user.refresh_from_db()
    return user.role, user.is_staff, user.is_superuser, user.groups.count()


def test_no_form_of_ones_own_makes_an_admin(gestor_client: Client, gestor_user: User) -> None:
    before = standing(gestor_user)
    gestor_client.post("/cuenta/sesiones", {"password": PASSWORD, **POWERS})
    gestor_client.post("/cuenta/segundo-factor", {"password": PASSWORD, "code": "1", **POWERS})
    passwords = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert gestor_client.post("/cuenta/clave", {**passwords, **POWERS}).status_code == 302
    assert standing(gestor_user) == before


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_nor_does_the_log_in(client: Client, gestor_user: User, content_type: str) -> None:
    before = standing(gestor_user)
    data = {"username": gestor_user.username, "password": PASSWORD, **POWERS}
    if content_type == "application/json":
        client.post("/api/login", data, content_type=content_type)
    else:
        client.post("/api/login", data)
    assert standing(gestor_user) == before


def test_an_admin_does_not_raise_themselves(admin_client: Client, admin_user: User) -> None:
    data = {"username": admin_user.username, "email": "a@example.com", **POWERS}
    assert admin_client.post(f"/admin/accounts/user/{admin_user.pk}/change/", data).status_code == 302
    assert standing(admin_user) == ("admin", True, False, 0)


def test_an_admin_makes_no_superuser(admin_client: Client) -> None:
    data = {"username": "nueva", "password1": NEW, "password2": NEW, **POWERS}
    admin_client.post("/admin/accounts/user/add/", data)
    assert User.objects.get(username="nueva").is_superuser is False


def test_staff_of_the_data_group_reach_no_user(staff_client: Client, gestor_user: User) -> None:
    before = standing(gestor_user)
    assert staff_client.post(f"/admin/accounts/user/{gestor_user.pk}/change/", POWERS).status_code == 403
    assert standing(gestor_user) == before


def test_a_gestor_gives_themselves_no_case_and_no_money(gestor_client: Client, gestor_user: User, other_gestor) -> None:
    mine, theirs = factories.CaseFactory(assigned_to=gestor_user), factories.CaseFactory(assigned_to=other_gestor)

    def patch(pk: int, **data: object) -> int:
        return gestor_client.patch(f"/api/v1/cases/{pk}", data, content_type="application/json").status_code

    assert patch(theirs.pk, assigned_to_id=gestor_user.pk) == 404
    for forbidden in ({"assigned_to_id": other_gestor.pk}, {"status": "pagada"}):
        assert patch(mine.pk, **forbidden) == 403
    for never in (
        {"balance": "1.00"},
        {"amount": "1.00"},
        {"is_open": False},
        {"queue_band": 0},
        {"cartera_id": theirs.cartera_id},
    ):
        assert patch(mine.pk, **never) == 400
    assert patch(mine.pk, version=99, is_open=False) == 409  # the version comes before the other keys
    before = (mine.balance, mine.assigned_to, mine.status)
    mine.refresh_from_db()
    assert (mine.balance, mine.assigned_to, mine.status) == before


def test_the_form_of_the_case_page_takes_its_own_fields_alone(gestor_client: Client, gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    data = {"balance": "1.00", "amount": "1.00", "status": "1", "assigned_to": "1", "created_by": "1", "version": "1"}
    gestor_client.post(f"/cases/{case.pk}/contact", {**data, "email": "nuevo@example.com"})
    gestor_client.post(f"/cases/{case.pk}/activities", data)
    case.refresh_from_db()
    assert (str(case.balance), str(case.amount), case.assigned_to) == ("10000.00", "10000.00", gestor_user)
