"""The offer to undo what one has just saved (DESIGN §3.6)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from cases import services
from cases.desk.recorded import RECORDED_FIELDS, recorded_in_words
from cases.models import Activity, Case, Effect
from cases.services.undo import OFFERED
from nova.lib import dates

FROM_REQUESTS = "requests"  # the parameter of an undo that goes back to «Autorizaciones»


@dataclass(frozen=True)
class Offer:
    """What would be undone, in words, and how many seconds the offer still stands.

    `repeats`: the message that the offer says too; the page shows one of them.
    """

    activity: Activity
    words: str
    seconds: int
    repeats: str


# What says what would be undone, and whether it may be.
FIELDS = (
    *("submission", "is_system", "voided_at", "created_at", "created_by"),
    *RECORDED_FIELDS,
    *("case__stage", "case__stopped_at", "case__next_action_at"),
    *("case__debtor__first_name", "case__debtor__last_name"),
)


def saved_words(case: Case) -> str:
    return f"Gestión guardada: {case.debtor.listed_name}."


def offer_to(user: User, *, now: datetime) -> Offer | None:
    """The last that this person saved, for fifteen seconds. Runs a query.

    A gestión, or an automatic one that knows what it did, as a snooze does. After an undo nothing that was saved before
    is offered: a second press of the same key would undo somebody else's.
    """
    undoable = Q(is_system=False) | Exists(Effect.objects.filter(activity=OuterRef("pk")))
    undone = Activity.objects.filter(voided_by=user, voided_at__gte=OuterRef("created_at"))
    own = Activity.objects.visible_to(user).standing().filter(undoable, created_by=user, created_at__gt=now - OFFERED)
    latest = own.exclude(Exists(undone)).with_parts().select_related("result", "case__debtor").only(*FIELDS)
    last = latest.order_by("-created_at", "-id").first()
    if last is None or services.refusal_of_undo(last, by=user, now=now, within=OFFERED):
        return None
    left = OFFERED - (now - last.created_at)
    seconds = max(1, round(left.total_seconds()))
    return Offer(last, words_of(last, now=now), seconds, repeats=saved_words(last.case))


def words_of(activity: Activity, *, now: datetime) -> str:
    """«Pago $ 12.000,00 · Ñancupil, Ana · vuelve 30/11»: what was recorded, and where the case goes from here."""
    case = activity.case
    others = services.submission_of(activity).count() - 1 if activity.submission else 0
    place = "" if activity.is_system else _place_of(case, now=now)  # what is automatic says itself where the case goes
    whose = f"{case.debtor.listed_name} y {others} más" if others else case.debtor.listed_name
    return " · ".join(filter(None, (recorded_in_words(activity), whose, place)))


def _place_of(case: Case, *, now: datetime) -> str:
    if case.stopped_at is not None:
        return "detenido"
    if case.is_open and case.next_action_at and case.next_action_at > now:
        return f"vuelve {dates.format_near(case.next_action_at, dates.local_date(now))}"
    return ""
