"""Writes the audit trail. Call it inside the transaction of the change, so that both are stored or neither."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models

from accounts.models import AuditEvent, User

BATCH_SIZE = 1000


def event(
    action: str,
    *,
    by: User | None,
    target: models.Model | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    label: str = "",
    address: str | None = None,
) -> AuditEvent:
    """An unsaved event; `before` and `after` are JSON-ready values (dates and Decimals allowed)."""
    return AuditEvent(
        action=action,
        actor=by,
        target_type=(target._meta.model_name or "") if target is not None else "",
        target_id=target.pk if target is not None else None,
        target_label=(label or (str(target) if target is not None else ""))[:200],
        before=dict(before or {}),
        after=dict(after or {}),
        address=address,
    )


def record(action: str, **details: Any) -> AuditEvent:
    """Write one event; the arguments are those of `event`."""
    row = event(action, **details)
    row.save()
    return row


def record_many(events: Iterable[AuditEvent]) -> None:
    AuditEvent.objects.bulk_create(events, batch_size=BATCH_SIZE)
