"""Ledger entries of a case. Amounts are Decimals in ARS; value dates are local days (DESIGN §3.1, §3.2)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Case, LedgerEntry
from cases.models.ledger import OWN_REASONS, reference_key
from cases.rules import ledger
from cases.services.effects import Watch
from cases.services.plans import is_settled_by_arrangement, payable
from cases.services.settlement import lock_case, settle, snapshot
from cases.services.touch import touch
from cases.services.withdrawing import withdraw_receipts
from nova.lib import dates
from nova.lib.money import format_money

MAX_REFERENCE_LENGTH = 80
MAX_AMOUNT = Decimal("9999999999999.99")
REFERENCE_USED = "Esa referencia ya está usada en la cartera: el pago ya fue registrado."


class PaymentTerms(NamedTuple):
    """The data of a payment, as a person enters them. `amount` is in ARS; without a value date, today's is used."""

    amount: Decimal
    value_date: date | None = None
    method: str = ""
    reference: str = ""
    notes: str = ""
    confirm_overpayment: bool = False
    confirm_duplicate: bool = False


@transaction.atomic
def record_payment(
    *,
    case: Case,
    by: User | None,
    amount: Decimal,
    value_date: date | None = None,
    method: str = "",
    reference: str = "",
    notes: str = "",
    confirm_overpayment: bool = False,
    confirm_duplicate: bool = False,
    is_system: bool = False,
    now: datetime | None = None,
) -> LedgerEntry:
    """Record a payment without a gestión, with an Activity of type payment. Allowed in every stage.

    `is_system`: it came in a file. Nobody did anything: beyond what `settle` decides, the case keeps its place. Raises
    ValidationError with the keys amount, value_date, reference, confirm_overpayment or confirm_duplicate.
    """
    case = lock_case(case)
    now = now or timezone.now()
    before, watch = snapshot(case), Watch(case)
    activity = Activity.objects.create(
        case=case, type=Activity.Type.PAYMENT, notes=notes, created_by=by, created_at=now, is_system=is_system
    )
    terms = PaymentTerms(amount, value_date, method, reference, notes, confirm_overpayment, confirm_duplicate)
    entry = post_payment(terms, case=case, by=by, activity=activity, now=now)
    settled = settle(case, now=now, paid=True, saves=is_system)
    if not is_system:
        touch(case, activity=activity, settled=settled, keep_place=bool(settled.plan.ended))
        watch.keep(case, activity, entry=entry)
    audit.record(AuditEvent.Action.PAYMENT, by=by, target=case, before=before, after=_with(case, entry))
    return entry


def post_payment(terms: PaymentTerms, *, case: Case, by: User | None, activity: Activity, now: datetime) -> LedgerEntry:
    """Check a payment and post it on a locked case; the caller must call `settle` afterwards.

    Raises ValidationError as `record_payment`.
    """
    amount = checked_amount(terms.amount)
    today = dates.local_date(now)
    value_date = terms.value_date or today
    reference = terms.reference.strip()
    errors: dict[str, str] = {}
    if wrong_day := day_refusal(case, value_date, today=today):
        errors["value_date"] = wrong_day
    if len(reference) > MAX_REFERENCE_LENGTH:
        errors["reference"] = f"La referencia tiene como máximo {MAX_REFERENCE_LENGTH} caracteres."
    elif reference:
        reference = _free_reference(case, reference) or errors.setdefault("reference", REFERENCE_USED)
    if not terms.confirm_overpayment and (too_much := excess_refusal(case, amount, most=payable(case))):
        errors["confirm_overpayment"] = too_much
    if not reference and not terms.confirm_duplicate and _is_there_already(case, amount, value_date):
        errors["confirm_duplicate"] = (
            f"Ya hay un pago de {format_money(amount)} del {value_date:%d/%m/%Y}: confirme que es otro."
        )
    if errors:
        raise ValidationError(errors)
    return _post(
        case,
        kind=ledger.Kind.PAYMENT,
        amount=amount,
        value_date=value_date,
        method=terms.method,
        reference=reference,
        activity=activity,
        created_by=by,
        created_at=now,
        notes=terms.notes,
    )


