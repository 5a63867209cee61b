"""The rows that were identified become entries of the ledger, a chunk a transaction (DESIGN §5.1).

Killed half way, what was posted is posted and the next run goes on with the rest: a row and its entries are written in
one transaction, under the lock of its file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.importing.errors import ImportFailed
from cases.models import Case, LedgerEntry
from cases.searching import OneOf
from cases.services.many_payments import FilePayment, record_payments, reverse_payments
from nova.lib import copying, dates
from nova.lib.databases import lock_row, lock_rows, refresh_statistics
from payments.matching import Match, State, fits
from payments.models import PaymentFile, PaymentPosting, PaymentRow
from payments.reading.layout import Layout as Spec
from payments.services import book
from payments.services.counting import totals_of
from payments.services.repeated import of_account, posted_before, references_of_other_accounts
from payments.services.staging import spec_of

CHUNK = 2000
REVERSED = "Contracargo informado en un archivo de pagos"
POSTING_COLUMNS = ("row", "case", "amount", "entry", "posted_by_row")
Posting = tuple[copying.Value, ...]
Progress = Callable[[int], None]


@dataclass
class Posted:
    """What one run posted: rows, their amount in ARS, and how many it left behind with a reason."""

    rows: int = 0
    amount: Decimal = Decimal("0.00")
    left: int = 0


def lock_file(file: PaymentFile | int) -> PaymentFile:
    """Nobody else posts, decides or undoes this file until the transaction ends. Raises Gone."""
    pk = file.pk if isinstance(file, PaymentFile) else file
    return lock_row(PaymentFile.objects.select_related("layout", "cartera", "created_by"), pk)


def post(
    file: PaymentFile, *, by: User | None, progress: Progress = lambda rows: None, now: datetime | None = None
) -> Posted:
    """Post every row of the file that was identified. Raises ValidationError for one that was undone."""
    now = now or timezone.now()
    posted = Posted()
    while True:
        with transaction.atomic():
            file = lock_file(file)
            if file.status == PaymentFile.Status.UNDONE:
                raise ValidationError("Ese archivo se deshizo: vuelva a cargarlo para registrarlo.")
            rows = list(file.rows.filter(state=PaymentRow.State.MATCHED).order_by("pk")[:CHUNK])
            if not rows:
                _finish(file, by=by, now=now)
                break
            post_rows(rows, file, posted, by=by, now=now)
        progress(posted.rows + posted.left)
    refresh_statistics(LedgerEntry, PaymentRow, PaymentPosting)
    return posted


def _finish(file: PaymentFile, *, by: User | None, now: datetime) -> None:
    totals = totals_of(file)
    if file.status == PaymentFile.Status.POSTED and file.totals == totals:
        return
    file.totals, file.status = totals, PaymentFile.Status.POSTED
    file.posted_at = file.posted_at or now
    file.save(update_fields=["totals", "status", "posted_at"])
    audit.record(AuditEvent.Action.PAYMENT, by=by, target=file, after=totals)


# --- A chunk ------------------------------------------------------------------------------------------
@dataclass
class _Plan:
    """The entries of one row, before they are posted."""

    row: PaymentRow
    parts: list[tuple[int, Decimal]]
    payments: list[FilePayment] = field(default_factory=list)  # in the order of the parts


def post_rows(rows: Sequence[PaymentRow], file: PaymentFile, posted: Posted, *, by: User | None, now: datetime) -> None:
    """Post these rows of a locked file, or say on each why it stays. Needs a transaction."""
    reversals = [row for row in rows if row.kind == PaymentRow.Kind.REVERSAL]
    payments = [row for row in rows if row.kind == PaymentRow.Kind.PAYMENT]
    paid_to = {case for row in payments for case, _ in parts_of(row)}
    taken_from = LedgerEntry.objects.filter(pk__in=[row.entry_id for row in reversals]).values_list("case", flat=True)
    # All at once and by id, as every change of many cases does; what is read of them is read after it.
    lock_rows(Case.objects.only("pk"), sorted(paid_to.union(taken_from)))
    _post_payments(payments, file, posted, by=by, now=now)
    for row in reversals:
        _post_reversal(row, posted, by=by, now=now)


def _post_payments(
    rows: list[PaymentRow], file: PaymentFile, posted: Posted, *, by: User | None, now: datetime
) -> None:
    if not rows:
        return
    method = spec_to_post(file).method
    plans = [_Plan(row, parts_of(row)) for row in rows]
    good = _fitting(plans, file, posted, now=now)
    for plan in good:
        _plan_payments(plan, file, method)
    _tell_accounts_apart(good, file)
    whole = [plan for plan in good if len(plan.parts) == 1]
    split = [plan for plan in good if len(plan.parts) > 1]
    _record(whole, posted, by=by, now=now)
    for plan in split:  # all its parts or none
        _record_split(plan, posted, by=by, now=now)


def spec_to_post(file: PaymentFile) -> Spec:
    """How its payments are made and named. Raises ValidationError for a layout that makes no sense any more."""
    try:
        return spec_of(file.layout)
    except ImportFailed as error:
        raise ValidationError({"layout": f"{error} Corríjalo en Formatos de archivos de pagos."}) from error


def _plan_payments(plan: _Plan, file: PaymentFile, method: str) -> None:
    assert plan.row.value_date is not None  # noqa: S101 (of a payment)
    for number, (case, amount) in enumerate(plan.parts, start=1):
        plan.payments.append(
            FilePayment(
                case=case,
                amount=amount,
                value_date=plan.row.value_date,
                method=method,
                reference=plan.row.reference + (f"/{number}" if len(plan.parts) > 1 else ""),
                notes=f"{file.layout.name}, archivo «{file.file_name}», fila {plan.row.line}",
                confirm_overpayment=plan.row.is_confirmed,
            )
        )


def _tell_accounts_apart(plans: list[_Plan], file: PaymentFile) -> None:
    """Of an id that a payment of another account of the cartera has, the reference says the account."""
    carteras = _carteras_of({case for plan in plans for case, _ in plan.parts}) if file.has_account else {}
    names = {(carteras[each.case], each.reference) for plan in plans for each in plan.payments if each.case in carteras}
    taken = references_of_other_accounts(names, file)
    for plan in plans:
        if any((carteras.get(each.case), each.reference) in taken for each in plan.payments):
            own = plan.row.reference
            plan.payments = [
                replace(each, reference=each.reference.replace(own, of_account(own, file), 1)) for each in plan.payments
            ]


def _carteras_of(cases: set[int]) -> dict[int, int]:
    return dict(Case.objects.filter(OneOf("id", cases)).order_by().values_list("pk", "cartera_id"))


def parts_of(row: PaymentRow) -> list[tuple[int, Decimal]]:
    """(case, amount in ARS) of what the row posts."""
    if row.split:
        return [(part["case"], Decimal(part["amount"])) for part in row.split]
    assert row.case_id is not None  # noqa: S101 (a row that was identified)
    assert row.amount is not None  # noqa: S101
    return [(row.case_id, row.amount)]


def _fitting(plans: list[_Plan], file: PaymentFile, posted: Posted, *, now: datetime) -> list[_Plan]:
    """Those that still fit their locked cases; the others stay, with what a person has to decide."""
    known, cases = book.Book(), {case for plan in plans for case, _ in plan.parts}
    book.add_debts(known, Case.objects.order_by(), cases, [], today=dates.local_date(now))
    days = [plan.row.value_date for plan in plans if plan.row.value_date]
    book.add_typed(known, min(days), max(days))
    again = posted_before([plan.row for plan in plans], file)
    good = []
    for plan in plans:
        if plan.row.pk in again:
            leave(plan.row, Match(State.AMBIGUOUS, again[plan.row.pk]), posted)
            continue
        why = next(filter(None, (_why_not(plan.row, part, known) for part in plan.parts)), None)
        if why is None:
            good.append(plan)
        else:
            leave(plan.row, why, posted)
    return good


def _why_not(row: PaymentRow, part: tuple[int, Decimal], known: book.Book) -> Match | None:
    case, amount = part
    debt = known.debts.get(case)
    if debt is None:
        return Match(State.UNMATCHED, "El caso ya no existe.")
    assert row.value_date is not None  # noqa: S101 (of a payment)
    found = fits(
        Match(State.MATCHED, row.why, case),
        debt,
        known.typed.get(case, []),
        amount,
        row.value_date,
        confirmed=row.is_confirmed,
        is_another=row.is_another,
    )
    return None if found.state is State.MATCHED else found


def leave(row: PaymentRow, why: Match, posted: Posted) -> None:
    """The row stays where a person finds it."""
    row.state, row.why = PaymentRow.State(why.state.value), why.why[:300]
    row.case_id, row.entry_id = why.case or row.case_id, why.entry
    row.version += 1
    row.save(update_fields=["state", "why", "case", "entry", "version"])
    posted.left += 1


def _record(plans: list[_Plan], posted: Posted, *, by: User | None, now: datetime) -> None:
    """Those of one entry each."""
    outcomes = record_payments([payment for plan in plans for payment in plan.payments], by=by, now=now)
    done: list[PaymentRow] = []
    postings: list[Posting] = []
    for plan, outcome in zip(plans, outcomes, strict=True):
        ((case, amount),) = plan.parts
        if outcome.entry is None:
            leave(plan.row, Match(State.AMBIGUOUS, outcome.refusal, case), posted)
            continue
        done.append(plan.row)
        postings.append((plan.row.pk, case, str(amount), outcome.entry, True))
    _keep(done, postings, posted)


def _record_split(plan: _Plan, posted: Posted, *, by: User | None, now: datetime) -> None:
    try:
        with transaction.atomic():
            outcomes = record_payments(plan.payments, by=by, now=now)
            refusal = next((outcome.refusal for outcome in outcomes if outcome.entry is None), "")
            if refusal:
                raise _Refused(refusal)
    except _Refused as error:
        leave(plan.row, Match(State.AMBIGUOUS, str(error)), posted)
        return
    postings = [
        (plan.row.pk, case, str(amount), outcome.entry, True)
        for (case, amount), outcome in zip(plan.parts, outcomes, strict=True)
    ]
    _keep([plan.row], postings, posted)


class _Refused(Exception):
    """A part of a split cannot be posted: none of them is."""


def _post_reversal(row: PaymentRow, posted: Posted, *, by: User | None, now: datetime) -> None:
    entry = row.entry
    try:
        with transaction.atomic():
            is_reversed = entry is not None and reverse_payments(
                [entry], by=by, notes=REVERSED, now=now, may_come_again=False
            )
    except ValidationError as error:
        leave(row, Match(State.AMBIGUOUS, " ".join(error.messages), row.case_id, row.entry_id), posted)
        return
    if entry is None or not is_reversed:
        leave(row, Match(State.UNMATCHED, "Ese pago ya estaba revertido."), posted)
        return
    reversal = LedgerEntry.objects.get(reverses=entry)
    _keep([row], [(row.pk, entry.case_id, str(entry.amount), reversal.pk, True)], posted)


def _keep(rows: list[PaymentRow], postings: Sequence[Posting], posted: Posted) -> None:
    copying.insert(PaymentPosting, POSTING_COLUMNS, postings)
    PaymentRow.objects.filter(OneOf("id", [row.pk for row in rows])).update(state=PaymentRow.State.POSTED)
    for row in rows:
        row.state = PaymentRow.State.POSTED
        posted.rows += 1
        if row.kind == PaymentRow.Kind.PAYMENT:
            posted.amount += Decimal(row.amount or 0)
