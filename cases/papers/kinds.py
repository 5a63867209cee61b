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
from cases.rules.papers import Text, number_label
from nova.lib.money import format_money, format_percentage


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


@dataclass(frozen=True)
class Part:
    """An instalment; number 0 is the down payment. `interest` is that of the arrangement, the rest is capital."""

    number: int
    due_on: date
    amount: Decimal
    interest: Decimal


@dataclass(frozen=True)
class DealFacts:
    """What was arranged. `yearly_rate` and `yearly_cost` are percents, zero without interest."""

    debt: Decimal
    total: Decimal
    parts: Sequence[Part]
    accepted_on: date
    accepted_how: str
    yearly_rate: Decimal
    yearly_cost: Decimal
    lapse_overdue_count: int
    lapse_days: int | None
    tail_days: int

    @property
    def instalments(self) -> int:
        return sum(1 for part in self.parts if part.number)

    @property
    def waived(self) -> Decimal:
        return max(self.debt - self.total, Decimal("0.00"))


def lapse_words(deal: DealFacts) -> str:
    """When it lapses, as its clause says it: R4 in words."""
    if len(deal.parts) == 1:
        return "si el pago no se hace en su fecha"
    count = deal.lapse_overdue_count
    said = "una cuota vencida e impaga" if count == 1 else f"{count} cuotas vencidas e impagas"
    late = f", cuando una lleve más de {deal.lapse_days} días de atraso" if deal.lapse_days is not None else ""
    return f"cuando haya {said}{late}, o a los {deal.tail_days} días del último vencimiento si queda alguna impaga"


def agreement(issue: Issue, parties: Parties, texts: Texts, deal: DealFacts) -> Paper:
    values = values_of(
        parties,
        texts,
        issue.day,
        convenio=number_label(issue.number),
        deuda=format_money(deal.debt),
        total=format_money(deal.total),
        total_en_letras=in_words(deal.total),
        cuotas=str(deal.instalments),
        caducidad=lapse_words(deal),
    )
    share = f"{format_money(deal.waived)} ({format_percentage(deal.waived * 100 / deal.debt)})" if deal.waived else ""
    rows = [
        [str(part.number) if part.number else "Anticipo", show_day(part.due_on), *_parted(part.amount, part.interest)]
        for part in deal.parts
    ]
    interest = sum((part.interest for part in deal.parts), Decimal("0.00"))
    rows.append(["Total", "", *_parted(deal.total, interest)])
    how = f", {deal.accepted_how.lower()}" if deal.accepted_how else ""
    blocks = [
        about(parties),
        filled(texts, Text.AGREEMENT, values),
        heading("Plan de pagos, en pesos"),
        table(["Cuota", "Vence", "Capital", "Interés", "Importe"], [0.14, 0.17, 0.23, 0.23, 0.23], rows, total=True),
        facts(
            ("Deuda reconocida", format_money(deal.debt)),
            ("Quita al cumplirlo", share),
            ("TEA", format_percentage(deal.yearly_rate)),
            ("CFT", f"{format_percentage(deal.yearly_cost)} efectivo anual: no hay otros cargos"),
            ("Aceptado", show_day(deal.accepted_on) + how),
        ),
        heading("Medios de pago"),
        filled(texts, Text.PAYMENT_MEANS, values),
        heading("Incumplimiento"),
        filled(texts, Text.AGREEMENT_DEFAULT, values),
        signatures(f"Por {texts[Text.AGENCY_NAME]}", parties.debtor),
    ]
    return paper(issue, texts, blocks)


def _parted(amount: Decimal, interest: Decimal) -> list[str]:
    return [format_money(part, symbol=False) for part in (amount - interest, interest, amount)]
