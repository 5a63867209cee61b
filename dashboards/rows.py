"""The rows of each figure of the dashboard (DESIGN §6). Paged and exported from one list, which adds up to it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import User
from cases.models import Activity, Arrangement, Cartera, Case, CaseStatus, Instalment, LedgerEntry, Promise
from cases.querysets import waived_in_all
from dashboards.figures import instalments as grace
from dashboards.figures import kpis
from dashboards.figures.concerns import RECENT, Concern, rows_of
from dashboards.figures.scope import due_in, made_in
from dashboards.filters import DashboardFilters
from dashboards.page.words import NOTHING, money, percentage, whole
from nova.lib import dates
from nova.lib.documents import format_dni
from nova.lib.spreadsheets import Cell, Column

CHUNK = 2000


@dataclass(frozen=True)
class Listing:
    """A list to page and to export: `rows` in a total order, with everything that `cells` reads already selected."""

    kind: str
    title: str
    columns: list[Column]
    rows: QuerySet[Any]
    cells: Callable[[Any], list[Cell]]

    def all_cells(self) -> Iterator[list[Cell]]:
        """The cells of every row, in order, with at most CHUNK rows in memory.

        The keys come through a server-side cursor, closed at once when the reader stops or `cells` raises. The rows are
        read by their keys, one chunk at a time: joining and sorting a million rows at once takes half a minute before
        the first one arrives. Each row is read when its chunk is.
        """
        keys = self.rows.values_list("pk", flat=True).iterator(chunk_size=CHUNK)
        with closing(keys):  # type: ignore[type-var]  # the iterator of a queryset is a generator
            while chunk := list(islice(keys, CHUNK)):
                found = {row.pk: row for row in self.rows.order_by().filter(pk__in=chunk)}
                for key in chunk:
                    if key in found:
                        yield self.cells(found[key])


@dataclass(frozen=True)
class FigureRows(Listing):
    """The rows of a figure. `summary` is the figure as text."""

    case_of: Callable[[Any], int]
    summary: list[tuple[str, str]]
    choices: list[tuple[str, str]]  # the values of `only`, with their labels
    only: str
    without_only: str = "Todo"  # the label of the rows without any


DNI, NOTES = "DNI", "Nota"
WHOSE = [Column("Nro. de cliente"), Column("Deudor"), Column(DNI), Column("Cartera")]
# Only what the cells read: the other columns of five tables cost a third of the time. A test counts the queries.
NAMED = ("username", "first_name", "last_name")
DEBTOR = ("first_name", "last_name", "dni")
RELATED = ("case__debtor", "case__cartera")
OF_CASE = ("case__nro_cliente", "case__cartera__name", *(f"case__debtor__{name}" for name in DEBTOR))


def _person(path: str) -> list[str]:
    return [f"{path}__{name}" for name in NAMED]


def _whose(case: Case) -> list[Cell]:
    return [case.nro_cliente, case.debtor.listed_name, case.debtor.dni, case.cartera.name]


def _name(person: User | None, otherwise: str = "") -> str:
    return str(person) if person else otherwise


# --- Money -----------------------------------------------------------------------------------------------
def entries(filters: DashboardFilters, only: str) -> FigureRows:
    """The rows of `monto_recuperado` and `tasa_recupero`: a payment adds, a reversal subtracts."""
    rows = filters.scope.entries().recovered(*filters.period)
    chosen = {"payment": rows.filter(kind="payment"), "reversal": rows.filter(kind="reversal")}.get(only, rows)
    of = kpis.counts(filters.scope, filters.period)
    return FigureRows(
        kind="movimientos",
        title="Pagos y reversas",
        columns=[
            Column("Fecha", "day"),
            Column("Tipo"),
            *WHOSE,
            Column("Gestor"),
            Column("Medio"),
            Column("Referencia"),
            Column("Importe", "money", is_total=True),
        ],
        rows=chosen.select_related(*RELATED, "credited_to")
        .only("kind", "amount", "value_date", "method", "reference", *OF_CASE, *_person("credited_to"))
        .order_by("-value_date", "-id"),
        cells=_entry_cells,
        case_of=lambda entry: entry.case_id,
        summary=[
            ("Recuperado", money(of.recovered)),
            ("De un total a recuperar de", money(of.recoverable)),
            ("Tasa de recupero", percentage(kpis.percent(of.recovered, of.recoverable))),
        ],
        choices=[("payment", "Solo pagos"), ("reversal", "Solo reversas")],
        only=only,
    )


def _entry_cells(entry: LedgerEntry) -> list[Cell]:
    return [
        entry.value_date,
        entry.get_kind_display(),
        *_whose(entry.case),
        _name(entry.credited_to, "Sin gestor"),
        entry.get_method_display(),
        entry.reference,
        recovered(entry),
    ]


def recovered(entry: LedgerEntry) -> Decimal:
    return entry.amount if entry.kind == LedgerEntry.Kind.PAYMENT else -entry.amount


# --- Promises --------------------------------------------------------------------------------------------
def promises(filters: DashboardFilters, only: str) -> FigureRows:
    """The rows of `promesas_cumplidas`: kept and broken promises whose day is in the period."""
    statuses = {"kept": [Promise.Status.FULFILLED], "broken": [Promise.Status.BROKEN]}
    decided = [Promise.Status.FULFILLED, Promise.Status.BROKEN]
    rows = filters.scope.promises().filter(due_in(filters.period), status__in=statuses.get(only, decided))
    of = kpis.counts(filters.scope, filters.period)
    return FigureRows(
        kind="promesas",
        title="Promesas decididas",
        columns=[
            Column("Prometida para", "day"),
            Column("Estado"),
            *WHOSE,
            Column("Gestor"),
            Column("Importe", "money"),
            Column("Pagado", "money"),
            Column("Cumplida el", "day"),
        ],
        rows=rows.select_related(*RELATED, "created_by")
        .only(
            *("promise_date", "status", "amount", "paid_amount", "fulfilled_date", "imported_author"),
            *(*OF_CASE, *_person("created_by")),
        )
        .order_by("-promise_date", "-id"),
        cells=_promise_cells,
        case_of=lambda promise: promise.case_id,
        summary=[
            ("Cumplidas", whole(of.kept)),
            ("Incumplidas", whole(of.broken)),
            ("Promesas cumplidas", percentage(kpis.percent(of.kept, of.kept + of.broken))),
        ],
        choices=[("kept", "Solo cumplidas"), ("broken", "Solo incumplidas")],
        only=only,
    )


def _promise_cells(promise: Promise) -> list[Cell]:
    return [
        promise.promise_date,
        promise.get_status_display(),
        *_whose(promise.case),
        _name(promise.created_by, promise.imported_author or "Sin autor"),
        promise.amount,
        promise.paid_amount,
        promise.fulfilled_date,
    ]


# --- Gestiones -------------------------------------------------------------------------------------------
def activities(filters: DashboardFilters, only: str) -> FigureRows:
    """The rows of `gestiones_realizadas`; with `only`, the attempts or direct contacts of `contactabilidad`."""
    rows = filters.scope.activities().filter(made_in(filters.period))
    if only == "attempts":
        rows = rows.filter(result__is_attempt=True)
    elif only == "direct":
        rows = rows.filter(result__is_direct_contact=True)
    of = kpis.counts(filters.scope, filters.period)
    return FigureRows(
        kind="gestiones",
        title="Gestiones",
        columns=[
            Column("Fecha", "moment"),
            Column("Tipo"),
            Column("Resultado"),
            *WHOSE,
            Column("Gestor"),
            Column(NOTES),
        ],
        rows=rows.select_related(*RELATED, "created_by", "result")
        .only("created_at", "type", "notes", "imported_author", "result__name", *OF_CASE, *_person("created_by"))
        .order_by("-created_at", "-id"),
        cells=_activity_cells,
        case_of=lambda activity: activity.case_id,
        summary=[
            ("Gestiones", whole(of.activities)),
            ("Intentos de contacto", whole(of.attempts)),
            ("Contactos directos", whole(of.direct)),
            ("Contactabilidad", percentage(kpis.percent(of.direct, of.attempts))),
        ],
        choices=[("attempts", "Solo intentos"), ("direct", "Solo contactos directos")],
        only=only,
    )


def _activity_cells(activity: Activity) -> list[Cell]:
    return [
        activity.created_at,
        activity.get_type_display(),
        activity.result.name if activity.result else "",
        *_whose(activity.case),
        _name(activity.created_by, activity.imported_author or "Sin autor"),
        activity.notes,
    ]


# --- Cases -----------------------------------------------------------------------------------------------
def cases(filters: DashboardFilters, *, status: CaseStatus | None, stage: str, search: str) -> FigureRows:
    """The rows of `total_casos`, `total_deuda`, `casos_pagados` and each status: current cases, whatever the period."""
    rows = filters.scope.cases()
    shares = kpis.cases_by_status(filters.scope)
    if status is not None:
        rows, shares = rows.filter(status=status), [share for share in shares if share.slug == status.slug]
    if stage:
        # By the index on the status: the stage has no index.
        rows = rows.filter(status__in=list(CaseStatus.objects.filter(stage=stage).values_list("pk", flat=True)))
        shares = [share for share in shares if share.stage == stage]
    summary = [
        ("Casos", whole(sum(share.count for share in shares))),
        ("Saldo total", money(sum((share.balance for share in shares), Decimal(0)))),
    ]
    if search:
        rows, summary = rows.search(search), [("Buscando", f"«{search}»")]
    return FigureRows(
        kind="casos",
        title="Casos",
        columns=[
            *WHOSE,
            Column("Estado"),
            Column("Gestor"),
            Column("Ingreso", "day", on_screen="Recibida el"),
            Column("Último pago", "day"),
            Column("Última gestión", "moment"),
            Column("Próxima acción", "moment"),
            Column("Importe", "money", on_screen="Deuda original"),
            Column("Saldo", "money", is_total=True),
        ],
        rows=rows.listed()
        .only(
            *("nro_cliente", "placed_on", "last_payment_date", "last_activity_at", "next_action_at", "stage"),
            *("amount", "balance", "extra", "status__name", "cartera__name", *_person("assigned_to")),
            *(f"debtor__{name}" for name in DEBTOR),
        )
        .order_by("-created_at", "-id"),
        cells=_case_cells,
        case_of=lambda case: case.pk,
        summary=summary,
        choices=[],
        only="",
    )


def with_extra(found: FigureRows, cartera: Cartera) -> FigureRows:
    """The cases of one cartera with what its creditor says of them besides, for a file. Runs a query."""
    fields = list(cartera.fields.filter(shown=True))
    return replace(
        found,
        columns=[*found.columns, *(Column(field.label) for field in fields)],
        cells=lambda case: [*found.cells(case), *(case.extra.get(field.header, "") for field in fields)],
    )


def _case_cells(case: Case) -> list[Cell]:
    return [
        *_whose(case),
        case.status.name,
        _name(case.assigned_to, "Sin gestor"),
        case.placed_on,
        case.last_payment_date,
        case.last_activity_at,
        case.next_action_at if case.is_open else None,
        case.amount,
        case.balance,
    ]


# --- Arrangements ----------------------------------------------------------------------------------------
CONCERNS = {
    Concern.RESTATED: ("Convenios con actualización del acreedor", "Con actualización del acreedor"),
    Concern.WAIVED_BEYOND: ("Convenios con quita mayor que la autorizada", "Con quita mayor que la autorizada"),
    Concern.KEPT_ENDED: ("Convenios terminados pese a sus pagos", "Terminados pese a sus pagos"),
}


def arrangements(filters: DashboardFilters, only: str) -> FigureRows:
    """The rows of `convenios_vigentes`, those that run now, whatever the period; with `only` those of an alert."""
    concern = Concern(only) if only in CONCERNS else None
    if concern:
        title, rows = CONCERNS[concern][0], rows_of(concern, filters.scope, dates.today())
        summary = [(title, whole(rows.count())), ("En los últimos", f"{RECENT.days} días")]
    else:
        title, rows = "Convenios vigentes", filters.scope.arrangements().filter(status=Arrangement.Status.ACTIVE)
        summary = [(title, whole(kpis.arrangement_counts(filters.scope, filters.period).running))]
    unpaid = Instalment.objects.filter(arrangement=OuterRef("pk"), paid_on__isnull=True).order_by("number")
    return FigureRows(
        kind="convenios",
        title=title,
        columns=[
            Column("Aceptado", "moment"),
            *WHOSE,
            Column("Gestor"),
            Column("Estado"),
            Column("Sistema"),
            Column("Cuotas", "whole"),
            Column("Próximo vencimiento", "day"),
            Column("Saldo de partida", "money"),
            Column("Total convenido", "money"),
            Column("Quita", "money"),
            Column("Saldo", "money", is_total=True),
        ],
        rows=rows.select_related(*RELATED, "case__assigned_to")
        .only(
            *("accepted_at", "status", "system", "instalments", "base_balance", "agreed_total", "case__balance"),
            *(*OF_CASE, *_person("case__assigned_to")),
        )
        .annotate(next_due_on=Subquery(unpaid.values("due_on")[:1]), waived_in_all=waived_in_all())
        .order_by("-accepted_at", "-id"),
        cells=_arrangement_cells,
        case_of=lambda arrangement: arrangement.case_id,
        summary=summary,
        choices=[(concern.value, label) for concern, (_, label) in CONCERNS.items()],
        only=only,
        without_only="Vigentes",
    )


def _arrangement_cells(arrangement: Arrangement) -> list[Cell]:
    return [
        arrangement.accepted_at,
        *_whose(arrangement.case),
        _name(arrangement.case.assigned_to, "Sin gestor"),
        arrangement.get_status_display(),
        arrangement.get_system_display(),
        arrangement.instalments,
        arrangement.next_due_on if arrangement.is_active else None,  # type: ignore[attr-defined]
        arrangement.base_balance,
        arrangement.agreed_total,
        arrangement.waived_in_all,  # type: ignore[attr-defined]
        arrangement.case.balance,
    ]


def instalments(filters: DashboardFilters, only: str) -> FigureRows:
    """The rows of `cuotas_cumplidas`: the instalments whose grace ended in the period."""
    today = dates.today()
    conditions = {"kept": grace.kept(filters.period, today), "missed": grace.missed(filters.period, today)}
    chosen = conditions.get(only, conditions["kept"] | conditions["missed"])
    of = kpis.arrangement_counts(filters.scope, filters.period)
    return FigureRows(
        kind="cuotas",
        title="Cuotas con plazo cumplido",
        columns=[
            Column("Vence", "day"),
            Column("Con gracia", "day"),
            Column("Resultado"),
            *WHOSE,
            Column("Gestor"),
            Column("Cuota"),
            Column("Importe", "money"),
            Column("Pagado", "money"),
            Column("Pagada el", "day"),
        ],
        rows=filters.scope.instalments()
        .filter(grace.due_within(filters.period), chosen)
        .select_related(*(f"arrangement__{path}" for path in RELATED), "arrangement__requested_by")
        .only(
            *("due_on", "number", "amount", "paid_amount", "paid_on", "arrangement__instalments"),
            *(f"arrangement__{path}" for path in (*OF_CASE, *_person("requested_by"))),
        )
        .order_by("-due_on", "-id"),
        cells=_instalment_cells,
        case_of=lambda instalment: instalment.arrangement.case_id,
        summary=[
            ("En término", whole(of.kept)),
            ("Fuera de término o impagas", whole(of.missed)),
            ("Cuotas cumplidas", percentage(kpis.percent(of.kept, of.kept + of.missed))),
        ],
        choices=[("kept", "Solo en término"), ("missed", "Solo fuera de término o impagas")],
        only=only,
    )


def _instalment_cells(instalment: Instalment) -> list[Cell]:
    arrangement, last = instalment.arrangement, grace.last_of_grace(instalment.due_on)
    outcome = "Impaga" if instalment.paid_on is None else "En término" if instalment.paid_on <= last else "Pagada tarde"
    return [
        instalment.due_on,
        last,
        outcome,
        *_whose(arrangement.case),
        _name(arrangement.requested_by, "Sin autor"),
        f"{instalment.number} de {arrangement.instalments}" if instalment.number else "Anticipo",
        instalment.amount,
        instalment.paid_amount,
        instalment.paid_on,
    ]


def waivers(filters: DashboardFilters, only: str) -> FigureRows:
    """The rows of `quitas_otorgadas` and `quita_media`: a waiver adds, one that was taken back subtracts."""
    rows = filters.scope.entries().filter(reason=LedgerEntry.Reason.WAIVER, value_date__range=filters.period)
    of = kpis.arrangement_counts(filters.scope, filters.period)
    return FigureRows(
        kind="quitas",
        title="Quitas",
        columns=[
            Column("Fecha", "day"),
            Column("Tipo"),
            *WHOSE,
            Column("Gestor"),
            Column("Pagado por el convenio", "money", is_total=True),
            Column("Quita", "money", is_total=True),
        ],
        rows=rows.select_related(*RELATED, "arrangement", "credited_to")
        .only("amount", "value_date", "arrangement__agreed_total", *OF_CASE, *_person("credited_to"))
        .order_by("-value_date", "-id"),
        cells=_waiver_cells,
        case_of=lambda entry: entry.case_id,
        summary=[
            ("Quitas otorgadas", money(of.waived)),
            ("Pagado por esos convenios", money(of.paid)),
            ("Quita media", percentage(kpis.percent(of.waived, of.waived + of.paid))),
        ],
        choices=[],
        only=only,
    )


def _waiver_cells(entry: LedgerEntry) -> list[Cell]:
    """What was forgiven is positive, and so is what was paid for it."""
    agreed = entry.arrangement.agreed_total if entry.arrangement else Decimal(0)
    is_granted = entry.amount < 0
    return [
        entry.value_date,
        "Quita" if is_granted else "Quita sin efecto",
        *_whose(entry.case),
        _name(entry.credited_to, "Sin gestor"),
        agreed if is_granted else -agreed,
        -entry.amount,
    ]


# --- In words --------------------------------------------------------------------------------------------
def in_words(cell: Cell, column: Column) -> str:
    """The text of a cell on a page."""
    if cell is None or cell == "":
        return NOTHING
    if isinstance(cell, datetime):
        return dates.format_moment(cell)
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, Decimal):
        return money(cell)
    return format_dni(str(cell)) if column.header == DNI else str(cell)
