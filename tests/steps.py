"""What many tests do, in one way: log in, ask the API, pay."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.test import Client

from accounts.models import User
from cases import services
from cases.models import Case, Document, LedgerEntry
from tests.factories import PASSWORD


def log_in(
    client: Client,
    who: User | str,
    password: str = PASSWORD,
    *,
    fields: Mapping[str, Any] | None = None,
    **request: Any,
) -> Any:
    """The answer to the form with those fields; `request` is what `client.post` takes: headers, `content_type`…"""
    username = who if isinstance(who, str) else who.username
    return client.post("/api/login", {"username": username, "password": password, **(fields or {})}, **request)


def send(client: Client, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Any:
    """`send(client, "POST", "cases", {…})`: the answer of the API; the body is JSON, or text and bytes as they are."""
    data = body if isinstance(body, bytes | str) else client._encode_json(body or {}, "application/json")
    return client.generic(method, f"/api/v1/{path}", data, content_type="application/json", headers=headers)


# What the page of a cartera posts beside its own fields: none of the creditor's columns.
NO_FIELDS = {"fields-TOTAL_FORMS": "0", "fields-INITIAL_FORMS": "0"}

VERIFY_AT = "https://cobranzas.example.com.ar/verificar/"


def issue(case: Case, kind: str, *, by: User | None = None, **given: Any) -> Document:
    """A paper as a test needs it."""
    return services.issue_document(case=case, kind=kind, by=by, verify_at=VERIFY_AT, **given).document


def pay(case: Case, amount: Decimal | str | int = 1000, *, by: User | None = None, **given: Any) -> LedgerEntry:
    """A payment as a test needs it: another one of the same amount and day is another one."""
    return services.record_payment(case=case, by=by, amount=Decimal(amount), **{"confirm_duplicate": True, **given})


def ledger_sum(case: Case) -> Decimal:
    """What the entries of a case add up to, in ARS: what its balance has to be."""
    signs = {LedgerEntry.Kind.PAYMENT: -1}
    return sum((signs.get(entry.kind, 1) * entry.amount for entry in case.entries.all()), Decimal("0.00"))
