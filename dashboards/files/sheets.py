"""Workbooks and CSV rows with the content of the pages (DESIGN §6). Each file names its scope and period.

A sheet that would be too long is replaced by a note to use the streamed CSV.
"""

from collections.abc import Iterator
from decimal import Decimal

from django.utils import timezone

from cases.models import Promise
from dashboards import rows
from dashboards.figures.kpis import Dashboard
from dashboards.files.creditor_report import Report, parts
from dashboards.filters import DashboardFilters
from dashboards.rows import FigureRows, Listing
from nova.lib import dates
from nova.lib.spreadsheets import TOO_LONG, Cell, Column, Workbook, is_too_long

RANKING_COLUMNS = [
    Column("Gestor"),
    Column("Recuperado", "money", is_total=True),
    Column("Promesas cumplidas (%)", "percent"),
    Column("Gestiones", "whole"),
    Column("Casos", "whole"),
    Column("Pagados", "whole"),
]


def _now() -> str:
    return dates.format_moment(timezone.now())


def notes_of(filters: DashboardFilters) -> list[str]:
    return [f"{filters.whose}, {filters.title}", f"Generado el {_now()}"]


# --- The view of the dashboard ------------------------------------------------------------------------------
def kpi_cells(figures: Dashboard) -> list[list[Cell]]:
    """The KPIs as numbers, so that a spreadsheet can calculate with them. Percentages are 0 to 100."""
    now, before = figures.current, figures.previous
    return [
        ["Monto recuperado ($)", now.monto_recuperado, before.monto_recuperado],
        ["Tasa de recupero (%)", now.tasa_recupero, before.tasa_recupero],
        ["Promesas cumplidas (%)", now.promesas_cumplidas, before.promesas_cumplidas],
        ["Gestiones realizadas", now.gestiones_realizadas, before.gestiones_realizadas],
        ["Contactabilidad (%)", now.contactabilidad, before.contactabilidad],
        ["Casos (hoy)", now.total_casos, None],
        ["Casos pagados (hoy)", now.casos_pagados, None],
        ["Saldo total (hoy, $)", now.total_deuda, None],
        ["Convenios vigentes (hoy)", now.convenios_vigentes, None],
        ["Cuotas cumplidas (%)", now.cuotas_cumplidas, before.cuotas_cumplidas],
        ["Quitas otorgadas ($)", now.quitas_otorgadas, before.quitas_otorgadas],
        ["Quita media (%)", now.quita_media, before.quita_media],
    ]


def ranking_cells(figures: Dashboard) -> list[list[Cell]]:
    return [
        [
            row.gestor_name,
            row.monto_recuperado,
            row.promesas_cumplidas,
            row.gestiones,
            row.total_casos,
            row.casos_pagados,
        ]
        for row in figures.ranking
    ]


def view_rows(figures: Dashboard, filters: DashboardFilters) -> Iterator[list[Cell]]:
    """The page as one table: section, subject, figure, value, value of the previous period."""
    yield ["Vista", filters.whose, "Período", filters.title, ""]
    for label, now, before in kpi_cells(figures):
        yield ["Indicadores", "", label, now, before]
    for name, *values in ranking_cells(figures):
        for column, value in zip(RANKING_COLUMNS[1:], values, strict=True):
            yield ["Gestores", name, column.header, value, None]
    for name, numbers in figures.by_week.series:
        for week, value in zip(figures.by_week.labels, numbers, strict=True):
            yield ["Recuperado por semana", name, week, value, None]
    for name, value in zip(figures.by_cartera.labels, figures.by_cartera.series[0][1], strict=True):
        yield ["Saldo por cartera", name, "Saldo", value, None]
    for share in figures.by_status:
        yield ["Casos por estado", share.name, "Casos", share.count, None]
        yield ["Casos por estado", share.name, "Saldo", share.balance, None]


VIEW_COLUMNS = [Column(name) for name in ("Sección", "De", "Dato", "Valor", "Período anterior")]