def day_refusal(case: Case, value_date: date, *, today: date) -> str:
    """Why a payment of the case cannot be of that day, as a Spanish sentence; empty when it can."""
    if value_date > today:
        return "La fecha del pago no puede ser futura."
    if value_date < case.placed_on:
        return f"El pago no puede ser anterior al ingreso del caso ({case.placed_on:%d/%m/%Y})."
    return ""


def excess_refusal(case: Case, amount: Decimal, *, most: Decimal) -> str:
    """Why a payment asks to be confirmed, as a Spanish sentence. `most`: see `plans.payable`."""
    if amount <= most:
        return ""
    above = "el saldo" if most == case.balance else f"lo que falta del convenio ({format_money(most)})"
    return f"El pago supera {above}: confirme que es correcto para registrarlo igual."


def _is_there_already(case: Case, amount: Decimal, value_date: date) -> bool:
    """Whether the case has a payment of that amount and day that stands. Runs a query."""
    return case.entries.effective_payments().filter(amount=amount, value_date=value_date).exists()


def _free_reference(case: Case, reference: str) -> str:
    """The reference as it may be stored, empty when a payment of the cartera uses it.

    A payment that was undone (gestión voided, payment reversed) leaves its reference to the corrected one, which is
    stored as `<reference>#2`: the ledger keeps both.
    """
    key = reference_key(reference)
    # Rows from before the key was stored are compared as they are written.
    same = Q(reference_key=key) | Q(reference_key__isnull=True, reference=reference)
    numbered = Q(reference_key__startswith=f"{key}#")
    used = LedgerEntry.objects.filter(same | numbered, cartera=case.cartera_id)
    undone = used.filter(activity__voided_at__isnull=False, reversal__isnull=False)
    if not used.filter(same).exists():
        return reference
    if used.count() > undone.count():
        return ""
    number = 2
    taken = set(used.values_list("reference_key", flat=True))
    while f"{key}#{number}" in taken:
        number += 1
    longest = MAX_REFERENCE_LENGTH - len(f"#{number}")
    return f"{reference[:longest]}#{number}"


@transaction.atomic
def reverse_payment(
    *, payment: LedgerEntry, by: User | None, notes: str = "", now: datetime | None = None
) -> LedgerEntry:
    """Reverse a payment, with today's value date and the payment's own amount, cartera and gestor.

    Raises ValidationError (key payment) for an entry that is no payment or is already reversed, and for a balance that
    would be too large.
    """
    case = lock_case(payment.case_id)
    now = now or timezone.now()
    if payment.kind != ledger.Kind.PAYMENT:
        raise ValidationError({"payment": "Solo se revierten pagos."})
    if LedgerEntry.objects.filter(reverses=payment).exists():
        raise ValidationError({"payment": "Ese pago ya fue revertido."})
    check_fits(case, ledger.Kind.REVERSAL, payment.amount, field="payment")
    before = snapshot(case)
    activity = Activity.objects.create(
        case=case,
        type=Activity.Type.PAYMENT,
        notes=notes or f"Pago del {payment.value_date:%d/%m/%Y} revertido",
        created_by=by,
        created_at=now,
        is_system=True,
    )
    entry = LedgerEntry.objects.create(
        case=case,
        cartera_id=payment.cartera_id,
        kind=ledger.Kind.REVERSAL,
        amount=payment.amount,
        value_date=dates.local_date(now),
        reverses=payment,
        credited_to_id=payment.credited_to_id,
        activity=activity,
        created_by=by,
        created_at=now,
        notes=notes,
    )
    settle(case, now=now, reversed_one=True)
    withdraw_receipts([payment], by=by, now=now)
    audit.record(AuditEvent.Action.REVERSAL, by=by, target=case, before=before, after=_with(case, entry))
    return entry


