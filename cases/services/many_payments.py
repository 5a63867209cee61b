"""Payments that came in a file, many at once: `record_payment` and `reverse_payment` with a fixed number of queries.

Nobody did anything on these cases: their gestiones are automatic, and move no case in its queue beyond what `settle`
decides (DESIGN §5.1).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Sum

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Case, Instalment, LedgerEntry
from cases.models.ledger import reference_key
from cases.querysets import in_cents
from cases.rules import ledger
from cases.searching import OneOf
from cases.services.money import (
    MAX_REFERENCE_LENGTH,
    REFERENCE_USED,
    check_fits,
    checked_amount,
    day_refusal,
    excess_refusal,
    record_payment,
)
from cases.services.settle_many import settle_many
from cases.services.settlement import snapshot
from cases.services.withdrawing import withdraw_receipts
from nova.lib import copying, dates
from nova.lib.databases import lock_rows

ENTRY_COLUMNS = (
    *("id", "case", "cartera", "kind", "amount", "value_date", "method", "reference", "reference_key", "reverses"),
    *("credited_to", "activity", "created_by", "created_at", "notes", "reason"),
)
ACTIVITY_COLUMNS = ("id", "case", "type", "notes", "created_by", "imported_author", "created_at", "is_system")
# How often one reference may be posted and taken back before its number is looked for one by one.
NUMBERED = 9


@dataclass(frozen=True, slots=True)
class FilePayment:
    """A payment of a file, for a case. `amount` in ARS; the reference is that of the file's row."""

    case: int
    amount: Decimal
    value_date: date
    method: str
    reference: str
    notes: str = ""
    confirm_overpayment: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The entry, or why there is none, as a Spanish sentence."""

    entry: int | None
    refusal: str = ""


Item = TypeVar("Item")


def _rounds(items: Sequence[tuple[int, Item]]) -> Iterator[list[tuple[int, Item]]]:
    """The items, (case, …), in their order, with no case twice in one round: the next one reads what follows of it."""
    left = list(items)
    while left:
        seen: set[int] = set()
        turn: list[tuple[int, Item]] = []
        later: list[tuple[int, Item]] = []
        for item in left:
            (later if item[0] in seen else turn).append(item)
            seen.add(item[0])
        yield turn
        left = later


def _locked(ids: Collection[int]) -> dict[int, Case]:
    """These cases by id, locked, with what `settle` and `snapshot` read."""
    detailed = Case.objects.select_related("status", "cartera", "debtor", "assigned_to")
    return {case.pk: case for case in lock_rows(detailed, sorted(ids))}


# --- Payments -----------------------------------------------------------------------------------------
def record_payments(payments: Sequence[FilePayment], *, by: User | None, now: datetime) -> list[Outcome]:
    """Post these payments, each or none of it; the outcomes are in their order. Needs a transaction.

    Locks the cases by id. The number of queries does not depend on how many payments there are, but for cases with an
    arrangement and for several payments of one case.
    """
    cases = _locked({payment.case for payment in payments})
    outcomes = [Outcome(None, "El caso ya no existe.")] * len(payments)
    numbered = [(payment.case, place) for place, payment in enumerate(payments) if payment.case in cases]
    for turn in _rounds(numbered):
        for place, outcome in _record(turn, payments, cases, by=by, now=now):
            outcomes[place] = outcome
    return outcomes


def _record(
    turn: list[tuple[int, int]],
    payments: Sequence[FilePayment],
    cases: dict[int, Case],
    *,
    by: User | None,
    now: datetime,
) -> Iterator[tuple[int, Outcome]]:
    """One payment a case."""
    payable = _payable([cases[pk] for pk, _ in turn])
    references = _free_references([(cases[pk].cartera_id, payments[place].reference) for pk, place in turn])
    good: list[tuple[int, FilePayment, str]] = []
    for (pk, place), reference in zip(turn, references, strict=True):
        payment = payments[place]
        refusal = _refusal(payment, cases[pk], payable[pk], reference, today=dates.local_date(now))
        if refusal:
            yield place, Outcome(None, refusal)
        else:
            good.append((place, payment, reference))
    try:
        with transaction.atomic():
            entries = _post(good, cases, by=by, now=now)
    except IntegrityError:  # a reference that somebody uses at this moment: one by one says which
        yield from _one_by_one(good, cases, by=by, now=now)
        # These were settled in other objects: the next round reads them as they are now.
        cases |= _locked({payment.case for _, payment, _ in good})
        return
    for (place, _, _), entry in zip(good, entries, strict=True):
        yield place, Outcome(entry)


def _post(
    good: list[tuple[int, FilePayment, str]], cases: dict[int, Case], *, by: User | None, now: datetime
) -> list[int]:
    """The ids of the entries."""
    if not good:
        return []
    paid = [cases[payment.case] for _, payment, _ in good]
    before = [snapshot(case) for case in paid]
    activities = _add_activities(
        [(case, payment.notes) for case, (_, payment, _) in zip(paid, good, strict=True)], by, now
    )
    entries = copying.reserve_ids(LedgerEntry, len(good))
    moment, author = _moment(now), by.pk if by else None
    copying.insert(
        LedgerEntry,
        ENTRY_COLUMNS,
        [
            (
                *(pk, case.pk, case.cartera_id, ledger.Kind.PAYMENT, str(checked_amount(payment.amount))),
                *(payment.value_date.isoformat(), payment.method, reference, reference_key(reference), None),
                *(case.assigned_to_id, activity, author, moment, payment.notes, ""),
            )
            for pk, (_, payment, reference), case, activity in zip(entries, good, paid, activities, strict=True)
        ],
    )
    settle_many(paid, now=now, paid=True)
    audit.record_many(
        audit.event(
            AuditEvent.Action.PAYMENT,
            by=by,
            target=case,
            before=was,
            after=_with(case, entry, checked_amount(payment.amount), payment.value_date),
        )
        for case, was, entry, (_, payment, _) in zip(paid, before, entries, good, strict=True)
    )
    return entries


def _add_activities(texts: list[tuple[Case, str]], by: User | None, now: datetime) -> list[int]:
    """An automatic gestión of a payment on each case; their ids."""
    ids = copying.reserve_ids(Activity, len(texts))
    moment, author = _moment(now), by.pk if by else None
    rows = [
        (pk, case.pk, Activity.Type.PAYMENT, notes, author, "", moment, True)
        for pk, (case, notes) in zip(ids, texts, strict=True)
    ]
    copying.insert(Activity, ACTIVITY_COLUMNS, rows)
    return ids


def _moment(now: datetime) -> str:
    return str(connection.ops.adapt_datetimefield_value(now))


def _one_by_one(
    good: list[tuple[int, FilePayment, str]], cases: dict[int, Case], *, by: User | None, now: datetime
) -> Iterator[tuple[int, Outcome]]:
    for place, payment, _ in good:
        try:
            with transaction.atomic():
                entry = record_payment(
                    case=cases[payment.case],
                    by=by,
                    amount=payment.amount,
                    value_date=payment.value_date,
                    method=payment.method,
                    reference=payment.reference,
                    notes=payment.notes,
                    confirm_overpayment=payment.confirm_overpayment,
                    is_system=True,
                    now=now,
                )
        except ValidationError as error:
            yield place, Outcome(None, " ".join(error.messages))
        else:
            yield place, Outcome(entry.pk)


def _refusal(payment: FilePayment, case: Case, payable: Decimal, reference: str, *, today: date) -> str:
    """Why `record_payment` would refuse it; empty when it would not."""
    try:
        amount = checked_amount(payment.amount)
        if wrong_day := day_refusal(case, payment.value_date, today=today):
            return wrong_day
        if not reference:
            return REFERENCE_USED
        if not payment.confirm_overpayment and (too_much := excess_refusal(case, amount, most=payable)):
            return too_much
        check_fits(case, ledger.Kind.PAYMENT, amount)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _payable(cases: list[Case]) -> dict[int, Decimal]:
    """What may be paid on each without asking (`plans.payable`). Runs a query."""
    unpaid = Instalment.objects.asked().filter(OneOf("arrangement__case", [case.pk for case in cases]))
    lacking = unpaid.order_by().values_list("arrangement__case").annotate(lacks=Sum(F("amount") - F("paid_amount")))
    most = {pk: in_cents(lacks) for pk, lacks in lacking}
    return {case.pk: min(case.balance, most.get(case.pk, case.balance)) for case in cases}


def _free_references(wanted: list[tuple[int, str]]) -> list[str]:
    """Of (cartera, reference): as it may be stored, or "" when it is used. Runs a query.

    One whose payments were all taken back with their gestión is stored as `<reference>#2` (`money._free_reference`).
    """
    candidates = {f"{reference_key(text)}{tail}" for _, text in wanted for tail in _tails(NUMBERED)}
    used: dict[tuple[int, str], bool] = {}
    rows = LedgerEntry.objects.filter(
        OneOf("reference_key", candidates), cartera__in={cartera for cartera, _ in wanted}
    ).values_list("cartera_id", "reference_key", "activity__voided_at", "reversal")
    for cartera, key, voided_at, reversal in rows:
        used[cartera, key or ""] = voided_at is None or reversal is None  # whether it stands
    free, given = [], set(used)
    for cartera, text in wanted:
        key = reference_key(text) or ""
        taken = [(cartera, f"{key}{tail}") for tail in _tails(NUMBERED)]
        stands = any(used.get(one) for one in taken)
        tail = next((tail for tail in _tails(NUMBERED) if (cartera, f"{key}{tail}") not in given), None)
        if stands or tail is None:
            free.append("")
            continue
        given.add((cartera, f"{key}{tail}"))
        free.append(f"{text[: MAX_REFERENCE_LENGTH - len(tail)]}{tail}")
    return free


def _tails(most: int) -> list[str]:
    return ["", *(f"#{number}" for number in range(2, most + 1))]


# --- Reversals ----------------------------------------------------------------------------------------
def reverse_payments(
    payments: Iterable[LedgerEntry], *, by: User | None, notes: str, now: datetime, may_come_again: bool = True
) -> int:
    """Reverse those of these payments that stand. `may_come_again`: their gestiones are voided, which frees their
    references for the same payments.

    Needs a transaction; locks the cases by id. Returns how many were reversed. Raises ValidationError (key payment) for
    a balance that would be too large.
    """
    payments = list(payments)
    cases = _locked({payment.case_id for payment in payments})
    gone = set(
        LedgerEntry.objects.filter(OneOf("reverses", [payment.pk for payment in payments])).values_list(
            "reverses", flat=True
        )
    )
    standing = [(payment.case_id, payment) for payment in payments if payment.pk not in gone]
    for turn in _rounds(standing):
        _reverse([payment for _, payment in turn], cases, by=by, notes=notes, now=now)
    if may_come_again:
        Activity.objects.filter(
            OneOf("id", [payment.activity_id for _, payment in standing]), is_system=True, voided_at__isnull=True
        ).update(voided_at=now, voided_by=by)
    return len(standing)


def _reverse(
    payments: list[LedgerEntry], cases: dict[int, Case], *, by: User | None, notes: str, now: datetime
) -> None:
    """One payment a case."""
    owed = [cases[payment.case_id] for payment in payments]
    for payment, case in zip(payments, owed, strict=True):
        check_fits(case, ledger.Kind.REVERSAL, payment.amount, field="payment")
    before = [snapshot(case) for case in owed]
    activities = _add_activities([(case, notes) for case in owed], by, now)
    entries = copying.reserve_ids(LedgerEntry, len(payments))
    today, moment, author = dates.local_date(now), _moment(now), by.pk if by else None
    copying.insert(
        LedgerEntry,
        ENTRY_COLUMNS,
        [
            (
                *(
                    pk,
                    case.pk,
                    payment.cartera_id,
                    ledger.Kind.REVERSAL,
                    str(payment.amount),
                    today.isoformat(),
                    "",
                    "",
                ),
                *(None, payment.pk, payment.credited_to_id, activity, author, moment, notes, ""),
            )
            for pk, payment, case, activity in zip(entries, payments, owed, activities, strict=True)
        ],
    )
    settle_many(owed, now=now, reversed_one=True)
    withdraw_receipts(payments, by=by, now=now)
    audit.record_many(
        audit.event(
            AuditEvent.Action.REVERSAL,
            by=by,
            target=case,
            before=was,
            after=_with(case, entry, payment.amount, today),
        )
        for case, was, entry, payment in zip(owed, before, entries, payments, strict=True)
    )


def _with(case: Case, entry: int, amount: Decimal, value_date: date) -> dict[str, object]:
    return {**snapshot(case), "entry": entry, "amount": amount, "value_date": value_date}
