"""What a case, a payment or an arrangement has to say on a paper, and why it may not say it yet (DESIGN §3.9)."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError

from cases.models import Arrangement, Case, CaseStatus, Document, LedgerEntry, PaperText
from cases.papers import kinds
from cases.papers.paper import Issue, Paper, Parties, document_label, show_day
from cases.rules import arrangements as rules
from cases.rules import ledger
from cases.rules.allocation import allocate
from cases.rules.papers import Text, clears_on, number_label
from cases.services.plans import monthly_cost_of, parts_of, plan_terms
from nova.lib import dates
from nova.lib.money import format_money

ZERO = Decimal("0.00")
Texts = dict[str, str]
Writer = Callable[[Issue, Parties, Texts], Paper]


class Subject(NamedTuple):
    """What the paper is about; the case is locked where the paper is issued."""

    case: Case
    entry: LedgerEntry | None
    arrangement: Arrangement | None
    now: datetime


def receipt(subject: Subject) -> Writer:
    payment, completes = payment_of(subject), subject.arrangement
    method = payment.get_method_display() if payment.method else ""
    label = agreement_label(completes) if completes else ""
    facts = kinds.PaymentFacts(payment.amount, payment.value_date, method, payment.reference, label)
    return lambda issue, parties, texts: kinds.receipt(issue, parties, texts, facts)


def clearance(subject: Subject) -> Writer:
    """Only of what is paid, once the last payment cannot bounce any more. Runs a query for a paid case."""
    case = subject.case
    if case.stage != CaseStatus.Stage.PAGADA or case.balance > 0:
        owed = f"este está en «{case.status}», con saldo {format_money(case.balance)}"
        raise ValidationError({"kind": f"El libre deuda es de casos pagados: {owed}."})
    last = last_payment_of(case)
    first_day = clears_on(last, settings.CLEARING_DAYS) if last else None
    if last and first_day and dates.local_date(subject.now) < first_day:
        raise ValidationError(
            {"kind": f"El último pago es del {show_day(last)}: se emite desde el {show_day(first_day)}."}
        )
    return lambda issue, parties, texts: kinds.clearance(issue, parties, texts, last)


def statement(subject: Subject) -> Writer:
    case = subject.case
    movements = _movements(case)
    split = movements[-1].after if movements else allocate([], initial_amount=case.initial_amount)
    return lambda issue, parties, texts: kinds.statement(issue, parties, texts, movements, split)


def agreement(subject: Subject) -> Writer:
    """What was arranged, for both to sign. Runs a query."""
    arrangement = subject.arrangement
    if arrangement is None or arrangement.accepted_at is None or not arrangement.is_active:
        raise ValidationError({"arrangement": "El caso no tiene un convenio vigente."})
    if not document_label(subject.case.debtor.dni, subject.case.debtor.cuit):
        raise ValidationError(
            {"debtor": "Falta el DNI o CUIT del deudor: lo escribe un administrador en Administración › Deudores."}
        )
    deal = _deal(arrangement, dates.local_date(arrangement.accepted_at))
    return lambda issue, parties, texts: kinds.agreement(issue, parties, texts, deal)


def _deal(arrangement: Arrangement, accepted_on: date) -> kinds.DealFacts:
    parts = parts_of(arrangement.schedule.all())
    financed = arrangement.base_balance - arrangement.down_payment
    paid = [part for part in parts if part.number]
    amounts = [part.amount for part in paid]
    interests = rules.interest_parts(financed, arrangement.monthly_rate, amounts, arrangement.system)
    of_number = dict(zip((part.number for part in paid), interests, strict=True))
    yearly = rules.yearly_cost(monthly_cost_of(arrangement, parts)) or ZERO
    return kinds.DealFacts(
        debt=arrangement.base_balance,
        total=arrangement.agreed_total,
        parts=[kinds.Part(part.number, part.due_on, part.amount, of_number.get(part.number, ZERO)) for part in parts],
        accepted_on=accepted_on,
        accepted_how=arrangement.get_accepted_how_display() if arrangement.accepted_how else "",
        yearly_rate=yearly,
        yearly_cost=yearly,  # nothing is charged beside the interest
        lapse_overdue_count=arrangement.lapse_overdue_count,
        lapse_days=arrangement.lapse_days,
        tail_days=plan_terms().tail_days,
    )


# --- Payments ----------------------------------------------------------------------------------------------
def payment_of(subject: Subject) -> LedgerEntry:
    """The payment that a receipt is of. Raises ValidationError (entry)."""
    entry = subject.entry
    if entry is None:
        raise ValidationError({"entry": "Elija de qué pago es el recibo."})
    if entry.case_id != subject.case.pk or entry.kind != ledger.Kind.PAYMENT:
        raise ValidationError({"entry": "Ese movimiento no es un pago de este caso."})
    if LedgerEntry.objects.filter(reverses=entry).exists():
        raise ValidationError({"entry": "Ese pago fue revertido: no lleva recibo."})
    return entry


def last_payment_of(case: Case) -> date | None:
    days = case.entries.effective_payments().order_by("-value_date").values_list("value_date", flat=True)
    return days.first()


def completed_by(payment: LedgerEntry) -> Arrangement | None:
    """The arrangement that this payment completed. Runs a query, and two more a completed arrangement of the case."""
    completed = Arrangement.objects.filter(
        case=payment.case_id, status=Arrangement.Status.COMPLETED, closed_on=payment.value_date
    )
    return next((arrangement for arrangement in completed if _completes(payment, arrangement)), None)


def _completes(payment: LedgerEntry, arrangement: Arrangement) -> bool:
    """Whether with this payment the instalments were paid, or the last of it was: R3's order, by (value date, id)."""
    accepted_at = arrangement.accepted_at
    if accepted_at is None:
        return False
    accepted_on = dates.local_date(accepted_at)
    rows = payment.case.entries.effective_payments().filter(
        value_date__gte=accepted_on, value_date__lte=payment.value_date
    )
    total = sum(arrangement.schedule.values_list("amount", flat=True), Decimal("0.00"))
    paid, last = Decimal("0.00"), None
    for pk, day, created_at, amount in rows.order_by("value_date", "id").values_list(
        "pk", "value_date", "created_at", "amount"
    ):
        if day == accepted_on and created_at < accepted_at:
            continue
        paid, last = paid + amount, pk
        if paid >= total:
            break
    return last == payment.pk


