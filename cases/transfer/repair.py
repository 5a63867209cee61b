"""Computes the derived columns of cases again where `verify` finds them wrong (DESIGN §10 `repair_data`).

The ledger, the gestiones and what people decided are never touched: what is stored twice, or follows from them, is made
to agree. Each case is locked in a short transaction of its own, so users wait for one case at most.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from accounts import audit
from accounts.models import AuditEvent
from cases.models import Case, CaseStatus
from cases.services.settlement import apply_status_rules, cancel_pending_promises, derive, lock_case
from cases.services.touch import latest_gestion_at
from cases.transfer import verify
from nova.lib import dates
from nova.lib.databases import Gone, one_moment

logger = logging.getLogger(__name__)

# The columns that are mended, by the word for them.
COLUMNS = {
    "balance": "saldo",
    "last_payment_date": "fecha del último pago",
    "last_activity_at": "fecha de la última gestión",
    "stage": "etapa",
    "status": "estado",
    "next_action_at": "próxima acción",
    "queue_band": "banda",
    "promises": "promesas",
    "arrangements": "convenios",
}
CLOSED_BY_HAND = (CaseStatus.Stage.INCOBRABLE, CaseStatus.Stage.DE_BAJA)


class Mended(NamedTuple):
    """A case that was wrong: the columns that changed, with their values before and after."""

    case: Case
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass
class Report:
    """How many cases were repaired, how often each column; the ids of those that are still wrong or failed."""

    repaired: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    left: list[int] = field(default_factory=list)

    def add(self, mended: Mended) -> None:
        self.repaired += 1
        for name in mended.after:
            self.columns[name] = self.columns.get(name, 0) + 1

    @property
    def counts(self) -> dict[str, Any]:
        return {"repaired": self.repaired, "left": len(self.left), **self.columns}


def run(*, now: datetime, dry_run: bool = False, tell: Callable[[Mended], None] = lambda mended: None) -> Report:
    """Repair every case that `verify` finds wrong, one after another; `tell` gets what was mended in each.

    `dry_run` takes the same path and rolls each transaction back. A case that cannot be repaired is left as it is.
    """
    report = Report()
    left = []
    for case_id in _wrong(now):
        try:
            with transaction.atomic():
                mended = _mend(case_id, now=now)
                if dry_run:
                    transaction.set_rollback(True)
        except Gone:
            continue
        except Exception:
            logger.exception("repair: case %s was left as it is", case_id)
            mended = None
        if mended is None:
            left.append(case_id)
            continue
        report.add(mended)
        tell(mended)
    if left:  # without those that somebody else's save has put right meanwhile
        report.left = sorted(set(left) & set(_wrong(now)))
    if report.repaired and not dry_run:
        audit.record(AuditEvent.Action.REPAIRED, by=None, label="Reparación de datos", after=report.counts)
    return report


def _wrong(now: datetime) -> list[int]:
    with one_moment():  # in a transaction, as server-side cursors need with PgBouncer
        return verify.cases_to_repair(dates.local_date(now))


def _mend(case_id: int, *, now: datetime) -> Mended | None:
    """Compute the derived columns of a case again, as the services do. Returns None when nothing differs."""
    case = lock_case(case_id)
    was = _derived(case)
    case.stage = case.status.stage  # first: what follows depends on it
    case.last_activity_at = latest_gestion_at(case)
    transition = derive(case, now=now)
    if case.stage in CLOSED_BY_HAND:  # a person closed it, and only a person opens it or calls it paid
        if transition.pending_again:
            cancel_pending_promises([case], now=now)
    else:
        apply_status_rules(case, transition, now=now)
    now_is = _derived(case)
    changed = [name for name in COLUMNS if was[name] != now_is[name]]
    if not changed:
        return None
    case.save()
    before, after = ({name: values[name] for name in changed} for values in (was, now_is))
    audit.record(AuditEvent.Action.REPAIRED, by=None, target=case, before=before, after=after)
    return Mended(case, before, after)


def _derived(case: Case) -> dict[str, Any]:
    """The values of the derived columns. Runs two queries."""
    outcomes = case.promises.order_by("id").values_list("id", "status", "paid_amount", "fulfilled_date")
    plans = case.arrangements.order_by("id", "schedule__number").values_list(
        "id", "status", "restated_on", "schedule__number", "schedule__status", "schedule__paid_amount"
    )
    return {
        **{name: getattr(case, name) for name in COLUMNS if name not in ("status", "promises", "arrangements")},
        "status": case.status.slug,
        "promises": [list(outcome) for outcome in outcomes],
        "arrangements": [list(part) for part in plans],
    }
