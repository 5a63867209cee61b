"""GET /verificar/<code>: whether a paper is ours, for whoever holds it."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases import nightly, services
from cases.models import Document
from nova.lib import dates
from tests import factories
from tests.steps import issue, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def document() -> Document:
    return issue(factories.CaseFactory(debtor__last_name="Etchegaray", nro_cliente="777123"), "statement")


def said(page: str) -> str:
    """The page without the token of its visitor."""
    return re.sub(r'"X-CSRFToken": "\w+"', "", page)


def test_a_valid_one(client: Client, document: Document) -> None:
    answer = client.get(f"/verificar/{document.code_label}")
    assert answer.status_code == 200
    assert "El documento es válido." in answer.text
    assert f"Estado de deuda N° 00000001, emitido el {dates.today():%d/%m/%Y}." in answer.text
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"
    for secret in ("Etchegaray", "777123", "10.000"):
        assert secret not in answer.text
    assert said(client.get(f"/verificar/{document.code.lower()}").text) == said(answer.text)


def test_a_withdrawn_one(client: Client, document: Document, admin_user: User) -> None:
    services.void_document(document=document, by=admin_user, reason="Un motivo que nadie lee")
    answer = client.get(f"/verificar/{document.code}")
    assert "El documento fue anulado: no tiene validez." in answer.text
    assert "válido." not in answer.text
    assert "Un motivo" not in answer.text


VALID, WITHDRAWN = "El documento es válido.", "El documento fue anulado: no tiene validez."


@pytest.fixture
def agreement(gestor_user: User, agency_texts: None) -> Document:
    """That of an arrangement of a gestor's case, in three instalments."""
    case = factories.CaseFactory(assigned_to=gestor_user)
    terms = services.ArrangementTerms(first_due_on=dates.today(), instalments=3)
    services.propose_arrangement(case=case, by=gestor_user, terms=terms, accept=True, accepted_how="phone")
    return issue(case, "agreement")


def verified(client: Client, document: Document) -> str:
    """What the page says of it, in one line."""
    return " ".join(client.get(f"/verificar/{document.code}").text.split())


@pytest.mark.parametrize("end", ["cancelled", "completed", "lapsed"])
def test_an_agreement_that_has_ended_is_no_longer_in_force(
    client: Client, admin_user: User, agreement: Document, end: str
) -> None:
    assert VALID in verified(client, agreement)
    plan = agreement.arrangement
    if end == "cancelled":
        services.cancel_arrangement(arrangement=plan, by=admin_user, reason="no paga")
    elif end == "completed":
        pay(agreement.case, plan.agreed_total)
    else:
        nightly.run(now=timezone.now() + timedelta(days=100))
    plan.refresh_from_db()
    assert plan.status == end
    said = verified(client, agreement)
    assert "El documento es auténtico, pero el convenio ya no está vigente." in said
    assert VALID not in said
    assert "Convenio N° 00000001" in said


def test_what_was_undone_is_withdrawn(client: Client, gestor_user: User, agreement: Document) -> None:
    services.undo(activity=agreement.arrangement.activity, by=gestor_user)
    assert WITHDRAWN in verified(client, agreement)


def test_an_approval_that_is_undone_takes_its_paper_along(
    client: Client, gestor_user: User, admin_user: User, agency_texts: None
) -> None:
    """Approved again, it gets a paper of its own."""
    factories.DiscountLimitFactory(role="admin", max_percent=50)
    case = factories.CaseFactory(assigned_to=gestor_user)
    terms = services.ArrangementTerms(first_due_on=dates.today(), instalments=3, waiver_percent=Decimal(30))
    plan = services.propose_arrangement(case=case, by=gestor_user, terms=terms, accept=True, accepted_how="phone")
    services.approve_arrangement(arrangement=plan, by=admin_user)
    first = issue(case, "agreement")
    plan.refresh_from_db()
    services.undo(activity=plan.activity, by=admin_user)
    assert WITHDRAWN in verified(client, first)

    plan.refresh_from_db()
    assert plan.status == "awaiting_approval"
    services.approve_arrangement(arrangement=plan, by=admin_user)
    second = issue(case, "agreement")
    assert second.number == first.number + 1
    assert VALID in verified(client, second)
    assert WITHDRAWN in verified(client, first)


def test_every_other_code_gets_the_same_answer(client: Client, document: Document) -> None:
    codes = ["ABCDEFGHJKMNPQRS", "x", "ABCD-EFGH-JKMN-PQRO", "%00", "ñ", "1" * 3000, document.code[:-1]]
    answers = [client.get(f"/verificar/{code}") for code in codes]
    found = {(answer.status_code, said(answer.text)) for answer in answers}
    assert len(found) == 1
    ((status, text),) = found
    assert status == 404
    assert "No hay ningún documento con ese código." in text


def test_it_is_limited(client: Client, settings) -> None:
    settings.VERIFICATION_RATES = ("3/m",)
    codes = [client.get("/verificar/ABCDEFGHJKMNPQRS").status_code for _ in range(4)]
    assert codes == [404, 404, 404, 429]
    assert int(client.get("/verificar/otro")["Retry-After"]) > 0


def test_nothing_is_written_there(client: Client) -> None:
    assert client.post("/verificar/ABCDEFGHJKMNPQRS").status_code == 405


def test_whoever_is_signed_in_may_look_too(gestor_client: Client, document: Document) -> None:
    assert "El documento es válido." in gestor_client.get(f"/verificar/{document.code}").text
    assert document.issued_at <= timezone.now()
