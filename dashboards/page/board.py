"""The dashboard for templates and files: tiles, charts, the ranking, a table of every figure."""

from collections.abc import Sequence
from typing import Any

from dashboards.figures.kpis import Dashboard, Kpis, RankedGestor
from dashboards.filters import DashboardFilters
from dashboards.page.charts import Drawn
from dashboards.page.tiles import main_tiles, other_tiles
from dashboards.page.words import NOTHING, money, percentage, whole


def shown(figures: Dashboard, filters: DashboardFilters, drawing: Sequence[Drawn]) -> dict[str, Any]:
    """The template context of tiles and charts: the figures, and the charts in `drawing`."""
    return {
        "figures": figures,
        "tiles": main_tiles(figures, filters),
        "other_tiles": other_tiles(figures, filters),
        "charts": drawing,
        "drawn": {chart.name: chart.data for chart in drawing if not chart.is_empty},
    }


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


def kpi_rows(current: Kpis, previous: Kpis) -> list[tuple[str, str, str]]:
    """(label, current, previous) of every figure, for the PDF."""
    return [
        ("Monto recuperado", money(current.monto_recuperado), money(previous.monto_recuperado)),
        ("Tasa de recupero", percentage(current.tasa_recupero), percentage(previous.tasa_recupero)),
        ("Promesas cumplidas", percentage(current.promesas_cumplidas), percentage(previous.promesas_cumplidas)),
        ("Gestiones realizadas", whole(current.gestiones_realizadas), whole(previous.gestiones_realizadas)),
        ("Contactabilidad", percentage(current.contactabilidad), percentage(previous.contactabilidad)),
        ("Casos (hoy)", whole(current.total_casos), NOTHING),
        ("Casos pagados (hoy)", whole(current.casos_pagados), NOTHING),
        ("Saldo total (hoy)", money(current.total_deuda), NOTHING),
        ("Convenios vigentes (hoy)", whole(current.convenios_vigentes), NOTHING),
        ("Cuotas cumplidas", percentage(current.cuotas_cumplidas), percentage(previous.cuotas_cumplidas)),
        ("Quitas otorgadas", money(current.quitas_otorgadas), money(previous.quitas_otorgadas)),
        ("Quita media", percentage(current.quita_media), percentage(previous.quita_media)),
    ]
