"""People whose open debts several gestores hold, and bringing them together (DESIGN §4, §6)."""

from typing import Any, NamedTuple

from django.core.cache import cache
from django.core.exceptions import ValidationError

from accounts.models import User
from cases import rollups, services
from cases.models import Case, Debtor

SECONDS = 300
KEY = "figures:split-people"
SHOWN = 8


class Split(NamedTuple):
    """How many people, and the first of them with (gestor, number of debts) of each."""

    people: int
    examples: list[tuple[Debtor, list[tuple[str, int]]]]


def count_split_people() -> int:
    """The number of such people. On PostgreSQL counted every five minutes at most: it reads all open cases."""
    found = cache.get(KEY) if rollups.is_kept() else None
    if found is None:
        found = _split_people().count()
        if rollups.is_kept():
            cache.set(KEY, found, SECONDS)
    return found


def split_people() -> Split:
    people = _split_people()
    first = list(people.values_list("debtor", flat=True)[:SHOWN])
    debts: dict[int, dict[str, int]] = {}
    rows = Case.objects.worked().filter(debtor__in=first, assigned_to__isnull=False).select_related("assigned_to")
    for case in rows.order_by("assigned_to", "pk"):
        held = debts.setdefault(case.debtor_id, {})
        held[str(case.assigned_to)] = held.get(str(case.assigned_to), 0) + 1
    debtors = Debtor.objects.in_bulk(first)
    return Split(people.count(), [(debtors[pk], list(debts.get(pk, {}).items())) for pk in first if pk in debtors])


def unite(*, by: User, expected: int) -> tuple[int, int]:
    """Unite the people of whom the number was shown. Raises ValidationError when it is another one now."""
    count = _split_people().count()
    if count != expected:
        raise ValidationError(f"Entretanto cambió: ahora son {count} personas. Revise y confirme de nuevo.")
    done = services.unite_people(by=by)
    cache.delete(KEY)
    return done


def _split_people() -> Any:
    return Case.objects.split_people(list(User.objects.gestores().values_list("pk", flat=True)))