@transaction.atomic
def adjust_balance(
    *,
    case: Case,
    by: User | None,
    amount: Decimal,
    reason: str = "",
    notes: str = "",
    now: datetime | None = None,
) -> LedgerEntry:
    """Add `amount` (ARS; negative to subtract) to the balance, with today's value date.

    `reason` is creditor, correction, fee or empty. Raises ValidationError (key amount) for zero, and for an amount or a
    balance that is too large; key reason for another reason.
    """
    case = lock_case(case)
    now = now or timezone.now()
    before = snapshot(case)
    if reason and reason not in OWN_REASONS:
        raise ValidationError({"reason": "Elija un motivo del ajuste."})
    if checked_amount(abs(amount)) == 0:
        raise ValidationError({"amount": "Escriba un importe distinto de cero."})
    activity = Activity.objects.create(
        case=case,
        type=Activity.Type.NOTE,
        notes=f"Ajuste de saldo: {format_money(amount)}" + (f". {notes}" if notes else ""),
        created_by=by,
        created_at=now,
        is_system=True,
    )
    entry = _post(
        case,
        kind=ledger.Kind.ADJUSTMENT,
        reason=reason,
        amount=amount,
        value_date=dates.local_date(now),
        activity=activity,
        created_by=by,
        created_at=now,
        notes=notes,
    )
    case.version += 1
    settle(case, now=now)
    audit.record(AuditEvent.Action.ADJUSTMENT, by=by, target=case, before=before, after=_with(case, entry))
    return entry


@transaction.atomic
def refresh_total(
    *, case: Case, by: User | None, total: Decimal, notes: str = "", now: datetime | None = None
) -> LedgerEntry | None:
    """Store the total (ARS) that the creditor now states, with an adjustment of the balance (§3.2).

    Returns None when nothing has to be adjusted, as after an arrangement that settled the case (§3.8). Raises
    ValidationError with the key amount.
    """
    case = lock_case(case)
    now = now or timezone.now()
    total = checked_amount(total)
    if case.arrangements.accepted().exists():
        settle(case, now=now)  # what lapsed before this day gives back its interest before the new total
    difference = ledger.refresh_adjustment(stated=total, previously_stated=case.creditor_total, balance=case.balance)
    if total != case.creditor_total:
        case.creditor_total = total
        case.save(update_fields=["creditor_total", "updated_at"])
    if not difference or is_settled_by_arrangement(case):
        return None
    return adjust_balance(
        case=case,
        by=by,
        amount=difference,
        reason=LedgerEntry.Reason.CREDITOR,
        notes=notes or "Actualización del acreedor",
        now=now,
    )


def checked_amount(amount: Decimal, *, field: str = "amount") -> Decimal:
    """The amount (ARS) rounded to cents. Raises ValidationError when it is not positive, not finite or too large.

    The limit is Decimal(15,2); `field` is the key of the error.
    """
    if not amount.is_finite() or amount > MAX_AMOUNT:
        raise ValidationError({field: "El importe es demasiado grande."})
    if amount <= 0:
        raise ValidationError({field: "El importe debe ser mayor que cero."})
    if amount != amount.quantize(ledger.CENTS):
        raise ValidationError({field: "El importe tiene como máximo dos decimales."})
    return amount.quantize(ledger.CENTS)


def check_fits(case: Case, kind: str, amount: Decimal, *, field: str = "amount") -> None:
    """Raises ValidationError (key `field`) when the new balance would not fit its column."""
    if abs(case.balance + ledger.signed(kind, amount)) > MAX_AMOUNT:
        raise ValidationError({field: "El importe es demasiado grande: el saldo no cabría en el sistema."})


def _post(case: Case, *, kind: str, amount: Decimal, **fields: Any) -> LedgerEntry:
    check_fits(case, kind, amount)
    entry = LedgerEntry(
        case=case,
        cartera_id=case.cartera_id,
        kind=kind,
        amount=amount,
        credited_to_id=case.assigned_to_id,
        **fields,
    )
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError as error:  # the same reference on another case of the cartera, at the same moment
        raise ValidationError({"reference": REFERENCE_USED}) from error
    return entry


def _with(case: Case, entry: LedgerEntry) -> dict[str, Any]:
    return {**snapshot(case), "entry": entry.pk, "amount": entry.amount, "value_date": entry.value_date}
