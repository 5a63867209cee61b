"""Stops are the person's: set by a result, copied on every debt, lifted once (DESIGN §3.6)."""

import importlib
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEvent
from cases import nightly, services
from cases.models import Activity, Case, StopFlag
from cases.services.cases import move_case
from cases.services.stops import copy_stops
from tests.at_once import at_once
from tests.factories import AdminFactory, CaseFactory, DebtorFactory, GestorFactory, result
from tests.steps import pay

pytestmark = pytest.mark.django_db
LATER = timedelta(days=60)


def say(case, by, code):
    return services.record_activity(case=case, by=by, type="call", result=result(code)).activity


def stopped(*cases):
    return [Case.objects.get(pk=case.pk).stopped_at is not None for case in cases]


@pytest.fixture
def two_debts(gestor_user, other_gestor):
    """One person, a debt with each of two gestores."""
    first = CaseFactory(assigned_to=gestor_user)
    return first, CaseFactory(debtor=first.debtor, assigned_to=other_gestor)


@pytest.mark.parametrize("code", ["NOC", "FAL", "ABG"])
def test_stop_of_a_person_takes_all_their_debts_out_of_every_queue(two_debts, gestor_user, other_gestor, code):
    first, second = two_debts
    stranger = CaseFactory(assigned_to=other_gestor)

    activity = say(first, gestor_user, code)

    assert stopped(first, second, stranger) == [True, True, False]
    assert second not in Case.objects.in_queue(other_gestor, timezone.now() + LATER)
    assert stranger in Case.objects.in_queue(other_gestor, timezone.now() + LATER)
    stop = StopFlag.objects.get()
    assert (stop.debtor, stop.case, stop.channel, stop.activity, stop.set_by) == (
        first.debtor, None, "all", activity, gestor_user,
    )  # fmt: skip
    second.refresh_from_db()
    assert second.stopped_by_result == result(code)


@pytest.mark.parametrize(("code", "reason"), [("DES", "desconoce"), ("REC", "reclamo")])
def test_stop_of_a_debt_leaves_the_others(two_debts, gestor_user, code, reason):
    first, second = two_debts
    say(first, gestor_user, code)
    assert stopped(first, second) == [True, False]
    assert StopFlag.objects.get().reason == reason


def test_what_a_result_stops_is_staffs_choice(two_debts, gestor_user):
    first, second = two_debts
    code = result("REC")
    code.stops_person = True
    code.save()
    say(first, gestor_user, "REC")
    assert stopped(first, second) == [True, True]


def test_same_stop_is_not_set_twice(two_debts, gestor_user, other_gestor):
    first, second = two_debts
    say(first, gestor_user, "NOC")
    say(second, other_gestor, "NOC")
    assert StopFlag.objects.count() == 1
    assert AuditEvent.objects.filter(action="stopped").count() == 1


def test_other_channels_leave_the_queue_alone(two_debts, gestor_user):
    first, second = two_debts
    services.set_stop(debtor=first.debtor, by=gestor_user, reason="pide_no_contacto", channel="call")
    assert stopped(first, second) == [False, False]


def test_a_debt_that_comes_later_is_stopped_too(two_debts, admin_user, gestor_user):
    first, _ = two_debts
    say(first, gestor_user, "FAL")
    placed = services.place_case(cartera=first.cartera, debtor=first.debtor, amount=Decimal(500), by=admin_user)
    assert placed.stopped_at is not None
    moved = CaseFactory(debtor=DebtorFactory(dni=None))
    move_case(case_id=moved.pk, debtor_id=first.debtor_id)
    assert stopped(placed, moved) == [True, True]


def test_stop_goes_with_the_case_and_the_last_case_takes_the_persons(gestor_user):
    former, target = DebtorFactory(dni=None), CaseFactory()
    case = CaseFactory(debtor=former, assigned_to=gestor_user)
    say(case, gestor_user, "NOC")
    move_case(case_id=case.pk, debtor_id=target.debtor_id)
    assert stopped(case, target) == [True, True]
    assert StopFlag.objects.get().debtor == target.debtor


def test_stop_of_one_case_moves_alone(gestor_user):
    former, target = DebtorFactory(dni=None), CaseFactory()
    case, left = (CaseFactory(debtor=former, assigned_to=gestor_user) for _ in range(2))
    say(case, gestor_user, "REC")
    move_case(case_id=case.pk, debtor_id=target.debtor_id)
    assert stopped(case, left, target) == [True, False, False]


def test_a_paid_debt_that_is_reopened_is_still_stopped(two_debts, gestor_user, admin_user):
    first, second = two_debts
    payment = pay(second, second.amount, by=admin_user)
    say(first, gestor_user, "NOC")
    services.reverse_payment(payment=payment, by=admin_user)
    second.refresh_from_db()
    assert (second.is_open, second.stopped_at is not None) == (True, True)


# --- Lifting -----------------------------------------------------------------------------------------
def test_lifting_brings_all_debts_back_with_one_next_action(two_debts, gestor_user, other_gestor, admin_user):
    first, second = two_debts
    say(first, gestor_user, "NOC")
    when = timezone.now() + timedelta(days=2)

    services.lift_stop(stop=StopFlag.objects.get(), by=admin_user, next_action_at=when, notes="Volvió a llamar él.")

    assert stopped(first, second) == [False, False]
    assert set(Case.objects.values_list("next_action_at", flat=True)) == {when}
    assert second in Case.objects.in_queue(other_gestor, when)
    told = second.activities.get(is_system=True)
    assert "Volvió a llamar él." in told.notes
    events = AuditEvent.objects.filter(action="released")
    assert {event.target_id for event in events} == {first.pk, second.pk}
    assert events[0].before["stopped_by_result"] == "NOC"
    with pytest.raises(ValidationError, match="ya se levantó"):
        services.lift_stop(stop=StopFlag.objects.get(), by=admin_user, next_action_at=when)


