"""What is sent twice is done once: DESIGN §3.7."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from cases import services
from cases.models import Submission
from tests.factories import AdminFactory, CaseFactory
from tests.steps import pay

pytestmark = pytest.mark.django_db


def pay_once(case, by, key="k1", amount="100.00"):
    def action():
        entry = pay(case, amount, by=by)
        return {"payment": entry.pk}

    return services.submit_once(by=by, key=key, content={"amount": amount}, action=action)


def payments_of(case):
    return case.entries.filter(kind="payment").count()


def test_the_same_again_gets_the_first_answer_and_is_not_done_twice(admin_user):
    case = CaseFactory()
    first = pay_once(case, admin_user)
    assert pay_once(case, admin_user) == first
    assert payments_of(case) == 1


def test_another_content_under_the_same_key_is_refused(admin_user):
    case = CaseFactory()
    pay_once(case, admin_user)
    with pytest.raises(services.AnotherSubmission):
        pay_once(case, admin_user, amount="200.00")
    assert payments_of(case) == 1


def test_key_of_somebody_else_is_no_key_of_mine(admin_user, gestor_user):
    case = CaseFactory()
    pay_once(case, admin_user)
    pay_once(case, gestor_user)
    assert payments_of(case) == 2


def test_refused_submission_leaves_its_key_to_the_corrected_one(admin_user):
    case = CaseFactory()
    with pytest.raises(ValidationError):
        pay_once(case, admin_user, amount="99999.00")
    assert not Submission.objects.exists()
    pay_once(case, admin_user, amount="99.00")
    assert payments_of(case) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_pay_once():
    admin, case = AdminFactory(), CaseFactory()

    def click():
        try:
            return pay_once(case, admin)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = [future.result(timeout=30) for future in [pool.submit(click) for _ in range(4)]]
    assert len({answer["payment"] for answer in answers}) == 1
    assert payments_of(case) == 1
