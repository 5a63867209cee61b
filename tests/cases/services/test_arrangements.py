"""Arrangements through the services: the examples of DESIGN §3.8 with their entries, statuses and places."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import AuditEvent
from cases import nightly, services
from cases.models import Arrangement, LedgerEntry, StopFlag
from cases.services import ArrangementConflict, ArrangementTerms
from cases.transfer import verify
from nova.lib import dates
from tests.factories import (
    AdminFactory,
    ArrangementFactory,
    CarteraFactory,
    CaseFactory,
    DiscountLimitFactory,
    GestorFactory,
    OfferFactory,
    result,
    status,
)
from tests.steps import ledger_sum

pytestmark = pytest.mark.django_db
D = Decimal


def at(day, hour=12, minute=0):
    day = date.fromisoformat(day)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=dates.BuenosAires())


SIGNED = at("2026-12-01")


@pytest.fixture
def gestor():
    return GestorFactory()


@pytest.fixture
def admin():
    return AdminFactory()


@pytest.fixture
def limits():
    for role, percent in (("gestor", 40), ("admin", 50), ("creditor", 60)):
        DiscountLimitFactory(role=role, max_percent=D(percent))


def case_of(gestor, amount="250000", **more):
    return CaseFactory(amount=D(amount), assigned_to=gestor, placed_on=date(2026, 10, 1), **more)


def propose(case, by, *, accept=True, now=SIGNED, first="2026-12-15", **terms):
    given = {"first_due_on": date.fromisoformat(first), **terms}
    how = "phone" if accept else ""
    return services.propose_arrangement(
        case=case, by=by, terms=ArrangementTerms(**given), accept=accept, accepted_how=how, now=now
    )


def pay(case, amount, day, *, by=None, value_date=None, **more):
    return services.record_payment(
        case=case,
        by=by,
        amount=D(amount),
        value_date=date.fromisoformat(value_date or day),
        confirm_duplicate=True,
        now=at(day, 13),
        **more,
    )


def night(day):
    nightly.run(now=at(day, 0, 30))


def facts(case):
    """(status, band, balance, arrangement, waived) as they are now."""
    case.refresh_from_db()
    assert case.balance == ledger_sum(case)
    last = case.arrangements.order_by("id").last()
    waived = sum(entry.amount for entry in case.entries.filter(reason="waiver"))
    return case.status.slug, case.queue_band, str(case.balance), last.status, str(-waived)


def paid_amounts(arrangement):
    return [str(part.paid_amount) for part in arrangement.schedule.all()]


# --- From the acceptance to the end --------------------------------------------------------------------
def test_a_settlement_in_cash_waives_the_rest_when_it_is_paid(gestor, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40))
    assert facts(case) == ("con-arreglo", 4, "250000.00", "active", "0")
    assert case.next_action_at == dates.start_of_day(date(2026, 12, 14))
    pay(case, 150_000, "2026-12-14")
    assert facts(case) == ("pagada-con-quita", 4, "0.00", "completed", "100000.00")  # E8
    assert case.next_action_at is None
    assert case.arrangements.get().closed_on == date(2026, 12, 14)
    assert not Arrangement.objects.waived_beyond().exists()
    recovered = LedgerEntry.objects.recovered(date(2026, 12, 1), date(2026, 12, 31))
    assert [str(entry.amount) for entry in recovered] == ["150000.00"]
    assert services.refresh_total(case=case, by=None, total=D(262_500), now=at("2026-12-15")) is None
    assert facts(case) == ("pagada-con-quita", 4, "0.00", "completed", "100000.00")
    assert case.creditor_total == 262_500


def test_a_reversal_brings_the_waiver_back_and_lets_it_lapse(gestor, admin, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40))
    payment = pay(case, 150_000, "2026-12-14")
    waiver = case.entries.get(reason="waiver")
    other = GestorFactory()
    services.assign_cases(cases=type(case).objects.filter(pk=case.pk), gestor=other, by=admin)
    services.reverse_payment(payment=payment, by=admin, now=at("2026-12-21"))
    assert facts(case) == ("en-gestion", 2, "250000.00", "lapsed", "0.00")
    assert case.next_action_at == at("2026-12-21")
    back = case.entries.filter(reason="waiver").order_by("id").last()
    assert (back.amount, back.credited_to) == (-waiver.amount, gestor)


def test_a_reversal_before_the_date_lets_it_run_again(gestor, admin, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40))
    payment = pay(case, 150_000, "2026-12-14")
    services.reverse_payment(payment=payment, by=admin, now=at("2026-12-15"))
    assert facts(case) == ("con-arreglo", 4, "250000.00", "active", "0.00")
    assert case.next_action_at == at("2026-12-15")


def test_a_reversed_instalment_is_asked_for_at_once(gestor, admin):
    case, made = plan_of_three(gestor)
    payment = pay(case, 150_000, "2026-12-09")
    services.reverse_payment(payment=payment, by=admin, now=at("2026-12-20"))
    assert facts(case) == ("con-arreglo", 4, "300000.00", "active", "0")
    assert case_place(case) == (4, "2026-12-20 12:00")
    assert paid_amounts(made) == ["0.00", "0.00", "0.00"]


def test_interest_is_posted_on_acceptance_and_taken_back_on_cancellation(gestor):
    case = case_of(gestor, "480000")
    made = propose(case, gestor, system="direct", instalments=6, down_payment=D(80_000), monthly_rate=D(5))
    assert facts(case)[2:4] == ("600000.00", "active")  # E2
    entry = case.entries.get(reason="plan_interest")
    assert (entry.amount, entry.arrangement, entry.credited_to) == (120_000, made, gestor)
    pay(case, 80_000, "2026-12-01")
    pay(case, "86666.66", "2026-12-15")
    pay(case, "86666.66", "2027-01-14")
    assert facts(case)[2] == "346666.68"
    services.cancel_arrangement(arrangement=made, by=gestor, reason="Cambió de idea", now=at("2027-01-20"))
    assert facts(case) == ("en-gestion", 2, "226666.68", "cancelled", "0")  # E6
    assert case.next_action_at == at("2027-01-20")


def test_a_lapse_takes_the_interest_back_and_a_payment_dated_before_it_posts_it_again(gestor):
    case = case_of(gestor, "480000")
    propose(case, gestor, system="direct", instalments=6, down_payment=D(80_000), monthly_rate=D(5))
    night("2026-12-18")
    assert facts(case)[2:4] == ("600000.00", "active")
    night("2026-12-19")
    assert facts(case) == ("en-gestion", 2, "480000.00", "lapsed", "0")
    pay(case, 80_000, "2026-12-21", value_date="2026-12-02")
    assert facts(case) == ("con-arreglo", 4, "520000.00", "active", "0")


def test_a_total_of_the_creditor_is_no_reason_to_waive_before_the_end(gestor):
    case = case_of(gestor, "480000")
    propose(case, gestor, system="direct", instalments=6, down_payment=D(80_000), monthly_rate=D(5))
    pay(case, 80_000, "2026-12-01")
    pay(case, "173333.32", "2026-12-15", confirm_overpayment=True)
    services.refresh_total(case=case, by=None, total=D(520_000), now=at("2026-12-16"))
    assert facts(case)[2:4] == ("520000.00", "active")  # E7
    assert case.entries.order_by("id").last().reason == "creditor"
    assert Arrangement.objects.restated().get().case == case
    assert not Arrangement.objects.waived_beyond().exists()
    pay(case, "346666.68", "2026-12-17")
    assert facts(case) == ("pagada-con-quita", 4, "0.00", "completed", "173333.32")
    assert Arrangement.objects.waived_beyond().get().case == case
    assert not Arrangement.objects.restated().exists()


def test_a_lapse_after_a_total_of_the_creditor_takes_nothing_back(gestor):
    case = case_of(gestor, "480000")
    propose(case, gestor, system="direct", instalments=6, down_payment=D(80_000), monthly_rate=D(5))
    pay(case, 80_000, "2026-12-01")
    services.refresh_total(case=case, by=None, total=D(530_000), now=at("2026-12-16"))
    night("2027-03-01")
    assert facts(case) == ("en-gestion", 2, "530000.00", "lapsed", "0")


def test_a_total_after_the_lapse_is_the_balance_however_late_it_was_seen(gestor):
    case = case_of(gestor, "480000")
    propose(case, gestor, system="direct", instalments=6, down_payment=D(80_000), monthly_rate=D(5))
    services.refresh_total(case=case, by=None, total=D(500_000), now=at("2027-03-01"))  # no night has run
    assert facts(case)[2:4] == ("500000.00", "lapsed")
    night("2027-03-02")
    assert facts(case)[2:4] == ("500000.00", "lapsed")


def test_a_lower_total_is_all_that_is_asked(gestor, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40))
    services.refresh_total(case=case, by=None, total=D(140_000), now=at("2026-12-05"))
    with pytest.raises(ValidationError, match="El pago supera el saldo"):
        pay(case, 150_000, "2026-12-14")
    pay(case, 140_000, "2026-12-14")
    assert facts(case) == ("pagada", 4, "0.00", "completed", "0")  # E10


def test_fees_stay_owed_and_the_case_open(gestor, admin, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40))
    services.adjust_balance(case=case, by=admin, amount=D(10_000), reason="fee", now=at("2026-12-05"))
    pay(case, 150_000, "2026-12-14")
    assert facts(case) == ("en-gestion", 7, "10000.00", "completed", "100000.00")


# --- Instalments, days and nights ----------------------------------------------------------------------
def plan_of_three(gestor):
    case = case_of(gestor, "300000")
    return case, propose(case, gestor, instalments=3, first="2026-12-10")


def test_a_plan_in_the_queue(gestor):
    case, made = plan_of_three(gestor)
    pay(case, 60_000, "2026-12-09")
    assert case_place(case) == (4, "2026-12-09 00:00")
    pay(case, 90_000, "2027-01-12")
    assert paid_amounts(made) == ["100000.00", "50000.00", "0.00"]
    assert case_place(case) == (4, "2027-01-08 00:00")  # the business day before the second date
    night("2027-01-14")
    assert [part.status for part in made.schedule.all()] == ["paid", "overdue", "pending"]
    assert facts(case)[3] == "active"
    night("2027-02-16")
    assert facts(case) == ("en-gestion", 2, "150000.00", "lapsed", "0")  # E5
    assert case_place(case) == (2, "2027-02-16 00:30")


def case_place(case):
    case.refresh_from_db()
    return case.queue_band, f"{dates.to_local(case.next_action_at):%Y-%m-%d %H:%M}"


def test_nightly_brings_the_case_up_and_reads_only_what_a_new_day_may_decide(gestor):
    case, made = plan_of_three(gestor)
    services.record_activity(
        case=case, by=gestor, result=result("EQ"), next_action_at=at("2027-01-20"), now=at("2026-12-02")
    )
    type(case).objects.filter(pk=case.pk).update(queue_band=6)
    assert made_look(made) == date(2026, 12, 9)
    assert list(nightly._cases_to_bring_up_to_date(date(2026, 12, 8))) == []
    night("2026-12-09")
    assert case_place(case) == (4, "2026-12-09 00:00")
    assert made_look(made) == date(2026, 12, 10)
    night("2026-12-09")
    assert case_place(case) == (4, "2026-12-09 00:00")


def made_look(made):
    made.refresh_from_db()
    return made.next_look_on


def test_a_month_without_nights_gives_the_same_as_every_night(gestor):
    often, _ = plan_of_three(gestor)
    rarely, _ = plan_of_three(gestor)
    other = type(rarely).objects.exclude(pk=rarely.pk)
    assert other.exists()
    for number in range(90):
        nightly._bring_up_to_date(often.pk, nightly.Report(), now=at("2026-12-02", 0, 30) + timedelta(days=number))
    nightly._bring_up_to_date(rarely.pk, nightly.Report(), now=at("2027-03-02", 0, 30))
    assert facts(often)[0:1] + facts(often)[2:] == facts(rarely)[0:1] + facts(rarely)[2:]
    assert often.arrangements.get().closed_on == rarely.arrangements.get().closed_on == date(2027, 1, 14)


def test_a_late_payment_with_an_earlier_date_undoes_the_lapse_once(gestor, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40))
    night("2026-12-20")
    assert facts(case)[3] == "lapsed"
    pay(case, 150_000, "2026-12-22", value_date="2026-12-17", by=gestor)
    assert facts(case)[0] == "pagada-con-quita"


def test_a_lapse_is_final_once_something_else_was_agreed(gestor, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40))
    night("2026-12-20")
    services.promise_payment(
        case=case, by=gestor, amount=D(1000), promise_date=date(2026, 12, 30), now=at("2026-12-21")
    )
    assert not Arrangement.objects.kept_ended(date.min).exists()
    paid = pay(case, 150_000, "2026-12-22", value_date="2026-12-17")
    assert facts(case)[2:4] == ("100000.00", "lapsed")
    night("2026-12-23")
    assert case.arrangements.get().stays_ended_since == date(2026, 12, 22)  # somebody has to look
    services.reverse_payment(payment=paid, by=gestor, now=at("2026-12-24"))
    assert case.arrangements.get().stays_ended_since is None


def test_what_stays_ended_runs_again_once_nothing_keeps_it_from_that(gestor, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40), instalments=2)
    night("2027-03-01")
    promised = services.record_activity(
        case=case,
        by=gestor,
        result=result("PP"),
        promise={"amount": D(1000), "promise_date": date(2027, 3, 8)},
        now=at("2027-03-02"),
    )
    pay(case, 75_000, "2027-03-03", value_date="2026-12-17")
    pay(case, 70_000, "2027-03-03", value_date="2027-01-15")
    assert facts(case)[3] == "lapsed"
    pay(case, 5_000, "2027-03-03", value_date="2027-01-15")
    assert case.arrangements.get().stays_ended_since == date(2027, 3, 3)
    services.void_activity(activity=promised.activity, by=gestor, now=at("2027-03-03"))
    pay(case, 1, "2027-03-04")  # the next change of the case looks again
    assert (facts(case)[3], case.arrangements.get().stays_ended_since) == ("completed", None)


@pytest.mark.parametrize("status_of_it", ["lapsed", "completed", "cancelled"])
def test_one_that_moved_in_closed_stays_as_it_came(gestor, limits, status_of_it):
    """Not even where the ledger, which did not see its payments, says otherwise."""
    case = case_of(gestor)
    old = ArrangementFactory(
        case=case,
        agreed_total=D(150_000),
        status=status_of_it,
        is_historic=True,
        accepted_at=at("2026-10-05"),
        first_due_on=date(2026, 11, 5),
        closed_on=date(2026, 11, 20),
    )
    before = state_of(old)
    pay(case, 50_000, "2026-12-01", value_date="2026-11-04")
    night("2026-12-10")
    assert facts(case)[2] == "200000.00"
    assert state_of(old) == before
    made = propose(case, gestor, waiver_percent=D(40), now=at("2026-12-11"), first="2026-12-18")
    assert made.status == "active"
    services.refresh_total(case=case, by=None, total=D(240_000), now=at("2026-12-14"))
    pay(case, 120_000, "2026-12-15")
    assert facts(case)[0] == "pagada-con-quita"
    assert state_of(old) == before
    outcomes = list(verify.run(today=date(2026, 12, 15), keep=3))
    assert len(outcomes) > 10
    assert [outcome for outcome in outcomes if outcome.errors] == []


def test_a_new_arrangement_follows_one_that_lapsed(gestor, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40))
    night("2026-12-20")
    second = propose(case, gestor, waiver_percent=D(20), now=at("2026-12-21"), first="2026-12-28")
    assert facts(case)[:2] == ("con-arreglo", 4)
    pay(case, 200_000, "2026-12-22", value_date="2026-12-17", confirm_overpayment=True)
    first = case.arrangements.order_by("id").first()
    second.refresh_from_db()
    assert (first.status, second.status) == ("lapsed", "active")  # money valued before it feeds neither


def test_stops_pause_the_clock(gestor, admin, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40))
    stop = services.set_stop(
        debtor=case.debtor, case=case, by=gestor, reason=StopFlag.Reason.RECLAMO, now=at("2026-12-10")
    )
    night("2027-02-01")
    assert facts(case)[3] == "active"
    services.lift_stop(stop=stop, by=admin, next_action_at=at("2027-02-03"), now=at("2027-02-02"))
    night("2027-02-05")
    assert facts(case)[3] == "active"
    night("2027-02-10")
    assert facts(case)[3] == "lapsed"


def test_who_asks_not_to_be_called_still_has_to_pay(gestor, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40))
    services.set_stop(debtor=case.debtor, by=gestor, reason=StopFlag.Reason.PIDE_NO_CONTACTO, now=at("2026-12-10"))
    night("2026-12-20")
    assert facts(case)[3] == "lapsed"


# --- Promises, statuses, undo --------------------------------------------------------------------------
def test_promises_give_way_to_it(gestor):
    case = case_of(gestor, "300000")
    promise = services.promise_payment(
        case=case, by=gestor, amount=D(1000), promise_date=date(2026, 12, 5), now=at("2026-12-01", 10)
    )
    propose(case, gestor, instalments=3)
    promise.refresh_from_db()
    assert promise.status == "cancelled"
    with pytest.raises(ValidationError) as refused:
        services.promise_payment(
            case=case, by=gestor, amount=D(1000), promise_date=date(2026, 12, 5), now=at("2026-12-02")
        )
    assert "convenio" in str(refused.value.message_dict["case"])


@pytest.mark.parametrize("slug", ["incobrable", "de-baja"])
def test_closing_a_case_cancels_it(gestor, admin, slug):
    case = case_of(gestor, "480000")
    propose(case, gestor, system="direct", instalments=6, monthly_rate=D(5))
    services.change_status(case=case, status=status(slug), by=admin, now=at("2026-12-03"))
    assert facts(case)[0] == slug
    assert facts(case)[2:4] == ("480000.00", "cancelled")


def test_closing_many_cases_cancels_theirs(gestor, admin):
    case = case_of(gestor, "480000")
    propose(case, gestor, system="direct", instalments=6, monthly_rate=D(5))
    services.change_status_of_cases(
        cases=type(case).objects.all(), status=status("de-baja"), by=admin, now=at("2026-12-03")
    )
    assert facts(case)[0] == "de-baja"
    assert facts(case)[2:4] == ("480000.00", "cancelled")


def test_in_one_save_it_comes_before_the_payment_which_feeds_it(gestor, limits):
    case = case_of(gestor)
    recorded = services.record_activity(
        case=case,
        by=gestor,
        result=result("PP"),
        arrangement={
            "terms": ArrangementTerms(date(2026, 12, 15), waiver_percent=D(40), down_payment=D(50_000)),
            "accept": True,
            "accepted_how": "message",
        },
        payment={"amount": D(50_000)},
        now=SIGNED,
    )
    assert recorded.arrangement.status == "active"
    assert paid_amounts(recorded.arrangement) == ["50000.00", "0.00"]
    assert case_place(case) == (4, "2026-12-14 00:00")
    assert recorded.arrangement.activity == recorded.activity
    services.undo(activity=recorded.activity, by=gestor, now=SIGNED + timedelta(minutes=1))
    assert facts(case)[0] == "sin-gestion"
    assert facts(case)[2:4] == ("250000.00", "cancelled")


def test_undo_takes_all_of_its_interest_back_and_the_promise_is_pending_again(gestor):
    case = case_of(gestor, "480000")
    promise = services.promise_payment(
        case=case, by=gestor, amount=D(1000), promise_date=date(2026, 12, 5), now=at("2026-12-01", 10)
    )
    made = propose(case, gestor, system="direct", instalments=6, monthly_rate=D(5))
    services.undo(activity=made.activity, by=gestor, now=SIGNED + timedelta(minutes=1))
    promise.refresh_from_db()
    assert promise.status == "pending"
    assert facts(case)[0] == "promesa"
    assert facts(case)[2:4] == ("480000.00", "cancelled")


def state_of(arrangement):
    """Every column of an arrangement and of its schedule but the moment of the last change."""
    row = Arrangement.objects.filter(pk=arrangement.pk).values().get()
    return {name: value for name, value in row.items() if name != "updated_at"}, list(arrangement.schedule.values())


@pytest.mark.parametrize("accept", [True, False])
def test_an_approval_that_is_undone_leaves_the_request_as_it_was(gestor, admin, limits, accept):
    case = case_of(gestor)
    asked = propose(case, gestor, waiver_percent=D(45), accept=accept, down_payment=D(1000), notes="Llamó la hija")
    before, place = state_of(asked), (facts(case), case_place(case))
    services.approve_arrangement(arrangement=asked, by=admin, notes="Adelante", now=at("2026-12-02"))
    assert state_of(asked) != before
    undone = undo_last(case, admin, at("2026-12-02", 12, 2))
    assert undone.left == []
    assert state_of(asked) == before
    assert (facts(case), case_place(case)) == place
    assert list(Arrangement.objects.awaiting().standing(at("2026-12-02"))) == [asked]
    decisions = AuditEvent.objects.filter(action="arrangement", target_id=str(case.pk)).order_by("id")
    assert [event.after["arrangement_status"] for event in decisions] == [
        "awaiting_approval",
        "active" if accept else "proposed",
        "awaiting_approval",
    ]
    made = services.approve_arrangement(arrangement=asked, by=admin, now=at("2026-12-03"))
    assert made.status == ("active" if accept else "proposed")


def test_what_an_approval_posted_and_cancelled_comes_back_with_it(gestor, admin, limits):
    DiscountLimitFactory(role="gestor", arrears_from_months=0, cartera=(cartera := CarteraFactory()), max_instalments=3)
    case = case_of(gestor, "480000", cartera=cartera)
    asked = propose(case, gestor, system="direct", instalments=6, monthly_rate=D(5), down_payment=D(80_000))
    assert asked.status == "awaiting_approval"
    promise = services.promise_payment(
        case=case, by=gestor, amount=D(50_000), promise_date=date(2026, 12, 9), now=at("2026-12-01", 13)
    )
    before = state_of(asked)
    services.approve_arrangement(arrangement=asked, by=admin, now=at("2026-12-02", 12, 59))
    assert facts(case)[2] == "600000.00"
    decision = last_note(case, admin)
    paid = pay(case, 10_000, "2026-12-02")  # it feeds the down payment
    assert paid_amounts(asked)[0] == "10000.00"
    undone = services.undo(activity=decision, by=admin, now=at("2026-12-02", 13, 3))
    promise.refresh_from_db()
    assert (promise.status, state_of(asked)) == ("pending", before)
    assert facts(case)[2:4] == ("470000.00", "awaiting_approval")
    assert undone.left == []
    services.reverse_payment(payment=paid, by=admin, now=at("2026-12-02", 14))
    assert facts(case)[2] == "480000.00"


def test_a_refusal_and_an_acceptance_are_undone_likewise(gestor, admin, limits):
    case = case_of(gestor)
    asked = propose(case, gestor, waiver_percent=D(45))
    before = state_of(asked)
    services.reject_arrangement(arrangement=asked, by=admin, notes="Es mucho", now=at("2026-12-02"))
    undo_last(case, admin, at("2026-12-02", 12, 1))
    assert state_of(asked) == before

    case = case_of(gestor)
    offered = propose(case, gestor, accept=False, waiver_percent=D(40))
    before, place = state_of(offered), (facts(case), case_place(case))
    services.accept_arrangement(arrangement=offered, by=gestor, accepted_how="phone", now=at("2026-12-02"))
    undo_last(case, gestor, at("2026-12-02", 12, 1))
    assert (state_of(offered), (facts(case), case_place(case))) == (before, place)


def test_a_decision_that_others_went_on_from_stays(gestor, admin, limits):
    case = case_of(gestor)
    asked = propose(case, gestor, accept=False, waiver_percent=D(45))
    services.approve_arrangement(arrangement=asked, by=admin, now=at("2026-12-02"))
    decision = last_note(case, admin)
    services.accept_arrangement(arrangement=asked, by=gestor, accepted_how="phone", now=at("2026-12-02", 12, 1))
    undone = services.undo(activity=decision, by=admin, now=at("2026-12-02", 12, 2))
    assert "el convenio: ya está vigente" in undone.left
    assert facts(case)[3] == "active"

    case = case_of(gestor)
    asked = propose(case, gestor, waiver_percent=D(45))
    services.reject_arrangement(arrangement=asked, by=admin, notes="Es mucho", now=at("2026-12-02"))
    decision = last_note(case, admin)
    propose(case, gestor, waiver_percent=D(40), now=at("2026-12-02", 12, 1))
    undone = services.undo(activity=decision, by=admin, now=at("2026-12-02", 12, 2))
    assert "el convenio: después se pidió o se aceptó otro" in undone.left
    assert [row.status for row in case.arrangements.order_by("id")] == ["rejected", "active"]


def last_note(case, by):
    return case.activities.filter(created_by=by).latest("id")


def undo_last(case, by, now):
    return services.undo(activity=last_note(case, by), by=by, now=now)


def test_errors_of_a_save_name_the_field_of_the_arrangement(gestor):
    with pytest.raises(ValidationError) as refused:
        services.record_activity(
            case=case_of(gestor),
            by=gestor,
            arrangement={"terms": ArrangementTerms(date(2026, 12, 15), waiver_percent=D(40)), "accept": False},
            now=SIGNED,
        )
    assert list(refused.value.message_dict) == ["arrangement_waiver_percent"]


# --- Who may ----------------------------------------------------------------------------------------------
def test_without_a_limit_nothing_is_waived(gestor, admin):
    for by in (gestor, admin):
        with pytest.raises(ValidationError) as refused:
            propose(case_of(gestor), by, waiver_percent=D("0.01"))
        assert "waiver_percent" in refused.value.message_dict
    assert not Arrangement.objects.exists()


def test_beyond_ones_limit_it_waits_and_the_approval_makes_it_run(gestor, admin, limits):
    case = case_of(gestor)
    asked = propose(case, gestor, waiver_percent=D(45))
    assert (asked.status, asked.policy["needs"]) == ("awaiting_approval", "admin")
    assert facts(case)[:3] == ("sin-gestion", 5, "250000.00")
    assert list(Arrangement.objects.awaiting()) == [asked]
    made = services.approve_arrangement(arrangement=asked, by=admin, notes="Adelante", now=at("2026-12-02"))
    assert (made.status, made.approved_by, made.accepted_at) == ("active", admin, at("2026-12-02"))
    assert facts(case)[0] == "con-arreglo"
    assert case_place(case) == (1, "2026-12-02 12:00")  # the debtor has to hear it
    assert made.policy["decision"] == "approved"
    assert datetime.fromisoformat(made.policy["decided_at"]) == case.next_action_at


def test_a_request_that_nobody_accepted_becomes_a_proposal(gestor, admin, limits):
    case = case_of(gestor)
    asked = propose(case, gestor, accept=False, waiver_percent=D(45))
    answered = services.approve_arrangement(arrangement=asked, by=admin, now=at("2026-12-02"))
    assert answered.status == "proposed"
    assert case_place(case) == (1, "2026-12-02 12:00")
    made = services.accept_arrangement(arrangement=answered, by=gestor, accepted_how="signed", now=at("2026-12-03"))
    assert made.status == "active"


def test_whoever_asked_does_not_approve_and_no_gestor_does(gestor, admin, limits):
    asked = propose(case_of(gestor), admin, waiver_percent=D(55))
    assert (asked.status, asked.policy["needs"]) == ("awaiting_approval", "creditor")
    for by in (admin, gestor):
        with pytest.raises(PermissionDenied):
            services.approve_arrangement(arrangement=asked, by=by, creditor_authorisation="Sí", now=at("2026-12-02"))
        with pytest.raises(PermissionDenied):
            services.reject_arrangement(arrangement=asked, by=by, notes="No", now=at("2026-12-02"))
    other = AdminFactory()
    with pytest.raises(ValidationError) as refused:
        services.approve_arrangement(arrangement=asked, by=other, now=at("2026-12-02"))
    assert list(refused.value.message_dict) == ["creditor_authorisation"]
    made = services.approve_arrangement(
        arrangement=asked, by=other, creditor_authorisation="Mail de Pérez", now=at("2026-12-02")
    )
    assert made.status == "active"
    with pytest.raises(ArrangementConflict):
        services.approve_arrangement(arrangement=asked, by=other, now=at("2026-12-02"))


def test_an_admin_with_the_creditors_word_needs_nobody(gestor, admin, limits):
    made = propose(case_of(gestor), admin, waiver_percent=D(55), creditor_authorisation="Mail de Pérez del 30/11")
    assert made.status == "active"
    event = AuditEvent.objects.filter(action="arrangement").latest("id")
    assert event.after["creditor_authorisation"] == "Mail de Pérez del 30/11"


def test_a_refusal_says_why_and_brings_the_case_up(gestor, admin, limits):
    case = case_of(gestor)
    asked = propose(case, gestor, waiver_percent=D(45))
    with pytest.raises(ValidationError):
        services.reject_arrangement(arrangement=asked, by=admin, notes=" ", now=at("2026-12-02"))
    refused = services.reject_arrangement(arrangement=asked, by=admin, notes="Es mucho", now=at("2026-12-02"))
    assert (refused.status, refused.closed_on) == ("rejected", date(2026, 12, 2))
    assert case_place(case) == (1, "2026-12-02 12:00")
    assert propose(case, gestor, waiver_percent=D(40), now=at("2026-12-02", 14)).status == "active"


def test_only_who_made_it_or_an_admin_cancels_it(gestor, admin, limits):
    made = propose(case_of(gestor), gestor, waiver_percent=D(40))
    with pytest.raises(PermissionDenied):
        services.cancel_arrangement(arrangement=made, by=GestorFactory(), reason="x", now=at("2026-12-02"))
    with pytest.raises(ValidationError):
        services.cancel_arrangement(arrangement=made, by=gestor, reason=" ", now=at("2026-12-02"))
    services.cancel_arrangement(arrangement=made, by=admin, reason="Pidió otro", now=at("2026-12-02"))
    with pytest.raises(ArrangementConflict):
        services.cancel_arrangement(arrangement=made, by=admin, reason="x", now=at("2026-12-03"))


def test_the_capital_is_kept_and_the_refusal_says_what_it_is(gestor, admin):
    DiscountLimitFactory(role="admin", max_percent=D(60), keeps_capital=True)
    case = case_of(gestor, "144000", initial_amount=D(90_000))
    with pytest.raises(ValidationError) as refused:
        propose(case, admin, agreed_total=D("89999.99"))
    assert "90.000,00" in str(refused.value.message_dict["waiver_percent"])
    assert propose(case, admin, agreed_total=D(90_000)).status == "active"  # E12
    with pytest.raises(ValidationError) as refused:
        propose(case_of(gestor, "144000"), admin, agreed_total=D(143_999))
    assert "no dice su capital" in str(refused.value.message_dict["waiver_percent"])


def test_offers_are_worked_out_for_the_case(gestor, limits):
    case = case_of(gestor)
    OfferFactory(name="Contado", waiver_percent=D(30), valid_days=7, position=1)
    OfferFactory(name="Seis", system="french", instalments=6, monthly_rate=D(5), position=2)
    OfferFactory(name="Demasiado", waiver_percent=D(90), position=3)
    OfferFactory(name="Ajena", cartera=CarteraFactory(), position=4)
    OfferFactory(name="Vieja", is_active=False, position=5)
    found = services.offers_for(case=case, by=gestor, now=SIGNED)
    assert [(offered.offer.name, str(offered.figures.agreed_total)) for offered in found] == [
        ("Contado", "175000.00"),
        ("Seis", "295526.20"),
    ]
    assert found[0].figures.schedule[0].due_on == date(2026, 12, 8)
    assert (found[0].figures.needs, found[0].figures.percent_left) == (None, D("10.00"))
    assert found[1].figures.tea == D("79.59")
    assert services.limit_of(by=gestor, case=case, now=SIGNED).max_percent == 40


# --- What is refused ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"waiver_percent": D(100)}, "waiver_percent"),
        ({"waiver_percent": D(-1)}, "waiver_percent"),
        ({"waiver_percent": D(61)}, "waiver_percent"),
        ({"waiver_percent": D(10), "agreed_total": D(1000)}, "waiver_percent"),
        ({"waiver_percent": D(10), "system": "french"}, "waiver_percent"),
        ({"agreed_total": D(0)}, "agreed_total"),
        ({"agreed_total": D("0.001")}, "agreed_total"),
        ({"agreed_total": D("NaN")}, "agreed_total"),
        ({"agreed_total": D(1000), "system": "direct"}, "agreed_total"),
        ({"instalments": 0}, "instalments"),
        ({"instalments": 61}, "instalments"),
        ({"down_payment": D(-1)}, "down_payment"),
        ({"down_payment": D(250_000)}, "down_payment"),
        ({"monthly_rate": D(5)}, "monthly_rate"),
        ({"system": "french", "monthly_rate": D("15.01")}, "monthly_rate"),
        ({"system": "direct", "monthly_rate": D(1000)}, "monthly_rate"),
        ({"agreed_total": D(290_000)}, "agreed_total"),
        ({"system": "free", "schedule": ((date(2026, 12, 2), D(290_000)),)}, "schedule"),
        ({"system": "free", "instalments": 2, "schedule": ((date(2026, 12, 15), D(250_000)),)}, "instalments"),
        ({"system": "french", "monthly_rate": D("0.001")}, "monthly_rate"),
        ({"system": "german"}, "system"),
        ({"first": "2026-11-30"}, "first_due_on"),
        ({"first": "2028-01-01"}, "first_due_on"),
        ({"system": "free"}, "schedule"),
        ({"schedule": ((date(2026, 12, 15), D(1)),)}, "schedule"),
        ({"system": "free", "schedule": ((date(2026, 11, 15), D(1)),)}, "schedule"),
        ({"system": "free", "schedule": ((date(2026, 12, 15), D("1.001")),)}, "schedule"),
        ({"system": "free", "agreed_total": D(200_000), "schedule": ((date(2026, 12, 15), D(1)),)}, "schedule"),
        ({"notes": "x" * 2001}, "notes"),
    ],
)
def test_bad_terms_name_their_field_and_leave_nothing(gestor, limits, wrong, field):
    case = case_of(gestor)
    with pytest.raises(ValidationError) as refused:
        propose(case, gestor, **wrong)
    assert field in refused.value.message_dict
    assert not Arrangement.objects.exists()
    assert not case.activities.exists()


@pytest.mark.parametrize(
    "terms",
    [
        {"system": "french", "instalments": 3, "monthly_rate": D(15)},
        {"agreed_total": D(285_000)},  # 14 % in a month
        {"system": "free", "schedule": ((date(2026, 12, 2), D(260_000)),)},  # 4 %, tomorrow or in a month
        {"system": "free", "instalments": 1, "schedule": ((date(2026, 12, 15), D(250_000)),)},
    ],
)
def test_terms_at_the_edge_of_what_is_refused(gestor, limits, terms):
    assert propose(case_of(gestor), gestor, **terms).agreed_total >= 250_000


def test_the_highest_rate_is_a_setting(gestor, limits, settings):
    settings.PLAN_MAX_MONTHLY_RATE = D("3.5")
    with pytest.raises(ValidationError, match="del 3,5 % mensual"):
        propose(case_of(gestor), gestor, system="french", monthly_rate=D("3.51"))


def test_a_second_one_is_a_conflict(gestor, admin, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(45))
    with pytest.raises(ArrangementConflict, match="espera autorización"):
        propose(case, gestor, waiver_percent=D(10))
    services.approve_arrangement(arrangement=case.arrangements.get(), by=admin, now=at("2026-12-02"))
    with pytest.raises(ArrangementConflict, match="vigente"):
        propose(case, gestor, waiver_percent=D(10), now=at("2026-12-02", 13))


def test_a_proposal_expires_and_stands_in_nobodys_way(gestor, admin, limits):
    case = case_of(gestor)
    asked = propose(case, gestor, waiver_percent=D(45))
    with pytest.raises(ArrangementConflict, match="venció"):
        services.approve_arrangement(arrangement=asked, by=admin, now=at("2026-12-09"))
    asked.refresh_from_db()
    assert asked.status == "awaiting_approval"  # nothing was written
    assert propose(case, gestor, waiver_percent=D(10), now=at("2026-12-09")).status == "active"
    asked.refresh_from_db()
    assert (asked.status, asked.closed_on) == ("cancelled", date(2026, 12, 8))


def test_nightly_expires_proposals(gestor, limits):
    made = propose(case_of(gestor), gestor, accept=False, waiver_percent=D(10))
    night("2026-12-08")
    made.refresh_from_db()
    assert made.status == "proposed"
    night("2026-12-09")
    made.refresh_from_db()
    assert made.status == "cancelled"


@pytest.mark.parametrize("what", ["balance", "date"])
def test_what_has_changed_since_is_proposed_again(gestor, limits, what):
    case = case_of(gestor)
    made = propose(case, gestor, accept=False, waiver_percent=D(10), first="2026-12-03")
    if what == "balance":
        pay(case, 100, "2026-12-02")
    with pytest.raises(ArrangementConflict, match="proponga el convenio de nuevo"):
        services.accept_arrangement(
            arrangement=made,
            by=gestor,
            accepted_how="phone",
            now=at("2026-12-02" if what == "balance" else "2026-12-04", 15),
        )
    made.refresh_from_db()
    assert made.status == "proposed"


def test_a_closed_or_stopped_case_is_refused(gestor, admin, limits):
    case = case_of(gestor)
    services.set_stop(debtor=case.debtor, by=gestor, reason=StopFlag.Reason.ABOGADO, now=at("2026-11-30"))
    with pytest.raises(ValidationError, match="detenido"):
        propose(case, gestor, waiver_percent=D(10))
    closed = case_of(gestor, status_slug="incobrable")
    with pytest.raises(ValidationError, match="abierto"):
        propose(closed, gestor, waiver_percent=D(10))


def test_more_than_the_instalments_asks(gestor, limits):
    case = case_of(gestor)
    propose(case, gestor, waiver_percent=D(40))
    with pytest.raises(ValidationError) as refused:
        pay(case, "150000.01", "2026-12-02")
    assert "convenio" in str(refused.value.message_dict["confirm_overpayment"])
    pay(case, "150000.01", "2026-12-02", confirm_overpayment=True)
    assert facts(case)[2:] == ("0.00", "completed", "99999.99")


def test_acceptance_needs_to_say_how(gestor, limits):
    with pytest.raises(ValidationError) as refused:
        services.propose_arrangement(
            case=case_of(gestor), by=gestor, terms=ArrangementTerms(date(2026, 12, 15)), accept=True, now=SIGNED
        )
    assert list(refused.value.message_dict) == ["accepted_how"]


def test_a_case_with_an_arrangement_is_not_deleted(gestor, admin):
    case = case_of(gestor)
    propose(case, gestor, accept=False)
    with pytest.raises(ValidationError):
        services.delete_case(case=case, by=admin)
