"""A person's word about a row: whose it is, how it is divided, that it is none of ours (DESIGN §5.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Case, LedgerEntry
from cases.rules import ledger
from nova.lib import dates
from nova.lib.databases import lock_row, lock_rows
from nova.lib.money import format_money
from payments.matching import Match, State, fits
from payments.models import PaymentFile, PaymentPosting, PaymentRow
from payments.querysets import DECIDABLE
from payments.services import book
from payments.services.counting import totals_of
from payments.services.posting import Posted, lock_file, post_rows, spec_to_post
from payments.services.repeated import posted_before, rename_another

MAX_PARTS = 20


@dataclass(frozen=True)
class Decision:
    """One of these: `case`, `split`, `ignore`, `duplicate_of`, `not_duplicate`, `reverse`; `not_duplicate` may also go
    with `case` or `split`.

    `split` is (case, amount in ARS); `ignore` a reason; `duplicate_of` and `reverse` entries (ids).
    """

    case: int | None = None
    split: Sequence[tuple[int, Decimal]] = ()
    ignore: str = ""
    duplicate_of: int | None = None
    not_duplicate: bool = False
    reverse: int | None = None
    confirm_overpayment: bool = False


@transaction.atomic
def decide(
    row: PaymentRow, decision: Decision, *, by: User, version: int | None = None, now: datetime | None = None
) -> PaymentRow:
    """Keep the decision, and carry it out at once when the file is posted already.

    `version` is that of the row which the person saw; without it nobody's decision is replaced. Raises ValidationError,
    with the field of the API as its key, when it cannot be (`state`, `version`: the row is not what it was); Gone when
    the row is not there.
    """
    now = now or timezone.now()
    file = lock_file(row.file_id)
    row = lock_row(PaymentRow.objects.select_related("case"), row.pk)
    _check_is_open(row, file, version)
    before = {"state": row.state, "case": row.case_id, "is_another": row.is_another}
    is_opened = row.state == PaymentRow.State.DUPLICATE
    if is_opened:
        _take_for_another(row, file, decision)
    row.decided_by, row.decided_at, row.version = by, now, row.version + 1
    row.is_confirmed |= decision.confirm_overpayment
    if decision.ignore:
        _ignore(row, decision.ignore)
    elif decision.duplicate_of is not None:
        _link(row, decision.duplicate_of, now=now)
    elif decision.reverse is not None:
        _reverse(row, decision.reverse)
    elif decision.split:
        _split(row, file, decision, now=now)
    elif is_opened and not decision.case and (row.case_id is None or row.kind == PaymentRow.Kind.REVERSAL):
        row.why = "Una persona dijo que es otro pago: falta saber de quién es."  # it waits in the inbox
    else:
        _assign(row, file, decision, now=now)
    row.save()
    if row.state == PaymentRow.State.MATCHED and file.status == PaymentFile.Status.POSTED:
        posted = Posted()
        post_rows([row], file, posted, by=by, now=now)
        row.refresh_from_db()
        if posted.left:
            raise ValidationError({_field_of(decision): row.why})
    file.totals = totals_of(file)
    file.save(update_fields=["totals"])
    after = {"state": row.state, "case": row.case_id, "is_another": row.is_another, "why": row.why}
    audit.record(AuditEvent.Action.EDITED, by=by, target=row, before=before, after=after)
    return row


def _check_is_open(row: PaymentRow, file: PaymentFile, version: int | None) -> None:
    if file.status == PaymentFile.Status.UNDONE or row.state not in DECIDABLE:
        state = row.get_state_display().lower()
        raise ValidationError({"state": f"Esa fila ya no espera una decisión: está en «{state}»."})
    is_decided = row.state == PaymentRow.State.MATCHED and row.decided_at is not None
    if is_decided if version is None else version != row.version:
        raise ValidationError(
            {"version": f"Otra decisión cambió esa fila, que va por la versión {row.version}: {row.why}"}
        )


def _take_for_another(row: PaymentRow, file: PaymentFile, decision: Decision) -> None:
    """A person says that what looks repeated is another payment: nothing but that opens it."""
    if not decision.not_duplicate:
        raise ValidationError({"not_duplicate": f"{row.why} Si es otro pago, dígalo (not_duplicate)."})
    rename_another(row, spec_to_post(file).short_code)
    row.state, row.is_another = PaymentRow.State.UNMATCHED, True


def _check_is_new(row: PaymentRow, file: PaymentFile, *, not_duplicate: bool) -> None:
    """What another file posted already needs the word that it is another payment."""
    row.is_another |= not_duplicate
    if why := posted_before([row], file).get(row.pk):
        raise ValidationError({"not_duplicate": why})


def _field_of(decision: Decision) -> str:
    given = [name for name in ("split", "reverse", "not_duplicate") if getattr(decision, name)]
    return given[0] if given else "case_id"


def _ignore(row: PaymentRow, reason: str) -> None:
    row.state, row.why = PaymentRow.State.IGNORED, f"Ignorado: {reason.strip()}"[:300]


def _assign(row: PaymentRow, file: PaymentFile, decision: Decision, *, now: datetime) -> None:
    """To the case that the person chose, or that was proposed."""
    _check_kind(row, PaymentRow.Kind.PAYMENT, "case_id")
    _check_is_new(row, file, not_duplicate=decision.not_duplicate)
    case = decision.case or row.case_id
    if case is None:
        raise ValidationError({"case_id": "Elija el caso al que va el pago."})
    debt, typed = _known(case, row, now=now)
    why = "Lo decidió una persona." if decision.case else row.why
    assert row.amount is not None  # noqa: S101 (of a payment)
    assert row.value_date is not None  # noqa: S101
    found = fits(
        Match(State.MATCHED, why, case),
        debt,
        typed,
        row.amount,
        row.value_date,
        confirmed=row.is_confirmed,
        is_another=row.is_another,
    )
    if found.state is not State.MATCHED:
        field = "not_duplicate" if found.entry else "confirm_overpayment"
        raise ValidationError({"case_id" if found.state is State.REJECTED else field: found.why})
    row.state, row.case_id, row.entry_id, row.split = PaymentRow.State.MATCHED, case, None, []
    row.why = "Lo decidió una persona." if decision.case else "Lo confirmó una persona."


def _known(case: int, row: PaymentRow, *, now: datetime) -> Any:
    """The debt and the payments typed by hand near the row's day. The case is locked. Raises ValidationError."""
    if not lock_rows(Case.objects.only("pk"), [case]):
        raise ValidationError({"case_id": "No existe ese caso."})
    known = book.Book()
    book.add_debts(known, Case.objects.order_by(), [case], [], today=dates.local_date(now))
    assert row.value_date is not None  # noqa: S101 (of a payment)
    book.add_typed(known, row.value_date, row.value_date)
    return known.debts[case], known.typed.get(case, [])


