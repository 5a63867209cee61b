"""Shared code of the changes of many cases: they read the cases by id, in chunks, and lock each chunk."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cases.models import Case
from cases.querysets import CaseQuerySet
from nova.lib.databases import lock_rows

CHUNK = 2000
# The most cases that one request may change: it must end before the server's timeout (30 s), and 20,000 cases take 7 to
# 14 s on two small, busy cores.
REQUEST_LIMIT = 30_000
EXAMPLES = 3


@dataclass
class BulkResult:
    """How many cases changed, and why the others could not. It keeps counts and a few names, so memory stays small."""

    changed: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def refuse(self, case: Case, reason: str) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            examples.append(str(case))


def locked_chunks(cases: CaseQuerySet) -> Iterator[list[Case]]:
    """The cases in the order of their ids, locked, with the relations that `snapshot` reads.

    A case that is not among them any more once its lock is held is left out. Needs a transaction; runs three queries a
    chunk.
    """
    last_id = 0
    ids = cases.order_by("id").values_list("pk", flat=True)
    detailed = cases.select_related("status", "assigned_to", "debtor")
    while chunk := list(ids.filter(id__gt=last_id)[:CHUNK]):
        last_id = chunk[-1]
        yield lock_rows(detailed, chunk)
