"""The rendición: the agency's report to a creditor about their cartera in a period (DESIGN §6).

Its totals are those of the ledger. The creditor sees what was done, not the agency's notes, nor who did it.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Case, Count, DecimalField, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Round

from cases.models import Activity, Cartera, LedgerEntry, Promise
from cases.models import Case as Debt
from dashboards.figures.kpis import pesos
from dashboards.figures.periods import Period
from dashboards.figures.scope import due_in, made_in
from dashboards.rows import Listing, recovered
from nova.lib.spreadsheets import Cell, Column

NOTHING = Value(Decimal(0), output_field=DecimalField(max_digits=15, decimal_places=2))
Reason = LedgerEntry.Reason
AGREED_OR_STATED = [Reason.CREDITOR, Reason.PLAN_INTEREST, Reason.WAIVER]
DEBT = [Column("Nro. de cliente"), Column("Deudor"), Column("DNI")]


@dataclass(frozen=True)
class Balances:
    """Money in ARS: opening + placed + adjusted − paid + reversed = closing.

    `adjusted` is what the creditor restated, the interest of arrangements, less what was waived, and the rest:
    corrections, fees, and what was posted before adjustments had a reason.
    """

    opening: Decimal
    placed: Decimal
    restated: Decimal
    plan_interest: Decimal
    waived: Decimal
    corrected: Decimal
    paid: Decimal
    reversed: Decimal
    closing: Decimal

    @property
    def adjusted(self) -> Decimal:
        return self.restated + self.plan_interest - self.waived + self.corrected

    @property
    def recovered(self) -> Decimal:
        return self.paid - self.reversed


@dataclass(frozen=True)
class Report:
    cartera: Cartera
    period: Period
    balances: Balances
    cases: int  # placed by the end of the period
    payments: int
    reversals: int
    promises: dict[str, tuple[int, Decimal]]  # by status: how many, of how much
    results: list[tuple[str, int]]  # the results of the gestiones, most frequent first

    @property
    def activities(self) -> int:
        return sum(count for _, count in self.results)

    @property
    def title(self) -> str:
        return f"Rendición de {self.cartera.name}"


def report_of(cartera: Cartera, period: Period) -> Report:
    """Compute the report. Runs four queries."""
    start, end = period
    within = Q(value_date__range=period)
    adjusted = within & Q(kind="adjustment")
    sums = LedgerEntry.objects.signed().filter(cartera=cartera, value_date__lte=end)
    found = sums.aggregate(
        opening=_cents(F("signed_amount"), Q(value_date__lt=start)),
        placed=_cents(F("amount"), within & Q(kind="placement")),
        restated=_cents(F("amount"), adjusted & Q(reason=Reason.CREDITOR)),
        plan_interest=_cents(F("amount"), adjusted & Q(reason=Reason.PLAN_INTEREST)),
        waived=_cents(-F("amount"), adjusted & Q(reason=Reason.WAIVER)),
        corrected=_cents(F("amount"), adjusted & ~Q(reason__in=AGREED_OR_STATED)),
        paid=_cents(F("amount"), within & Q(kind="payment")),
        reversed=_cents(F("amount"), within & Q(kind="reversal")),
        closing=_cents(F("signed_amount")),
        cases=Count("case", distinct=True),
        payments=Count("pk", filter=within & Q(kind="payment")),
        reversals=Count("pk", filter=within & Q(kind="reversal")),
    )
    counts = {name: found.pop(name) for name in ("cases", "payments", "reversals")}
    due = Promise.objects.filter(due_in(period), case__cartera=cartera).order_by().values_list("status")
    found_promises = due.annotate(count=Count("pk"), cents=_cents(F("amount")))
    promised = {status: (count, pesos(cents)) for status, count, cents in found_promises}
    done = _activities(cartera, period).values_list("result__name").annotate(count=Count("pk"))
    return Report(
        cartera=cartera,
        period=period,
        balances=Balances(**{name: pesos(cents) for name, cents in found.items()}),
        promises={status: promised.get(status, (0, Decimal(0))) for status in Promise.Status.values},
        results=[(name or "Sin resultado", count) for name, count in done.order_by("-count", "result__name")],
        **counts,
    )


def _cents(amount: Any, only: Q | None = None) -> Sum:
    """Σ amount in whole cents, 0 without rows. SQLite would sum in floating point, and lose cents of large sums."""
    return Sum(Cast(Round(amount * 100), BigIntegerField()), filter=only, default=0)


# --- Its parts, row by row ----------------------------------------------------------------------------------
def parts(cartera: Cartera, period: Period) -> dict[str, Listing]:
    made = (
        _payments(cartera, period),
        _adjustments(cartera, period),
        _promises(cartera, period),
        _gestiones(cartera, period),
        _cases(cartera, period),
    )
    return {part.kind: part for part in made}


def _payments(cartera: Cartera, period: Period) -> Listing:
    rows = LedgerEntry.objects.filter(cartera=cartera).recovered(*period)
    return Listing(
        "pagos",
        "Pagos y reversas",
        [
            Column("Fecha", "day"),
            Column("Tipo"),
            *DEBT,
            Column("Medio"),
            Column("Referencia"),
            Column("Importe", "money", is_total=True),
        ],
        rows.select_related("case__debtor").order_by("value_date", "id"),
        lambda entry: [
            entry.value_date,
            entry.get_kind_display(),
            *_debt(entry.case),
            entry.get_method_display(),
            entry.reference,
            recovered(entry),
        ],
    )


def _adjustments(cartera: Cartera, period: Period) -> Listing:
    rows = LedgerEntry.objects.filter(cartera=cartera, kind="adjustment", value_date__range=period)
    return Listing(
        "ajustes",
        "Ajustes",
        [Column("Fecha", "day"), Column("Motivo"), *DEBT, Column("Importe", "money", is_total=True)],
        rows.select_related("case__debtor").order_by("value_date", "id"),
        lambda entry: [
            entry.value_date,
            entry.get_reason_display() or "Otro",
            *_debt(entry.case),
            entry.amount,
        ],
    )


def _promises(cartera: Cartera, period: Period) -> Listing:
    rows = Promise.objects.filter(due_in(period), case__cartera=cartera)
    return Listing(
        "promesas",
        "Promesas con vencimiento en el período",
        [
            Column("Prometida para", "day"),
            *DEBT,
            Column("Estado"),
            Column("Pagado", "money"),
            Column("Importe", "money", is_total=True),
        ],
        rows.select_related("case__debtor").order_by("promise_date", "id"),
        lambda promise: [
            promise.promise_date,
            *_debt(promise.case),
            promise.get_status_display(),
            promise.paid_amount,
            promise.amount,
        ],
    )


def _activities(cartera: Cartera, period: Period) -> QuerySet[Activity]:
    return Activity.objects.by_people().filter(made_in(period), case__cartera=cartera)


def _gestiones(cartera: Cartera, period: Period) -> Listing:
    return Listing(
        "gestiones",
        "Gestiones",
        [Column("Fecha", "moment"), *DEBT, Column("Tipo"), Column("Resultado")],
        _activities(cartera, period).select_related("case__debtor", "result").order_by("created_at", "id"),
        lambda activity: [
            activity.created_at,
            *_debt(activity.case),
            activity.get_type_display(),
            activity.result.name if activity.result else "",
        ],
    )


def _cases(cartera: Cartera, period: Period) -> Listing:
    """Every debt placed by the end of the period, with what the period changed: each column adds up to the total of the
    same name. What the creditor says besides is there as far as the cartera chose it.
    """
    start, end = period
    fields = list(cartera.fields.filter(in_report=True))
    is_before, is_within = Q(entries__value_date__lt=start), Q(entries__value_date__range=period)
    signed = Case(When(entries__kind="payment", then=-F("entries__amount")), default=F("entries__amount"))
    paid = Case(
        When(entries__kind="payment", then=F("entries__amount")),
        When(entries__kind="reversal", then=-F("entries__amount")),
        default=NOTHING,
    )
    others = Case(When(entries__kind__in=["payment", "reversal"], then=NOTHING), default=F("entries__amount"))
    rows = (
        Debt.objects.filter(cartera=cartera, entries__value_date__lte=end)
        .select_related("debtor", "status")
        .annotate(
            opening=_cents(signed, is_before),
            added=_cents(others, is_within),
            recovered=_cents(paid, is_within),
            closing=_cents(signed),
        )
        .order_by("nro_cliente", "id")
    )
    return Listing(
        "saldos",
        "Saldos por caso",
        [
            *DEBT,
            Column("Estado hoy"),
            Column("Ingreso", "day"),
            *(Column(field.label) for field in fields),
            Column("Saldo inicial", "money", is_total=True),
            Column("Altas y ajustes", "money", is_total=True),
            Column("Recuperado", "money", is_total=True),
            Column("Saldo final", "money", is_total=True),
        ],
        rows,
        lambda case: [
            *_debt(case),
            case.status.name,
            case.placed_on,
            *(case.extra.get(field.header, "") for field in fields),
            *(pesos(cents) for cents in (case.opening, case.added, case.recovered, case.closing)),
        ],
    )


def _debt(case: Debt) -> list[Cell]:
    return [case.nro_cliente, case.debtor.listed_name, case.debtor.dni]
