"""What a save is announced as, with its undo and after it: what was recorded, and not the result that stands for it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases import services
from cases.desk.undo_offer import offer_to
from cases.models import Activity, Case
from nova.lib import dates
from tests import factories
from tests.queries import queries_of
from tests.steps import pay

pytestmark = pytest.mark.django_db
FRIDAY = dates.next_business_day(dates.today() + timedelta(days=3))
PROMISE = {"with_promise": "on", "promise_amount": "5000", "promise_date": f"{FRIDAY:%d/%m/%Y}"}
PAYMENT = {"with_payment": "on", "payment_amount": "1200"}


@pytest.fixture
def case(gestor_user: User) -> Case:
    return factories.CaseFactory(assigned_to=gestor_user, debtor__last_name="Ñancupil", debtor__first_name="Ana")


def said_of(client: Client, case: Case, *, code: str = "", **data: Any) -> str:
    """What the offer to undo says of a gestión with this result, before the name."""
    result = factories.result(code).pk if code else ""
    answer = client.post(f"/cases/{case.pk}/activities", {"token": "abc", "type": "call", "result": result, **data})
    assert answer.status_code == 303
    offer = client.get(f"/cases/{case.pk}").context["screen"].undo
    said, separator, _ = offer.words.partition(" · Ñancupil, Ana")
    assert separator
    return said


@pytest.mark.parametrize(
    ("code", "data", "said"),
    [
        ("NC", {}, "No contesta"),
        ("", {"type": "note", "notes": "llama el lunes"}, "Nota"),
        ("", PAYMENT, "Pago $ 1.200,00"),
        ("YP", PAYMENT, "Manifiesta pago, pago $ 1.200,00"),
        ("PP", PROMISE, f"Promesa de $ 5.000,00 para el {FRIDAY:%d/%m}"),
        ("NEG", PROMISE, f"Negociación abierta, promesa de $ 5.000,00 para el {FRIDAY:%d/%m}"),
        ("PP", {**PROMISE, **PAYMENT}, f"Promesa de $ 5.000,00 para el {FRIDAY:%d/%m}, pago $ 1.200,00"),
    ],
)
def test_a_save_says_what_was_recorded(
    gestor_client: Client, case: Case, code: str, data: dict[str, str], said: str
) -> None:
    assert said_of(gestor_client, case, code=code, **data) == said
    undone = gestor_client.post(f"/activities/{Activity.objects.latest('id').pk}/undo", follow=True)
    assert f"Deshecho: {said} · Ñancupil, Ana." in undone.text


def test_a_change_of_status_says_from_what_to_what(gestor_client: Client, case: Case) -> None:
    status = factories.status("a-juicio")
    data = {"type": "note", "notes": "lo pidió el acreedor", "status": status.pk, "version": case.version}
    assert said_of(gestor_client, case, **data) == f"{case.status.name} → A juicio"


@pytest.mark.parametrize(
    ("terms", "how", "said"),
    [
        ({"arrangement_instalments": "6"}, "phone", "Convenio de 6 cuotas"),
        ({"arrangement_instalments": "1"}, "phone", "Convenio en un pago"),
        ({"arrangement_instalments": "6"}, "later", "Propuesta de convenio de 6 cuotas"),
        (
            {"arrangement_instalments": "1", "arrangement_waiver_percent": "20", "arrangement_ask": "yes"},
            "phone",
            "Pedido de autorización: convenio en un pago",
        ),
    ],
)
def test_an_arrangement_is_no_promise(
    gestor_client: Client, case: Case, terms: dict[str, str], how: str, said: str
) -> None:
    for role, percent in (("gestor", 10), ("admin", 30)):
        factories.DiscountLimitFactory(role=role, max_percent=percent, max_instalments=12)
    shown = gestor_client.get(f"/cases/{case.pk}/arrangements/figures", terms).context["worked"]
    sent = {
        "with_arrangement": "on",
        "arrangement_offer": "own",
        "arrangement_seal": shown.seal,
        "arrangement_how": how,
    }
    assert said_of(gestor_client, case, **sent, **terms) == said


def test_a_proposal_that_is_accepted_is_said_as_what_it_is(
    gestor_client: Client, gestor_user: User, case: Case
) -> None:
    terms = services.ArrangementTerms(first_due_on=dates.today(), instalments=3)
    plan = services.propose_arrangement(case=case, by=gestor_user, terms=terms)
    services.accept_arrangement(arrangement=plan, by=gestor_user, accepted_how="phone")
    offer = gestor_client.get(f"/cases/{case.pk}").context["screen"].undo
    assert offer.words.startswith("Convenio de 3 cuotas · Ñancupil, Ana")


def test_several_debts_are_counted(gestor_client: Client, gestor_user: User, case: Case) -> None:
    own = factories.CaseFactory(debtor=case.debtor, assigned_to=gestor_user)
    said_of(gestor_client, case, code="NEG", also=str(own.pk))
    assert "Negociación abierta · Ñancupil, Ana y 1 más" in gestor_client.get(f"/cases/{case.pk}").text


def test_what_was_recorded_is_read_with_the_offer(gestor_user: User, case: Case) -> None:
    pay(case, "100.00", by=gestor_user)
    asked = queries_of(lambda: offer_to(gestor_user, now=timezone.now()))
    assert len(asked) == 1, asked
