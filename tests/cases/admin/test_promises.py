"""Promises in the admin: seen, cancelled through the service, never edited."""

from datetime import timedelta

import pytest

from cases import services
from cases.models import Promise
from nova.lib import dates
from tests.factories import CaseFactory, PromiseFactory

pytestmark = pytest.mark.django_db


def cancel_url(promise):
    return f"/admin/cases/promise/{promise.pk}/cancel/"


def test_cancel_asks_then_cancels_and_moves_the_case(admin_client, gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    promise = services.promise_payment(case=case, by=gestor_user, amount=case.amount, promise_date=dates.today())
    assert cancel_url(promise) in admin_client.get(f"/admin/cases/promise/{promise.pk}/change/").content.decode()
    assert cancel_url(promise) in admin_client.get(f"/admin/cases/case/{case.pk}/change/").content.decode()
    assert "$ 10.000,00" in admin_client.get(cancel_url(promise)).content.decode()
    assert admin_client.post(cancel_url(promise), {"notes": "Pidió otra fecha"}).status_code == 302
    promise.refresh_from_db()
    case.refresh_from_db()
    assert (promise.status, case.status.slug) == (Promise.Status.CANCELLED, "en-gestion")


def test_decided_promise_is_refused_in_words(admin_client):
    promise = PromiseFactory(status=Promise.Status.BROKEN, promise_date=dates.today() - timedelta(days=30))
    assert cancel_url(promise) not in admin_client.get(f"/admin/cases/promise/{promise.pk}/change/").content.decode()
    response = admin_client.post(cancel_url(promise), {"notes": "x"})
    assert response.status_code == 422
    assert "solo se cancelan las pendientes" in response.content.decode()


def test_staff_cancel_only_what_they_promised(staff_client, staff_user):
    theirs, other = PromiseFactory(created_by=staff_user), PromiseFactory()
    assert staff_client.post(cancel_url(other), {"notes": "x"}).status_code == 403
    assert staff_client.post(cancel_url(theirs), {"notes": "x"}).status_code == 302
    other.refresh_from_db()
    assert other.status == Promise.Status.PENDING


def test_unknown_promise_is_404(admin_client):
    assert admin_client.get("/admin/cases/promise/999/cancel/").status_code == 404
