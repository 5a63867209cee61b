"""The admin's dashboard as its page shows it: figures in words, with the address of what is behind each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cases.models import CaseStatus
from cases.rules.reasons import days_away
from dashboards.figures.alerts import Alert, Kind, broken_today
from dashboards.figures.kpis import Chart, Dashboard, Kpis, RankedGestor, StatusShare
from dashboards.figures.periods import Period
from dashboards.filters import Asked
from nova.lib import dates
from nova.lib.money import format_money

HOME = "/dashboard-admin"
ADMIN_CASES = "/admin/cases/case/"
TOP = 10  # gestores in the chart; the table has them all
SPARK_WIDTH, SPARK_HEIGHT = 100, 28
NOTHING = "—"

Number = Decimal | int


# --- In words -------------------------------------------------------------------------------------------
def whole(value: int | None) -> str:
    return NOTHING if value is None else f"{value:,}".replace(",", ".")


def percentage(value: Decimal | None) -> str:
    """`41,67 %`"""
    return NOTHING if value is None else f"{value:.2f}\N{NO-BREAK SPACE}%".replace(".", ",")


def money(value: Decimal | None) -> str:
    return NOTHING if value is None else format_money(value)


# --- The tiles ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Tile:
    """`trend` is the sign of the change; `spark` the points of its line in a box of SPARK_WIDTH × SPARK_HEIGHT."""

    label: str
    value: str
    href: str
    behind: str  # what the link opens
    change: str = ""
    trend: int = 0
    spark: str = ""
    note: str = ""


def main_tiles(figures: Dashboard, asked: Asked) -> list[Tile]:
    now, before, trends = figures.current, figures.previous, figures.trends
    return [
        Tile(
            "Monto recuperado",
            money(now.monto_recuperado),
            link("movimientos", asked),
            "los pagos y reversas",
            **change(now.monto_recuperado, before.monto_recuperado, money),
            spark=spark(trends.monto_recuperado),
        ),
        Tile(
            "Tasa de recupero",
            percentage(now.tasa_recupero),
            link("movimientos", asked),
            "los pagos y reversas",
            **points(now.tasa_recupero, before.tasa_recupero),
            spark=spark(trends.tasa_recupero),
        ),
        Tile(
            "Promesas cumplidas",
            percentage(now.promesas_cumplidas),
            link("promesas", asked),
            "las promesas decididas",
            **points(now.promesas_cumplidas, before.promesas_cumplidas),
            spark=spark(trends.promesas_cumplidas),
        ),
        Tile(
            "Gestiones realizadas",
            whole(now.gestiones_realizadas),
            link("gestiones", asked),
            "las gestiones",
            **change(now.gestiones_realizadas, before.gestiones_realizadas, whole),
            spark=spark(trends.gestiones_realizadas),
        ),
    ]


def other_tiles(figures: Dashboard, asked: Asked) -> list[Tile]:
    now, before = figures.current, figures.previous
    return [
        Tile("Casos", whole(now.total_casos), link("casos", asked), "los casos", note="hoy"),
        Tile("Saldo total", money(now.total_deuda), link("casos", asked), "los casos", note="hoy"),
        Tile(
            "Contactabilidad",
            percentage(now.contactabilidad),
            link("gestiones", asked, only="attempts"),
            "los intentos de contacto",
            **points(now.contactabilidad, before.contactabilidad),
        ),
        Tile(
            "Casos pagados",
            whole(now.casos_pagados),
            link("casos", asked, stage=CaseStatus.Stage.PAGADA.value),
            "los casos pagados",
            note="hoy",
        ),
    ]


def link(kind: str, asked: Asked, **more: Any) -> str:
    return f"{HOME}/{kind}{asked.query(**more)}"


def change(now: Number, before: Number, in_words: Callable[[Any], str]) -> dict[str, Any]:
    """Against the previous period, in percent of it."""
    if before <= 0:
        return {"change": f"antes {in_words(before)}", "trend": _sign(now - before)}
    grown = Decimal(now - before) * 100 / Decimal(before)
    return {"change": f"{_signed(grown)} % (antes {in_words(before)})", "trend": _sign(now - before)}


def points(now: Decimal | None, before: Decimal | None) -> dict[str, Any]:
    """Against the previous period, in percentage points."""
    if now is None or before is None:
        return {"change": f"antes {percentage(before)}", "trend": 0}
    return {"change": f"{_signed(now - before)} puntos (antes {percentage(before)})", "trend": _sign(now - before)}


def _signed(value: Decimal) -> str:
    return f"{value:+.1f}".replace(".", ",")


def _sign(value: Number) -> int:
    return (value > 0) - (value < 0)


def spark(values: Sequence[Number | None]) -> str:
    """The points of a polyline; what is unknown is left out. Empty when there is no line to draw."""
    known = [(index, value) for index, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    step = SPARK_WIDTH / (len(values) - 1)

    def y(value: Number) -> float:
        share = float((value - low) / Decimal(high - low)) if high > low else 0.5
        return 1 + (1 - share) * (SPARK_HEIGHT - 2)

    return " ".join(f"{index * step:.1f},{y(value):.1f}" for index, value in known)


# --- The charts -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Drawn:
    """A chart with the table that says the same. `data` is what the script draws; a row is its cells as text."""

    name: str
    title: str
    says: str  # what a screen reader hears of the canvas
    headers: list[str]
    rows: list[list[str]]
    data: dict[str, Any]
    empty: str  # why there is nothing to draw, and what to do

    @property
    def is_empty(self) -> bool:
        return not self.rows


def charts(figures: Dashboard, asked: Asked) -> list[Drawn]:
    return [
        weekly(figures.by_week, asked, {name: pk for pk, name in figures.carteras}),
        comparison(figures.comparison, asked),
        carteras(figures.by_cartera, asked, {name: pk for pk, name in figures.carteras}),
        statuses(figures.by_status, asked),
        gestores(figures.ranking, asked),
    ]


def weekly(chart: Chart, asked: Asked, pks: dict[str, int]) -> Drawn:
    weeks = [weekly_period(label, asked.period) for label in chart.labels]
    series = [(name, values) for name, values in chart.series if any(values)]
    totals = [sum(column, Decimal(0)) for column in zip(*(values for _, values in series), strict=True)]
    addresses = [link("movimientos", asked.between(week), cartera=None) for week in weeks]
    return Drawn(
        name="weekly",
        title="Recuperado por semana y cartera",
        says="Barras apiladas: lo recuperado cada semana, por cartera.",
        headers=["Semana", *(name for name, _ in series), "Total"],
        rows=[
            [week_label(week), *(money(values[index]) for _, values in series), money(totals[index])]
            for index, week in enumerate(weeks)
        ]
        if series
        else [],
        data={
            "type": "stacked",
            "unit": "money",
            "labels": [week_label(week) for week in weeks],
            "datasets": [
                {
                    "label": name,
                    "data": list(map(str, values)),
                    "links": [f"{address}{_of_cartera(name, pks, asked)}" for address in addresses],
                }
                for name, values in series
            ],
        },
        empty="No se recuperó nada en el período.",
    )


def _of_cartera(name: str, pks: dict[str, int], asked: Asked) -> str:
    """What makes an address with a query one of that cartera; those shown together are of the view, or of all."""
    own = asked.scope.cartera.pk if asked.scope.cartera else None
    pk = pks.get(name, own)
    return "" if pk is None else f"&cartera={pk}"


def weekly_period(label: str, period: Period) -> Period:
    """The days of the week, named by its Monday, that are in the period."""
    monday = date.fromisoformat(label)
    return Period(max(monday, period.start), min(monday + timedelta(days=6), period.end))


def week_label(week: Period) -> str:
    """«23/11–29/11»"""
    return f"{week.start:%d/%m}" if week.start == week.end else f"{week.start:%d/%m}–{week.end:%d/%m}"


def comparison(chart: Chart, asked: Asked) -> Drawn:
    has_any = any(any(values) for _, values in chart.series)
    previous = asked.period.before()
    names = [
        f"Este período ({_short(asked.period)})",
        f"Período anterior ({_short(previous)})",
    ]
    return Drawn(
        name="comparison",
        title="Este período contra el anterior",
        says="Dos líneas: lo recuperado hasta cada día del período, y hasta el mismo día del anterior.",
        headers=["Día", *names],
        rows=[
            [label, *(money(values[index]) if index < len(values) else NOTHING for _, values in chart.series)]
            for index, label in enumerate(chart.labels)
        ]
        if has_any
        else [],
        data={
            "type": "line",
            "unit": "money",
            "labels": [f"Día {label}" for label in chart.labels],
            "datasets": [
                {"label": name, "data": list(map(str, values))}
                for name, (_, values) in zip(names, chart.series, strict=True)
            ],
        },
        empty="No se recuperó nada en este período ni en el anterior.",
    )


def _short(period: Period) -> str:
    return f"{period.start:%d/%m/%y} al {period.end:%d/%m/%y}"


def carteras(chart: Chart, asked: Asked, pks: dict[str, int]) -> Drawn:
    values = chart.series[0][1]
    shown = [(name, value) for name, value in zip(chart.labels, values, strict=True) if value > 0]
    total = sum((value for _, value in shown), Decimal(0))
    return Drawn(
        name="carteras",
        title="Distribución por cartera",
        says="Anillo: qué parte del saldo de hoy es de cada cartera.",
        headers=["Cartera", "Saldo", "Parte"],
        rows=[[name, money(value), percentage(value * 100 / total)] for name, value in shown],
        data={
            "type": "doughnut",
            "unit": "money",
            "labels": [name for name, _ in shown],
            "datasets": [
                {
                    "label": "Saldo",
                    "data": [str(value) for _, value in shown],
                    "links": [f"{HOME}{asked.query(cartera=pks.get(name))}" for name, _ in shown],
                }
            ],
        },
        empty="Ninguna cartera tiene saldo.",
    )


def statuses(shares: Sequence[StatusShare], asked: Asked) -> Drawn:
    shown = [share for share in shares if share.count]
    return Drawn(
        name="statuses",
        title="Casos por estado",
        says="Barras: cuántos casos hay hoy en cada estado.",
        headers=["Estado", "Casos", "Saldo"],
        rows=[[share.name, whole(share.count), money(share.balance)] for share in shown],
        data={
            "type": "bars",
            "unit": "cases",
            "labels": [share.name for share in shown],
            "datasets": [
                {
                    "label": "Casos",
                    "data": [share.count for share in shown],
                    "notes": [f"Saldo {money(share.balance)}" for share in shown],
                    "links": [link("casos", asked, status=share.slug) for share in shown],
                }
            ],
        },
        empty="Todavía no hay casos.",
    )


def gestores(ranking: Sequence[RankedGestor], asked: Asked) -> Drawn:
    shown = [row for row in ranking if row.monto_recuperado][:TOP]
    return Drawn(
        name="gestores",
        title="Ranking de gestores",
        says="Barras: lo recuperado por cada gestor en el período, primero quien más.",
        headers=["Gestor", "Recuperado", "Casos", "Promesas cumplidas"],
        rows=[
            [row.gestor_name, money(row.monto_recuperado), whole(row.total_casos), percentage(row.promesas_cumplidas)]
            for row in shown
        ],
        data={
            "type": "bars",
            "unit": "money",
            "labels": [row.gestor_name for row in shown],
            "datasets": [
                {
                    "label": "Recuperado",
                    "data": [str(row.monto_recuperado) for row in shown],
                    "notes": [
                        f"{whole(row.total_casos)} casos · promesas cumplidas: {percentage(row.promesas_cumplidas)}"
                        for row in shown
                    ],
                    "links": [gestor_link(row, asked) for row in shown],
                }
            ],
        },
        empty="Ningún gestor recuperó nada en el período.",
    )


# --- The ranking ----------------------------------------------------------------------------------------
def ranking_rows(ranking: Sequence[RankedGestor]) -> list[list[str]]:
    return [
        [
            row.gestor_name,
            money(row.monto_recuperado),
            percentage(row.promesas_cumplidas),
            whole(row.gestiones),
            whole(row.total_casos),
            whole(row.casos_pagados),
        ]
        for row in ranking
    ]


def gestor_link(row: RankedGestor, asked: Asked) -> str:
    return f"/gestores/{row.gestor_id}{asked.query(gestor=None)}"


# --- The alerts -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Notice:
    """`level` is danger or warning; `action` says what its link is for."""

    level: str
    text: str
    action: str
    href: str


def notices(figures: Dashboard, asked: Asked, *, now: datetime) -> list[Notice]:
    return [_notice(alert, asked, now) for alert in figures.alerts]


def _notice(alert: Alert, asked: Asked, now: datetime) -> Notice:
    today = dates.local_date(now)
    match alert.kind:
        case Kind.UNASSIGNED:
            text = _counted(alert.count, "caso abierto sin gestor", "casos abiertos sin gestor")
            return Notice("danger", text, "Asignar", _admin_cases(asked, assigned="0"))
        case Kind.STOPPED:
            text = _counted(alert.count, "caso detenido espera", "casos detenidos esperan") + " una decisión"
            return Notice("danger", text, "Resolver", _admin_cases(asked, stopped="1"))
        case Kind.BROKEN_TODAY:
            text = _counted(alert.count, "promesa se incumplió hoy", "promesas se incumplieron hoy")
            href = link("promesas", asked.between(broken_today(today)), only="broken")
            return Notice("warning", text, "Ver cuáles", href)
        case Kind.IDLE_GESTOR:
            last = dates.local_date(alert.last_activity) if alert.last_activity else None
            since = f"última, {days_away(last, today)}" if last else "todavía ninguna"
            text = f"{alert.subject}: sin gestiones en 48 horas hábiles ({since})"
            return Notice("warning", text, "Ver al gestor", f"/gestores/{alert.pk}")
        case Kind.FALLEN_CARTERA:
            before, after = percentage(alert.kept_before), percentage(alert.kept_now)
            text = f"{alert.subject}: las promesas cumplidas cayeron de {before} a {after}"
            return Notice(
                "warning", text, "Ver las incumplidas", link("promesas", asked, cartera=alert.pk, only="broken")
            )


def _counted(count: int, one: str, many: str) -> str:
    return f"{whole(count)} {one if count == 1 else many}"


def _admin_cases(asked: Asked, **more: str) -> str:
    """The admin's own list, where what is selected can be assigned or released."""
    given = {"stage": "open", **more}
    if asked.scope.cartera is not None:
        given["cartera__id__exact"] = str(asked.scope.cartera.pk)
    if asked.scope.gestor is not None:
        given["assigned_to__id__exact"] = str(asked.scope.gestor.pk)
    return f"{ADMIN_CASES}?{'&'.join(f'{name}={value}' for name, value in given.items())}"


