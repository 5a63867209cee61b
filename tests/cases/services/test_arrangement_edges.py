"""Arrangements at their edges: ends of months and years, single cents, sixty instalments, more than is owed."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from cases import nightly, services
from cases.models import Case
from cases.services import ArrangementTerms, figures_of
from nova.lib import dates
from tests.factories import AdminFactory, CaseFactory, DiscountLimitFactory
from tests.steps import ledger_sum

pytestmark = pytest.mark.django_db
D = Decimal


def at(day, hour=12):
    day = date.fromisoformat(day)
    return datetime(day.year, day.month, day.day, hour, tzinfo=dates.BuenosAires())


@pytest.fixture
def admin():
    return AdminFactory()


@pytest.fixture
def waivers():
    DiscountLimitFactory(role="admin", max_percent=D(100))


def arranged(by, amount="250000", *, case=None, signed="2026-12-01", first="2026-12-15", accept=True, **terms):
    """What was arranged of a case of that amount."""
    case = case or CaseFactory(amount=D(amount), placed_on=date(2026, 10, 1))
    asked = ArrangementTerms(date.fromisoformat(first), **terms)
    how = "phone" if accept else ""
    return services.propose_arrangement(case=case, by=by, terms=asked, accept=accept, accepted_how=how, now=at(signed))


def pay(arrangement, amount, day, **more):
    return services.record_payment(
        case=arrangement.case,
        by=None,
        amount=D(amount),
        value_date=date.fromisoformat(day),
        confirm_duplicate=True,
        now=at(day, 13),
        **more,
    )


def stands(arrangement):
    """(status of the arrangement, status of the case, balance)."""
    arrangement.refresh_from_db()
    case = Case.objects.get(pk=arrangement.case_id)
    assert case.balance == ledger_sum(case)
    return arrangement.status, case.status.slug, str(case.balance)


def dues(arrangement):
    return [part.due_on.isoformat() for part in arrangement.schedule.all()]


# --- Days ---------------------------------------------------------------------------------------------
def test_the_last_day_of_the_year_and_29_february(admin):
    made = arranged(admin, first="2027-10-31", instalments=6)
    assert dues(made) == ["2027-10-31", "2027-11-30", "2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"]
    leap = arranged(admin, signed="2027-12-01", first="2028-02-29", instalments=13)
    assert [dues(leap)[month] for month in (0, 1, 11, 12)] == ["2028-02-29", "2028-03-29", "2029-01-29", "2029-02-28"]


def test_the_grace_goes_over_the_holidays_of_the_end_of_the_year(admin):
    """Due on Wednesday the 30th: the three business days are the 31st, the 4th and the 5th; the 1st is a holiday."""
    made = arranged(admin, first="2026-12-30")
    for day, status in (("2027-01-05", "active"), ("2027-01-06", "lapsed")):
        nightly.run(now=at(day, 1))
        assert stands(made)[0] == status
    assert made.closed_on == date(2027, 1, 6)


def test_what_it_costs_is_what_was_told_when_it_was_worked_out(admin):
    """Typed instalments are counted in days: accepted on the day of the first, there would be none left."""
    made = arranged(admin, first="2026-12-04", accept=False, system="free", schedule=((date(2026, 12, 4), D(260_000)),))
    told = figures_of(arrangement=made, by=admin, now=at("2026-12-01")).tea
    services.accept_arrangement(arrangement=made, by=admin, accepted_how="phone", now=at("2026-12-04"))
    made.refresh_from_db()
    assert figures_of(arrangement=made, by=admin, now=at("2026-12-04")).tea == told > 1000


def test_what_is_asked_for_again_on_the_day_of_the_first_instalment_can_be_shown(admin):
    made = arranged(admin, first="2026-12-08", accept=False, system="free", schedule=((date(2026, 12, 8), D(280_000)),))
    made.created_at = at("2026-12-08")  # as a request that a changed limit makes of an acceptance
    made.save()
    assert figures_of(arrangement=made, by=admin, now=at("2026-12-08")).tea > 10**9


# --- Amounts ------------------------------------------------------------------------------------------
def test_a_single_cent(admin, waivers):
    made = arranged(admin, "0.01")
    pay(made, "0.01", "2026-12-02")
    assert stands(made) == ("completed", "pagada", "0.00")
    with pytest.raises(ValidationError) as refused:
        arranged(admin, "0.01", instalments=2)
    assert list(refused.value.message_dict) == ["instalments"]


def test_a_waiver_that_leaves_nothing_is_refused_at_its_field(admin, waivers):
    with pytest.raises(ValidationError) as refused:
        arranged(admin, "0.49", waiver_percent=D("99.99"))
    assert refused.value.message_dict == {"waiver_percent": ["Con esa quita no queda nada para pagar."]}
    assert arranged(admin, "0.50", waiver_percent=D("99")).agreed_total == D("0.01")


@pytest.mark.parametrize(("system", "rate"), [("none", None), ("direct", D(10)), ("french", D(10))])
def test_sixty_instalments_add_up_and_are_paid_at_once(admin, system, rate):
    made = arranged(admin, "100000.07", system=system, instalments=60, monthly_rate=rate)
    amounts = [part.amount for part in made.schedule.all()]
    assert (len(amounts), sum(amounts)) == (60, made.agreed_total)
    assert dues(made)[-1] == "2031-11-15"
    pay(made, made.agreed_total, "2026-12-02")
    assert stands(made) == ("completed", "pagada", "0.00")
    assert {part.status for part in made.schedule.all()} == {"paid"}


def test_more_than_was_agreed_is_paid(admin, waivers):
    """Up to the debt it lessens what is forgiven; beyond it nothing is, and the balance is the debtor's."""
    first, second = (arranged(admin, waiver_percent=D(40)) for _ in range(2))
    with pytest.raises(ValidationError) as asked:
        pay(first, 200_000, "2026-12-02")
    assert "confirm_overpayment" in asked.value.message_dict
    pay(first, 200_000, "2026-12-02", confirm_overpayment=True)
    assert stands(first) == ("completed", "pagada-con-quita", "0.00")
    assert -sum(entry.amount for entry in first.entries.all()) == 50_000
    pay(second, 260_000, "2026-12-02", confirm_overpayment=True)
    assert stands(second) == ("completed", "pagada", "-10000.00")
    assert not second.entries.exists()


