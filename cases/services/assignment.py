"""Assignment of cases to gestores, in chunks: a thousand cases cost a few statements."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import repeat

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from cases.models import Activity, Case
from cases.querysets import CaseQuerySet
from cases.rules import queue
from cases.services.many import locked_chunks

Progress = Callable[[int], None]


@transaction.atomic
def assign_cases(*, cases: CaseQuerySet, gestor: User | None, by: User | None, now: datetime | None = None) -> int:
    """Assign the cases to one gestor (None: unassign them). Returns how many changed.

    Cases that already have this gestor do not change. Raises ValidationError for somebody who is no active gestor.
    """
    if gestor is not None:
        _check_gestores([gestor])
    return _move(cases, repeat(gestor), by=by, now=now or timezone.now())


@transaction.atomic
def share_cases(
    *,
    cases: CaseQuerySet,
    gestores: Sequence[User],
    weights: Sequence[int] = (),
    by: User | None,
    now: datetime | None = None,
    progress: Progress = lambda cases: None,
) -> int:
    """Distribute the cases in the order of their ids, in equal shares or by `weights` (integers, one for each gestor).

    No share differs by more than one case from the exact one. Returns how many cases changed. Raises ValidationError
    (key gestores) without gestores, or for somebody who is no active gestor.
    """
    if not gestores:
        raise ValidationError({"gestores": "No hay gestores activos entre quienes repartir."})
    _check_gestores(gestores)
    turns = _turns(list(gestores), weights or [1] * len(gestores))
    return _move(cases, turns, by=by, now=now or timezone.now(), progress=progress)


def _turns(gestores: list[User], weights: Sequence[int]) -> Iterator[User]:
    """An endless sequence of gestores. Each time comes the gestor who lacks most cases of their share."""
    total = sum(weights)
    credit = [0] * len(gestores)
    while True:
        credit = [due + weight for due, weight in zip(credit, weights, strict=True)]
        chosen = max(range(len(gestores)), key=lambda index: (credit[index], -index))
        credit[chosen] -= total
        yield gestores[chosen]


def _check_gestores(gestores: Sequence[User]) -> None:
    for gestor in gestores:
        if not gestor.is_active or not gestor.is_gestor:
            raise ValidationError({"gestor": f"{gestor} no es un gestor activo: no puede recibir casos."})


def _move(
    cases: CaseQuerySet,
    takers: Iterator[User | None],
    *,
    by: User | None,
    now: datetime,
    progress: Progress = lambda cases: None,
) -> int:
    moved = seen = 0
    for chunk in locked_chunks(cases):
        moves = [(case, gestor) for case, gestor in zip(chunk, takers, strict=False) if case.assigned_to != gestor]
        _write(moves, by=by, now=now)
        moved += len(moves)
        seen += len(chunk)
        progress(seen)
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
