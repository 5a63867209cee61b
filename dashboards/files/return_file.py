"""The return file: what a creditor wants back of each debt, to load it into their own system (DESIGN §6).

Its columns are those that the cartera chose, and the creditor's own ones. Payments are those of the period; all else is
as it stands.
"""

from collections.abc import Callable, Iterable, Sequence

from django.db.models import BigIntegerField, F, OuterRef, Subquery, Sum
from django.db.models.functions import Cast, Coalesce, Round

from cases.models import Activity, Cartera, Case, LedgerEntry
from cases.rules import returns
from dashboards.figures.kpis import pesos
from dashboards.figures.periods import Period
from dashboards.rows import Listing
from nova.lib.dates import local_date
from nova.lib.spreadsheets import Cell, Column, Workbook

KINDS = {"balance": "money", "paid": "money", "placed_on": "day", "last_payment": "day", "last_result_on": "day"}
CELLS: dict[str, Callable[[Case], Cell]] = {
    "nro_cliente": lambda case: case.nro_cliente,
    "debtor": lambda case: case.debtor.listed_name,
    "dni": lambda case: case.debtor.dni,
    "placed_on": lambda case: case.placed_on,
    "status": lambda case: case.status.name,
    "last_result": lambda case: case.last_result or "",  # type: ignore[attr-defined]
    "last_result_on": lambda case: local_date(case.last_result_at) if case.last_result_at else None,  # type: ignore[attr-defined]
    "balance": lambda case: case.balance,
    "paid": lambda case: pesos(case.paid_cents),  # type: ignore[attr-defined]
    "last_payment": lambda case: case.last_payment_date,
}


def return_of(cartera: Cartera, period: Period) -> Listing:
    """Every debt placed by the end of the period, by the creditor's key. Runs a query, and one a chunk when read."""
    names = returns.chosen(cartera.return_columns)
    fields = list(cartera.fields.filter(in_return=True))
    made = Activity.objects.by_people().filter(case=OuterRef("pk"), result__isnull=False)
    last = made.order_by("-created_at", "-id")
    # In whole cents: SQLite would sum in floating point.
    cents = Sum(Cast(Round(-F("signed_amount") * 100), BigIntegerField()))
    paid = LedgerEntry.objects.recovered(*period).signed().filter(case=OuterRef("pk")).order_by()
    rows = (
        Case.objects.filter(cartera=cartera, placed_on__lte=period.end)
        .select_related("debtor", "status")
        .annotate(
            last_result=Subquery(last.values("result__name")[:1]),
            last_result_at=Subquery(last.values("created_at")[:1]),
            paid_cents=Coalesce(Subquery(paid.values("case").annotate(cents=cents).values("cents")), 0),
        )
        .order_by("nro_cliente", "id")
    )
    return Listing(
        "devolucion",
        "Devolución",
        [
            *(Column(returns.COLUMNS[name], KINDS.get(name, "text")) for name in names),
            *(Column(field.label) for field in fields),
        ],
        rows,
        lambda case: [
            *(CELLS[name](case) for name in names),
            *(case.extra.get(field.header, "") for field in fields),
        ],
    )


def return_workbook(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> bytes:
    """One sheet with the header in its first row, for a program to read."""
    workbook = Workbook()
    workbook.add_sheet("Devolución", title="", columns=columns, rows=rows)
    return workbook.content()