def kpi_rows(current: Kpis, previous: Kpis) -> list[tuple[str, str, str]]:
    """(label, now, before) of every figure, for what is printed."""
    return [
        ("Monto recuperado", money(current.monto_recuperado), money(previous.monto_recuperado)),
        ("Tasa de recupero", percentage(current.tasa_recupero), percentage(previous.tasa_recupero)),
        ("Promesas cumplidas", percentage(current.promesas_cumplidas), percentage(previous.promesas_cumplidas)),
        ("Gestiones realizadas", whole(current.gestiones_realizadas), whole(previous.gestiones_realizadas)),
        ("Contactabilidad", percentage(current.contactabilidad), percentage(previous.contactabilidad)),
        ("Casos (hoy)", whole(current.total_casos), NOTHING),
        ("Casos pagados (hoy)", whole(current.casos_pagados), NOTHING),
        ("Saldo total (hoy)", money(current.total_deuda), NOTHING),
    ]


# --- The page -------------------------------------------------------------------------------------------
def shown(figures: Dashboard, asked: Asked, drawing: Sequence[Drawn]) -> dict[str, Any]:
    """What the templates of tiles and charts need: the figures, and those charts."""
    return {
        "figures": figures,
        "tiles": main_tiles(figures, asked),
        "other_tiles": other_tiles(figures, asked),
        "charts": drawing,
        "drawn": {chart.name: chart.data for chart in drawing if not chart.is_empty},
    }
