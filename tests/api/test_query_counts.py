"""No list of the API asks the database more for having more rows."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases.models import Case
from tests import factories
from tests.queries import queries_do_not_grow
from tests.steps import pay

pytestmark = pytest.mark.django_db


def more_cases(gestor: User, case: Case) -> None:
    for each in factories.CaseFactory.create_batch(5, assigned_to=gestor):
        factories.DebtorPhoneFactory(debtor=each.debtor)


def more_arranged_cases(gestor: User, case: Case) -> None:
    """Cases whose entries are many and that have an arrangement each."""
    for each in factories.CaseFactory.create_batch(4, assigned_to=gestor):
        pay(each, 10, by=gestor)
        factories.ArrangementFactory(case=each, status="active", accepted_at=timezone.now())


def more_arrangements(gestor: User, case: Case) -> None:
    for _ in range(4):
        factories.ArrangementFactory(case=case)


def more_offers(gestor: User, case: Case) -> None:
    factories.OfferFactory.create_batch(4, cartera=case.cartera)


def more_activities(gestor: User, case: Case) -> None:
    for code in ("NC", "OCU", "VLL"):
        phone = factories.DebtorPhoneFactory(debtor=case.debtor)
        author = factories.GestorFactory()
        factories.ActivityFactory(case=case, result=factories.result(code), phone=phone, created_by=author)


def more_promises(gestor: User, case: Case) -> None:
    for _ in range(4):
        factories.PromiseFactory(case=case, created_by=factories.GestorFactory())


def more_catalogue(gestor: User, case: Case) -> None:
    factories.CarteraFactory.create_batch(3)
    factories.GestorFactory.create_batch(3)


@pytest.mark.parametrize(
    ("address", "more"),
    [
        ("cases?search=gomez", more_cases),
        ("cases", more_arranged_cases),
        ("cases/gestor", more_cases),
        ("cases/gestor", more_arranged_cases),
        ("cases/queue", more_arranged_cases),
        ("cases/{pk}/arrangements", more_arrangements),
        ("offers?case_id={pk}", more_offers),
        ("cases/queue", more_cases),
        ("debtors", more_cases),
        ("debtors?search=gomez", more_cases),
        ("cases/{pk}", more_activities),
        ("cases/{pk}", more_promises),
        ("activities/case/{pk}", more_activities),
        ("carteras", more_catalogue),
        ("users/gestores", more_catalogue),
    ],
)
def test_queries_do_not_grow_with_rows(
    address: str,
    more: Callable[[User, Case], None],
    admin_client: Client,
    gestor_client: Client,
    gestor_user: User,
) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    for grow in (more_cases, more_arranged_cases, more_arrangements, more_offers, more_activities, more_promises):
        grow(gestor_user, case)
    client = admin_client if address == "users/gestores" else gestor_client
    url = "/api/v1/" + address.format(pk=case.pk)

    assert client.get(url).json()["data"]
    queries_do_not_grow(lambda: client.get(url), lambda: more(gestor_user, case))
