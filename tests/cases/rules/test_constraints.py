"""What the database itself refuses, whoever writes (DESIGN §2): closed sets and positive amounts."""

import pytest
from django.db import IntegrityError, transaction

from cases.models import (
    ActivityResult,
    Arrangement,
    Case,
    DebtorPhone,
    DiscountLimit,
    Instalment,
    LedgerEntry,
    Offer,
)
from nova.lib import dates
from tests.factories import (
    ArrangementFactory,
    CaseFactory,
    DebtorPhoneFactory,
    DiscountLimitFactory,
    OfferFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (Case, {"creditor_total": -1}),
        (DebtorPhone, {"kind": "fax"}),
        (DebtorPhone, {"state": "unknown"}),
        (ActivityResult, {"group": "otros"}),
    ],
)
def test_impossible_value_is_refused_by_the_database(model, wrong):
    CaseFactory()
    DebtorPhoneFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**wrong)


def test_movement_of_an_unknown_method_is_refused_by_the_database():
    case = CaseFactory()
    wrong = {"case": case, "cartera": case.cartera, "kind": "payment", "amount": 1, "value_date": case.placed_on}
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(method="barter", **wrong)


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (Arrangement, {"agreed_total": 0}),
        (Arrangement, {"base_balance": 0}),
        (Arrangement, {"down_payment": -1}),
        (Arrangement, {"down_payment": 10_000}),  # nothing would be left
        (Arrangement, {"instalments": 61}),
        (Arrangement, {"monthly_rate": -1}),
        (Arrangement, {"status": "active"}),  # nobody accepted it
        (Arrangement, {"status": "cancelled"}),  # when?
        (Arrangement, {"closed_on": dates.today()}),  # a proposal is open
        (Arrangement, {"is_historic": True}),
        (Arrangement, {"lapse_overdue_count": 0}),
        (Arrangement, {"status": "paused"}),
        (Arrangement, {"system": "german"}),
        (Arrangement, {"accepted_how": "fax"}),
        (Instalment, {"number": 7}),  # all of them
        (Instalment, {"amount": 0}),
        (Instalment, {"paid_amount": 5_000}),
        (Instalment, {"status": "late"}),
        (Instalment, {"status": "paid"}),  # when?
        (DiscountLimit, {"role": "user"}),
        (DiscountLimit, {"max_percent": 101}),
        (DiscountLimit, {"max_instalments": 0}),
        (DiscountLimit, {"monthly_rate": -1}),
        (Offer, {"system": "french", "waiver_percent": 10}),
        (Offer, {"system": "free"}),
        (Offer, {"waiver_percent": 100}),
        (Offer, {"instalments": 61}),
        (Offer, {"monthly_rate": -1}),
        (Offer, {"name": ""}),
    ],
)
def test_impossible_arrangement_is_refused_by_the_database(model, wrong):
    ArrangementFactory()
    DiscountLimitFactory()
    OfferFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**wrong)


def test_a_case_has_one_arrangement_that_runs_or_waits_for_approval():
    first = ArrangementFactory(status="awaiting_approval")
    ArrangementFactory(case=first.case)  # proposals are as many as one likes
    with pytest.raises(IntegrityError), transaction.atomic():
        ArrangementFactory(case=first.case, status="active", accepted_at=first.created_at)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "adjustment", "reason": "gift"},
        {"kind": "adjustment", "reason": "waiver"},  # of no arrangement
        {"kind": "payment", "reason": "fee"},
    ],
)
def test_movement_with_an_impossible_reason_is_refused_by_the_database(wrong):
    case = CaseFactory()
    common = {"case": case, "cartera": case.cartera, "amount": 1, "value_date": case.placed_on}
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(**common, **wrong)


def test_only_interest_and_waiver_are_of_an_arrangement():
    arrangement = ArrangementFactory()
    case = arrangement.case
    common = {"case": case, "cartera": case.cartera, "kind": "adjustment", "amount": 1, "value_date": case.placed_on}
    LedgerEntry.objects.create(**common, reason="plan_interest", arrangement=arrangement)
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(**common, reason="fee", arrangement=arrangement)
