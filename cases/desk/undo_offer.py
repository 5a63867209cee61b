"""The offer to undo what one has just saved (DESIGN §3.6)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from cases import services
from cases.models import Activity, Effect
from cases.services.undo import OFFERED
from nova.lib import dates


@dataclass(frozen=True)
class Offer:
    """What would be undone, in words, and how many seconds the offer still stands."""

    activity: Activity
    words: str
    seconds: int


def offer_to(user: User, *, now: datetime) -> Offer | None:
    """The last that this person saved, for fifteen seconds. Runs a query.

    A gestión, or an automatic one that knows what it did, as a snooze does.
    """
    undoable = Q(is_system=False) | Exists(Effect.objects.filter(activity=OuterRef("pk")))
    own = Activity.objects.visible_to(user).standing().filter(undoable, created_by=user, created_at__gt=now - OFFERED)
    last = own.select_related("result", "case__debtor").order_by("-created_at", "-id").first()
    if last is None or services.refusal_of_undo(last, by=user, now=now, within=OFFERED):
        return None
    left = OFFERED - (now - last.created_at)
    return Offer(last, words_of(last), max(1, round(left.total_seconds())))


def words_of(activity: Activity) -> str:
    """«No contesta · Ñancupil, Ana · vuelve 30/11/2026 00:00»: the case as it is now."""
    case = activity.case
    if activity.is_system:
        others = services.submission_of(activity).count() - 1 if activity.submission else 0
        more = f" y {others} más" if others else ""
        return f"{activity.notes} · {case.debtor.listed_name}{more}"
    what = activity.result.name if activity.result else activity.get_type_display()
    back = f"vuelve {dates.format_moment(case.next_action_at)}" if case.is_open and case.next_action_at else ""
    return " · ".join(filter(None, (what, case.debtor.listed_name, back)))
