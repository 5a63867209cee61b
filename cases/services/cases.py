"""Placing, editing, moving and deleting cases. Only a case without history can be deleted."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Cartera, Case, CaseStatus, Debtor, DebtorPhone, LedgerEntry
from cases.models.debtor import CONTACT_FIELDS
from cases.querysets import CaseQuerySet
from cases.rules import ledger, queue
from cases.services.many import BulkResult, locked_chunks
from cases.services.money import checked_amount
from cases.services.settlement import lock_case, snapshot
from cases.services.statuses import refusal_of
from cases.services.stops import move_stops, stop_new_debt
from nova.lib import dates
from nova.lib.databases import lock_row

HAS_HISTORY = "El caso tiene historia: en lugar de eliminarlo, páselo al estado «De baja»."

# The fields that an edit of a case may write; money, status and assignment have services of their own.
EDITABLE_FIELDS = frozenset({"entity", "initial_amount", "notes", "next_action_at", "nro_cliente"})
# Relations to rows that exist, so full_clean() need not query them. The cartera is not here: full_clean() skips every
# constraint that has an excluded field.
UNCHECKED_FIELDS = frozenset({"status", "debtor", "assigned_to"})
EDITABLE_DEBTOR_FIELDS = frozenset(
    {
        "first_name",
        "last_name",
        "dni",
        "cuit",
        *CONTACT_FIELDS,
        "notes",
    }
)


@transaction.atomic
def place_case(
    *,
    cartera: Cartera,
    debtor: Debtor,
    amount: Decimal,
    by: User | None,
    nro_cliente: str | None = None,
    entity: str = "",
    initial_amount: Decimal | None = None,
    creditor_last_payment_date: date | None = None,
    arrears_since: date | None = None,
    status: CaseStatus | None = None,
    assigned_to: User | None = None,
    placed_on: date | None = None,
    notes: str = "",
    now: datetime | None = None,
) -> Case:
    """Create a case with its placement in the ledger. Amounts are in ARS.

    `placed_on` and `arrears_since` are local days; the default of the first is the one of `now`. Without the second,
    arrears count from the creditor's last payment, else from placement, and are marked as estimated.

    Raises ValidationError; its key is status for a status that is inactive or of the stage `pagada`.
    """
    now = now or timezone.now()
    amount = checked_amount(amount)
    case = Case(
        cartera=cartera,
        debtor=debtor,
        amount=amount,
        balance=amount,
        creditor_total=amount,
        nro_cliente=(nro_cliente or "").strip() or None,
        entity=entity or cartera.name,
        initial_amount=initial_amount,
        creditor_last_payment_date=creditor_last_payment_date,
        last_payment_date=creditor_last_payment_date,
        arrears_since=arrears_since,
        arrears_estimated=arrears_since is None,
        status=status or CaseStatus.objects.default_of(CaseStatus.Stage.EN_GESTION),
        assigned_to=assigned_to,
        placed_on=placed_on or dates.local_date(now),
        notes=notes,
        created_at=now,
    )
    case.stage = case.status.stage
    if refusal := refusal_of(case, case.status):
        raise ValidationError({"status": refusal})
    case.full_clean(exclude=UNCHECKED_FIELDS)
    case.cartera = Cartera.objects.hold(cartera.pk)
    case.save()
    LedgerEntry.objects.create(
        case=case,
        cartera=cartera,
        kind=ledger.Kind.PLACEMENT,
        amount=amount,
        value_date=case.placed_on,
        credited_to=assigned_to,
        created_by=by,
        created_at=now,
    )
    stop_new_debt(case)
    audit.record(AuditEvent.Action.PLACEMENT, by=by, target=case, after={**snapshot(case), "amount": amount})
    return case


@transaction.atomic
def edit_case(
    *,
    case: Case,
    by: User,
    changes: Mapping[str, Any] | None = None,
    debtor_changes: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> Case:
    """Write the given fields of a case and its debtor. Raises StaleVersion, and ValidationError with field keys."""
    case = lock_case(case, version=version)
    if debtor_changes:  # whom other cases share: all fields are saved, which would undo a concurrent edit
        case.debtor = lock_row(Debtor.objects.all(), case.debtor_id)
    before, after = _apply(case, changes or {}, EDITABLE_FIELDS)
    debtor_before, debtor_after = _apply(case.debtor, debtor_changes or {}, EDITABLE_DEBTOR_FIELDS)
    if not after and not debtor_after:
        return case
    if debtor_after:
        case.debtor.full_clean()
        case.debtor.save()
    if "next_action_at" in after:
        _place_by_date(case)
    case.version += 1
    case.full_clean(exclude=UNCHECKED_FIELDS)
    case.save()
    audit.record(
        AuditEvent.Action.EDITED,
        by=by,
        target=case,
        before={**before, **debtor_before},
        after={**after, **debtor_after},
    )
    return case


@transaction.atomic
def fill_in_debtor(*, debtor: Debtor, by: User, given: Mapping[str, Any]) -> None:
    """Fill the empty fields of a debtor, locked by the caller, with the given values (DESIGN §5).

    Other fields stay as they are. Raises ValidationError.
    """
    blanks = {name: value for name, value in given.items() if not getattr(debtor, name)}
    before, after = _apply(debtor, blanks, EDITABLE_DEBTOR_FIELDS)
    debtor.full_clean()
    if after:
        debtor.save()
        audit.record(AuditEvent.Action.EDITED, by=by, target=debtor, before=before, after=after)


def _place_by_date(case: Case) -> None:
    """Check an edited next action and set the band that goes with it."""
    if case.next_action_at is None and case.is_open and case.last_activity_at is not None:
        raise ValidationError({"next_action_at": "Un caso abierto con gestiones necesita una próxima acción."})
    if case.next_action_at is not None and case.stage == CaseStatus.Stage.PAGADA:
        raise ValidationError({"next_action_at": "El caso está pagado: no lleva próxima acción."})
    case.queue_band = queue.band_after_dating(
        band=case.queue_band, is_touched=case.last_activity_at is not None, next_action_at=case.next_action_at
    )


def _apply(row: Any, changes: Mapping[str, Any], allowed: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = {}, {}
    for field, value in changes.items():
        if field not in allowed:
            raise TypeError(f"{field} is not edited this way")
        current = getattr(row, field)
        if current != value:
            before[field], after[field] = current, value
            setattr(row, field, value)
    return before, after


def has_history(case: Case) -> bool:
    """Whether the case has gestiones, promises, arrangements, papers or more than its placement (§7). Five queries."""
    return (
        case.activities.filter(is_system=False).exists()
        or case.promises.exists()
        or case.arrangements.exists()
        or case.documents.exists()
        or case.entries.exclude(kind=ledger.Kind.PLACEMENT).exists()
    )


@transaction.atomic
def delete_case(*, case: Case, by: User, version: int | None = None) -> None:
    """Delete a case loaded by mistake: one without gestiones, promises, papers or entries beyond its placement (§7).

    Its placement and system activities are deleted too, and its debtor when this was the last case. Raises
    ValidationError (key case) and StaleVersion.
    """
    case = lock_case(case, version=version)
    if has_history(case):
        raise ValidationError({"case": HAS_HISTORY})
    audit.record(AuditEvent.Action.DELETED, by=by, target=case, before=snapshot(case), label=str(case))
    # Whoever is placing another case for this debtor holds their lock (cases.api.case_input).
    debtor = lock_row(Debtor.objects.all(), case.debtor_id)
    case.stops.all().delete()
    case.activities.all().delete()
    # SQL, because the querysets of the ledger refuse deletions; this is the only one that is allowed.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_ledgerentry WHERE case_id = %s AND kind = 'placement'", [case.pk])
    case.delete()
    if not debtor.cases.exists() and not debtor.stops.exists():
        debtor.delete()


@transaction.atomic
def delete_cases(*, cases: CaseQuerySet, by: User) -> BulkResult:
    """Delete the cases that may be deleted; the result says why the others were not.

    About twelve queries a case: use it for hundreds of cases, not more.
    """
    result = BulkResult()
    for chunk in locked_chunks(cases):
        for case in chunk:
            try:
                delete_case(case=case, by=by)
            except ValidationError as error:
                result.refuse(case, " ".join(error.messages))
            else:
                result.changed += 1
    return result


@transaction.atomic
def move_case(*, case_id: int, debtor_id: int) -> None:
    """Move a case to another debtor. The former debtor is deleted when this was their last case (§5).

    The phones used by its gestiones are copied to the new debtor, so that no gestión points to another debtor's phone.
    """
    case = lock_case(case_id)
    former = lock_row(Debtor.objects.all(), case.debtor_id)
    Case.objects.filter(pk=case_id).update(debtor_id=debtor_id, version=F("version") + 1)
    is_empty = not former.cases.exists()
    for phone in former.phones.all():
        used = case.activities.filter(phone=phone)
        if not is_empty and not used.exists():
            continue
        theirs, _ = DebtorPhone.objects.get_or_create(
            debtor_id=debtor_id,
            number=phone.number,
            defaults={"kind": phone.kind, "state": phone.state, "note": phone.note},
        )
        used.update(phone=theirs)
    move_stops(case=case, former=former, debtor_id=debtor_id, is_empty=is_empty)
    if is_empty:
        former.delete()
