"""`settle` for many locked cases with a fixed number of queries; those with an arrangement are settled one by one.

What it decides is what `settle` decides, case by case: tests/cases/services/test_many_payments.py compares them.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection

from cases.models import Case, LedgerEntry, Promise
from cases.querysets import in_cents
from cases.rules.promises import PaymentFact
from cases.searching import OneOf
from cases.services.settlement import (
    Asked,
    Transition,
    apply_status_rules,
    cancel_pending_promises,
    decide_promises,
    last_paid_on,
    settle,
    store_promises,
)
from cases.services.withdrawing import withdraw_clearances
from nova.lib import copying

COLUMNS = (
    *("balance", "last_payment_date", "status", "stage", "next_action_at", "queue_band", "version", "updated_at"),
)


class _Known(Asked):
    """Answers from what was read for all; the cases have no arrangement, so nothing was waived on them."""

    def __init__(self, pending: set[int]) -> None:
        self.pending = pending
        self.to_cancel: list[Case] = []
        # The statuses are few, and nobody changes them while their cases are locked.
        self.default_of = cache(super().default_of)  # type: ignore[method-assign]
        self.working = cache(super().working)  # type: ignore[method-assign]

    def waived_on(self, case: Case) -> Decimal:
        return Decimal("0.00")

    def has_pending(self, case: Case) -> bool:
        return case.pk in self.pending

    def cancel_pending(self, case: Case, *, now: datetime) -> None:
        if case.pk in self.pending:
            self.to_cancel.append(case)


def settle_many(cases: Sequence[Case], *, now: datetime, paid: bool = False, reversed_one: bool = False) -> None:
    """Compute balance, last payment, outcomes and status of locked cases from their ledger, and save them."""
    books = {told["pk"]: told for told in Case.objects.books().filter(OneOf("id", [case.pk for case in cases]))}
    plain = []
    for case in cases:
        if books[case.pk]["has_plans"]:
            settle(case, now=now, paid=paid, reversed_one=reversed_one)
        else:
            plain.append(case)
    if plain:
        _settle_plain(plain, books, now=now, paid=paid)


def _settle_plain(cases: list[Case], books: dict[int, dict[str, Any]], *, now: datetime, paid: bool) -> None:
    ids = [case.pk for case in cases if books[case.pk]["has_promises"]]
    promises: dict[int, list[Promise]] = defaultdict(list)
    for promise in Promise.objects.computed().filter(OneOf("case", ids)).order_by("pk"):
        promises[promise.case_id].append(promise)
    payments = _payments_of(list(promises))
    transitions: dict[int, Transition] = {}
    changed: list[Promise] = []
    for pk, made in promises.items():
        transitions[pk], decided = decide_promises(made, payments[pk], now=now)
        changed += decided
    store_promises(changed)
    pending = set(Promise.objects.pending().filter(OneOf("case", ids)).values_list("case_id", flat=True))
    asked, owing_again = _Known(pending), []
    for case in cases:
        owed = case.balance
        case.balance = in_cents(books[case.pk]["owed"])
        case.last_payment_date = last_paid_on(case, books[case.pk]["paid_on"])
        apply_status_rules(case, transitions.get(case.pk, Transition()), now=now, paid=paid, asked=asked)
        case.updated_at = now
        if case.balance > 0 >= owed:
            owing_again.append(case.pk)
    if asked.to_cancel:
        cancel_pending_promises(asked.to_cancel, now=now)
    copying.update(Case, COLUMNS, map(_columns, cases))
    withdraw_clearances(owing_again, now=now)


def _payments_of(ids: list[int]) -> dict[int, list[PaymentFact]]:
    """The payments that stand, of each of these cases. Runs a query where there is one."""
    facts: dict[int, list[PaymentFact]] = defaultdict(list)
    rows = LedgerEntry.objects.effective_payments().filter(OneOf("case", ids))
    for pk, *fact in rows.values_list("case_id", "id", "amount", "value_date", "created_at") if ids else ():
        facts[pk].append(PaymentFact(*fact))
    return facts


def _columns(case: Case) -> tuple[copying.Value, ...]:
    moment = connection.ops.adapt_datetimefield_value
    return (
        str(case.balance),
        case.last_payment_date.isoformat() if case.last_payment_date else None,
        *(case.status_id, case.stage, str(moment(case.next_action_at)) if case.next_action_at else None),
        *(case.queue_band, case.version, str(moment(case.updated_at)), case.pk),
    )
