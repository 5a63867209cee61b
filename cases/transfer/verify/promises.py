"""Checks of promises: the stored outcomes are those that follow from the ledger (DESIGN §3.3, §3.5)."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import DateField, Exists, F, OuterRef, Value

from cases.models import LedgerEntry, Promise
from cases.rules import promises as rules
from cases.services.settlement import promise_terms
from cases.transfer.verify.finding import Finding, case_label, day, money, rows

FETCH = 2000
PAYMENT = "payment"
LABELS = {value: label.lower() for value, label in Promise.Status.choices}


def outcomes_follow_from_the_ledger(today: date) -> Iterator[Finding]:
    """Compute every promise again with `cases.rules.promises`, one case at a time, except historic ones."""
    for case_id, group in groupby(_facts(), key=itemgetter(0)):
        yield from _outcomes_of(case_id, list(group), today)


def _facts() -> Iterator[tuple[Any, ...]]:
    """Promises and their possible payments, by case. One statement, so that no payment comes between two reads."""
    promises = Promise.objects.computed().values_list(
        "case_id", "id", "amount", "promise_date", "created_at", "status", "paid_amount", "fulfilled_date"
    )
    with_promises = Exists(Promise.objects.computed().filter(case=OuterRef("case")))
    payments = (
        LedgerEntry.objects.effective_payments()
        .filter(with_promises)
        .values_list(
            "case_id",
            "id",
            "amount",
            "value_date",
            "created_at",
            Value(PAYMENT),
            F("amount"),
            Value(None, output_field=DateField()),
        )
    )
    return promises.union(payments, all=True).order_by("case_id").iterator(chunk_size=FETCH)


def _outcomes_of(case_id: int, facts: list[tuple[Any, ...]], today: date) -> Iterator[Finding]:
    made = {fact[1]: fact for fact in facts if fact[5] != PAYMENT}
    expected = rules.outcomes(
        (rules.PromiseFact(*fact[1:5]) for fact in made.values()),
        (rules.PaymentFact(*fact[1:5]) for fact in facts if fact[5] == PAYMENT),
        today=today,
        terms=promise_terms(),
    )
    for pk, (*_, promise_date, _made_at, status, paid, fulfilled_date) in made.items():
        outcome = expected[pk]
        if (status, paid, fulfilled_date) == outcome:
            continue
        about = f"Caso {case_id}: la promesa {pk} del {day(promise_date)}"
        if (status, paid, outcome.status) == (rules.Status.PENDING, outcome.paid_amount, rules.Status.BROKEN):
            yield Finding(f"{about} ya venció: la próxima ejecución de nightly la dará por incumplida.", is_notice=True)
        else:
            yield Finding(
                f"{about} figura {_shown(status, paid, fulfilled_date)}; según los pagos está {_shown(*outcome)}.",
                case=case_id,
            )


def _shown(status: str, paid: Any, fulfilled_date: date | None) -> str:
    kept = f" el {day(fulfilled_date)}" if fulfilled_date else ""
    return f"{LABELS.get(status, status)}{kept} con {money(paid)} pagados"


def fulfilled_and_only_they_have_a_date() -> Iterator[Finding]:
    found = rows("""
        SELECT case_id, id, status FROM cases_promise
        WHERE (status = 'fulfilled') <> (fulfilled_date IS NOT NULL)
    """)
    for case_id, pk, status in found:
        lacks = "no tiene" if status == rules.Status.FULFILLED else "tiene"
        yield Finding(f"Caso {case_id}: la promesa {pk}, {LABELS.get(status, status)}, {lacks} fecha de cumplimiento.")


def pending_promises_stand_on_open_cases() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, p.id
        FROM cases_promise p JOIN cases_case c ON c.id = p.case_id
        WHERE p.status = 'pending' AND (p.is_historic OR c.stage NOT IN ('en_gestion', 'promesa'))
    """)
    for pk, nro, promise in found:
        yield Finding(f"{case_label(pk, nro)}: la promesa {promise} está pendiente en un caso cerrado, o es histórica.")


def activity_of_a_promise_is_of_its_case() -> Iterator[Finding]:
    found = rows("""
        SELECT c.id, c.nro_cliente, p.id
        FROM cases_promise p
        JOIN cases_activity a ON a.id = p.activity_id
        JOIN cases_case c ON c.id = p.case_id
        WHERE a.case_id <> p.case_id
    """)
    for pk, nro, promise in found:
        yield Finding(f"{case_label(pk, nro)}: la promesa {promise} remite a una gestión de otro caso.")


def pending_promises_fit_in_the_balance() -> Iterator[Finding]:
    """A notice: after a creditor's refresh, the balance may be less than the promised amount."""
    found = rows("""
        SELECT c.id, c.nro_cliente, p.total, c.balance
        FROM (
            SELECT case_id, SUM(amount - paid_amount) AS total FROM cases_promise
            WHERE status = 'pending' GROUP BY case_id
        ) p JOIN cases_case c ON c.id = p.case_id
        WHERE ROUND(p.total, 2) > ROUND(c.balance, 2)
    """)
    for pk, nro, total, balance in found:
        yield Finding(
            f"{case_label(pk, nro)}: sus promesas pendientes suman {money(total)} y el saldo es {money(balance)}.",
            is_notice=True,
        )
