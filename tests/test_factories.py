"""The factories keep the rules that the tests rely on."""

from decimal import Decimal

import pytest

from tests import factories
from tests.steps import ledger_sum

pytestmark = pytest.mark.django_db


def test_case_comes_with_the_ledger_that_makes_its_balance() -> None:
    plain = factories.CaseFactory(amount=Decimal("1500.50"))
    adjusted = factories.CaseFactory(amount=Decimal("1000.00"), balance=Decimal("400.00"))

    assert plain.status.slug == "sin-gestion"
    assert ledger_sum(plain) == plain.balance == Decimal("1500.50")
    assert ledger_sum(adjusted) == adjusted.balance == Decimal("400.00")


def test_user_of_the_factory_has_a_password() -> None:
    user = factories.GestorFactory()

    assert user.check_password(factories.PASSWORD)


def test_other_rows_hang_together() -> None:
    case = factories.CaseFactory(assigned_to=factories.GestorFactory(), status_slug="promesa")

    assert factories.ActivityFactory(case=case).created_by == case.assigned_to
    assert factories.PromiseFactory(case=case).case.stage == "promesa"
    assert factories.DebtorPhoneFactory(debtor=case.debtor).debtor == case.debtor
