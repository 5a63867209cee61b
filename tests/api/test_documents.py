"""`cases/<id>/documents` and `documents/<id>/file`."""

from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.tokens import issue_token
from cases.models import Case, Document
from tests import factories
from tests.queries import queries_do_not_grow
from tests.steps import issue, pay, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(gestor_user: User) -> Case:
    return factories.CaseFactory(assigned_to=gestor_user, amount=Decimal("1000.00"))


def test_a_receipt(case: Case, gestor_client: Client, gestor_user: User) -> None:
    payment = pay(case, 10)
    answer = send(gestor_client, "POST", f"cases/{case.pk}/documents", {"kind": "receipt", "entry_id": payment.pk})
    document = Document.objects.get()
    assert answer.status_code == 201
    assert answer.json()["data"] == {
        "id": document.pk,
        "case_id": case.pk,
        "kind": "receipt",
        "number": 1,
        "entry_id": payment.pk,
        "arrangement_id": None,
        "code": document.code_label,
        "sha256": document.sha256,
        "issued_by": "Gabriel Gestor",
        "issued_by_id": gestor_user.pk,
        "issued_at": answer.json()["data"]["issued_at"],
        "voided_at": None,
        "void_reason": "",
    }
    assert f"http://testserver/verificar/{document.code_label}" in document.content["verification"]

    again = send(gestor_client, "POST", f"cases/{case.pk}/documents", {"kind": "receipt", "entry_id": payment.pk})
    assert (again.status_code, again.json()["data"]["id"]) == (200, document.pk)


def test_the_same_key_issues_one(case: Case, gestor_client: Client) -> None:
    answers = [
        send(
            gestor_client,
            "POST",
            f"cases/{case.pk}/documents",
            {"kind": "statement"},
            headers={"Idempotency-Key": "k1"},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Document.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "factura"}, "kind"),
        ({"kind": "clearance"}, "kind"),
        ({"kind": "receipt"}, "entry"),
        ({"kind": "receipt", "entry_id": 999999}, "entry_id"),
        ({"kind": "receipt", "entry_id": "x"}, "entry_id"),
        ({"kind": "statement", "arrangement_id": 999999}, "arrangement_id"),
        ({"kind": "statement", "note": "x"}, "note"),
    ],
)
def test_bad_input(case: Case, gestor_client: Client, body: dict[str, object], field: str) -> None:
    answer = send(gestor_client, "POST", f"cases/{case.pk}/documents", body)
    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])
    assert not Document.objects.exists()


def test_a_payment_of_another_case_is_none(case: Case, gestor_client: Client) -> None:
    payment = pay(factories.CaseFactory(), 10)
    answer = send(gestor_client, "POST", f"cases/{case.pk}/documents", {"kind": "receipt", "entry_id": payment.pk})
    assert answer.json()["details"] == {"entry_id": ["No es de este caso."]}


def test_the_list_and_what_it_costs(case: Case, gestor_client: Client) -> None:
    issue(case, "statement")
    issue(factories.CaseFactory(), "statement")

    def listed() -> object:
        return gestor_client.get(f"/api/v1/cases/{case.pk}/documents")

    queries_do_not_grow(listed, lambda: [issue(case, "statement") for _ in range(3)])
    answer = listed().json()  # type: ignore[attr-defined]
    assert [row["number"] for row in answer["data"]] == [5, 4, 3, 1]
    assert answer["pagination"]["total"] == 4


def test_the_file_by_token(case: Case, gestor_user: User, admin_user: User) -> None:
    document = issue(case, "statement")
    _, token = issue_token(user=gestor_user, name="script", by=admin_user)
    answer = Client().get(f"/api/v1/documents/{document.pk}/file", headers={"Authorization": f"Token {token}"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content == bytes(document.file)
    assert answer["Content-Disposition"] == 'attachment; filename="estado-de-deuda-00000001.pdf"'
    assert AuditEvent.objects.get(action="export").after == {"document": document.pk}
