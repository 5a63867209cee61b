"""Whatever is sent: 400 with the field named, in the envelope, and nothing written."""

import logging
from typing import Any

import pytest
from django.test import Client

from cases.models import Case, LedgerEntry
from tests import factories
from tests.steps import send

pytestmark = pytest.mark.django_db

AMOUNTS = [
    *('"NaN"', '"Infinity"', '"1e400"', "1e400", "-1", "0", '"0.00"', '"-5.00"', '"1.005"', '"12345678901234.00"'),
    *("true", "null", "[]", "{}", '""', '"diez"', '"1,5"', '"\\u0000"', "9" * 400),
]


@pytest.mark.parametrize("amount", AMOUNTS)
def test_amounts(admin_client: Client, amount: str) -> None:
    case = factories.CaseFactory()
    response = send(admin_client, "POST", f"cases/{case.pk}/payments", f'{{"amount": {amount}}}')
    assert response.status_code == 400, response.text
    assert list(response.json()["details"]) == ["amount"]
    assert not LedgerEntry.objects.filter(kind="payment").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("value_date", value) for value in ("2026-02-30", "mañana", 5, "2999-01-01", "0001-01-01", "", None)],
        *[("method", value) for value in ("oro", 5, None)],
        *[("reference", value) for value in ("x" * 81, 5, "\ud800", "a\x00b", [])],
        *[("notes", value) for value in ("x" * 1_000_000, 5, {}, None)],
        *[("confirm_overpayment", value) for value in ("true", 1, None)],
        ("inventado", 1),
        ("case_id", 1),
    ],
)
def test_payments(admin_client: Client, field: str, value: Any) -> None:
    case = factories.CaseFactory()
    response = send(admin_client, "POST", f"cases/{case.pk}/payments", {"amount": "1", field: value})
    assert response.status_code == 400, response.text
    assert list(response.json()["details"]) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("case_id", value) for value in ("1x", "", 1.5, True, 0, -1, 2**63, None, [])],
        *[("type", value) for value in ("baile", 5, None, "")],
        *[("result", value) for value in ("XX", 5, "n" * 300)],
        *[("next_action_at", value) for value in ("hoy", 5, "2020-01-01T10:00:00-03:00", "9999-12-31T23:59:59+00:00")],
        *[("promise", value) for value in ("x", [], 5)],
        ("phone", "+5491100000000"),
    ],
)
def test_managements(admin_client: Client, field: str, value: Any) -> None:
    case = factories.CaseFactory()
    body = {"case_id": case.pk, "type": "note", "notes": "hola", field: value}
    response = send(admin_client, "POST", "register-management", body)
    assert response.status_code == 400, response.text
    assert next(iter(response.json()["details"])).split(".")[0] == field


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=x", "page"),
        ("page=", "page"),
        ("page=-1", "page"),
        ("page=٣", "page"),
        ("per_page=0", "per_page"),
        ("per_page=" + "9" * 50, "per_page"),
        ("cartera_id=99999", "cartera_id"),
        ("gestor_id=a", "gestor_id"),
        ("management_status=nada", "management_status"),
        ("status=nada", "status"),
        ("ordering=password", "ordering"),
        ("search=" + "x" * 101, "search"),
        ("search=%00", "search"),
        ("search=%FF", "search"),
        ("inventado=1", "inventado"),
    ],
)
def test_addresses(admin_client: Client, query: str, field: str) -> None:
    response = admin_client.get(f"/api/v1/cases?{query}")
    assert response.status_code == 400, response.text
    assert list(response.json()["details"]) == [field]


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", "<script>alert(1)</script>", "%", "_", "\\", "🙂", "((", "1' UNION SELECT"]
)
def test_a_search_is_only_a_search(admin_client: Client, text: str) -> None:
    factories.CaseFactory(debtor__first_name="Ana", debtor__last_name="Paz", nro_cliente="77")
    response = admin_client.get("/api/v1/cases", {"search": text})
    assert response.status_code == 200
    assert response.json()["data"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"amount": NaN}',
        b'{"amount": 1, "amount": 2}',
        b"[" * 100_000,
        b'"texto"',
        b"[]",
        b"null",
        b" " * 2_700_000,
    ],
)
def test_bodies(admin_client: Client, body: bytes) -> None:
    case = factories.CaseFactory()
    for method, address in (("POST", f"cases/{case.pk}/payments"), ("PATCH", f"cases/{case.pk}"), ("POST", "cases")):
        response = send(admin_client, method, address, body)
        assert response.status_code == 400, (address, response.text[:200])
        assert response.json()["success"] is False
    assert Case.objects.count() == 1


def test_another_content_type_is_415(admin_client: Client) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        response = admin_client.generic("POST", "/api/v1/cases", "a=1", content_type=content_type)
        assert (response.status_code, response.json()["status_code"]) == (415, 415)


def test_a_failure_of_ours_tells_nothing_but_its_number(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secreto")

    monkeypatch.setattr("cases.api.cases.listed", fail)
    with caplog.at_level(logging.ERROR, logger="nova.api"):
        response = admin_client.get("/api/v1/cases")
    number = response["X-Error-Id"]
    assert response.status_code == 500
    assert response.json()["details"] == {"error_id": [number]}
    assert "secreto" not in response.text
    assert number in caplog.text


def test_limits(client: Client, gestor_client: Client) -> None:
    answers = [client.get("/api/v1/cases").status_code for _ in range(51)]
    assert answers == [401] * 50 + [429]
    limited = client.get("/api/v1/cases")
    assert limited.json()["status_code"] == 429
    assert 0 < int(limited["Retry-After"]) <= 3600
    assert gestor_client.get("/api/v1/cases").status_code == 200


def test_a_signed_in_user_has_600_a_minute(gestor_client: Client) -> None:
    """The limit counts in fixed minutes: where one ends half way, the next begins anew."""
    let_in = 0
    while (status := gestor_client.get("/api/v1/carteras").status_code) == 200 and let_in < 1200:
        let_in += 1
    assert status == 429
    assert 600 <= let_in < 1200


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (
            "value_date",
            "2026-13-45",
            "Fecha con formato erróneo. Use uno de los siguientes formatos en su lugar: AAAA-MM-DD.",
        ),
        ("reference", "\ud800", "El texto tiene un carácter cortado (U+D800): escríbalo de nuevo."),
    ],
)
def test_what_the_framework_would_say_in_english(admin_client: Client, field: str, value: str, said: str) -> None:
    case = factories.CaseFactory()
    response = send(admin_client, "POST", f"cases/{case.pk}/payments", {"amount": "1", field: value})
    assert response.json()["details"] == {field: [said]}


def test_a_moment_says_its_form_in_spanish(admin_client: Client) -> None:
    case = factories.CaseFactory()
    body = {"case_id": case.pk, "type": "call", "result": "NC", "next_action_at": "2026-11-20 25:00"}
    said = send(admin_client, "POST", "register-management", body).json()["details"]["next_action_at"]
    assert said[0].endswith("formatos en su lugar: AAAA-MM-DDThh:mm:ss-03:00.")
