"""Giving cases to gestores: DESIGN §4 "Queue", §10 "assign_cases"."""

from collections import Counter
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AuditEvent
from cases import services
from cases.models import Activity, Case
from tests.factories import ActivityFactory, CaseFactory, DebtorFactory, GestorFactory
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


# --- By person ---------------------------------------------------------------------------------------------
def holders(debtor) -> set[str]:
    return set(debtor.cases.values_list("assigned_to__username", flat=True))


def test_all_debts_of_a_person_go_to_one_gestor(admin_user):
    ana, luis = (GestorFactory(username=name) for name in ("ana", "luis"))
    people = DebtorFactory.create_batch(10)
    for _ in range(3):  # shuffled: the debts of a person do not stand together
        for person in people:
            CaseFactory(debtor=person)
    services.share_cases(cases=Case.objects.all(), gestores=[ana, luis], by=admin_user)
    assert {len(holders(person)) for person in people} == {1}
    assert Counter(Case.objects.values_list("assigned_to__username", flat=True)) == {"ana": 15, "luis": 15}


def test_a_person_goes_to_the_one_who_has_them_and_of_two_to_the_larger_balance(admin_user):
    ana, luis, eva = (GestorFactory(username=name) for name in ("ana", "luis", "eva"))
    known, split = DebtorFactory(), DebtorFactory()
    CaseFactory(debtor=known, assigned_to=eva)
    CaseFactory(debtor=split, assigned_to=ana, amount=Decimal(500))
    CaseFactory(debtor=split, assigned_to=luis, amount=Decimal(900))
    CaseFactory(debtor=split, assigned_to=ana, amount=Decimal(9000), status_slug="incobrable")  # closed: not called
    CaseFactory.create_batch(2, debtor=known)
    new = CaseFactory(debtor=split)
    services.share_cases(cases=Case.objects.open().unassigned(), gestores=[ana, luis, eva], by=admin_user)
    new.refresh_from_db()
    assert holders(known) == {"eva"}
    assert new.assigned_to == luis


def test_whoever_receives_nothing_is_not_given_their_people(admin_user):
    ana, gone = GestorFactory(), GestorFactory(is_active=False)
    person = CaseFactory(assigned_to=gone).debtor
    new = CaseFactory(debtor=person)
    services.share_cases(cases=Case.objects.unassigned(), gestores=[ana], by=admin_user)
    new.refresh_from_db()
    assert new.assigned_to == ana


def test_others_make_up_for_the_debts_of_a_person(admin_user):
    ana, luis = (GestorFactory(username=name) for name in ("ana", "luis"))
    CaseFactory.create_batch(4, debtor=CaseFactory(assigned_to=ana).debtor)
    CaseFactory.create_batch(8)
    services.share_cases(cases=Case.objects.unassigned(), gestores=[ana, luis], by=admin_user)
    assert Counter(Case.objects.values_list("assigned_to__username", flat=True)) == {"ana": 7, "luis": 6}


def test_by_case_a_person_may_be_split(admin_user):
    gestores = GestorFactory.create_batch(2)
    person = DebtorFactory()
    CaseFactory.create_batch(2, debtor=person)
    services.share_cases(cases=Case.objects.all(), gestores=gestores, by_person=False, by=admin_user)
    assert len(holders(person)) == 2


def test_explicit_assignment_is_obeyed(admin_user, gestor_user, other_gestor):
    mine = CaseFactory(assigned_to=gestor_user)
    other = CaseFactory(debtor=mine.debtor)
    services.assign_cases(cases=Case.objects.filter(pk=other.pk), gestor=other_gestor, by=admin_user)
    assert len(holders(mine.debtor)) == 2


def test_uniting_gives_each_person_to_one_of_those_who_have_them(admin_user):
    ana, luis = (GestorFactory(username=name) for name in ("ana", "luis"))
    gone = GestorFactory(username="gone", is_active=False)
    one, two, left = DebtorFactory(), DebtorFactory(), DebtorFactory()
    CaseFactory(debtor=one, assigned_to=ana, amount=Decimal(500))
    CaseFactory(debtor=one, assigned_to=luis, amount=Decimal(300))
    CaseFactory(debtor=one, assigned_to=luis, amount=Decimal(201))
    CaseFactory(debtor=two, assigned_to=ana)
    CaseFactory(debtor=two, assigned_to=ana)
    CaseFactory(debtor=left, assigned_to=ana)
    CaseFactory(debtor=left, assigned_to=gone)
    assert services.unite_people(by=admin_user) == (1, 1)
    assert [holders(person) for person in (one, two, left)] == [{"luis"}, {"ana"}, {"ana", "gone"}]
    assert services.unite_people(by=admin_user) == (0, 0)


def test_uniting_costs_the_same_for_more_people(admin_user, gestor_user, other_gestor):
    def split(count):
        for person in DebtorFactory.create_batch(count):
            CaseFactory(debtor=person, assigned_to=gestor_user)
            CaseFactory(debtor=person, assigned_to=other_gestor)

    split(2)
    queries_do_not_grow(lambda: services.unite_people(by=admin_user), lambda: split(12))
