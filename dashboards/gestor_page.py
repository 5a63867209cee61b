"""What an admin sees of a gestor: the state of their queue and their last gestiones (DESIGN §6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from cases.models import Activity, Case, LedgerEntry, Promise
from cases.rules.queue import IDLE_DAYS
from nova.lib import dates

LAST_SHOWN = 10


def people_with_figures() -> QuerySet[User]:
    """Gestores, and other users who hold cases or were credited money: the users that a ranking may contain."""
    holds = Exists(Case.objects.filter(assigned_to=OuterRef("pk")))
    was_credited = Exists(LedgerEntry.objects.filter(credited_to=OuterRef("pk")))
    return User.objects.filter(Q(role=User.Role.GESTOR) | holds | was_credited)


@dataclass(frozen=True)
class QueueHealth:
    """Current cases: due ones by band, those waiting for their day, those without movement; and open promises."""

    bands: list[tuple[str, int]]
    up: int
    scheduled: int
    stopped: int
    idle: int
    pending_promises: int
    oldest: datetime | None


def queue_health(gestor: User, *, now: datetime) -> QueueHealth:
    """The state of a gestor's queue. Runs six queries."""
    queue = Case.objects.in_queue(gestor, now)
    mine = Case.objects.filter(assigned_to=gestor)
    by_band = queue.count_by_band()
    oldest = queue.order_by().filter(next_action_at__isnull=False).order_by("next_action_at", "id")
    return QueueHealth(
        bands=[(str(band.label), by_band.get(band.value, 0)) for band in Case.Band],
        up=sum(by_band.values()),
        scheduled=mine.worked().filter(stopped_at__isnull=True, next_action_at__gt=now).count(),
        stopped=mine.stopped().filter(in_active_cartera=True).count(),
        idle=mine.idle(now - timedelta(days=IDLE_DAYS)).count(),
        pending_promises=Promise.objects.pending_of_all().filter(case__assigned_to=gestor).count(),
        oldest=oldest.values_list("next_action_at", flat=True).first(),
    )


def last_activities(gestor: User) -> Iterable[Activity]:
    """The last gestiones, newest first. Runs one query."""
    made = (
        Activity.objects.by_people().filter(created_by=gestor).select_related("case__debtor", "case__cartera", "result")
    )
    return made.order_by("-created_at", "-id")[:LAST_SHOWN]


def health_lines(health: QueueHealth, *, now: datetime) -> list[tuple[str, Any]]:
    oldest = f"{(dates.local_date(now) - dates.local_date(health.oldest)).days} días" if health.oldest else "—"
    return [
        ("En bandeja ahora", health.up),
        ("Agendados para más adelante", health.scheduled),
        ("Detenidos", health.stopped),
        (f"Sin gestión en {IDLE_DAYS} días", health.idle),
        ("Promesas pendientes", health.pending_promises),
        ("El más atrasado espera hace", oldest),
    ]
