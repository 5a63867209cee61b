"""Finds the cases of the old system that exist here (DESIGN §10): by key, else by the id they had there.

Every old installation counted from 1, so an id is the same case only if the moment of creation and the person agree.
"""

from typing import Any, Protocol

from cases.models import Case
from cases.transfer.legacy_cases import OldCase
from cases.transfer.load import Known
from nova.lib.text import without_accents

FIELDS = (
    "pk", "external_id", "cartera__name", "nro_cliente", "created_at", "debtor__first_name", "debtor__last_name",
    "debtor__dni",
)  # fmt: skip


class Report(Protocol):
    same_ids: int


def identify(olds: list[OldCase], report: Report) -> dict[int, Known]:
    """The cases here, by id in the file. A case with the id of another one gets an external_id of its own."""
    by_id: dict[str, dict[str, Any]] = {}
    by_key: dict[tuple[str, str], dict[str, Any]] = {}
    external_ids = [name for old in olds for name in (old.case["external_id"], _apart(old))]
    keys = [old.case["nro_cliente"] for old in olds if old.case["nro_cliente"]]
    for lookup, values in (("external_id__in", external_ids), ("nro_cliente__in", keys)):
        for case in Case.objects.filter(**{lookup: values}).order_by().values(*FIELDS):
            if case["external_id"]:
                by_id[case["external_id"]] = case
            by_key[case["cartera__name"].casefold(), case["nro_cliente"]] = case
    known = {}
    for old in olds:
        same_id = by_id.get(old.case["external_id"])
        found = same_id if same_id and _is_same(old, same_id) else None
        if found is None and old.case["nro_cliente"]:
            found = by_key.get((old.case["cartera"].casefold(), old.case["nro_cliente"]))
        if same_id and (found is None or found["pk"] != same_id["pk"]):
            old.case["external_id"] = _apart(old)
            found = found or by_id.get(old.case["external_id"])
            report.same_ids += 1
        if found is not None:
            known[old.id] = Known(found["pk"], found["external_id"])
    return known


def _apart(old: OldCase) -> str:
    return f"{old.case['external_id']}@{old.case['created_at'].isoformat()}"


def _is_same(old: OldCase, case: dict[str, Any]) -> bool:
    """Names are corrected here and there: one word in common, or the DNI, is enough."""
    if case["created_at"] != old.case["created_at"]:
        return False
    theirs, ours = (
        set(without_accents(" ".join(names)).casefold().split())
        for names in (
            (old.debtor["first_name"], old.debtor["last_name"]),
            (case["debtor__first_name"], case["debtor__last_name"]),
        )
    )
    return bool(theirs & ours) or (case["debtor__dni"] is not None and case["debtor__dni"] == old.debtor["dni"])
