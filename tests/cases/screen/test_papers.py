"""The papers on the screen of a person, their file, and voiding."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Case, Document, PaperText
from nova.lib import dates
from tests import factories
from tests.queries import queries_do_not_grow
from tests.steps import issue, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(gestor_user: User) -> Case:
    return factories.CaseFactory(assigned_to=gestor_user)


def test_the_receipt_stands_beside_its_payment(case: Case, gestor_client: Client) -> None:
    payment = pay(case, 10)
    page = gestor_client.get(f"/cases/{case.pk}").text
    assert '<form id="receipt-form"' in page
    assert f'formaction="/cases/{case.pk}/documents"' in page
    assert f'name="entry"\n            value="{payment.pk}"' in page

    answer = gestor_client.post(
        f"/cases/{case.pk}/documents", {"kind": "receipt", "entry": payment.pk, "opens": "on"}, follow=True
    )

    document = Document.objects.get()
    assert answer.redirect_chain == [(f"/documents/{document.pk}/file", 303)]
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'inline; filename="recibo-00000001.pdf"'
    assert answer["Cache-Control"] == "private, no-store"
    assert answer.content == bytes(document.file)
    page = gestor_client.get(f"/cases/{case.pk}").text
    assert f'href="/documents/{document.pk}/file" target="_blank" rel="noopener">Recibo</a>' in page
    assert "formaction" not in page
    again = gestor_client.post(f"/cases/{case.pk}/documents", {"kind": "receipt", "entry": payment.pk, "opens": "on"})
    assert again["Location"] == f"/documents/{document.pk}/file"


def test_every_look_at_a_file_is_in_the_trail(case: Case, gestor_user: User, gestor_client: Client) -> None:
    document = issue(case, "statement")
    gestor_client.get(f"/documents/{document.pk}/file")
    event = AuditEvent.objects.get(action="export")
    assert (event.actor, event.target_label, event.after) == (
        *(gestor_user, "estado-de-deuda-00000001.pdf"),
        {"document": document.pk},
    )


def test_issuing_without_javascript(case: Case, gestor_client: Client) -> None:
    answer = gestor_client.post(f"/cases/{case.pk}/documents", {"kind": "statement", "token": "t1"}, follow=True)
    assert answer.redirect_chain == [(f"/cases/{case.pk}", 303)]
    assert "Estado de deuda N° 00000001: emitido." in answer.text
    assert Document.objects.get().issued_by == case.assigned_to


def test_issuing_swaps_the_part(case: Case, gestor_client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "papers"}
    answer = gestor_client.post(f"/cases/{case.pk}/documents", {"kind": "statement", "token": "t1"}, headers=headers)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="papers"')
    assert "Estado de deuda N° 00000001</a>" in answer.text
    assert "<html" not in answer.text


def test_a_form_that_is_sent_twice_issues_one(case: Case, gestor_client: Client) -> None:
    for _ in range(2):
        gestor_client.post(f"/cases/{case.pk}/documents", {"kind": "statement", "token": "t1"})
    gestor_client.post(f"/cases/{case.pk}/documents", {"kind": "statement", "token": "t2"})
    assert Document.objects.count() == 2


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"kind": "clearance", "token": "t"}, "El libre deuda es de casos pagados"),
        ({"kind": "receipt"}, "Elija de qué pago es el recibo."),
        ({"kind": "factura"}, "factura"),
        ({}, "Elija qué papel se emite."),
        ({"kind": "receipt", "entry": "x"}, "Ese movimiento no es un pago de este caso."),
    ],
)
def test_a_refusal_says_why(case: Case, gestor_client: Client, sent: dict[str, str], said: str) -> None:
    plain = gestor_client.post(f"/cases/{case.pk}/documents", sent)
    assert (plain.status_code, said in plain.text, "<html" in plain.text) == (422, True, True)
    part = gestor_client.post(f"/cases/{case.pk}/documents", sent, headers={"HX-Request": "true"})
    assert (part.status_code, said in part.text, part["HX-Retarget"]) == (422, True, "#papers")
    assert not Document.objects.exists()


def test_what_cannot_be_issued_yet_says_from_when(case: Case, gestor_client: Client) -> None:
    pay(case, case.balance)
    page = gestor_client.get(f"/cases/{case.pk}/documents").text
    since = dates.today() + timedelta(days=3)
    assert f"se emite desde el {since:%d/%m/%Y}." in page
    assert 'value="clearance" disabled' in page


def test_the_papers_of_the_other_debts_of_the_person_are_listed(
    case: Case, gestor_user: User, gestor_client: Client, other_gestor: User
) -> None:
    own = factories.CaseFactory(debtor=case.debtor, assigned_to=gestor_user)
    foreign = factories.CaseFactory(debtor=case.debtor, assigned_to=other_gestor)
    seen, hidden = issue(own, "statement"), issue(foreign, "statement")
    page = gestor_client.get(f"/cases/{case.pk}").text
    assert f"/documents/{seen.pk}/file" in page
    assert own.cartera.name in page
    assert f"/documents/{hidden.pk}/file" not in page


def test_outsiders(case: Case, other_gestor_client: Client, user_client: Client, client: Client) -> None:
    document = issue(case, "statement")
    for path in (f"/cases/{case.pk}/documents", f"/documents/{document.pk}/file"):
        assert other_gestor_client.get(path).status_code == 404
        assert user_client.get(path).status_code == 404
        assert client.get(path)["Location"].startswith("/login?next=")
    sent = other_gestor_client.post(f"/cases/{case.pk}/documents", {"kind": "statement", "token": "t"})
    assert sent.status_code == 404
    assert Document.objects.count() == 1


def test_a_payment_of_another_case_gets_no_receipt_here(case: Case, gestor_client: Client) -> None:
    payment = pay(factories.CaseFactory(), 10)
    answer = gestor_client.post(f"/cases/{case.pk}/documents", {"kind": "receipt", "entry": payment.pk})
    assert answer.status_code == 422


def test_an_admin_voids_with_a_reason(case: Case, admin_user: User, admin_client: Client) -> None:
    document = issue(case, "statement")
    address = f"/documents/{document.pk}/voiding"
    assert address in admin_client.get(f"/cases/{case.pk}").text
    assert "Su número no se usa otra vez." in admin_client.get(address).text

    empty = admin_client.post(address, {"token": "t", "reason": ""})
    assert (empty.status_code, "Escriba el motivo." in empty.text) == (422, True)
    done = admin_client.post(address, {"token": "t2", "reason": "Nombre mal escrito"}, follow=True)

    document.refresh_from_db()
    assert (document.voided_by, document.void_reason) == (admin_user, "Nombre mal escrito")
    assert "Estado de deuda N° 00000001: anulado." in done.text
    assert f"Anulado el {dates.today():%d/%m/%Y}" in done.text
    assert admin_client.get(address).status_code == 404


def test_a_gestor_voids_nothing(case: Case, gestor_client: Client) -> None:
    document = issue(case, "statement")
    gestor_client.post(f"/documents/{document.pk}/voiding", {"token": "t", "reason": "porque sí"})
    document.refresh_from_db()
    assert document.is_valid


def test_queries_do_not_grow_with_papers(case: Case, gestor_client: Client) -> None:
    pay(case, 1)
    issue(case, "statement")

    def more() -> None:
        for amount in range(2, 7):
            issue(case, "receipt", entry=pay(case, amount))

    queries_do_not_grow(lambda: gestor_client.get(f"/cases/{case.pk}"), more)


def test_the_agreement_is_offered_while_an_arrangement_runs(
    case: Case, gestor_user: User, gestor_client: Client
) -> None:
    assert 'value="agreement"' not in gestor_client.get(f"/cases/{case.pk}").text
    terms = services.ArrangementTerms(first_due_on=dates.today() + timedelta(days=20), instalments=3)
    services.propose_arrangement(case=case, by=gestor_user, terms=terms, accept=True, accepted_how="phone")
    assert 'value="agreement"' in gestor_client.get(f"/cases/{case.pk}").text

    lacking = gestor_client.post(f"/cases/{case.pk}/documents", {"kind": "agreement", "token": "t1"})
    assert lacking.status_code == 422
    assert "Falta «Agencia: CUIT»: escríbalo en Administración › Textos de los papeles." in lacking.text
    for slug in ("agency_cuit", "agency_address", "payment_means"):
        PaperText.objects.filter(slug=slug).update(text="Algo")
    gestor_client.post(f"/cases/{case.pk}/documents", {"kind": "agreement", "token": "t2"})
    assert Document.objects.get().kind == "agreement"
