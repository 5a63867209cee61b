"""An inactive cartera feeds no queue, alert or share, and comes back as it was (DESIGN §2)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils import timezone

from cases import services
from cases.models import Cartera, Case
from tests.at_once import at_once
from tests.cases.transfer.command import run
from tests.factories import AdminFactory, CarteraFactory, CaseFactory, DebtorFactory
from tests.steps import NO_FIELDS, send

pytestmark = pytest.mark.django_db


def set_active(cartera, is_active):
    cartera.is_active = is_active
    cartera.save()


def test_its_cases_leave_the_queue_and_come_back(gestor_user, gestor_client):
    case, other = CaseFactory(assigned_to=gestor_user), CaseFactory(assigned_to=gestor_user)

    set_active(case.cartera, False)

    assert list(Case.objects.in_queue(gestor_user)) == [other]
    assert list(Case.objects.filter(assigned_to=gestor_user).idle(timezone.now() + timedelta(days=1))) == [other]
    page = gestor_client.get("/dashboard-gestor")
    assert [row.case for row in page.context["screen"].rows] == [other]
    assert "Cartera inactiva" in gestor_client.get("/dashboard-gestor?tab=casos").text
    assert send(gestor_client, "GET", "cases/gestor").json()["data"][0]["id"] == other.pk
    set_active(case.cartera, True)
    assert set(Case.objects.in_queue(gestor_user)) == {case, other}


def test_the_admin_page_does_the_same(admin_client, gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    sent = {"name": case.cartera.name, "monthly_interest_rate": "5", **NO_FIELDS}
    assert admin_client.post(f"/admin/cases/cartera/{case.cartera_id}/change/", sent).status_code == 302
    assert not Case.objects.in_queue(gestor_user).exists()


def test_it_raises_no_alert(admin_client, gestor_user, other_gestor):
    cartera = CarteraFactory()
    CaseFactory(cartera=cartera)
    left = CaseFactory(cartera=cartera, assigned_to=gestor_user)
    CaseFactory(cartera=CarteraFactory(), debtor=left.debtor, assigned_to=other_gestor)
    services.set_stop(debtor=CaseFactory(cartera=cartera).debtor, by=gestor_user, reason="reclamo")
    notices = admin_client.get("/dashboard-admin").context["notices"]
    assert len(notices) == 3, "without a gestor, stopped, one person of two gestores"
    set_active(cartera, False)
    cache.clear()  # people of several gestores are counted every five minutes
    assert admin_client.get("/dashboard-admin").context["notices"] == []


def test_it_is_not_shared_and_an_assignment_by_name_is_obeyed(admin_user, gestor_user):
    case = CaseFactory()
    set_active(case.cartera, False)
    assert services.share_cases(cases=Case.objects.all(), gestores=[gestor_user], by=admin_user) == 0
    assert services.assign_cases(cases=Case.objects.all(), gestor=gestor_user, by=admin_user) == 1
    assert not Case.objects.in_queue(gestor_user).exists()


def test_verify_data_compares_the_copy():
    case = CaseFactory()
    set_active(case.cartera, False)
    assert run("verify_data").code == 0
    Cartera.objects.update(is_active=True)
    ran = run("verify_data")
    assert ran.code == 1
    assert "no sigue a su cartera" in ran.out


def test_an_export_brings_it_back(tmp_path, gestor_user):
    case = CaseFactory(cartera=CarteraFactory(is_active=False), assigned_to=gestor_user)
    run("export_data", tmp_path / "out.json")
    Case.objects.filter(pk=case.pk).update(nro_cliente="otro")
    assert run("import_data", tmp_path / "out.json").code == 0
    assert set(Case.objects.values_list("in_active_cartera", flat=True)) == {False}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_case_placed_while_the_cartera_is_deactivated_follows_it():
    admin = AdminFactory()
    for _ in range(5):
        cartera, debtor = CarteraFactory(), DebtorFactory()
        at_once(
            lambda: set_active(cartera, False),  # noqa: B023
            lambda: services.place_case(cartera=cartera, debtor=debtor, amount=Decimal(5), by=admin),  # noqa: B023
        )
        assert Case.objects.get(cartera=cartera).in_active_cartera is False
