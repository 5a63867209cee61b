"""After every ledger entry, the balance, promise outcomes, status and band are computed again (DESIGN §3.3, §3.5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from cases.models import Arrangement, Case, CaseStatus, Promise
from cases.querysets import in_cents
from cases.rules import promises as rules
from cases.rules import queue
from cases.services.plans import Course, follow, waived_on
from cases.services.withdrawing import withdraw_clearances
from nova.lib import copying, dates
from nova.lib.databases import lock_row
from nova.lib.prepared import KEY, Prepared


class StaleVersion(Exception):
    """The case changed after it was read. `current` is the case as it is now; nothing was written."""

    def __init__(self, current: Case) -> None:
        super().__init__(f"case {current.pk} is at version {current.version}")
        self.current = current


@dataclass
class Transition:
    """What one settlement changed in the promises and the arrangement of a case."""

    kept: bool = False
    broken: bool = False
    cancelled: bool = False
    pending_again: bool = False
    may_have_agreement: bool = True  # False: no promise and no arrangement
    plan: Course = field(default_factory=Course)

    @property
    def changed(self) -> bool:
        return self.kept or self.broken or self.cancelled or self.pending_again


def lock_case(case: Case | int, *, version: int | None = None) -> Case:
    """Lock the row of the case and read it again. Needs a transaction; runs two queries.

    Raises Gone, and StaleVersion when `version` is given and is not the current one.
    """
    pk = case.pk if isinstance(case, Case) else case
    locked = lock_row(Case.objects.select_related("status", "cartera", "debtor", "assigned_to"), pk)
    if version is not None and version != locked.version:
        raise StaleVersion(locked)
    return locked


def promise_terms() -> rules.Terms:
    return rules.Terms(settings.PROMISE_GRACE_BUSINESS_DAYS, settings.PROMISE_FULFILLED_PERCENT)


def snapshot(case: Case) -> dict[str, Any]:
    """The values of a case that the audit trail stores before and after a change."""
    return {
        "balance": case.balance,
        "status": case.status.slug,
        "assigned_to": case.assigned_to.username if case.assigned_to else None,
        "next_action_at": case.next_action_at,
        "queue_band": case.queue_band,
    }


def settle(
    case: Case,
    *,
    now: datetime,
    cancelled: bool = False,
    paid: bool = False,
    reversed_one: bool = False,
    saves: bool = True,
) -> Transition:
    """Compute balance, last payment, outcomes and status of a locked case from its ledger, and save it.

    `cancelled`: the caller has just cancelled a promise; `paid`: it has just posted a payment; `reversed_one`: it has
    just reversed one. Without `saves` the caller saves the case at once, which `touch` does. Safe to repeat: a second
    run changes nothing.
    """
    owed = case.balance
    transition = derive(case, now=now)
    transition.cancelled = cancelled
    transition.plan.is_set_back = reversed_one
    apply_status_rules(case, transition, now=now, paid=paid)
    if saves:
        case.save()
    if case.balance > 0 >= owed:
        withdraw_clearances([case.pk], now=now)
    return transition


def derive(case: Case, *, now: datetime) -> Transition:
    """Compute balance, last payment and outcomes of a locked case from its ledger. The case is not saved.

    Outcomes of its arrangements may post interest that is taken back, or a waiver.
    """
    told = BOOKS(case=case.pk)[0]
    case.balance = in_cents(told["owed"])
    case.last_payment_date = last_paid_on(case, told["paid_on"])
    transition = recompute_promises(case, now=now) if told["has_promises"] else Transition()
    transition.plan = follow(case, now=now) if told["has_plans"] else Course()
    transition.may_have_agreement = told["has_promises"] or told["has_plans"]
    return transition


def last_paid_on(case: Case, ours: date | None) -> date | None:
    """The later of two dates: the creditor's, and that of our last payment without a reversal."""
    return max(filter(None, (ours, case.creditor_last_payment_date)), default=None)


