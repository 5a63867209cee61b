"""The effect of one save on the queue: next action, band and last gestión of the case (DESIGN §4)."""

from datetime import date, datetime

from cases.models import Activity, ActivityResult, Case
from cases.rules import queue
from nova.lib import dates


def latest_gestion_at(case: Case) -> datetime | None:
    """When the last gestión of a person was made; voided and automatic ones do not count. Runs a query."""
    gestiones = case.activities.by_people().order_by("-created_at", "-id")
    return gestiones.values_list("created_at", flat=True).first()


def touch(
    case: Case,
    *,
    activity: Activity,
    result: ActivityResult | None = None,
    promise_date: date | None = None,
    chosen: datetime | None = None,
    keep_place: bool = False,
) -> None:
    """Set the next action and band of a locked and settled case after `activity`, and save it.

    For a closed case, or with `keep_place` (the caller has already set the place), only `last_activity_at` changes.
    """
    now = activity.created_at
    case.last_activity_at = max(case.last_activity_at or now, now)  # the clock of another server may be ahead
    if case.is_open and not keep_place:
        case.next_action_at = queue.next_action_after_saving(
            chosen=chosen,
            promise_date=promise_date,
            result_days=result.next_action_days if result else None,
            current=case.next_action_at,
            today=dates.local_date(now),
        )
        case.queue_band = queue.band_after_saving(
            result_band=result.band if result else None, has_pending_promise=case.promises.pending().exists()
        )
    case.save(update_fields=["last_activity_at", "next_action_at", "queue_band", "updated_at"])