# --- One after another --------------------------------------------------------------------------------
def test_a_creditor_who_claims_nothing_any_more_ends_it(admin, waivers):
    made = arranged(admin, waiver_percent=D(40))
    services.adjust_balance(case=made.case, by=admin, amount=D(-250_000), reason="creditor", now=at("2026-12-03"))
    assert stands(made) == ("completed", "pagada", "0.00")
    assert (made.closed_on, made.entries.exists()) == (date(2026, 12, 3), False)
    nightly.run(now=at("2027-03-01", 1))
    assert stands(made) == ("completed", "pagada", "0.00")


def test_the_payment_of_the_first_is_reversed_while_the_second_runs(admin, waivers):
    """The first does not run again: it becomes a lapse, and what it forgave is owed; the second goes on."""
    first = arranged(admin, waiver_percent=D(40))
    paid = pay(first, 150_000, "2026-12-02")
    case = Case.objects.get(pk=first.case_id)
    services.adjust_balance(case=case, by=admin, amount=D(9_000), reason="fee", now=at("2026-12-03"))
    second = arranged(admin, case=case, signed="2026-12-04", first="2026-12-20", instalments=3)
    pay(second, 3_000, "2026-12-05")
    services.reverse_payment(payment=paid, by=admin, now=at("2026-12-06"))
    assert stands(first)[0] == "lapsed"
    assert stands(second) == ("active", "con-arreglo", "256000.00")
    assert [str(part.paid_amount) for part in second.schedule.all()] == ["3000.00", "0.00", "0.00"]
    pay(second, 6_000, "2026-12-07")
    assert stands(second) == ("completed", "en-gestion", "250000.00")