def test_another_stop_goes_on_holding(two_debts, gestor_user, admin_user):
    first, second = two_debts
    say(first, gestor_user, "REC")
    say(first, gestor_user, "NOC")
    of_person = StopFlag.objects.get(case=None)
    services.lift_stop(stop=of_person, by=admin_user, next_action_at=timezone.now() + timedelta(days=1))
    assert stopped(first, second) == [True, False]
    first.refresh_from_db()
    assert first.stopped_by_result == result("REC")


def test_releasing_a_case_lifts_everything_that_holds_it(two_debts, gestor_user, admin_user):
    first, second = two_debts
    say(first, gestor_user, "REC")
    say(first, gestor_user, "NOC")
    services.release_case(case=first, by=admin_user, next_action_at=timezone.now() + timedelta(days=1))
    assert stopped(first, second) == [False, False]
    assert not StopFlag.objects.standing().exists()


def test_lifting_asks_for_the_next_action(two_debts, gestor_user, admin_user):
    say(two_debts[0], gestor_user, "NOC")
    with pytest.raises(ValidationError) as error:
        services.lift_stop(stop=StopFlag.objects.get(), by=admin_user)
    assert "next_action_at" in error.value.message_dict
    assert stopped(*two_debts) == [True, True]


def test_nightly_ends_what_has_an_end(two_debts, gestor_user):
    first, second = two_debts
    now = timezone.now()
    services.set_stop(debtor=first.debtor, by=gestor_user, reason="revision", until=now + timedelta(days=3))
    assert nightly.run(now=now + timedelta(days=2)).stops_ended == 0
    assert stopped(first, second) == [True, True]
    assert nightly.run(now=now + timedelta(days=4)).stops_ended == 1
    assert stopped(first, second) == [False, False]
    first.refresh_from_db()
    assert first.next_action_at is not None
    assert nightly.run(now=now + timedelta(days=5)).stops_ended == 0


def test_an_end_in_the_past_is_refused(gestor_user):
    with pytest.raises(ValidationError) as error:
        services.set_stop(debtor=DebtorFactory(), by=gestor_user, reason="revision", until=timezone.now())
    assert "until" in error.value.message_dict


# --- What was there already ----------------------------------------------------------------------------
def test_migration_carries_the_stops_of_today_over(gestor_user, other_gestor):
    first = CaseFactory(assigned_to=gestor_user)
    second = CaseFactory(debtor=first.debtor, assigned_to=other_gestor)
    claim = CaseFactory(assigned_to=gestor_user)
    spared = CaseFactory(debtor=claim.debtor)
    by_hand = CaseFactory(stopped_at=timezone.now())
    activity = say(first, gestor_user, "NOC")
    say(claim, gestor_user, "REC")
    StopFlag.objects.all().delete()  # as they were: the copy alone, on the one case
    Case.objects.filter(pk=second.pk).update(stopped_at=None, stopped_by_result=None)

    importlib.import_module("cases.migrations.0019_stops_of_today").forwards(apps, None)

    assert stopped(first, second, claim, spared, by_hand) == [True, True, True, False, True]
    flags = {(flag.debtor_id, flag.case_id): flag for flag in StopFlag.objects.all()}
    assert set(flags) == {(first.debtor_id, None), (claim.debtor_id, claim.pk), (by_hand.debtor_id, by_hand.pk)}
    of_person = flags[first.debtor_id, None]
    assert (of_person.reason, of_person.activity, of_person.set_by) == ("pide_no_contacto", activity, gestor_user)
    assert flags[by_hand.debtor_id, by_hand.pk].reason == "revision"
    kept = dict(Case.objects.values_list("pk", "stopped_at"))
    copy_stops(Case.objects.values_list("debtor", flat=True))
    assert dict(Case.objects.values_list("pk", "stopped_at")) == kept, "the copy is what the stops say"


# --- At the same moment --------------------------------------------------------------------------------
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_gestores_hear_it_from_one_person_at_the_same_moment():
    for _ in range(5):
        first = CaseFactory(assigned_to=GestorFactory())
        second = CaseFactory(debtor=first.debtor, assigned_to=GestorFactory())
        made = at_once(
            lambda: say(first, first.assigned_to, "NOC"),  # noqa: B023
            lambda: say(second, second.assigned_to, "FAL"),  # noqa: B023
        )
        assert [type(activity) for activity in made] == [Activity, Activity], made
        assert stopped(first, second) == [True, True]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_debt_placed_while_the_person_is_being_stopped_is_stopped():
    admin, gestor = AdminFactory(), GestorFactory()
    for _ in range(5):
        first = CaseFactory(assigned_to=gestor)
        made = at_once(
            lambda: say(first, gestor, "NOC"),  # noqa: B023
            lambda: services.place_case(cartera=first.cartera, debtor=first.debtor, amount=Decimal(100), by=admin),  # noqa: B023
        )
        assert [type(row) for row in made] == [Activity, Case], made
        assert stopped(*Case.objects.filter(debtor=first.debtor)) == [True, True]
