"""PDF files for managers and creditors: one or two pages, the agency's logo, charts drawn as vectors (DESIGN §6)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from reportlab.graphics.charts.barcharts import HorizontalBarChart, VerticalBarChart
from reportlab.graphics.charts.doughnut import Doughnut
from reportlab.graphics.charts.legends import Legend
from reportlab.graphics.charts.lineplots import LinePlot
from reportlab.graphics.shapes import Drawing, String
from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether

from cases.models import Promise
from dashboards.figures.kpis import Dashboard, percent
from dashboards.files.creditor_report import Report
from dashboards.files.sheets import report_lines, report_notes, report_promises
from dashboards.filters import DashboardFilters
from dashboards.page.board import kpi_rows, ranking_rows
from dashboards.page.charts import TOP, week_label, weekly_period
from dashboards.page.words import money, percentage, whole
from nova.lib.pdf import FONT, HALF, HEADING, INK, LINE, MUTED, WIDTH, made, paragraph, side_by_side, table, text

# The colours of the light theme, in its order.
SERIES = [
    HexColor(color)
    for color in ("#2353c4", "#da6c1e", "#6a87f0", "#9b4805", "#957391", "#250759", "#5a3c57", "#460200")
]


# --- The charts -------------------------------------------------------------------------------------------
def short_money(value: float) -> str:
    """`1,2 M`: short enough for the axis of a chart."""
    for size, unit in ((1e9, " mil M"), (1e6, " M"), (1e3, " mil")):
        if abs(value) >= size:
            return f"{value / size:.1f}".rstrip("0").rstrip(".").replace(".", ",") + unit
    return f"{value:.0f}"


def nothing(width: float, height: float) -> Drawing:
    drawing = Drawing(width, height)
    drawing.add(String(0, height / 2, "Sin datos en el período.", fontName=FONT, fontSize=8.5, fillColor=MUTED))
    return drawing


def _axes(chart: Any, *, values: Any, names: Any) -> None:
    for axis in (values, names):
        axis.labels.fontName, axis.labels.fontSize, axis.labels.fillColor = FONT, 7, MUTED
        axis.strokeColor, axis.strokeWidth = LINE, 0.5
    values.labelTextFormat = short_money
    values.visibleGrid, values.gridStrokeColor, values.gridStrokeWidth = 1, LINE, 0.4
    values.forceZero = 1


def legend(drawing: Drawing, names: Sequence[str], y: float) -> None:
    keys = Legend()
    keys.x, keys.y, keys.boxAnchor, keys.alignment = 0, y, "nw", "right"
    keys.fontName, keys.fontSize, keys.fillColor = FONT, 7, INK
    keys.columnMaximum, keys.deltax, keys.deltay, keys.dx, keys.dy = -(-len(names) // 4), 70, 10, 6, 6
    keys.dxTextSpace, keys.strokeWidth, keys.variColumn = 4, 0, 1
    keys.colorNamePairs = [(SERIES[index % len(SERIES)], text(name)[:22]) for index, name in enumerate(names)]
    drawing.add(keys)


def stacked_bars(labels: Sequence[str], series: Sequence[tuple[str, Sequence[Decimal]]], height: float) -> Drawing:
    if not series:
        return nothing(WIDTH, height)
    drawing, chart = Drawing(WIDTH, height), VerticalBarChart()
    lines = -(-len(series) // 4)
    chart.x, chart.y, chart.width = 42, 26 + 11 * lines, WIDTH - 46
    chart.height = height - chart.y - 6
    chart.data = [[float(value) for value in values] for _, values in series]
    step = -(-len(labels) // 14)  # only as many names as fit
    chart.categoryAxis.categoryNames = [label if not index % step else "" for index, label in enumerate(labels)]
    chart.categoryAxis.style, chart.categoryAxis.joinAxisMode = "stacked", "bottom"
    chart.barWidth, chart.groupSpacing = 10, 4
    _axes(chart, values=chart.valueAxis, names=chart.categoryAxis)
    for index in range(len(series)):
        chart.bars[index].fillColor = SERIES[index % len(SERIES)]
        chart.bars[index].strokeColor = HexColor("#ffffff")
        chart.bars[index].strokeWidth = 0.3
    drawing.add(chart)
    legend(drawing, [name for name, _ in series], 11 * lines + 2)
    return drawing


def ring(labels: Sequence[str], values: Sequence[Decimal], height: float) -> Drawing:
    shown = [(label, float(value)) for label, value in zip(labels, values, strict=True) if value > 0]
    if not shown:
        return nothing(HALF, height)
    drawing, chart = Drawing(HALF, height), Doughnut()
    size = height - 14
    chart.x, chart.y, chart.width, chart.height = 4, 8, size, size
    chart.data, chart.labels = [value for _, value in shown], [""] * len(shown)
    chart.innerRadiusFraction = 0.55
    total = sum(value for _, value in shown)
    keys = Legend()
    keys.x, keys.y, keys.boxAnchor, keys.alignment = size + 16, height / 2, "w", "right"
    keys.fontName, keys.fontSize, keys.fillColor, keys.columnMaximum = FONT, 7, INK, 12
    keys.dx, keys.dy, keys.deltay, keys.dxTextSpace, keys.strokeWidth = 6, 6, 11, 4, 0
    keys.colorNamePairs = []
    for index, (label, value) in enumerate(shown):
        color = SERIES[index % len(SERIES)]
        chart.slices[index].fillColor, chart.slices[index].strokeColor = color, HexColor("#ffffff")
        share = f"{value * 100 / total:.1f}".replace(".", ",")
        keys.colorNamePairs.append((color, f"{text(label)[:20]}  {share} %"))
    drawing.add(chart)
    drawing.add(keys)
    return drawing


def bars(labels: Sequence[str], values: Sequence[Decimal | int], height: float) -> Drawing:
    """Horizontal bars, the first on top."""
    if not any(values):
        return nothing(HALF, height)
    drawing, chart = Drawing(HALF, height), HorizontalBarChart()
    chart.x, chart.y, chart.width, chart.height = 84, 20, HALF - 100, height - 28
    chart.data = [[float(value) for value in reversed(values)]]
    chart.categoryAxis.categoryNames = [text(label)[:20] for label in reversed(labels)]
    _axes(chart, values=chart.valueAxis, names=chart.categoryAxis)
    chart.bars[0].fillColor, chart.bars[0].strokeColor = SERIES[0], None
    chart.barWidth, chart.groupSpacing = 8, 4
    drawing.add(chart)
    return drawing


def lines(series: Sequence[tuple[str, Sequence[Decimal]]], height: float) -> Drawing:
    if not any(any(values) for _, values in series):
        return nothing(HALF, height)
    drawing, chart = Drawing(HALF, height), LinePlot()
    chart.x, chart.y, chart.width, chart.height = 42, 38, HALF - 50, height - 46
    chart.data = [[(day, float(value)) for day, value in enumerate(values, 1)] for _, values in series]
    _axes(chart, values=chart.yValueAxis, names=chart.xValueAxis)
    chart.xValueAxis.labelTextFormat = "%d"
    for index in range(len(series)):
        chart.lines[index].strokeColor, chart.lines[index].strokeWidth = SERIES[index], 1.4
    chart.lines[1].strokeDashArray = (3, 2)
    drawing.add(chart)
    legend(drawing, [name for name, _ in series], 16)
    return drawing


# --- The documents ----------------------------------------------------------------------------------------
def view_pdf(figures: Dashboard, filters: DashboardFilters) -> bytes:
    """Two pages: the KPIs and the recovered money; then current cases, gestores and the previous period."""
    previous = filters.period.before()
    kpi_table = table(
        ["Indicador", "Período", f"Anterior ({previous.start:%d/%m/%y} al {previous.end:%d/%m/%y})"],
        kpi_rows(figures.current, figures.previous),
        [WIDTH * 0.4, WIDTH * 0.3, WIDTH * 0.3],
    )
    weeks = [week_label(weekly_period(label, filters.period)) for label in figures.by_week.labels]
    series = [(name, values) for name, values in figures.by_week.series if any(values)]
    best = [row for row in figures.ranking if row.monto_recuperado][:TOP]
    shown = [share for share in figures.by_status if share.count]
    ranking = table(
        ["Gestor", "Recuperado", "Promesas cumplidas", "Gestiones", "Casos", "Pagados"],
        ranking_rows(figures.ranking[:TOP]),
        [WIDTH * share for share in (0.32, 0.2, 0.16, 0.12, 0.1, 0.1)],
    )
    height = 50 * mm
    story: list[Flowable] = [
        kpi_table,
        paragraph("Recuperado por semana y cartera", HEADING),
        stacked_bars(weeks, series, 66 * mm),
        side_by_side(
            [
                paragraph("Saldo de hoy por cartera", HEADING),
                ring(figures.by_cartera.labels, figures.by_cartera.series[0][1], height),
            ],
            [paragraph("Este período contra el anterior", HEADING), lines(figures.comparison.series, height)],
        ),
        side_by_side(
            [
                paragraph("Casos de hoy por estado", HEADING),
                bars([share.name for share in shown], [share.count for share in shown], height),
            ],
            [
                paragraph("Recuperado por gestor", HEADING),
                bars([row.gestor_name for row in best], [row.monto_recuperado for row in best], height),
            ],
        ),
        KeepTogether(
            [
                paragraph("Gestores" if len(figures.ranking) <= TOP else f"Gestores: los {TOP} primeros", HEADING),
                ranking,
            ]
        ),
    ]
    return made("Informe de gestión", [filters.whose, filters.title.capitalize()], story)


def report_pdf(report: Report) -> bytes:
    """The summary: balances, promises and gestiones. The workbook has the single movements."""
    kept, broken = (report.promises[status] for status in (Promise.Status.FULFILLED, Promise.Status.BROKEN))
    rate = percent(report.balances.recovered, report.balances.opening + report.balances.placed)
    summary = [
        ["Recuperado", money(report.balances.recovered)],
        ["Tasa de recupero", percentage(rate)],
        ["Pagos", whole(report.payments)],
        ["Reversas", whole(report.reversals)],
        ["Promesas cumplidas", percentage(percent(kept[0], kept[0] + broken[0]))],
        ["Gestiones realizadas", whole(report.activities)],
        ["Casos", whole(report.cases)],
    ]
    balances = [[label, money(amount)] for label, amount in report_lines(report)]
    promises = [[label, whole(count), money(amount)] for label, count, amount in report_promises(report)]
    results = [[name, whole(count)] for name, count in report.results] or [["Sin gestiones en el período", "0"]]
    story: list[Flowable] = [
        side_by_side(
            [paragraph("Saldo de la cartera", HEADING), table(["Concepto", "Importe"], balances, [HALF * 0.5] * 2)],
            [paragraph("En el período", HEADING), table(["Indicador", "Valor"], summary, [HALF * 0.55, HALF * 0.45])],
        ),
        paragraph("Promesas con vencimiento en el período", HEADING),
        table(["Estado", "Cantidad", "Importe"], promises, [WIDTH * 0.4, WIDTH * 0.25, WIDTH * 0.35]),
        paragraph("Resultado de las gestiones", HEADING),
        table(["Resultado", "Gestiones"], results, [WIDTH * 0.6, WIDTH * 0.4]),
    ]
    return made(report.title, report_notes(report)[:1], story)