def view_workbook(figures: Dashboard, filters: DashboardFilters) -> bytes:
    """A workbook with KPIs, ranking, the numbers of the charts, and the rows of the main figures."""
    workbook, notes = Workbook(), notes_of(filters)
    columns = [Column("Indicador"), Column("Período", "percent"), Column("Período anterior", "percent")]
    workbook.add_sheet("Indicadores", title="Indicadores", notes=notes, columns=columns, rows=kpi_cells(figures))
    workbook.add_sheet("Gestores", title="Gestores", notes=notes, columns=RANKING_COLUMNS, rows=ranking_cells(figures))
    workbook.add_sheet(
        "Por semana",
        title="Recuperado por semana y cartera",
        notes=notes,
        columns=[Column("Semana"), *(Column(name, "money", is_total=True) for name, _ in figures.by_week.series)],
        rows=_weekly_cells(figures),
    )
    workbook.add_sheet(
        "Por cartera",
        title="Saldo de hoy por cartera",
        notes=notes,
        columns=[Column("Cartera"), Column("Saldo", "money", is_total=True)],
        rows=zip(figures.by_cartera.labels, figures.by_cartera.series[0][1], strict=True),
    )
    workbook.add_sheet(
        "Por estado",
        title="Casos de hoy por estado",
        notes=notes,
        columns=[Column("Estado"), Column("Casos", "whole"), Column("Saldo", "money", is_total=True)],
        rows=[[share.name, share.count, share.balance] for share in figures.by_status],
    )
    for listed in (rows.entries, rows.promises, rows.activities, rows.instalments, rows.waivers):
        _add_rows(workbook, listed(filters, ""), notes)
    return workbook.content()


def _weekly_cells(figures: Dashboard) -> Iterator[list[Cell]]:
    for index, week in enumerate(figures.by_week.labels):
        yield [week, *(numbers[index] for _, numbers in figures.by_week.series)]


def rows_workbook(listing: FigureRows, filters: DashboardFilters) -> bytes:
    """A workbook with the rows of a figure. The caller checks `is_too_long` first."""
    workbook = Workbook()
    notes = [*notes_of(filters), *(f"{label}: {value}" for label, value in listing.summary)]
    workbook.add_sheet(
        listing.title,
        title=listing.title,
        notes=notes,
        columns=listing.columns,
        rows=listing.all_cells(),
    )
    return workbook.content()


def _add_rows(workbook: Workbook, listing: Listing, notes: list[str]) -> None:
    """Add the rows, or a note that they are too many: a part of them could be taken for all."""
    name, title = listing.title[:31], listing.title  # the maximum length of a sheet's name
    if is_too_long(listing.rows):
        workbook.add_sheet(name, title=title, notes=[*notes, TOO_LONG], columns=listing.columns[:1], rows=[])
    else:
        workbook.add_sheet(name, title=title, notes=notes, columns=listing.columns, rows=listing.all_cells())


# --- The creditor's report ----------------------------------------------------------------------------------
def report_lines(report: Report) -> list[tuple[str, Decimal]]:
    of = report.balances
    return [
        ("Saldo inicial", of.opening),
        ("Altas de deuda", of.placed),
        ("Actualizaciones del acreedor", of.restated),
        ("Interés de convenios", of.plan_interest),
        ("Quitas", -of.waived),
        ("Otros ajustes", of.corrected),
        ("Pagos", -of.paid),
        ("Reversas de pagos", of.reversed),
        ("Saldo final", of.closing),
    ]


def report_notes(report: Report) -> list[str]:
    start, end = report.period
    return [f"Del {start:%d/%m/%Y} al {end:%d/%m/%Y}", f"Generado el {_now()}"]


def report_workbook(report: Report) -> bytes:
    workbook, notes = Workbook(), report_notes(report)
    workbook.add_sheet(
        "Resumen",
        title=report.title,
        notes=notes,
        columns=[Column("Concepto"), Column("Importe", "money")],
        rows=report_lines(report),
    )
    workbook.add_sheet(
        "Resultados",
        title="Resultado de las gestiones",
        notes=notes,
        columns=[Column("Resultado"), Column("Gestiones", "whole")],
        rows=report.results,
    )
    for part in parts(report.cartera, report.period).values():
        _add_rows(workbook, part, notes)
    return workbook.content()


def report_promises(report: Report) -> list[tuple[str, int, Decimal]]:
    """(status, number, amount) of the promises, in the order of the statuses."""
    return [(str(Promise.Status(status).label), *values) for status, values in report.promises.items()]
