"""What a creditor says of a debt besides, under the names that their cartera gives it (DESIGN §5)."""

from collections.abc import Iterable
from typing import NamedTuple

from cases.models import CarteraField, Case

FIRST = 6  # the others unfold


class Extra(NamedTuple):
    """(label, text) of a debt, those that are seen at once and those that unfold."""

    first: list[tuple[str, str]]
    more: list[tuple[str, str]]


NOTHING = Extra([], [])


def extra_of(cases: Iterable[Case]) -> dict[int, Extra]:
    """What is shown of each of these debts that has anything, by id. Runs a query where one has."""
    having = [case for case in cases if case.extra]
    if not having:
        return {}
    fields: dict[int, list[CarteraField]] = {}
    for field in CarteraField.objects.filter(cartera__in={case.cartera_id for case in having}, shown=True):
        fields.setdefault(field.cartera_id, []).append(field)
    said = {
        case.pk: [
            (field.label, case.extra[field.header])
            for field in fields.get(case.cartera_id, [])
            if field.header in case.extra
        ]
        for case in having
    }
    return {pk: Extra(pairs[:FIRST], pairs[FIRST:]) for pk, pairs in said.items() if pairs}
