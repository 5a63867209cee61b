"""What the changes of many cases share: they walk the cases by id, in chunks, each locked while it is changed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cases.models import Case
from cases.querysets import CaseQuerySet

CHUNK = 2000
# What a request may change at once: it must end before the server gives it up (30 s), and 20,000 cases take 7 to 14 s
# on two small, busy cores.
REQUEST_LIMIT = 30_000
EXAMPLES = 3


@dataclass
class BulkResult:
    """How many changed, and why the rest could not. Of a million refusals it keeps the counts and a few names."""

    changed: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def refuse(self, case: Case, reason: str) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            examples.append(str(case))


def locked_chunks(cases: CaseQuerySet) -> Iterator[list[Case]]:
    """The cases in the order of their ids, with all that their snapshot needs. Two queries a chunk, in a transaction.

    Locked first and only then read with their relations, as `lock_case` does and for its reason.
    """
    last_id = 0
    ids = cases.order_by("id").select_for_update(of=("self",)).values_list("pk", flat=True)
    detailed = Case.objects.select_related("status", "assigned_to", "debtor").order_by("id")
    while chunk := list(ids.filter(id__gt=last_id)[:CHUNK]):
        last_id = chunk[-1]
        yield list(detailed.filter(pk__in=chunk))
