"""What each kind of paper says, from its facts and the texts of the administration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cases.papers.paper import (
    Issue,
    Paper,
    Parties,
    Texts,
    about,
    facts,
    filled,
    heading,
    in_words,
    paper,
    show_day,
    signatures,
    sum_of,
    table,
    values_of,
)
from cases.rules.allocation import Split
from cases.rules.papers import Text
from nova.lib.money import format_money


@dataclass(frozen=True)
class PaymentFacts:
    """`method` in words; `completes` names the arrangement that the payment completed, empty for none."""

    amount: Decimal
    day: date
    method: str
    reference: str
    completes: str = ""


def receipt(issue: Issue, parties: Parties, texts: Texts, payment: PaymentFacts) -> Paper:
    values = values_of(
        parties,
        texts,
        issue.day,
        importe=format_money(payment.amount),
        importe_en_letras=in_words(payment.amount),
        fecha_pago=show_day(payment.day),
        convenio=payment.completes,
    )
    text = Text.RECEIPT_COMPLETES if payment.completes else Text.RECEIPT
    about_payment = facts(
        ("Fecha del pago", show_day(payment.day)), ("Medio", payment.method), ("Referencia", payment.reference)
    )
    blocks = [
        about(parties),
        sum_of(payment.amount),
        about_payment,
        filled(texts, text, values),
        signatures(f"Por {texts[Text.AGENCY_NAME]}"),
    ]
    return paper(issue, texts, blocks)


def clearance(issue: Issue, parties: Parties, texts: Texts, last_payment: date | None) -> Paper:
    paid_on = show_day(last_payment) if last_payment else "sin pagos registrados"
    values = values_of(parties, texts, issue.day, fecha_pago=paid_on)
    blocks = [
        about(parties),
        filled(texts, Text.CLEARANCE, values),
        signatures(f"Por {texts[Text.AGENCY_NAME]}"),
    ]
    return paper(issue, texts, blocks)


@dataclass(frozen=True)
class Movement:
    """An entry of the ledger, with what is owed after it."""

    day: date
    what: str
    amount: Decimal
    after: Split


def statement(issue: Issue, parties: Parties, texts: Texts, movements: Sequence[Movement], split: Split) -> Paper:
    """`movements` in their order; `split` is what the balance consists of."""
    balance = split.capital + split.interest
    values = values_of(
        parties,
        texts,
        issue.day,
        saldo=format_money(balance),
        saldo_en_letras=in_words(max(balance, Decimal(0))),
        capital=format_money(split.capital),
        interes=format_money(split.interest),
    )
    rows = [
        [
            show_day(movement.day),
            movement.what,
            format_money(movement.amount, symbol=False),
            format_money(movement.after.capital, symbol=False),
            format_money(movement.after.interest, symbol=False),
            format_money(movement.after.capital + movement.after.interest, symbol=False),
        ]
        for movement in movements
    ]
    blocks = [
        about(parties),
        facts(
            ("Capital", format_money(split.capital)),
            ("Intereses", format_money(split.interest)),
            (f"Saldo al {show_day(issue.day)}", format_money(balance)),
        ),
        filled(texts, Text.STATEMENT, values),
        heading("Movimientos, en pesos"),
        table(
            ["Fecha", "Concepto", "Importe", "Capital", "Interés", "Saldo"],
            [0.105, 0.195, 0.175, 0.175, 0.175, 0.175],
            rows,
            total=False,
        ),
    ]
    return paper(issue, texts, blocks)
