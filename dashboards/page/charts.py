"""The charts, each with a table of the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse

from dashboards.figures.kpis import Chart, Dashboard, RankedGestor, StatusShare
from dashboards.figures.periods import Period
from dashboards.filters import DashboardFilters
from dashboards.page.links import gestor_link, link
from dashboards.page.words import NOTHING, money, percentage, whole

TOP = 10  # gestores in the chart; the table has all


@dataclass(frozen=True)
class Drawn:
    """A chart with a table of the same numbers. `data` is for the script that draws; a row is a list of texts."""

    name: str
    title: str
    says: str  # the text of the canvas for screen readers
    headers: list[str]
    rows: list[list[str]]
    data: dict[str, Any]
    empty: str  # the message when there is nothing to draw

    @property
    def is_empty(self) -> bool:
        return not self.rows


def charts(figures: Dashboard, filters: DashboardFilters) -> list[Drawn]:
    return [
        weekly(figures.by_week, filters, {name: pk for pk, name in figures.carteras}),
        comparison(figures.comparison, filters),
        carteras(figures.by_cartera, filters, {name: pk for pk, name in figures.carteras}),
        statuses(figures.by_status, filters),
        gestores(figures.ranking, filters),
    ]


def weekly(chart: Chart, filters: DashboardFilters, pks: dict[str, int]) -> Drawn:
    weeks = [weekly_period(label, filters.period) for label in chart.labels]
    series = [(name, values) for name, values in chart.series if any(values)]
    totals = [sum(column, Decimal(0)) for column in zip(*(values for _, values in series), strict=True)]
    addresses = [link("movimientos", filters.between(week), cartera=None) for week in weeks]
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
                    "links": [f"{address}{_of_cartera(name, pks, filters)}" for address in addresses],
                }
                for name, values in series
            ],
        },
        empty="No se recuperó nada en el período.",
    )


def _of_cartera(name: str, pks: dict[str, int], filters: DashboardFilters) -> str:
    """The query parameters that narrow a link to one cartera. The sum of the others keeps the filter of the view."""
    own = filters.scope.cartera.pk if filters.scope.cartera else None
    pk = pks.get(name, own)
    return "" if pk is None else f"&cartera={pk}"


def weekly_period(label: str, period: Period) -> Period:
    """The days in the period of the week that starts on the Monday `label`."""
    monday = date.fromisoformat(label)
    return Period(max(monday, period.start), min(monday + timedelta(days=6), period.end))


def week_label(week: Period) -> str:
    """«23/11–29/11»"""
    return f"{week.start:%d/%m}" if week.start == week.end else f"{week.start:%d/%m}–{week.end:%d/%m}"


def comparison(chart: Chart, filters: DashboardFilters) -> Drawn:
    has_any = any(any(values) for _, values in chart.series)
    previous = filters.period.before()
    names = [
        f"Este período ({_short(filters.period)})",
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


def carteras(chart: Chart, filters: DashboardFilters, pks: dict[str, int]) -> Drawn:
    values = chart.series[0][1]
    shown = [(name, value) for name, value in zip(chart.labels, values, strict=True) if value > 0]
    total = sum((value for _, value in shown), Decimal(0))
    home = reverse("dashboard-admin")
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
                    "links": [f"{home}{filters.query(cartera=pks.get(name))}" for name, _ in shown],
                }
            ],
        },
        empty="Ninguna cartera tiene saldo.",
    )


def statuses(shares: Sequence[StatusShare], filters: DashboardFilters) -> Drawn:
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
                    "links": [link("casos", filters, status=share.slug) for share in shown],
                }
            ],
        },
        empty="Todavía no hay casos.",
    )


def gestores(ranking: Sequence[RankedGestor], filters: DashboardFilters) -> Drawn:
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
                    "links": [gestor_link(row, filters) for row in shown],
                }
            ],
        },
        empty="Ningún gestor recuperó nada en el período.",
    )
