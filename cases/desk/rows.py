"""A case as the lists show it: name, balance, and why it is in the queue or its status."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import uuid4

from django.db.models import OuterRef, Subquery
from django.utils.dateparse import parse_datetime

from cases.models import Arrangement, Case, DebtorPhone, Instalment, Promise
from cases.models.case import consolidated, counted
from cases.rules.reasons import ANSWERS, NO_PLAN, TOLD_BY_PLANS, TOLD_BY_PROMISES, PlanOf, PromiseOf, reason
from nova.lib import dates
from nova.lib.documents import format_dni
from nova.lib.money import format_money
from nova.lib.prepared import KEY, Prepared

# The columns that a row of the queue uses. Without this, a query reads sixty columns of four tables.
ROW_FIELDS = (
    *("cartera__name", "status__name", "debtor__first_name", "debtor__last_name", "debtor__dni", "assigned_to"),
    *("balance", "placed_on", "arrears_since", "last_payment_date"),
    *("stage", "next_action_at", "queue_band", "stopped_at", "in_active_cartera"),
)


@dataclass(frozen=True)
class Row:
    """A case as the lists show it."""

    case: Case
    name: str
    dni: str
    months: int
    balance: str
    reason: str  # why it is in the queue, else its status
    next_action: str
    debts: str  # the cartera; of a person with several debts, how many and where
    arrears: str
    near: str
    in_queue: bool
    band: str
    phone: str = ""  # the number to call: a good one, else an unverified one; only `with_tools` sets it
    token: str = ""
    siblings: tuple[int, ...] = ()  # of a person's row: the other cases of the same gestor

    @property
    def cases(self) -> tuple[int, ...]:
        """The cases that the row stands for: any of them may be open, or have a draft."""
        return self.case.pk, *self.siblings

    @property
    def case_ids(self) -> str:
        return " ".join(map(str, self.cases))

    @property
    def due_words(self) -> str:
        """Why it came up just now: a call was agreed, or a request was answered."""
        if self.reason in ANSWERS.values() or self.case.next_action_at is None:
            return self.reason
        return f"llamado acordado a las {dates.to_local(self.case.next_action_at):%H:%M}"

    @property
    def facts(self) -> str:
        return " · ".join(filter(None, (self.debts, self.arrears, self.near)))


class Debt(NamedTuple):
    """What the row of a person says of one of their debts."""

    pk: int
    stage: str
    balance: Decimal
    cartera: str
    gestor: int | None


def of_people(rows: list[Row]) -> list[Row]:
    """The rows as those of people: with all that each one owes, whoever has the debts. Runs one query."""
    debts: dict[int, list[Debt]] = {}
    read = DEBTS(debtors=list({row.case.debtor_id for row in rows})) if rows else []
    for debtor, pk, stage, balance, cartera, gestor in read:
        debts.setdefault(debtor, []).append(Debt(pk, stage, balance, cartera, gestor))
    return [of_person(row, debts.get(row.case.debtor_id, [])) for row in rows]


DEBTS = Prepared(
    lambda debtors: (
        Case.objects.filter(debtor__in=debtors)
        .order_by("-balance", "id")
        .values_list("debtor_id", "pk", "stage", "balance", "cartera__name", "assigned_to_id")
    ),
    debtors=KEY,
)


def of_person(row: Row, debts: list[Debt]) -> Row:
    """`debts` are all of the person's, the largest first; none where they were deleted meanwhile."""
    if len(debts) < 2:
        return row
    owed = counted(debts)
    own = [debt.pk for debt in debts if debt.gestor == row.case.assigned_to_id and debt.pk != row.case.pk]
    row = replace(row, siblings=tuple(own), balance=format_money(consolidated(debts)))
    if len(owed) < 2:
        return row
    carteras = ", ".join(dict.fromkeys(debt.cartera for debt in owed))
    return replace(row, debts=f"{len(owed)} deudas: {carteras}")


def with_tools(rows: list[Row]) -> list[Row]:
    """The rows with a phone and a form token, for actions without opening the case. Runs one query."""
    usable = DebtorPhone.objects.filter(debtor__in={row.case.debtor_id for row in rows}).offered()
    phones: dict[int, str] = {}
    for debtor_id, number in usable.values_list("debtor_id", "number"):
        phones.setdefault(debtor_id, number)
    return [replace(row, phone=phones.get(row.case.debtor_id, ""), token=new_token()) for row in rows]


def new_token() -> str:
    """A token by which two requests are known to be the same form sent twice."""
    return uuid4().hex


