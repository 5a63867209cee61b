"""What a gestión does beyond being recorded, written down as `Effect` rows while it is done (DESIGN §3.6)."""

import json
from datetime import UTC, datetime
from typing import Any

from django.db.models import Field
from django.utils.dateparse import parse_datetime

from cases.models import Activity, Arrangement, Case, DebtorPhone, Effect, LedgerEntry, Promise, StopFlag

# The columns of a case that a submission sets and an undo may set back. Balance, last payment and the outcomes of
# promises follow from the ledger and `stopped_at` from the stops, so they need no effect of their own.
CASE_FIELDS = ("status_id", "next_action_at", "queue_band")
MOMENTS = frozenset({"next_action_at"})
# Those of an arrangement that a decision about it sets: kept together, as JSON, for they go back together.
ARRANGEMENT_FIELDS = (
    "status",
    "requested_by",
    "approved_by",
    "accepted_at",
    "accepted_how",
    "creditor_authorisation",
    "policy",
    "activity",
    "closed_on",
    "next_look_on",
    "restated_on",
    "notes",
    "created_at",
)
DECISION = "decision"
Target = Effect.Target


def as_text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return None if value is None else str(value)


def from_text(field: str, text: str | None) -> Any:
    """The value of a column of `CASE_FIELDS` that `as_text` wrote."""
    if text is None:
        return None
    return parse_datetime(text) if field in MOMENTS else int(text)


def decided_of(arrangement: Arrangement) -> str:
    """What a decision about an arrangement may set, as text."""
    return json.dumps({field.attname: getattr(arrangement, field.attname) for field in _decided()}, default=str)


def set_back(arrangement: Arrangement, text: str) -> None:
    """Store again what `decided_of` said of it."""
    state = json.loads(text)
    for field in _decided():
        setattr(arrangement, field.attname, field.to_python(state[field.attname]))
    arrangement.save(update_fields=[*ARRANGEMENT_FIELDS, "updated_at"])


def _decided() -> list[Field]:
    return [field for field in Arrangement._meta.concrete_fields if field.name in ARRANGEMENT_FIELDS]


class Watch:
    """Reads a locked case before a submission and writes down afterwards what the submission changed.

    `decided`: the arrangement that the submission is about, where there is one already.
    """

    def __init__(self, case: Case, *, phone: DebtorPhone | None = None, decided: Arrangement | None = None) -> None:
        self.decided = decided
        self.decided_before = decided_of(decided) if decided is not None else ""
        self.before = {field: getattr(case, field) for field in CASE_FIELDS}
        self.phone = phone
        self.phone_state = phone.state if phone else ""
        self.pending = set(case.promises.pending().values_list("pk", flat=True))

    def keep(
        self,
        case: Case,
        activity: Activity,
        *,
        promise: Promise | None = None,
        entry: LedgerEntry | None = None,
        arrangement: Arrangement | None = None,
        changed_status: bool = False,
    ) -> None:
        """Store the effects of `activity`. `changed_status`: it also wrote an automatic activity."""
        effects = [
            self._change(activity, Target.CASE, case.pk, field, before, getattr(case, field))
            for field, before in self.before.items()
            if before != getattr(case, field)
        ]
        if self.phone is not None and self.phone.state != self.phone_state:
            effects.append(
                self._change(activity, Target.PHONE, self.phone.pk, "state", self.phone_state, self.phone.state)
            )
        if self.pending:
            cancelled = case.promises.filter(pk__in=self.pending, status=Promise.Status.CANCELLED)
            effects += [
                self._change(activity, Target.PROMISE, pk, "status", Promise.Status.PENDING, Promise.Status.CANCELLED)
                for pk in cancelled.order_by("pk").values_list("pk", flat=True)
            ]
        if promise is not None:
            effects.append(Effect(activity=activity, model=Target.PROMISE, object_id=promise.pk))
        if arrangement is not None:
            effects.append(Effect(activity=activity, model=Target.ARRANGEMENT, object_id=arrangement.pk))
        if self.decided is not None:
            after = decided_of(self.decided)
            target = Target.ARRANGEMENT, self.decided.pk, DECISION
            effects.append(self._change(activity, *target, self.decided_before, after))
        if entry is not None:
            effects.append(Effect(activity=activity, model=Target.PAYMENT, object_id=entry.pk))
        if changed_status:  # the case is locked, so what came after `activity` in it is of this submission
            automatic = Activity.objects.filter(case=case, pk__gt=activity.pk, is_system=True)
            effects += [
                Effect(activity=activity, model=Target.ACTIVITY, object_id=pk)
                for pk in automatic.order_by("pk").values_list("pk", flat=True)
            ]
        if activity.result is not None and activity.result.stops_case:
            stops = StopFlag.objects.filter(activity=activity).order_by("pk").values_list("pk", flat=True)
            effects += [Effect(activity=activity, model=Target.STOP, object_id=pk) for pk in stops]
        Effect.objects.bulk_create(effects)

    @staticmethod
    def _change(activity: Activity, target: str, pk: int, field: str, before: Any, after: Any) -> Effect:
        return Effect(
            activity=activity, model=target, object_id=pk, field=field, before=as_text(before), after=as_text(after)
        )