def agreement_label(arrangement: Arrangement) -> str:
    """`N° 00000012` of its paper; without one `del 10/12/2026`, the day on which it was accepted."""
    papers = Document.objects.valid().filter(arrangement=arrangement, kind=Document.Kind.AGREEMENT)
    number = papers.values_list("number", flat=True).first()
    if number is not None:
        return number_label(number)
    return f"del {show_day(dates.local_date(arrangement.accepted_at or arrangement.created_at))}"


# --- The ledger --------------------------------------------------------------------------------------------
def _movements(case: Case) -> list[kinds.Movement]:
    """The ledger in its order, with capital and interest after each entry. Runs a query."""
    entries = list(case.entries.order_by("value_date", "id"))
    reversed_at = {entry.reverses_id: at for at, entry in enumerate(entries) if entry.reverses_id}
    made = []
    for at, entry in enumerate(entries):
        # As the ledger was then: a payment counts until its reversal is posted.
        posted = [row.posted(is_void=reversed_at.get(row.pk, at + 1) <= at) for row in entries[: at + 1]]
        after = allocate(posted, initial_amount=case.initial_amount)
        signed = ledger.signed(entry.kind, entry.amount)
        made.append(kinds.Movement(entry.value_date, _what(entry), signed, after))
    return made


def _what(entry: LedgerEntry) -> str:
    named = entry.get_reason_display() if entry.reason else entry.get_kind_display()
    method = entry.get_method_display() if entry.method else ""
    reference = f"ref. {entry.reference}" if entry.reference else ""
    return " · ".join(filter(None, (named, method, reference)))


# --- Who, and in what words --------------------------------------------------------------------------------
def parties_of(case: Case) -> Parties:
    debtor = case.debtor
    return Parties(
        debtor=debtor.listed_name,
        document=document_label(debtor.dni, debtor.cuit),
        address=debtor.address,
        creditor=case.entity or case.cartera.name,
        nro_cliente=case.nro_cliente or "",
    )


def paper_texts() -> Texts:
    """The texts of the administration; the name and address of the agency are those of the settings where they lack."""
    texts = dict.fromkeys(Text, "") | dict(PaperText.objects.values_list("slug", "text"))
    contact = " · ".join(filter(None, (settings.AGENCY_PHONE, settings.AGENCY_EMAIL)))
    given = {
        Text.AGENCY_NAME: settings.AGENCY_NAME,
        Text.AGENCY_ADDRESS: settings.AGENCY_ADDRESS,
        Text.AGENCY_CONTACT: contact,
    }
    return {text: words or given.get(Text(text), "") for text, words in texts.items()}