BOOKS = Prepared(lambda case: Case.objects.books().filter(pk=case), case=KEY)


def promise_facts(promises: list[Promise]) -> list[rules.PromiseFact]:
    return [rules.PromiseFact(row.pk, row.amount, row.promise_date, row.created_at) for row in promises]


def payment_facts(case: Case) -> list[rules.PaymentFact]:
    rows = case.entries.effective_payments().values_list("id", "amount", "value_date", "created_at")
    return [rules.PaymentFact(*row) for row in rows]


def recompute_promises(case: Case, *, now: datetime) -> Transition:
    """Store the promise outcomes that follow from the ledger. Returns what changed.

    Runs two queries, and one more on a change.
    """
    promises = list(case.promises.computed())
    if not promises:
        return Transition()
    transition, changed = decide_promises(promises, payment_facts(case), now=now)
    store_promises(changed)
    return transition


def decide_promises(
    promises: list[Promise], payments: list[rules.PaymentFact], *, now: datetime
) -> tuple[Transition, list[Promise]]:
    """Set the outcomes of all computed promises of a case in memory. Returns what changed, and the changed ones."""
    outcomes = rules.outcomes(promise_facts(promises), payments, today=dates.local_date(now), terms=promise_terms())
    transition, changed = Transition(), []
    for promise in promises:
        outcome = outcomes[promise.pk]
        if (promise.status, promise.paid_amount, promise.fulfilled_date) == outcome:
            continue
        if promise.status != outcome.status:
            transition.kept |= outcome.status == Promise.Status.FULFILLED
            transition.broken |= outcome.status == Promise.Status.BROKEN
            transition.pending_again |= outcome.status == Promise.Status.PENDING
        promise.status, promise.paid_amount, promise.fulfilled_date = outcome
        promise.updated_at = now
        changed.append(promise)
    return transition, changed


def store_promises(changed: list[Promise]) -> None:
    moment = connection.ops.adapt_datetimefield_value
    copying.update(
        Promise,
        ("status", "paid_amount", "fulfilled_date", "updated_at"),
        [
            (
                *(row.status, str(row.paid_amount), row.fulfilled_date.isoformat() if row.fulfilled_date else None),
                *(str(moment(row.updated_at)), row.pk),
            )
            for row in changed
        ],
    )


def cancel_pending_promises(cases: Sequence[Case], *, now: datetime) -> None:
    """Cancel the pending promises of locked cases. Their payments are allocated to the other promises (DESIGN §3.3)."""
    pending = Promise.objects.pending().filter(case__in=cases)
    affected = dict(pending.order_by("-promise_date").values_list("case_id", "promise_date"))  # earliest wins
    if not affected:
        return
    today = dates.local_date(now)
    for case in cases:
        if affected.get(case.pk, today) < today:  # it may be past its grace: then it is broken and is not cancelled
            recompute_promises(case, now=now)
    pending.update(status=Promise.Status.CANCELLED, updated_at=now)
    others = set(Promise.objects.computed().filter(case__in=affected).values_list("case_id", flat=True))
    for case in cases:
        if case.pk in others:
            recompute_promises(case, now=now)


def set_status(case: Case, status: CaseStatus) -> None:
    """Set the status in memory. This is an edit of the case, so the version is incremented."""
    if case.status_id != status.pk:
        case.status = status
        case.stage = status.stage
        case.version += 1


def ensure_next_action(case: Case, *, now: datetime) -> None:
    if case.next_action_at is None:
        case.next_action_at = dates.start_of_day(dates.next_business_day(dates.local_date(now)))


class Asked:
    """What the rules of a status ask about a case. Each answer is a query; `settle_many` knows them beforehand."""

    def waived_on(self, case: Case) -> Decimal:
        return waived_on(case)

    def has_pending(self, case: Case) -> bool:
        return case.promises.pending().exists()

    def cancel_pending(self, case: Case, *, now: datetime) -> None:
        cancel_pending_promises([case], now=now)

    def default_of(self, stage: str) -> CaseStatus:
        return CaseStatus.objects.default_of(stage)

    def waived(self) -> CaseStatus:
        return CaseStatus.objects.waived()

    def working(self) -> CaseStatus:
        return CaseStatus.objects.working()

    def arranged(self) -> CaseStatus:
        return CaseStatus.objects.arranged()