def rows_of(cases: Iterable[Case], *, now: datetime) -> list[Row]:
    """The rows of `cases`, which need debtor, cartera and status loaded. Runs at most two queries for any number."""
    cases = list(cases)
    today = dates.local_date(now)
    due = [case for case in cases if is_in_queue(case, now=now)]
    pending, broken = promises_of(open_promises([case.pk for case in due if case.queue_band in TOLD_BY_PROMISES]))
    plans = plans_of([case.pk for case in due if case.queue_band in TOLD_BY_PLANS])
    return [
        row_of(case, pending.get(case.pk), broken.get(case.pk), plans.get(case.pk), now=now, today=today)
        for case in cases
    ]


def is_in_queue(case: Case, *, now: datetime) -> bool:
    is_due = case.is_open and (case.next_action_at is None or case.next_action_at <= now)
    return is_due and case.stopped_at is None and case.in_active_cartera


def row_of(
    case: Case,
    pending: PromiseOf | None,
    broken: PromiseOf | None,
    plan: PlanOf | None,
    *,
    now: datetime,
    today: date,
) -> Row:
    in_queue = is_in_queue(case, now=now)
    next_at = case.next_action_at if case.is_open else None
    next_action = dates.format_moment(next_at) if next_at else ""
    if in_queue:
        band, at = case.queue_band, case.next_action_at
        words = reason(band=band, next_action_at=at, pending=pending, broken=broken, today=today, plan=plan or NO_PLAN)
    elif case.is_open and case.stopped_at is not None:
        words = "Detenido"
    elif case.is_open and not case.in_active_cartera:
        words = "Cartera inactiva"
    else:
        words = f"Próxima acción: {next_action}" if next_action else case.status.name
    months = case.months_in_arrears(today)
    near = dates.format_near(next_at, today) if next_at and in_queue else ""
    arrears = f"mora {months} {'mes' if months == 1 else 'meses'}" if months else ""
    return Row(
        case=case,
        name=case.debtor.listed_name,
        dni=format_dni(case.debtor.dni) if case.debtor.dni else "",
        months=months,
        balance=format_money(case.balance),
        reason=words,
        next_action=next_action,
        debts=case.cartera.name,
        arrears=arrears,
        near=near,
        in_queue=in_queue,
        band=Case.Band(case.queue_band).label,
    )


def open_promises(cases: list[int]) -> list[Promise]:
    """The pending and broken promises of these cases (ids), by date. Runs one query, for no case none."""
    return sorted(PROMISES(cases=cases), key=lambda row: (row.promise_date, row.pk)) if cases else []


PROMISES = Prepared(
    lambda cases: Promise.objects.filter(case__in=cases, status__in=[Promise.Status.PENDING, Promise.Status.BROKEN]),
    cases=KEY,
)


def promises_of(promises: list[Promise]) -> tuple[dict[int, PromiseOf], dict[int, PromiseOf]]:
    """The earliest pending and the latest broken promise of each case."""
    pending: dict[int, PromiseOf] = {}
    broken: dict[int, PromiseOf] = {}
    for promise in promises:
        promised = PromiseOf(promise.amount, promise.promise_date)
        if promise.status == Promise.Status.PENDING:
            pending.setdefault(promise.case_id, promised)
        else:
            broken[promise.case_id] = promised
    return pending, broken


def plans_of(cases: list[int]) -> dict[int, PlanOf]:
    """What the reasons of these cases (ids) say of the arrangement that runs, else of the latest, if it counts.

    An older proposal may be accepted while a newer one is still on the table. Runs one query, for no case none.
    """
    rows = PLANS(cases=cases) if cases else []
    told_last = sorted(rows, key=lambda row: row[1] == Arrangement.Status.ACTIVE)
    return {case: _plan_of(*row) for case, *row in told_last}


def _plans(cases: Any) -> Any:
    unpaid = Instalment.objects.filter(arrangement=OuterRef("pk")).exclude(status=Instalment.Status.PAID)
    first = unpaid.order_by("number")
    told = Arrangement.objects.filter(case__in=cases).exclude(
        status__in=[Arrangement.Status.AWAITING_APPROVAL, Arrangement.Status.COMPLETED, Arrangement.Status.CANCELLED]
    )
    rows = told.order_by("id").annotate(
        next_number=Subquery(first.values("number")[:1]), next_due_on=Subquery(first.values("due_on")[:1])
    )
    fields = ("case_id", "status", "instalments", "closed_on", "policy", "next_number", "next_due_on")
    return rows.values_list(*fields)


PLANS = Prepared(_plans, cases=KEY)


def _plan_of(
    status: str, count: int, closed_on: date | None, policy: dict[str, Any], number: int | None, due_on: date | None
) -> PlanOf:
    is_active, is_lapsed = status == Arrangement.Status.ACTIVE, status == Arrangement.Status.LAPSED
    decided_at = policy.get("decided_at")
    return PlanOf(
        number=number or 0,
        instalments=count,
        due_on=due_on if is_active else None,
        lapsed_on=closed_on if is_lapsed else None,
        answer=policy.get("decision", ""),
        answered_at=parse_datetime(decided_at) if decided_at else None,
    )
