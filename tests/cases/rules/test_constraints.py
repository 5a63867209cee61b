"""What the database itself refuses, whoever writes (DESIGN §2): closed sets and positive amounts."""

import pytest
from django.db import IntegrityError, transaction

from cases.models import ActivityResult, Case, DebtorPhone, LedgerEntry
from tests.factories import CaseFactory, DebtorPhoneFactory

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
