"""The effect of one save on the queue: next action, band and last gestión of the case (DESIGN §4)."""

from datetime import date, datetime

from cases.models import Activity, ActivityResult, Case, CaseStatus
from cases.querysets import UNTOUCHED_SLUG
from cases.rules import queue
from cases.services.plans import has_agreement
from cases.services.settlement import Transition
from nova.lib import dates


def latest_gestion_at(case: Case) -> datetime | None:
    """When the last gestión of a person was made; voided and automatic ones do not count. Runs a query."""
    gestiones = case.activities.by_people().order_by("-created_at", "-id")
    return gestiones.values_list("created_at", flat=True).first()


def touch(
    case: Case,
    *,
    activity: Activity,
    settled: Transition | None = None,
    result: ActivityResult | None = None,
    promise_date: date | None = None,
    chosen: datetime | None = None,
    keep_place: bool = False,
) -> None:
    """Set the next action and band of a locked and settled case after `activity`, and save it with what was settled.

    `settled` is what `settle` returned, where the caller has just called it. For a closed case, or with `keep_place`
    (the caller has already set the place), only `last_activity_at` changes.
    """
    now = activity.created_at
    case.last_activity_at = max(case.last_activity_at or now, now)  # the clock of another server may be ahead
    agreed = agreed_call(case, result=result, now=now) if promise_date is None else None
    if case.is_open and not keep_place and agreed is not None and stays_agreed(chosen, agreed, now=now):
        case.next_action_at, case.queue_band = chosen or agreed, queue.Band.CALL_BACK
    elif case.is_open and not keep_place:
        case.next_action_at = queue.next_action_after_saving(
            chosen=chosen,
            promise_date=promise_date,
            result_days=result.next_action_days if result else None,
            current=case.next_action_at,
            today=dates.local_date(now),
        )
        band = result.band if result else None
        may_have_agreement = band is None and (settled is None or settled.may_have_agreement)
        case.queue_band = queue.band_after_saving(
            result_band=band, has_pending_promise=may_have_agreement and has_agreement(case)
        )
    if case.status.slug == UNTOUCHED_SLUG and activity.type != Activity.Type.STATUS:
        case.status = CaseStatus.objects.working()  # by a rule: the version stays
    case.save()


def agreed_call(case: Case, *, result: ActivityResult | None, now: datetime) -> datetime | None:
    """Where an agreed call-back of the case goes with this result; None without one, or when it is over."""
    if case.queue_band != queue.Band.CALL_BACK or case.next_action_at is None:
        return None
    if result is None or not (result.is_attempt or result.stops_case or result.asks_when):
        answer = queue.Answer.NOTHING_SAID
    elif result.group == ActivityResult.Group.SIN_CONTACTO:
        answer = queue.Answer.NO_ANSWER
    else:
        answer = queue.Answer.ANSWERED
    return queue.agreed_call_after_saving(case.next_action_at, answer=answer, now=now)


def stays_agreed(chosen: datetime | None, agreed: datetime, *, now: datetime) -> bool:
    """Whether the moment that the person chose is still the agreement: none, the same, or an hour of today."""
    return chosen is None or chosen == agreed or dates.local_date(chosen) == dates.local_date(now)
