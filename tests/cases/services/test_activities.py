"""Recording and voiding gestiones: DESIGN §3.6, §3.7, §4."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEvent
from cases import services
from cases.models import Activity, Case, LedgerEntry, Promise
from nova.lib import dates
from tests.factories import CaseFactory, DebtorPhoneFactory, result
from tests.steps import pay

pytestmark = pytest.mark.django_db


def record(case, by, code=None, type="call", **given):
    return services.record_activity(case=case, by=by, type=type, result=result(code) if code else None, **given)


@pytest.mark.parametrize(
    ("code", "days", "band"),
    [("YP", 2, 3), ("NEG", 3, 6), ("DIF", 15, 6), ("REN", 7, 6), ("NC", 1, 6), ("WSP", 3, 6), ("VIS", 5, 6)],
)
def test_result_code_sets_the_next_action_and_the_band(gestor_user, code, days, band):
    case = CaseFactory(assigned_to=gestor_user)
    record(case, gestor_user, code)
    case.refresh_from_db()
    assert case.next_action_at == dates.start_of_day(dates.add_business_days(dates.today(), days))
    assert case.queue_band == band


def test_call_back_asks_when_and_goes_to_band_one(gestor_user):
    case = CaseFactory()
    with pytest.raises(ValidationError) as error:
        record(case, gestor_user, "VLL")
    assert "next_action_at" in error.value.message_dict
    when = timezone.now() + timedelta(hours=3)
    record(case, gestor_user, "VLL", next_action_at=when)
    case.refresh_from_db()
    assert (case.next_action_at, case.queue_band) == (when, Case.Band.CALL_BACK)


def test_internal_note_leaves_a_set_date(gestor_user):
    when = dates.start_of_day(dates.today() + timedelta(days=9))
    case = CaseFactory(next_action_at=when)
    record(case, gestor_user, "NOTA", type="note", notes="Ver el expediente.")
    case.refresh_from_db()
    assert case.next_action_at == when


@pytest.mark.parametrize("code", ["DES", "REC", "ABG", "NOC", "FAL"])
def test_stopping_result_takes_the_case_out_of_the_queue_until_an_admin_releases_it(gestor_user, admin_user, code):
    case = CaseFactory(assigned_to=gestor_user)
    record(case, gestor_user, code)
    case.refresh_from_db()
    assert case.stopped_by_result.code == code
    assert case not in Case.objects.in_queue(gestor_user, timezone.now() + timedelta(days=99))
    assert case in Case.objects.stopped()
    event = AuditEvent.objects.get(action="stopped")
    assert (event.target_id, event.actor, event.after["stopped_by_result"]) == (case.pk, gestor_user, code)
    services.release_case(case=case, by=admin_user, next_action_at=timezone.now())
    assert case in Case.objects.in_queue(gestor_user)


def test_stopped_case_that_was_paid_is_released_without_a_next_action(gestor_user, admin_user):
    case = CaseFactory(assigned_to=gestor_user)
    record(case, gestor_user, "REC")
    pay(case, case.amount, by=gestor_user)
    services.release_case(case=case, by=admin_user, next_action_at=timezone.now() + timedelta(days=1))
    case.refresh_from_db()
    assert (case.stage, case.stopped_at, case.next_action_at) == ("pagada", None, None)


@pytest.mark.parametrize("code", ["EQ", "INX"])
def test_invalid_phone_is_never_offered_again(gestor_user, code):
    phone = DebtorPhoneFactory()
    case = CaseFactory(debtor=phone.debtor)
    record(case, gestor_user, code, phone=phone)
    phone.refresh_from_db()
    assert phone.state == "bad"
    assert phone not in phone.debtor.phones.usable()


def test_phone_of_another_debtor_is_refused(gestor_user):
    with pytest.raises(ValidationError) as error:
        record(CaseFactory(), gestor_user, "NC", phone=DebtorPhoneFactory())
    assert "phone" in error.value.message_dict


def test_one_save_writes_one_activity_to_which_promise_and_payment_point(gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    due = dates.today() + timedelta(days=10)
    saved = record(
        case,
        gestor_user,
        "PP",
        notes="Paga la mitad hoy",
        promise={"amount": Decimal("6000.00"), "promise_date": due},
        payment={"amount": Decimal("4000.00"), "method": "cash"},
    )
    activity = Activity.objects.get()
    assert saved.promise.activity == saved.payment.activity == activity
    assert activity.type == "call"
    case.refresh_from_db()
    assert (case.balance, case.stage) == (Decimal("6000.00"), "promesa")
    assert saved.promise.paid_amount == 0  # today's payment came before the promise
    assert case.next_action_at == dates.start_of_day(dates.previous_business_day(due))


def test_promise_of_more_than_what_the_payment_leaves_is_refused_whole(gestor_user):
    case = CaseFactory()
    with pytest.raises(ValidationError) as error:
        record(
            case,
            gestor_user,
            "PP",
            promise={"amount": Decimal("6000.01"), "promise_date": dates.today()},
            payment={"amount": Decimal("4000.00")},
        )
    assert list(error.value.message_dict) == ["promise_amount"]
    assert not Activity.objects.exists()
    assert not Promise.objects.exists()
    assert LedgerEntry.objects.count() == 1
    case.refresh_from_db()
    assert (case.balance, case.stage) == (Decimal("10000.00"), "en_gestion")


def test_result_that_needs_a_promise_asks_for_it(gestor_user):
    with pytest.raises(ValidationError) as error:
        record(CaseFactory(), gestor_user, "PP")
    assert "promise" in error.value.message_dict


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"type": "telepathy"}, "type"),
        ({"type": "note"}, "notes"),
        ({"next_action_at": timezone.now() - timedelta(days=1)}, "next_action_at"),
    ],
)
def test_impossible_gestion_is_refused(gestor_user, given, field):
    with pytest.raises(ValidationError) as error:
        record(CaseFactory(), gestor_user, **given)
    assert field in error.value.message_dict
    assert not Activity.objects.exists()


def test_gestion_with_an_earlier_clock_does_not_become_the_last_one(gestor_user):
    case, now = CaseFactory(), timezone.now()
    record(case, gestor_user, "NC", now=now)
    record(case, gestor_user, "NC", now=now - timedelta(seconds=3))
    case.refresh_from_db()
    assert case.last_activity_at == now


def test_voiding_hides_the_gestion_and_undoes_nothing_it_caused(gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    first = record(case, gestor_user, "NC").activity
    saved = record(case, gestor_user, "NEG", payment={"amount": Decimal("1000.00")})
    services.void_activity(activity=saved.activity, by=gestor_user)
    case.refresh_from_db()
    assert list(case.activities.standing()) == [first]
    assert case.last_activity_at == first.created_at
    assert case.balance == Decimal("9000.00")
    event = AuditEvent.objects.get(action="activity_voided")
    assert event.before["activity"] == saved.activity.pk


def test_only_its_author_or_an_admin_voids_a_gestion_and_once(gestor_user, other_gestor, admin_user):
    activity = record(CaseFactory(), gestor_user, "NC").activity
    with pytest.raises(ValidationError):
        services.void_activity(activity=activity, by=other_gestor)
    services.void_activity(activity=activity, by=admin_user)
    with pytest.raises(ValidationError):
        services.void_activity(activity=activity, by=admin_user)
