"""Giving cases to gestores: DESIGN §4 "Queue", §10 "assign_cases"."""

from collections import Counter

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AuditEvent
from cases import services
from cases.models import Activity, Case
from tests.factories import ActivityFactory, CaseFactory, GestorFactory
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db


def test_assignment_writes_system_activity_and_audit(admin_user, gestor_user):
    case = CaseFactory()
    assert services.assign_cases(cases=Case.objects.all(), gestor=gestor_user, by=admin_user) == 1
    case.refresh_from_db()
    assert (case.assigned_to, case.queue_band, case.version) == (gestor_user, Case.Band.NEW, 2)
    activity = Activity.objects.get()
    assert activity.is_system
    event = AuditEvent.objects.get()
    assert (event.before["assigned_to"], event.after["assigned_to"]) == (None, gestor_user.username)


def test_cases_already_there_are_left_alone(admin_user, gestor_user):
    CaseFactory(assigned_to=gestor_user)
    assert services.assign_cases(cases=Case.objects.all(), gestor=gestor_user, by=admin_user) == 0
    assert not Activity.objects.exists()


def test_reassigned_case_without_a_date_goes_to_band_seven(admin_user, gestor_user, other_gestor):
    case = CaseFactory(assigned_to=other_gestor)
    services.assign_cases(cases=Case.objects.all(), gestor=gestor_user, by=admin_user)
    case.refresh_from_db()
    assert case.queue_band == Case.Band.REST


def test_touched_case_without_a_date_is_not_new_for_its_first_gestor(admin_user, gestor_user):
    case = ActivityFactory(created_by=admin_user).case
    services.assign_cases(cases=Case.objects.all(), gestor=gestor_user, by=admin_user)
    case.refresh_from_db()
    assert case.queue_band == Case.Band.REST


@pytest.mark.parametrize("count", [7, 9])
def test_shares_are_equal_to_within_one(admin_user, count):
    gestores = GestorFactory.create_batch(3)
    CaseFactory.create_batch(count)
    services.share_cases(cases=Case.objects.all(), gestores=gestores, by=admin_user)
    shares = Counter(Case.objects.values_list("assigned_to", flat=True)).values()
    assert sum(shares) == count
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize("given", [{"is_active": False}, {"role": "user"}])
def test_nobody_but_an_active_gestor_receives_cases(admin_user, given):
    CaseFactory()
    outsider = GestorFactory(**given)
    with pytest.raises(ValidationError):
        services.assign_cases(cases=Case.objects.all(), gestor=outsider, by=admin_user)
    with pytest.raises(ValidationError):
        services.share_cases(cases=Case.objects.all(), gestores=[outsider], by=admin_user)
    with pytest.raises(ValidationError):
        services.share_cases(cases=Case.objects.all(), gestores=[], by=admin_user)
    assert Case.objects.get().assigned_to is None


def test_cost_does_not_grow_with_cases(admin_user, gestor_user):
    def assign():
        services.assign_cases(cases=Case.objects.all(), gestor=gestor_user, by=admin_user)

    def more():
        Case.objects.update(assigned_to=None)
        CaseFactory.create_batch(30)

    CaseFactory.create_batch(3)
    queries_do_not_grow(assign, more)
