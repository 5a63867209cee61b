"""Status by hand: DESIGN §3.5 and §2 "Two people, one case"."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEvent
from cases import services
from cases.models import Case
from nova.lib import dates
from tests.factories import CaseFactory, status
from tests.steps import pay

pytestmark = pytest.mark.django_db


def change(case, slug, by, **given):
    return services.change_status(case=case, status=status(slug), by=by, **given)


def test_change_writes_status_activity_and_audit_together(gestor_user):
    case = CaseFactory()
    change(case, "contactado", gestor_user)
    case.refresh_from_db()
    assert (case.status.slug, case.version) == ("contactado", 2)
    activity = case.activities.get()
    assert (activity.type, activity.notes, activity.is_system) == ("status", "Sin gestión → Contactado", False)
    event = AuditEvent.objects.get(action="status")
    assert (event.before["status"], event.after["status"]) == ("sin-gestion", "contactado")
    assert case.next_action_at is not None  # touched: it never lacks a next action again


def test_pagada_is_not_set_by_hand_while_something_is_owed(gestor_user):
    case = CaseFactory()
    with pytest.raises(ValidationError):
        change(case, "pagada", gestor_user)
    case.refresh_from_db()
    assert case.stage == "en_gestion"


def test_case_without_balance_is_not_reopened_by_hand(gestor_user):
    case = CaseFactory()
    pay(case, case.amount, by=gestor_user)
    with pytest.raises(ValidationError):
        change(case, "en-gestion", gestor_user)


@pytest.mark.parametrize("slug", ["incobrable", "a-juicio", "de-baja"])
def test_closing_cancels_pending_promises(gestor_user, slug):
    case = CaseFactory()
    promise = services.promise_payment(
        case=case, by=gestor_user, amount=Decimal("10.00"), promise_date=dates.today() + timedelta(days=3)
    )
    change(case, slug, gestor_user)
    promise.refresh_from_db()
    assert promise.status == "cancelled"


def test_reopened_case_is_in_the_queue_at_once_in_band_seven(gestor_user):
    case = CaseFactory(status_slug="incobrable", assigned_to=gestor_user)
    change(case, "en-gestion", gestor_user)
    case.refresh_from_db()
    assert case.queue_band == Case.Band.REST
    assert case in Case.objects.in_queue(gestor_user)


def test_stale_version_writes_nothing(gestor_user):
    case = CaseFactory()
    change(case, "contactado", gestor_user, version=1)
    with pytest.raises(services.StaleVersion) as error:
        change(case, "de-baja", gestor_user, version=1)
    assert error.value.current.status.slug == "contactado"
    case.refresh_from_db()
    assert case.status.slug == "contactado"
    assert case.activities.count() == 1


def test_inactive_status_is_refused(gestor_user):
    retired = status("contactado")
    retired.is_active = False
    retired.save()
    with pytest.raises(ValidationError):
        change(CaseFactory(), "contactado", gestor_user)


def test_many_change_and_the_impossible_ones_are_named(admin_user):
    owing = CaseFactory.create_batch(2)
    paid = CaseFactory()
    pay(paid, paid.amount, by=admin_user)
    outcome = services.change_status_of_cases(cases=Case.objects.all(), status=status("en-gestion"), by=admin_user)
    assert outcome.changed == 2
    assert list(outcome.examples.values()) == [[str(paid)]]
    assert all(case.activities.get().is_system for case in owing)


def test_edit_writes_fields_and_trail_and_refuses_a_stale_version(gestor_user):
    case = CaseFactory()
    services.edit_case(
        case=case, by=gestor_user, changes={"notes": "Llamar de tarde"}, debtor_changes={"city": "Rosario"}, version=1
    )
    with pytest.raises(services.StaleVersion):
        services.edit_case(case=case, by=gestor_user, changes={"notes": "Otra"}, version=1)
    case.refresh_from_db()
    assert (case.notes, case.debtor.city, case.version) == ("Llamar de tarde", "Rosario", 2)
    event = AuditEvent.objects.get(action="edited")
    assert (event.before["city"], event.after["city"]) == ("", "Rosario")
    with pytest.raises(TypeError):
        services.edit_case(case=case, by=gestor_user, changes={"balance": 0})


def test_paid_case_takes_no_next_action(gestor_user):
    case = CaseFactory()
    pay(case, case.amount, by=gestor_user)
    with pytest.raises(ValidationError) as error:
        services.edit_case(case=case, by=gestor_user, changes={"next_action_at": timezone.now()})
    assert list(error.value.message_dict) == ["next_action_at"]


@pytest.mark.parametrize("is_bulk", [False, True])
def test_case_set_to_pagada_by_hand_loses_its_next_action(admin_user, is_bulk):
    case = CaseFactory()
    pay(case, case.amount, by=admin_user)
    change(case, "incobrable", admin_user)
    services.edit_case(case=case, by=admin_user, changes={"next_action_at": timezone.now()})
    if is_bulk:
        services.change_status_of_cases(cases=Case.objects.all(), status=status("pagada"), by=admin_user)
    else:
        change(case, "pagada", admin_user)
    case.refresh_from_db()
    assert (case.stage, case.next_action_at) == ("pagada", None)


def test_date_given_to_a_new_case_makes_a_follow_up_of_it_and_back(gestor_user):
    case = CaseFactory()
    for when, band in ((timezone.now(), Case.Band.FOLLOW_UP), (None, Case.Band.NEW)):
        services.edit_case(case=case, by=gestor_user, changes={"next_action_at": when})
        case.refresh_from_db()
        assert case.queue_band == band