def apply_status_rules(
    case: Case, transition: Transition, *, now: datetime, paid: bool = False, asked: Asked | None = None
) -> None:
    """Set the status and place in the queue that follow from balance, promises and arrangement (§3.5), in memory."""
    stages, plan, asked = CaseStatus.Stage, transition.plan, asked or Asked()
    if case.balance <= 0:
        if case.stage in (stages.INCOBRABLE, stages.DE_BAJA) and not paid:
            return  # closed by hand: only a payment makes it a paid one
        if case.stage != stages.PAGADA:
            set_status(case, asked.waived() if asked.waived_on(case) else asked.default_of(stages.PAGADA))
        asked.cancel_pending(case, now=now)
        case.next_action_at = None
        return
    if case.stage == stages.PAGADA:
        _reopen(case, plan, asked, now=now)
        return
    if not case.is_open:
        if transition.pending_again:  # a reversal undid its payment, but a closed case has no pending promises
            asked.cancel_pending(case, now=now)
        return
    if plan.ended or plan.is_active:
        _place_by_plan(case, plan, asked, now=now)
        return
    if not transition.changed:
        return
    has_pending = asked.has_pending(case)
    if has_pending and transition.pending_again:
        if case.stage != stages.PROMESA:
            set_status(case, asked.default_of(stages.PROMESA))
        case.queue_band = queue.Band.PROMISE_DUE
    elif not has_pending:
        set_status(case, asked.working())
        case.queue_band = queue.Band.BROKEN_PROMISE if transition.broken else queue.Band.FOLLOW_UP
        ensure_next_action(case, now=now)


def _reopen(case: Case, plan: Course, asked: Asked, *, now: datetime) -> None:
    """Put a paid case that owes again back in the queue, at once."""
    case.next_action_at = now
    if plan.is_active:
        set_status(case, asked.arranged())
        case.queue_band = queue.Band.PROMISE_DUE
    elif plan.ended == Arrangement.Status.LAPSED:
        set_status(case, asked.working())
        case.queue_band = queue.Band.BROKEN_PROMISE
    else:
        is_promised = asked.has_pending(case)
        set_status(case, asked.default_of(CaseStatus.Stage.PROMESA) if is_promised else asked.working())
        case.queue_band = queue.Band.PROMISE_DUE if is_promised else queue.Band.REST


def _place_by_plan(case: Case, plan: Course, asked: Asked, *, now: datetime) -> None:
    """The place of an open case whose arrangement runs, or has just ended with something still owed (§3.8)."""
    if plan.ended:
        set_status(case, asked.working())
        is_lapsed = plan.ended == Arrangement.Status.LAPSED
        case.next_action_at, case.queue_band = now, queue.Band.BROKEN_PROMISE if is_lapsed else queue.Band.REST
        return
    assert plan.due_on is not None  # noqa: S101 (it runs)
    if plan.was != plan.became or plan.was_due_on is None:  # it runs again
        set_status(case, asked.arranged())
        is_back = plan.was == Arrangement.Status.COMPLETED
        case.next_action_at = now if is_back else queue.next_action_for_promise(plan.due_on)
        case.queue_band = queue.Band.PROMISE_DUE
    elif case.queue_band in (queue.Band.CALL_BACK, queue.Band.SAYS_PAID):
        return  # it was agreed, or has to be verified, whatever falls due
    elif plan.is_set_back or plan.due_on != plan.was_due_on:
        case.next_action_at = now if plan.is_set_back else queue.next_action_for_promise(plan.due_on)
        case.queue_band = queue.Band.PROMISE_DUE
