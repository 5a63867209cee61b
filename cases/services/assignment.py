"""Who works which case. Set-wise: a thousand cases cost a handful of statements."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import cycle

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases import queue
from cases.models import Activity, Case
from cases.querysets import CaseQuerySet
from cases.services.bulk import locked_chunks


@transaction.atomic
def assign_cases(*, cases: CaseQuerySet, gestor: User | None, by: User | None, now: datetime | None = None) -> int:
    """Give the cases to one gestor (None: to nobody). Those already there are left alone. Returns how many moved."""
    if gestor is not None:
        _check_gestores([gestor])
    return _move(cases, [gestor], by=by, now=now or timezone.now())


@transaction.atomic
def share_cases(*, cases: CaseQuerySet, gestores: Sequence[User], by: User | None, now: datetime | None = None) -> int:
    """Deal the cases out in equal shares (they differ by one at most), in the order of their ids."""
    if not gestores:
        raise ValidationError({"gestores": "No hay gestores activos entre quienes repartir."})
    _check_gestores(gestores)
    return _move(cases, list(gestores), by=by, now=now or timezone.now())


def _check_gestores(gestores: Sequence[User]) -> None:
    for gestor in gestores:
        if not gestor.is_active or not gestor.is_gestor:
            raise ValidationError({"gestor": f"{gestor} no es un gestor activo: no puede recibir casos."})


def _move(cases: CaseQuerySet, gestores: list[User | None], *, by: User | None, now: datetime) -> int:
    moved = 0
    takers = cycle(gestores)
    for chunk in locked_chunks(cases):
        moves = [(case, gestor) for case, gestor in zip(chunk, takers, strict=False) if case.assigned_to != gestor]
        _write(moves, by=by, now=now)
        moved += len(moves)
    return moved


def _write(moves: list[tuple[Case, User | None]], *, by: User | None, now: datetime) -> None:
    touched = set(
        Activity.objects.by_people().filter(case__in=[case.pk for case, _ in moves]).values_list("case_id", flat=True)
    )
    activities, events = [], []
    destinations: dict[tuple[User | None, int], list[int]] = defaultdict(list)
    for case, gestor in moves:
        former = case.assigned_to
        activities.append(
            Activity(
                case=case,
                type=Activity.Type.NOTE,
                notes=f"Asignado a {gestor}" if gestor else "Sin gestor asignado",
                created_by=by,
                created_at=now,
                is_system=True,
            )
        )
        events.append(
            audit.event(
                AuditEvent.Action.ASSIGNED,
                by=by,
                target=case,
                before={"assigned_to": former.username if former else None},
                after={"assigned_to": gestor.username if gestor else None},
            )
        )
        band = queue.band_after_assignment(
            band=case.queue_band,
            was_assigned=former is not None,
            is_touched=case.pk in touched,
            next_action_at=case.next_action_at,
        )
        destinations[gestor, band].append(case.pk)
    for (gestor, band), pks in destinations.items():
        Case.objects.filter(pk__in=pks).update(
            assigned_to=gestor, queue_band=band, version=F("version") + 1, updated_at=now
        )
    Activity.objects.bulk_create(activities, batch_size=500)
    audit.record_many(events)
