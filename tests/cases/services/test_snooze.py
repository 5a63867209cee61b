"""Snoozing (DESIGN §4): what may wait waits, what was agreed does not, and one undo brings it back."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEvent, User
from cases import nightly, services
from cases.models import Activity, Case, Effect, LedgerEntry
from cases.rules.queue import Band
from nova.lib import dates
from tests.at_once import after_waiting, at_once
from tests.factories import AdminFactory, CaseFactory, GestorFactory, PromiseFactory, result
from tests.steps import pay

pytestmark = pytest.mark.django_db


def in_days(days: int) -> datetime:
    return dates.start_of_day(dates.today() + timedelta(days=days))


def refusal(**given) -> str:
    with pytest.raises(ValidationError) as error:
        services.snooze(**given)
    return " ".join(error.value.messages)


@pytest.fixture
def case(gestor_user: User) -> Case:
    return CaseFactory(assigned_to=gestor_user)


def test_a_snoozed_case_leaves_the_queue_and_is_no_gestion(case: Case, gestor_user: User) -> None:
    activity = services.snooze(case=case, by=gestor_user, until=in_days(4))

    case.refresh_from_db()
    assert (case.next_action_at, case.queue_band) == (in_days(4), Band.FOLLOW_UP)
    assert not Case.objects.in_queue(gestor_user).exists()
    assert (case.last_activity_at, case.status.slug, case.version) == (None, "sin-gestion", 1)
    assert not Activity.objects.by_people().exists()
    assert activity.is_system
    assert activity.notes.startswith("Pospuesto: vuelve el ")
    assert AuditEvent.objects.filter(action="edited", target_id=str(case.pk)).count() == 1


def test_the_band_says_later_why_it_is_there(case: Case, gestor_user: User) -> None:
    Case.objects.filter(pk=case.pk).update(queue_band=Band.BROKEN_PROMISE, next_action_at=in_days(-3))

    services.snooze(case=case, by=gestor_user, until=in_days(1))

    case.refresh_from_db()
    assert case.queue_band == Band.BROKEN_PROMISE


def test_fifteen_days_at_most_and_never_the_past(case: Case, gestor_user: User) -> None:
    assert "como máximo 15 días" in refusal(case=case, by=gestor_user, until=in_days(16))
    assert "todavía no pasó" in refusal(case=case, by=gestor_user, until=timezone.now())
    services.snooze(case=case, by=gestor_user, until=in_days(15) + timedelta(hours=23))


def test_an_agreed_hour_is_never_moved(case: Case, gestor_user: User) -> None:
    for agreed in (in_days(2) + timedelta(hours=15), in_days(-1)):
        Case.objects.filter(pk=case.pk).update(queue_band=Band.CALL_BACK, next_action_at=agreed)
        assert "llamado acordado" in refusal(case=case, by=gestor_user, until=in_days(5))


def test_a_promise_that_falls_due_is_never_moved(case: Case, gestor_user: User) -> None:
    PromiseFactory(case=case, promise_date=dates.today() + timedelta(days=9))
    PromiseFactory(case=case, promise_date=dates.today() + timedelta(days=5))

    assert "vence antes" in refusal(case=case, by=gestor_user, until=in_days(5))
    services.snooze(case=case, by=gestor_user, until=in_days(4))


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"instalments": 6}, "La cuota 1 de 6 del"),
        ({"instalments": 6, "down_payment": Decimal(10)}, "El anticipo del"),
        ({}, "El pago del convenio del"),
    ],
)
def test_an_instalment_that_falls_due_is_said_as_such(case: Case, gestor_user: User, terms: dict, said: str) -> None:
    asked = services.ArrangementTerms(dates.today() + timedelta(days=5), **terms)
    services.propose_arrangement(case=case, by=gestor_user, terms=asked, accept=True, accepted_how="phone")

    sentence = refusal(case=case, by=gestor_user, until=in_days(5))

    assert sentence.startswith(said)
    assert "promesa" not in sentence


def test_closed_and_stopped_cases_stay_and_so_does_one_that_comes_later(case: Case, gestor_user: User) -> None:
    Case.objects.filter(pk=case.pk).update(next_action_at=in_days(9))
    assert "Ya vuelve más adelante" in refusal(case=case, by=gestor_user, until=in_days(9))
    services.set_stop(debtor=case.debtor, by=gestor_user, reason="reclamo")
    assert "detenido" in refusal(case=case, by=gestor_user, until=in_days(12))
    closed = CaseFactory(assigned_to=gestor_user, status_slug="incobrable")
    assert "cerrado" in refusal(case=closed, by=gestor_user, until=in_days(3))


def test_undo_brings_it_back(case: Case, gestor_user: User) -> None:
    activity = services.snooze(case=case, by=gestor_user, until=in_days(4))

    undone = services.undo(activity=activity, by=gestor_user)

    case.refresh_from_db()
    assert (case.next_action_at, case.queue_band, undone.left) == (None, Band.NEW, [])
    assert Case.objects.in_queue(gestor_user).get() == case


def test_undo_leaves_what_a_gestion_has_decided_since(case: Case, gestor_user: User) -> None:
    activity = services.snooze(case=case, by=gestor_user, until=in_days(4))
    services.record_activity(case=case, by=gestor_user, type="call", result=result("NEG"))
    case.refresh_from_db()
    decided = case.next_action_at

    undone = services.undo(activity=activity, by=gestor_user)

    case.refresh_from_db()
    assert case.next_action_at == decided
    assert any("la próxima acción" in line for line in undone.left)


def test_other_automatic_activities_are_still_not_undone(case: Case, admin_user: User, other_gestor: User) -> None:
    services.assign_cases(cases=Case.objects.filter(pk=case.pk), gestor=other_gestor, by=admin_user)

    assert "automática" in services.refusal_of_undo(
        Activity.objects.get(is_system=True), by=admin_user, now=timezone.now()
    )


def test_the_whole_person_waits_so_that_no_other_debt_stands_for_them(
    case: Case, gestor_user: User, other_gestor: User
) -> None:
    due, elsewhere, agreed = (CaseFactory(debtor=case.debtor, assigned_to=gestor_user) for _ in range(3))
    Case.objects.filter(pk=elsewhere.pk).update(assigned_to=other_gestor)
    Case.objects.filter(pk=agreed.pk).update(queue_band=Band.CALL_BACK, next_action_at=timezone.now())

    activity = services.snooze(case=case, by=gestor_user, until=in_days(4), whole_person=True)

    assert set(Case.objects.filter(next_action_at=in_days(4))) == {case, due}
    services.undo(activity=activity, by=gestor_user)
    assert not Case.objects.filter(next_action_at=in_days(4)).exists()
    services.snooze(case=case, by=gestor_user, until=in_days(4))
    assert Case.objects.get(next_action_at=in_days(4)) == case


def test_many_at_once_are_one_undo_and_say_who_stayed(gestor_user: User) -> None:
    first, second, agreed = CaseFactory.create_batch(3, assigned_to=gestor_user)
    Case.objects.filter(pk=agreed.pk).update(queue_band=Band.CALL_BACK, next_action_at=in_days(1))

    told, activity = services.snooze_cases(cases=Case.objects.all(), by=gestor_user, until=in_days(3))

    assert (told.changed, sum(told.refused.values())) == (2, 1)
    assert activity is not None
    services.undo(activity=activity, by=gestor_user)
    assert set(Case.objects.in_queue(gestor_user)) == {first, second}


@given(
    band=st.sampled_from(list(Band)),
    next_in=st.none() | st.integers(-20, 20),
    promised_in=st.none() | st.integers(0, 20),
    until_in=st.integers(-2, 18),
    hour=st.integers(0, 23),
)
def test_whatever_is_snoozed_keeps_every_agreement(band, next_in, promised_in, until_in, hour) -> None:
    gestor, until = GestorFactory(), in_days(until_in) + timedelta(hours=hour)
    case = CaseFactory(assigned_to=gestor, status_slug="en-gestion")
    before = None if next_in is None else in_days(next_in)
    Case.objects.filter(pk=case.pk).update(queue_band=band, next_action_at=before, last_activity_at=timezone.now())
    if promised_in is not None:
        PromiseFactory(case=case, promise_date=dates.today() + timedelta(days=promised_in))
    try:
        activity = services.snooze(case=case, by=gestor, until=until)
    except ValidationError:
        case.refresh_from_db()
        assert (case.queue_band, case.next_action_at) == (band, before)
        assert not Effect.objects.filter(activity__case=case).exists()
        return
    case.refresh_from_db()
    assert case.next_action_at == until
    assert timezone.now() < until < in_days(16)
    assert until > (before or timezone.now())
    assert (band, before is None) != (Band.CALL_BACK, False)
    assert until_in < (20 if promised_in is None else promised_in)
    services.undo(activity=activity, by=gestor)
    case.refresh_from_db()
    assert case.queue_band == band
    assert case.next_action_at == before


def test_a_promise_that_comes_due_calls_a_snoozed_case_back(case: Case, gestor_user: User) -> None:
    """Snoozed to the day before its promise, which no weekend hides."""
    due = dates.add_business_days(dates.today(), 3)
    PromiseFactory(case=case, promise_date=due)
    services.snooze(case=case, by=gestor_user, until=dates.start_of_day(due - timedelta(days=1)))

    nightly.run(now=dates.start_of_day(dates.previous_business_day(due)) + timedelta(hours=1))

    case.refresh_from_db()
    assert case.next_action_at <= dates.start_of_day(dates.previous_business_day(due))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_a_call_that_is_agreed_meanwhile_wins(self) -> None:
        gestor = GestorFactory()
        case = CaseFactory(assigned_to=gestor)
        agreed = in_days(2) + timedelta(hours=15)
        agree = partial(
            services.record_activity, case=case, by=gestor, type="call", result=result("VLL"), next_action_at=agreed
        )

        refused = None
        try:
            refused = after_waiting(agree, partial(services.snooze, case=case, by=gestor, until=in_days(3)))
        except ValidationError as error:
            refused = error

        assert isinstance(refused, ValidationError), refused
        case.refresh_from_db()
        assert case.next_action_at == agreed

    def test_two_lists_snooze_the_same_cases_without_a_deadlock(self) -> None:
        gestor, admin = GestorFactory(), AdminFactory()
        cases = CaseFactory.create_batch(6, assigned_to=gestor)
        both = at_once(
            partial(services.snooze_cases, cases=Case.objects.order_by("-balance"), by=gestor, until=in_days(3)),
            partial(services.snooze_cases, cases=Case.objects.order_by("id"), by=admin, until=in_days(5)),
            partial(pay, cases[3], 100, by=gestor),
        )
        assert [type(outcome) for outcome in both] == [tuple, tuple, LedgerEntry], both
        moments = Case.objects.values_list("next_action_at", flat=True)
        assert {moment in (in_days(3), in_days(5)) for moment in moments} == {True}
