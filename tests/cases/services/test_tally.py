"""The total of a list of cases, kept by the database itself."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from cases import nightly, services
from cases.models import Case, CaseTally
from cases.tally import total_cases
from cases.transfer import verify
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_total_is_exact_whatever_wrote(admin_user: User) -> None:
    cases = factories.CaseFactory.create_batch(4)
    services.delete_case(case=cases[0], by=admin_user)
    services.change_status(case=cases[1], status=factories.status("contactado"), by=admin_user)
    assert total_cases() == Case.objects.count() == 3


@pytest.mark.postgres
def test_no_case_is_read_for_it() -> None:
    factories.CaseFactory.create_batch(3)
    with CaptureQueriesContext(connection) as captured:
        total_cases()
    assert "cases_case" not in captured.captured_queries[0]["sql"].replace("cases_casetally", "")


@pytest.mark.postgres
def test_a_night_makes_one_row_a_cartera_of_it() -> None:
    cases = factories.CaseFactory.create_batch(3)
    other = factories.CaseFactory(cartera=cases[0].cartera)
    nightly.run(now=timezone.now())
    assert total_cases() == 4
    assert CaseTally.objects.count() == 3
    assert CaseTally.objects.get(cartera_id=other.cartera_id).cases == 2


@pytest.mark.postgres
def test_verify_data_compares_it() -> None:
    case = factories.CaseFactory()
    CaseTally.objects.update(cases=7)
    [outcome] = [each for each in verify.run(today=date(2026, 11, 26), keep=5) if each.title.startswith("Recuento")]
    assert outcome.errors == 1
    assert outcome.findings[0].text == f"cartera {case.cartera_id}: el recuento dice 7 y hay 1 casos"