def _split(row: PaymentRow, file: PaymentFile, decision: Decision, *, now: datetime) -> None:
    """One payment for several debts of one person; its parts come to its amount."""
    _check_kind(row, PaymentRow.Kind.PAYMENT, "split")
    _check_is_new(row, file, not_duplicate=decision.not_duplicate)
    parts = decision.split
    ids = [case for case, _ in parts]
    if not 2 <= len(parts) <= MAX_PARTS or len(set(ids)) < len(ids):
        raise ValidationError({"split": f"Reparta el pago entre 2 y {MAX_PARTS} casos, cada uno una vez."})
    if any(amount <= 0 or amount != amount.quantize(ledger.CENTS) for _, amount in parts):
        raise ValidationError({"split": "Cada parte es un importe mayor que cero, con dos decimales como máximo."})
    if (total := sum(amount for _, amount in parts)) != row.amount:
        difference = f"suman {format_money(total)} y el pago es de {format_money(row.amount or 0)}"
        raise ValidationError({"split": f"Las partes no suman el pago: {difference}."})
    cases = lock_rows(Case.objects.only("pk", "debtor"), sorted(ids))
    if len(cases) < len(ids):
        raise ValidationError({"split": "Uno de los casos no existe."})
    if len({case.debtor_id for case in cases}) > 1:
        raise ValidationError({"split": "Los casos son de personas distintas: un pago se reparte entre los de una."})
    for case, amount in parts:
        debt, _ = _known(case, row, now=now)
        assert row.value_date is not None  # noqa: S101 (of a payment)
        found = fits(Match(State.MATCHED, "", case), debt, [], amount, row.value_date, confirmed=row.is_confirmed)
        if found.state is not State.MATCHED:
            raise ValidationError({"split": found.why})
    row.split = [{"case": case, "amount": str(amount.quantize(ledger.CENTS))} for case, amount in parts]
    row.state, row.case_id, row.entry_id = PaymentRow.State.MATCHED, ids[0], None
    row.is_another, row.why = True, f"Repartido entre {len(parts)} deudas por una persona."


def _link(row: PaymentRow, entry_id: int, *, now: datetime) -> None:
    """The payment was typed by hand: nothing is posted, and no other row is that payment."""
    _check_kind(row, PaymentRow.Kind.PAYMENT, "duplicate_of")
    case = LedgerEntry.objects.filter(pk=entry_id).values_list("case", flat=True).first()
    if case is None:
        raise ValidationError({"duplicate_of": "No existe ese pago."})
    lock_rows(Case.objects.only("pk"), [case])
    entries = LedgerEntry.objects.effective_payments().filter(pk=entry_id, kind=LedgerEntry.Kind.PAYMENT)
    entry = entries.filter(payment_posting__isnull=True).first()
    if entry is None:
        raise ValidationError({"duplicate_of": "Ese movimiento no es un pago vigente, o ya es el de otra fila."})
    if entry.amount != row.amount:
        raise ValidationError({"duplicate_of": f"Ese pago es de {format_money(entry.amount)}: no es el de la fila."})
    PaymentPosting.objects.create(row=row, case_id=entry.case_id, amount=entry.amount, entry=entry, posted_by_row=False)
    row.state, row.case_id, row.entry_id = PaymentRow.State.POSTED, entry.case_id, entry.pk
    row.why = f"Es el pago del {entry.value_date:%d/%m/%Y} que se cargó a mano."


def _reverse(row: PaymentRow, entry_id: int) -> None:
    _check_kind(row, PaymentRow.Kind.REVERSAL, "reverse")
    entry = LedgerEntry.objects.filter(pk=entry_id, kind=LedgerEntry.Kind.PAYMENT, reversal__isnull=True).first()
    if entry is None:
        raise ValidationError({"reverse": "Ese movimiento no es un pago vigente."})
    if entry.amount != row.amount:
        raise ValidationError({"reverse": f"Ese pago es de {format_money(entry.amount)}: revíselo antes de revertir."})
    row.state, row.entry_id, row.case_id = PaymentRow.State.MATCHED, entry.pk, entry.case_id
    row.why = f"Anula el pago del {entry.value_date:%d/%m/%Y}."


def _check_kind(row: PaymentRow, kind: str, field: str) -> None:
    if row.kind != kind:
        what = "un contracargo: se revierte un pago, o se ignora" if kind == PaymentRow.Kind.PAYMENT else "un pago"
        raise ValidationError({field: f"La fila es {what}."})
