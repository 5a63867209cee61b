"""Making, keeping, breaking and cancelling promises: DESIGN §3.3–§3.5."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from cases import services
from cases.models import Activity, Case
from nova.lib import dates
from tests.factories import CaseFactory, status
from tests.steps import pay

pytestmark = pytest.mark.django_db
DUE = dates.today() + timedelta(days=10)


def promise_on(case, by, amount="1000.00", due=DUE, **given):
    return services.promise_payment(case=case, by=by, amount=Decimal(amount), promise_date=due, **given)


def settle_on(case, day):
    case = services.settlement.lock_case(case)
    services.settle(case, now=dates.start_of_day(day))
    case.refresh_from_db()
    return case


def test_promise_moves_the_case_and_its_place_in_the_queue(gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    promise = promise_on(case, gestor_user)
    case.refresh_from_db()
    assert (case.status.slug, case.stage, case.version) == ("promesa", "promesa", 2)
    assert case.queue_band == Case.Band.PROMISE_DUE
    assert case.next_action_at == dates.start_of_day(dates.previous_business_day(DUE))
    assert promise.activity.type == "promise"


def test_promise_leaves_a_status_of_its_own_stage_alone(gestor_user):
    case = CaseFactory(status_slug="con-arreglo")
    promise_on(case, gestor_user)
    case.refresh_from_db()
    assert case.status.slug == "con-arreglo"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "10000.01"}, "amount"),
        ({"due": dates.today() - timedelta(days=1)}, "promise_date"),
        ({"due": dates.today() + timedelta(days=91)}, "promise_date"),
    ],
)
def test_impossible_promise_is_refused_and_leaves_nothing(gestor_user, given, field):
    case = CaseFactory()
    with pytest.raises(ValidationError) as error:
        promise_on(case, gestor_user, **given)
    assert list(error.value.message_dict) == [field]
    case.refresh_from_db()
    assert case.stage == "en_gestion"
    assert not case.promises.exists()
    assert not Activity.objects.exists()


@pytest.mark.parametrize("days", [0, 90])
def test_promise_may_be_due_today_and_ninety_days_ahead(gestor_user, days):
    due = dates.today() + timedelta(days=days)
    made = promise_on(CaseFactory(), gestor_user, due=due)
    assert (made.status, made.promise_date) == ("pending", due)


@pytest.mark.parametrize("slug", ["incobrable", "a-juicio", "de-baja"])
def test_closed_case_takes_no_promise(gestor_user, slug):
    with pytest.raises(ValidationError):
        promise_on(CaseFactory(status_slug=slug), gestor_user)


def test_paid_case_takes_no_promise(gestor_user):
    case = CaseFactory()
    pay(case, case.amount, by=gestor_user)
    with pytest.raises(ValidationError):
        promise_on(case, gestor_user)


def test_several_promises_may_not_exceed_the_balance(gestor_user):
    case = CaseFactory()
    promise_on(case, gestor_user, "6000.00")
    promise_on(case, gestor_user, "4000.00", DUE + timedelta(days=30))
    with pytest.raises(ValidationError):
        promise_on(case, gestor_user, "0.01", DUE + timedelta(days=60))


def test_paid_part_of_a_promise_makes_no_room_that_the_balance_has_not(gestor_user):
    case = CaseFactory()
    promise_on(case, gestor_user, "10000.00")
    pay(case, "3000.00", by=gestor_user)
    with pytest.raises(ValidationError):  # balance 7000, still unpaid 7000
        promise_on(case, gestor_user, "0.01")


def test_last_promise_kept_sends_the_case_back_to_follow_up(gestor_user):
    case = CaseFactory()
    first = promise_on(case, gestor_user, "1000.00")
    second = promise_on(case, gestor_user, "2000.00", DUE + timedelta(days=5))
    pay(case, "1000.00", by=gestor_user)
    case.refresh_from_db()
    first.refresh_from_db()
    assert (first.status, first.fulfilled_date) == ("fulfilled", dates.today())
    assert (case.stage, case.queue_band) == ("promesa", Case.Band.PROMISE_DUE)
    pay(case, "2000.00", by=gestor_user)
    case.refresh_from_db()
    second.refresh_from_db()
    assert second.status == "fulfilled"
    assert (case.status.slug, case.queue_band) == ("en-gestion", Case.Band.FOLLOW_UP)
    assert case.next_action_at is not None


def test_broken_promise_puts_the_case_in_band_two(gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    promise = promise_on(case, gestor_user)
    last_day = dates.add_business_days(DUE, 2)
    assert settle_on(case, last_day).stage == "promesa"
    case = settle_on(case, last_day + timedelta(days=1))
    promise.refresh_from_db()
    assert promise.status == "broken"
    assert (case.status.slug, case.queue_band) == ("en-gestion", Case.Band.BROKEN_PROMISE)


def test_settling_again_changes_nothing(gestor_user):
    case = CaseFactory()
    promise_on(case, gestor_user)
    day = dates.add_business_days(DUE, 3)
    first = settle_on(case, day)
    written = (first.version, first.queue_band, first.next_action_at)
    Case.objects.filter(pk=case.pk).update(queue_band=Case.Band.FOLLOW_UP)  # somebody worked it meanwhile
    again = settle_on(case, day)
    assert again.queue_band == Case.Band.FOLLOW_UP
    assert (again.version, again.next_action_at) == (written[0], written[2])


def test_broken_promise_does_not_move_a_closed_case(gestor_user, admin_user):
    case = CaseFactory()
    promise = promise_on(case, gestor_user)
    services.change_status(case=case, status=status("incobrable"), by=admin_user)
    promise.refresh_from_db()
    assert promise.status == "cancelled"
    assert settle_on(case, DUE + timedelta(days=30)).stage == "incobrable"


def test_back_dated_payment_and_its_reversal_turn_an_outcome_both_ways(gestor_user, admin_user):
    case = CaseFactory()
    promise = promise_on(case, gestor_user)
    long_after = timezone.now() + timedelta(days=60)
    settle_on(case, dates.local_date(long_after))
    payment = pay(case, "1000.00", by=gestor_user, value_date=dates.today() + timedelta(days=1), now=long_after)
    promise.refresh_from_db()
    assert promise.status == "fulfilled"
    services.reverse_payment(payment=payment, by=admin_user, now=long_after)
    promise.refresh_from_db()
    assert (promise.status, promise.paid_amount, promise.fulfilled_date) == ("broken", 0, None)


def test_expired_promise_does_not_block_a_new_one_before_the_nightly_run(gestor_user):
    case = CaseFactory()
    promise_on(case, gestor_user, "10000.00")
    later = timezone.now() + timedelta(days=40)
    new = promise_on(case, gestor_user, "10000.00", dates.local_date(later), now=later)
    assert new.status == "pending"
    case.refresh_from_db()
    assert case.stage == "promesa"


def test_cancelling_the_last_promise_sends_the_case_back(gestor_user):
    case = CaseFactory()
    promise = promise_on(case, gestor_user)
    services.cancel_promise(promise=promise, by=gestor_user)
    case.refresh_from_db()
    assert (case.status.slug, case.queue_band) == ("en-gestion", Case.Band.FOLLOW_UP)
    with pytest.raises(ValidationError):
        services.cancel_promise(promise=promise, by=gestor_user)


def test_only_its_maker_or_an_admin_cancels_a_promise(gestor_user, other_gestor, admin_user):
    promise = promise_on(CaseFactory(), gestor_user)
    with pytest.raises(ValidationError):
        services.cancel_promise(promise=promise, by=other_gestor)
    services.cancel_promise(promise=promise, by=admin_user)


def test_promise_past_its_grace_is_broken_even_before_the_night_and_no_longer_cancelled(gestor_user):
    case = CaseFactory()
    promise = promise_on(case, gestor_user)
    with pytest.raises(ValidationError) as error:
        services.cancel_promise(promise=promise, by=gestor_user, now=timezone.now() + timedelta(days=40))
    assert "incumplida" in str(error.value)


def test_cancelling_the_last_promise_decides_an_older_one_that_is_past_its_grace(gestor_user):
    case = CaseFactory()
    late, last = promise_on(case, gestor_user), promise_on(case, gestor_user, due=DUE + timedelta(days=70))
    services.cancel_promise(promise=last, by=gestor_user, now=timezone.now() + timedelta(days=40))
    late.refresh_from_db()
    case.refresh_from_db()
    assert (late.status, case.status.slug, case.queue_band) == ("broken", "en-gestion", Case.Band.FOLLOW_UP)


def test_historic_promise_is_never_recomputed_nor_fed(gestor_user):
    case = CaseFactory()
    promise = promise_on(case, gestor_user)
    case.promises.filter(pk=promise.pk).update(is_historic=True, status="broken")
    pay(case, "1000.00", by=gestor_user)
    promise.refresh_from_db()
    assert (promise.status, promise.paid_amount) == ("broken", 0)
