"""What each row is: a payment, the reversal of one, something that cannot be a payment, or no payment at all."""

from datetime import date
from decimal import Decimal

from nova.lib.money import MAX_MONEY
from payments.reading.facts import Facts, debtor_of, payer_name_of, payer_of
from payments.reading.layout import MANY, Layout, Rule
from payments.reading.rows import Kind, Row

IS_A_DEBIT = "Es un débito, no un pago."
NO_AMOUNT = "No tiene importe: complételo o cargue el pago a mano."
IS_ZERO = "El importe es cero: no hay qué acreditar."
IS_NEGATIVE = "El importe es negativo: si es una devolución, registre la reversión a mano."
NO_DATE = "No tiene fecha: complétela o cargue el pago a mano."
IN_THE_FUTURE = "La fecha {day:%d/%m/%Y} todavía no llegó: revise el orden de día y mes, o corríjala."

_MAX_SHOWN = 60


def row_of(
    facts: Facts,
    kind: Kind,
    why: str,
    *,
    own_id: str = "",
    reverses: str = "",
    identity: str = "",
    content: str = "",
) -> Row:
    """The row, once it was judged; what tells it from others is known to who has seen the whole file."""
    is_money = kind in (Kind.PAYMENT, Kind.REVERSAL)
    amount = facts.amount if facts.amount is None else abs(facts.amount)
    texts = facts.texts
    return Row(
        line=facts.line,
        raw=facts.raw,
        kind=kind,
        why=why,
        amount=amount if is_money or (amount and amount <= MAX_MONEY) else None,
        value_date=facts.paid_on,
        credited_on=facts.credited_on,
        channel=texts.get("channel", ""),
        key=_code(texts.get("key", "")),
        nro_cliente=_code(texts.get("nro_cliente", "")),
        debtor=debtor_of(facts),
        payer=payer_of(facts),
        payer_name=payer_name_of(facts),
        own_id=own_id,
        reverses=reverses,
        identity=identity,
        content=content,
    )


def judged(facts: Facts, layout: Layout, latest: date | None = None) -> tuple[Kind, str]:
    """The kind, and why it is no payment: first what the layout's rules say, then what the row lacks."""
    if facts.skipped:
        return Kind.IGNORED, facts.skipped
    kind = Kind.PAYMENT
    for rule in layout.rules:
        value = _that_applies(rule, facts)
        if value is not None:
            if rule.why:
                return rule.kind, rule.why.replace("{value}", value[:_MAX_SHOWN])
            kind = rule.kind
            break
    if facts.is_debit and kind is Kind.PAYMENT and not facts.problem:
        return Kind.IGNORED, IS_A_DEBIT
    if facts.problem:
        return Kind.REJECTED, facts.problem
    return _of_amount_and_day(facts, layout, latest, kind)


def _of_amount_and_day(facts: Facts, layout: Layout, latest: date | None, kind: Kind) -> tuple[Kind, str]:
    amount: Decimal | None = facts.amount
    if amount is None:
        return Kind.REJECTED, NO_AMOUNT
    if not amount:
        return Kind.REJECTED, IS_ZERO
    if amount < 0 and kind is Kind.PAYMENT:
        return (Kind.IGNORED, IS_A_DEBIT) if layout.negatives is Kind.IGNORED else (Kind.REJECTED, IS_NEGATIVE)
    day = facts.paid_on
    if day is None:
        return Kind.REJECTED, NO_DATE
    if latest is not None and day > latest:
        return Kind.REJECTED, IN_THE_FUTURE.format(day=day)
    return kind, ""


def _that_applies(rule: Rule, facts: Facts) -> str | None:
    """The text to which a rule applies; a field that the file does not have is asked nothing."""
    if rule.field in MANY:
        return next((piece for piece in facts.pieces.get(rule.field, ()) if rule.applies(piece)), None)
    value = facts.texts.get(rule.field)
    return value if value is not None and rule.applies(value) else None


def _code(text: str) -> str:
    """A key or a client's number; blanks and zeros alone are none."""
    return text if text.strip("0 -") else ""
