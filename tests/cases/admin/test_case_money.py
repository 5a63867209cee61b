"""Payments, adjustments, reversals and the return to the queue, from the page of a case."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from cases import services
from cases.models import Case, LedgerEntry
from nova.lib import dates
from tests.factories import CaseFactory, result
from tests.steps import pay

pytestmark = pytest.mark.django_db


def page(case, name):
    return f"/admin/cases/case/{case.pk}/{name}/"


def payment(amount="1.000,50", **typed):
    return {"amount": amount, "value_date": f"{dates.today():%d/%m/%Y}", "method": "cash", **typed}


def test_payment(admin_client, admin_user, gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    assert "Saldo actual" in admin_client.get(page(case, "payment")).content.decode()
    response = admin_client.post(page(case, "payment"), payment(), follow=True)
    assert "El saldo es ahora $ 8.999,50." in response.content.decode()
    entry = LedgerEntry.objects.get(kind="payment")
    assert (entry.amount, entry.credited_to, entry.created_by) == (Decimal("1000.50"), gestor_user, admin_user)


def token_of(response):
    return re.search(r'name="submission" value="(\w+)"', response.content.decode()).group(1)


def test_double_click_pays_once_and_says_so_twice(admin_client):
    case = CaseFactory()
    typed = payment(submission=token_of(admin_client.get(page(case, "payment"))))
    answers = [admin_client.post(page(case, "payment"), typed, follow=True) for _ in range(2)]
    assert all("El saldo es ahora $ 8.999,50." in answer.content.decode() for answer in answers)
    assert LedgerEntry.objects.filter(kind="payment").count() == 1


def test_form_sent_again_with_another_amount_is_not_taken_for_the_first(admin_client):
    case = CaseFactory()
    token = token_of(admin_client.get(page(case, "payment")))
    admin_client.post(page(case, "payment"), payment(submission=token))
    response = admin_client.post(page(case, "payment"), payment("500", submission=token))
    assert response.status_code == 422
    assert "ya se envió con otros datos" in response.content.decode()
    assert token_of(response) != token
    admin_client.post(page(case, "payment"), payment("500", submission=token_of(response)))
    assert LedgerEntry.objects.filter(kind="payment").count() == 2


def test_refused_form_keeps_its_token_for_the_corrected_one(admin_client):
    case = CaseFactory()
    token = token_of(admin_client.get(page(case, "payment")))
    refused = admin_client.post(page(case, "payment"), payment("10.001", submission=token))
    assert token_of(refused) == token
    confirmed = payment("10.001", submission=token, confirm_overpayment="on")
    assert admin_client.post(page(case, "payment"), confirmed).status_code == 302


def test_overpayment_is_refused_until_confirmed(admin_client):
    case = CaseFactory()
    assert "confirm_overpayment" not in admin_client.get(page(case, "payment")).content.decode()
    response = admin_client.post(page(case, "payment"), payment("10.001"))
    assert response.status_code == 422
    assert 'name="confirm_overpayment"' in response.content.decode()
    assert "10.001" in response.content.decode(), "what was typed is kept"
    assert not LedgerEntry.objects.filter(kind="payment").exists()
    response = admin_client.post(page(case, "payment"), payment("10.001", confirm_overpayment="on"))
    assert response.status_code == 302
    case.refresh_from_db()
    assert case.balance == Decimal("-1.00")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"amount": "-5"}, "amount"),
        ({"amount": ""}, "amount"),
        ({"value_date": f"{dates.today() + timedelta(days=1):%d/%m/%Y}"}, "value_date"),
        ({"value_date": "01/01/2001"}, "value_date"),
    ],
)
def test_wrong_payment_is_refused_beside_its_field(admin_client, typed, field):
    case = CaseFactory()
    response = admin_client.post(page(case, "payment"), {**payment(), **typed})
    assert response.status_code == 422
    assert field in response.context["form"].errors


def test_adjustment(admin_client):
    case = CaseFactory()
    response = admin_client.post(page(case, "adjustment"), {"amount": "-2.500", "notes": "Quita"})
    assert response.status_code == 302
    case.refresh_from_db()
    assert case.balance == Decimal("7500.00")
    assert admin_client.post(page(case, "adjustment"), {"amount": "0", "notes": "x"}).status_code == 422
    assert admin_client.post(page(case, "adjustment"), {"amount": "5"}).status_code == 422, "without a reason"


def test_reversal_asks_then_restores_the_balance_once(admin_client, admin_user):
    case = CaseFactory()
    entry = pay(case, 10000, by=admin_user)
    url = f"/admin/cases/ledgerentry/{entry.pk}/reverse/"
    assert url in admin_client.get(page(case, "change")).content.decode()
    assert "$ 10.000,00" in admin_client.get(url).content.decode()
    assert admin_client.post(url, {"notes": "Cheque rechazado"}).status_code == 302
    case.refresh_from_db()
    assert (case.balance, case.status.slug) == (Decimal(10000), "en-gestion")
    assert url not in admin_client.get(page(case, "change")).content.decode()
    again = admin_client.post(url, {"notes": "otra vez"})
    assert again.status_code == 422
    assert "ya fue revertido" in again.content.decode()


def test_stopped_case_goes_back_to_the_queue_with_a_date(admin_client, admin_user, gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    services.record_activity(case=case, by=gestor_user, type="call", result=result("REC"))
    assert page(case, "release") in admin_client.get(page(case, "change")).content.decode()
    past = admin_client.post(page(case, "release"), {"next_action_at": "2020-01-01T10:00"})
    assert past.status_code == 422
    when = timezone.localtime() + timedelta(days=3)
    assert admin_client.post(page(case, "release"), {"next_action_at": f"{when:%Y-%m-%dT%H:%M}"}).status_code == 302
    case.refresh_from_db()
    assert case.stopped_at is None
    assert case.next_action_at == when.replace(second=0, microsecond=0)


@pytest.mark.parametrize("name", ["payment", "adjustment", "release"])
def test_staff_who_is_no_admin_moves_no_money(staff_client, name):
    case = CaseFactory()
    assert staff_client.get(page(case, name)).status_code == 403
    assert staff_client.post(page(case, name), payment()).status_code == 403
    assert page(case, name) not in staff_client.get(page(case, "change")).content.decode()
    assert Case.objects.get().balance == Decimal(10000)


def test_unknown_case_or_payment_is_404(admin_client):
    assert admin_client.get("/admin/cases/case/999/payment/").status_code == 404
    assert admin_client.get("/admin/cases/ledgerentry/999/reverse/").status_code == 404
