"""How many rows of a file are in each state, and what they come to."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from cases.querysets import in_cents
from nova.lib.text import whole
from payments.models import PaymentFile, PaymentRow

State = PaymentRow.State
# The order in which they are told.
STATES = (
    *(State.MATCHED, State.AMBIGUOUS, State.UNMATCHED, State.DUPLICATE, State.REJECTED, State.IGNORED, State.POSTED),
    State.UNDONE,
)
NEED_A_PERSON = (State.AMBIGUOUS, State.UNMATCHED, State.REJECTED)


def totals_of(file: PaymentFile) -> dict[str, Any]:
    """{"rows": 3, "matched": 1, …, "total": "0.00"}; `total` is of all rows that are payments, in ARS. Runs a query."""
    rows = file.rows.order_by().values_list("state", "kind").annotate(Count("pk"), Sum("amount"))
    counts, total = dict.fromkeys(STATES, 0), Decimal("0.00")
    for state, kind, count, amount in rows:
        counts[State(state)] += count
        if kind == PaymentRow.Kind.PAYMENT:
            total += Decimal(amount or 0)
    return {
        "rows": sum(counts.values()),
        **{state.value: count for state, count in counts.items()},
        "total": str(in_cents(total)),
    }


def told(totals: dict[str, Any]) -> str:
    """«identificado: 3 · repetido: 1»: the states that have rows."""
    named = [(PaymentRow.State(state).label.lower(), totals.get(state.value, 0)) for state in STATES]
    return " · ".join(f"{label}: {whole(count)}" for label, count in named if count)
