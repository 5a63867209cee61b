"""What follows for the arrangements of a case from its ledger, its stops and the day (DESIGN §3.8).

`settle` calls `follow` on every change, and `nightly` on the days that may decide something. Outcomes are those of
`cases.rules.arrangements`; here they are stored, and what they add to the ledger is posted.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Q, Sum

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Arrangement, Case, Instalment, LedgerEntry, StopFlag
from cases.models.status import CaseStatus
from cases.rules import arrangements as rules
from cases.rules import ledger
from cases.services.effects import set_back
from cases.services.withdrawing import withdraw_completions
from nova.lib import dates

Status = Arrangement.Status
Reason = LedgerEntry.Reason
# Stops during which nobody can be asked to pay: the clock of an arrangement stands still.
PAUSING = (StopFlag.Reason.RECLAMO, StopFlag.Reason.DESCONOCE, StopFlag.Reason.FALLECIDO)
CLOSED_BY_HAND = (CaseStatus.Stage.INCOBRABLE, CaseStatus.Stage.DE_BAJA)
ZERO = Decimal("0.00")


@dataclass
class Course:
    """What one settlement changed in the arrangements of a case.

    `due_on` is the date of the next unpaid instalment of the active one, `was_due_on` that before. `is_set_back`: a
    payment has just been reversed.
    """

    was: str = ""
    became: str = ""
    was_due_on: date | None = None
    due_on: date | None = None
    is_set_back: bool = False

    @property
    def is_active(self) -> bool:
        return self.due_on is not None

    @property
    def ended(self) -> str:
        """How the arrangement ended just now; empty when it did not."""
        return self.became if self.became != self.was and self.became in (Status.LAPSED, Status.COMPLETED) else ""


def plan_terms() -> rules.Terms:
    return rules.Terms(settings.PLAN_GRACE_BUSINESS_DAYS, settings.INSTALMENT_TOLERANCE, settings.PLAN_TAIL_DAYS)


# --- What is asked of a case --------------------------------------------------------------------------
def running_arrangement(case: Case) -> Arrangement | None:
    """The active arrangement of a case. Runs a query."""
    return case.arrangements.active().first()


def next_unpaid(arrangement: Arrangement) -> Instalment | None:
    """The first instalment that is not paid. Runs a query."""
    return arrangement.schedule.exclude(status=Instalment.Status.PAID).order_by("number").first()


def has_agreement(case: Case) -> bool:
    """Whether a promise is pending or an arrangement active: both keep the case in band 4. Up to two queries."""
    return case.promises.pending().exists() or case.arrangements.active().exists()


def next_unpaid_of(cases: Iterable[int]) -> dict[int, Instalment]:
    """The next unpaid instalment, with its arrangement, of each of these cases that has an active one. Runs a query."""
    unpaid = Instalment.objects.filter(arrangement__case__in=list(cases)).exclude(
        Q(status=Instalment.Status.PAID) | ~Q(arrangement__status=Status.ACTIVE)
    )
    # The first number wins.
    return {row.arrangement.case_id: row for row in unpaid.select_related("arrangement").order_by("-number")}


def unpaid_of(arrangement: Arrangement) -> Decimal:
    """What is not paid of its instalments, in ARS. Runs a query."""
    sums = arrangement.schedule.aggregate(asked=Sum("amount"), paid=Sum("paid_amount"))
    return (Decimal(sums["asked"] or 0) - Decimal(sums["paid"] or 0)).quantize(ledger.CENTS)


def payable(case: Case) -> Decimal:
    """What may be paid without asking: the balance, of an active arrangement no more than its instalments."""
    arrangement = running_arrangement(case)
    return case.balance if arrangement is None else min(case.balance, unpaid_of(arrangement))


def is_settled_by_arrangement(case: Case) -> bool:
    """Whether the last arrangement that was accepted is completed: what the creditor then states is not owed."""
    last = case.arrangements.accepted().order_by("-accepted_at", "-id").first()
    return last is not None and last.status == Status.COMPLETED


def waived_on(case: Case) -> Decimal:
    """What was forgiven on the case, in ARS, positive. Runs a query."""
    total = case.entries.filter(arrangement__isnull=False, reason=Reason.WAIVER).aggregate(total=Sum("amount"))["total"]
    return -Decimal(total or 0).quantize(ledger.CENTS) + 0


def expires_on(arrangement: Arrangement) -> date:
    """The last day of a proposal or a request."""
    return dates.local_date(arrangement.created_at) + timedelta(days=settings.PROPOSAL_DAYS)


def is_expired(arrangement: Arrangement, now: datetime) -> bool:
    waits = arrangement.status in (Status.PROPOSED, Status.AWAITING_APPROVAL)
    return waits and dates.local_date(now) > expires_on(arrangement)


# --- What the rules are told ----------------------------------------------------------------------------
def deal_of(arrangement: Arrangement) -> rules.Deal:
    assert arrangement.accepted_at is not None  # noqa: S101 (a constraint of the accepted ones)
    return rules.Deal(
        arrangement.accepted_at,
        arrangement.base_balance,
        arrangement.agreed_total,
        arrangement.lapse_overdue_count,
        arrangement.lapse_days,
    )


def parts_of(schedule: Iterable[Instalment]) -> list[rules.Part]:
    return [rules.Part(row.number, row.due_on, row.amount) for row in schedule]


def monthly_cost_of(arrangement: Arrangement, parts: Sequence[rules.Part]) -> Decimal | None:
    """What the terms cost a month (a fraction; None without interest), as of the day on which they were worked out.

    Who accepts them later, or asks for approval on the day of the first instalment, has been told the same.
    """
    first_due_on = min(part.due_on for part in parts if part.number)
    asked_on = min(dates.local_date(arrangement.created_at), first_due_on - timedelta(days=1))
    flows = rules.flows_of(parts, system=arrangement.system, accepted_on=asked_on)
    return rules.monthly_cost(arrangement.base_balance - arrangement.down_payment, flows)


ENTRY_FIELDS = ("id", "kind", "amount", "value_date", "created_at", "reason", "arrangement_id")


def entry_facts(rows: Iterable[tuple], *, of: int) -> list[rules.Entry]:
    """What the rules see of rows of `ENTRY_FIELDS`: all but those that the arrangement itself posted."""
    return [
        rules.Entry(
            pk,
            ledger.signed(kind, amount),
            value_date,
            posted_at,
            kind == ledger.Kind.PAYMENT,
            reason == ledger.Reason.CREDITOR,
        )
        for pk, kind, amount, value_date, posted_at, reason, arrangement_id in rows
        if arrangement_id != of
    ]


def standing_entries(case: Case) -> list[tuple]:
    """The entries of a case without reversals and reversed payments. Runs a query."""
    return standing_entries_of([case.pk])[case.pk]


def standing_entries_of(cases: Collection[int]) -> dict[int, list[tuple]]:
    """The same of each of these cases (ids). Runs a query."""
    rows = LedgerEntry.objects.filter(case__in=cases, reversal__isnull=True).exclude(kind=ledger.Kind.REVERSAL)
    found: dict[int, list[tuple]] = {pk: [] for pk in cases}
    for case_id, *facts in rows.order_by("id").values_list("case_id", *ENTRY_FIELDS):
        found[case_id].append(tuple(facts))
    return found


def pauses_of(case: Case) -> list[rules.Pause]:
    """The stops of the person, or of this debt, that hold the clock. Runs a query."""
    return pauses_of_all([case])[case.pk]


def pauses_of_all(cases: Sequence[Case]) -> dict[int, list[rules.Pause]]:
    """The same of each of these cases, by id. Runs a query."""
    stops = StopFlag.objects.filter(
        debtor__in={case.debtor_id for case in cases}, channel=StopFlag.Channel.ALL, reason__in=PAUSING
    )
    of_debtor: dict[int, list[tuple]] = defaultdict(list)
    for debtor_id, *facts in stops.order_by("id").values_list("debtor", "case", "since", "until", "lifted_at"):
        of_debtor[debtor_id].append(tuple(facts))
    return {
        case.pk: [pause_of(*moments) for of, *moments in of_debtor[case.debtor_id] if of in (None, case.pk)]
        for case in cases
    }


def pause_of(since: datetime, until: datetime | None, lifted_at: datetime | None) -> rules.Pause:
    """An end that was set holds from its moment, also before `nightly` has lifted the stop."""
    end = min((moment for moment in (until, lifted_at) if moment is not None), default=None)
    return rules.Pause(dates.local_date(since), dates.local_date(end) if end else None)


# --- Following --------------------------------------------------------------------------------------------
def follow(case: Case, *, now: datetime) -> Course:
    """Bring the arrangements of a locked case in line with its ledger, and its balance with what that posts.

    One query for a case without any. Safe to repeat: a second run changes nothing.
    """
    course = Course()
    live = list(case.arrangements.exclude(status__in=[Status.CANCELLED, Status.REJECTED]).order_by("accepted_at", "id"))
    for arrangement in live:
        if is_expired(arrangement, now):
            _expire(arrangement, now=now)
    computed = [row for row in live if row.accepted_at is not None and not row.is_historic]
    if not computed:
        return course
    entries, pauses = standing_entries(case), pauses_of(case)
    for arrangement in computed:
        is_last = arrangement is computed[-1]
        is_final = arrangement.status != Status.ACTIVE and (not is_last or _is_final(case, arrangement, live))
        if _follow_one(case, arrangement, entries, pauses, course, is_final=is_final, now=now):
            entries = standing_entries(case)
    return course


def _is_final(case: Case, arrangement: Arrangement, live: Sequence[Arrangement]) -> bool:
    """Whether what followed an arrangement that ended keeps it from running again. Runs a query."""
    if case.stage in CLOSED_BY_HAND or any(row.status == Status.AWAITING_APPROVAL for row in live):
        return True
    since = case.promises.filter(is_historic=False, created_at__gt=arrangement.accepted_at)
    if since.exclude(activity__voided_at__isnull=False).exists():
        return True
    later = case.arrangements.filter(accepted_at__gt=arrangement.accepted_at)
    return later.exclude(activity__voided_at__isnull=False).exists()


def _expire(arrangement: Arrangement, *, now: datetime) -> None:
    arrangement.status, arrangement.closed_on = Status.CANCELLED, expires_on(arrangement)
    arrangement.updated_at = now
    arrangement.save(update_fields=["status", "closed_on", "updated_at"])


def _follow_one(
    case: Case,
    arrangement: Arrangement,
    entries: list[tuple],
    pauses: list[rules.Pause],
    course: Course,
    *,
    is_final: bool,
    now: datetime,
) -> bool:
    """Whether anything was posted."""
    today = dates.local_date(now)
    schedule, deal = list(arrangement.schedule.all()), deal_of(arrangement)
    facts = entry_facts(entries, of=arrangement.pk)
    outcome = rules.outcome(deal, parts_of(schedule), facts, pauses, today=today, terms=plan_terms())
    was = arrangement.status
    stays_ended = is_final and outcome.status not in (was, Status.LAPSED)
    _note_contradiction(arrangement, stays_ended, now=now)
    if is_final and (was == Status.LAPSED or outcome.status == Status.COMPLETED):
        return False
    if is_final and outcome.status == Status.ACTIVE:  # it does not run again: what it forgave comes back all the same
        outcome = outcome._replace(status=Status.LAPSED, closed_on=today, next_due_on=None, next_look_on=None)
    if was == Status.ACTIVE:
        course.was_due_on = _stored_due(schedule)
    _store(arrangement, schedule, outcome, restated_on=rules.restated_on(deal, facts), now=now)
    posted = _post_what_follows(case, arrangement, outcome, stays_completed=was == outcome.status, now=now)
    course.was, course.became, course.due_on = was, arrangement.status, outcome.next_due_on
    if was != arrangement.status:
        audit.record(
            AuditEvent.Action.ARRANGEMENT,
            by=None,
            target=case,
            before={"arrangement": arrangement.pk, "arrangement_status": was},
            after={
                "arrangement": arrangement.pk,
                "arrangement_status": arrangement.status,
                "closed_on": arrangement.closed_on,
                "posted": posted,
            },
        )
    return bool(posted)


def _note_contradiction(arrangement: Arrangement, stays_ended: bool, *, now: datetime) -> None:
    """Keep the first day on which it stays ended though its ledger says otherwise: the dashboard tells (DESIGN §6)."""
    since = (arrangement.stays_ended_since or dates.local_date(now)) if stays_ended else None
    if arrangement.stays_ended_since != since:
        arrangement.stays_ended_since, arrangement.updated_at = since, now
        arrangement.save(update_fields=["stays_ended_since", "updated_at"])


def _stored_due(schedule: list[Instalment]) -> date | None:
    return next((row.due_on for row in schedule if row.status != Instalment.Status.PAID), None)


def _store(
    arrangement: Arrangement,
    schedule: list[Instalment],
    outcome: rules.Outcome,
    *,
    restated_on: date | None,
    now: datetime,
) -> None:
    changed = []
    for row in schedule:
        found = outcome.parts[row.number]
        if (row.paid_amount, row.status, row.paid_on) != found:
            row.paid_amount, row.status, row.paid_on = found
            changed.append(row)
    Instalment.objects.bulk_update(changed, ["paid_amount", "status", "paid_on"])
    if arrangement.status == Status.COMPLETED != outcome.status:
        withdraw_completions(arrangement, now=now)
    state = {
        "status": outcome.status,
        "closed_on": outcome.closed_on,
        "next_look_on": outcome.next_look_on,
        "restated_on": restated_on,
    }
    if {name: getattr(arrangement, name) for name in state} != state:
        vars(arrangement).update(state, updated_at=now)
        arrangement.save(update_fields=[*state, "updated_at"])


def _post_what_follows(
    case: Case, arrangement: Arrangement, outcome: rules.Outcome, *, stays_completed: bool, now: datetime
) -> list[Decimal]:
    """Post what interest and waiver differ from what they should be by now. Returns the amounts."""
    wanted = {Reason.PLAN_INTEREST: arrangement.plan_interest - outcome.taken_back}
    if not (stays_completed and outcome.status == Status.COMPLETED):  # once given, a waiver stands while it does
        wanted[Reason.WAIVER] = -outcome.waived
    return post_differences(case, arrangement, wanted, now=now)


def post_differences(
    case: Case,
    arrangement: Arrangement,
    wanted: dict[LedgerEntry.Reason, Decimal],
    *,
    now: datetime,
    activity: Activity | None = None,
    by: User | None = None,
) -> list[Decimal]:
    """Bring the sums of an arrangement's entries to what they should be, and the balance with them.

    What comes back carries the gestor of what it takes back. Returns the amounts that were posted.
    """
    own = list(arrangement.entries.order_by("-id"))
    posted = []
    for reason, amount in wanted.items():
        rows = [entry for entry in own if entry.reason == reason]
        difference = amount - sum((entry.amount for entry in rows), ZERO)
        if not difference:
            continue
        undone = next((entry for entry in rows if entry.amount * difference < 0), None)
        entry = LedgerEntry.objects.create(
            case=case,
            cartera_id=case.cartera_id,
            kind=ledger.Kind.ADJUSTMENT,
            amount=difference,
            value_date=dates.local_date(now),
            reason=reason,
            arrangement=arrangement,
            credited_to_id=undone.credited_to_id if undone else case.assigned_to_id,
            activity=activity,
            created_by=by,
            created_at=now,
            notes=f"{reason.label} del convenio N° {arrangement.pk}",
        )
        posted.append(entry.amount)
    case.balance += sum(posted, ZERO)
    return posted


# --- Ending by hand -----------------------------------------------------------------------------------------
def close_plans(cases: Sequence[Case], *, by: User | None, now: datetime) -> None:
    """Cancel what is open of the arrangements of locked cases that are closed by hand. The balances are saved."""
    live = Arrangement.objects.filter(
        case__in=cases, status__in=[Status.ACTIVE, Status.PROPOSED, Status.AWAITING_APPROVAL]
    )
    by_case = set(live.order_by().values_list("case_id", flat=True))
    for case in cases:
        if case.pk not in by_case:
            continue
        before = case.balance
        follow(case, now=now)  # what has lapsed or expired, without anybody having looked, is not cancelled
        for arrangement in live.filter(case=case).order_by("id"):
            end_plan(case, arrangement, by=by, now=now)
        if case.balance != before:
            Case.objects.filter(pk=case.pk).update(balance=case.balance)


def end_plan(
    case: Case,
    arrangement: Arrangement,
    *,
    by: User | None,
    now: datetime,
    status: str = Status.CANCELLED,
    takes_all: bool = False,
    notes: str = "",
) -> None:
    """Cancel an arrangement of a locked case. An active one gives back the interest of what is not yet due.

    `takes_all`: all of it, as if it had not been accepted. The case keeps its place; the caller settles it.
    """
    was, today = arrangement.status, dates.local_date(now)
    if was == Status.ACTIVE:
        back = arrangement.plan_interest
        if not takes_all:
            entries = entry_facts(standing_entries(case), of=arrangement.pk)
            back = rules.taken_back_on(
                deal_of(arrangement),
                [(part.due_on, part.unpaid) for part in arrangement.schedule.all()],
                entries,
                day=today,
                includes_day=True,
            )
        wanted = {Reason.PLAN_INTEREST: arrangement.plan_interest - back}
        post_differences(case, arrangement, wanted, now=now, by=by)
    arrangement.status, arrangement.closed_on, arrangement.next_look_on = status, today, None
    if takes_all:
        arrangement.accepted_at = None
    if notes:
        arrangement.notes = f"{arrangement.notes}\n{notes}".strip()
    arrangement.updated_at = now
    fields = ["status", "closed_on", "next_look_on", "accepted_at", "approved_by", "notes", "updated_at"]
    arrangement.save(update_fields=fields)
    audit.record(
        AuditEvent.Action.ARRANGEMENT,
        by=by,
        target=case,
        before={"arrangement": arrangement.pk, "arrangement_status": was},
        after={"arrangement": arrangement.pk, "arrangement_status": status, "notes": notes, "balance": case.balance},
    )


def reopen_plan(case: Case, arrangement: Arrangement, state: str, *, by: User, now: datetime) -> None:
    """Make an arrangement of a locked case what it was before somebody decided about it (`state`, of `decided_of`).

    What the decision posted goes; instalments that were paid meanwhile are not, until it runs again.
    """
    was = arrangement.status
    post_differences(case, arrangement, {Reason.PLAN_INTEREST: ZERO}, now=now, by=by)
    set_back(arrangement, state)
    arrangement.schedule.update(paid_amount=ZERO, status=Instalment.Status.PENDING, paid_on=None)
    arrangement.schedule.filter(number=0).update(due_on=dates.local_date(arrangement.created_at))
    audit.record(
        AuditEvent.Action.ARRANGEMENT,
        by=by,
        target=case,
        before={"arrangement": arrangement.pk, "arrangement_status": was},
        after={"arrangement": arrangement.pk, "arrangement_status": arrangement.status, "balance": case.balance},
    )
