"""The tiles at the top: value, change against the previous period, a line, and a link to the rows they count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cases.models import CaseStatus
from dashboards.figures.kpis import Dashboard
from dashboards.filters import DashboardFilters
from dashboards.page.links import link
from dashboards.page.words import money, percentage, whole

SPARK_WIDTH, SPARK_HEIGHT = 100, 28

Number = Decimal | int


@dataclass(frozen=True)
class Tile:
    """`trend` is the sign of the change; `spark` the points of its line in a box of SPARK_WIDTH × SPARK_HEIGHT."""

    label: str
    value: str
    href: str
    behind: str  # the text of the link
    change: str = ""
    trend: int = 0
    spark: str = ""
    note: str = ""


def main_tiles(figures: Dashboard, filters: DashboardFilters) -> list[Tile]:
    now, before, trends = figures.current, figures.previous, figures.trends
    return [
        Tile(
            "Monto recuperado",
            money(now.monto_recuperado),
            link("movimientos", filters),
            "los pagos y reversas",
            **change(now.monto_recuperado, before.monto_recuperado, money),
            spark=spark(trends.monto_recuperado),
        ),
        Tile(
            "Tasa de recupero",
            percentage(now.tasa_recupero),
            link("movimientos", filters),
            "los pagos y reversas",
            **points(now.tasa_recupero, before.tasa_recupero),
            spark=spark(trends.tasa_recupero),
        ),
        Tile(
            "Promesas cumplidas",
            percentage(now.promesas_cumplidas),
            link("promesas", filters),
            "las promesas decididas",
            **points(now.promesas_cumplidas, before.promesas_cumplidas),
            spark=spark(trends.promesas_cumplidas),
        ),
        Tile(
            "Gestiones realizadas",
            whole(now.gestiones_realizadas),
            link("gestiones", filters),
            "las gestiones",
            **change(now.gestiones_realizadas, before.gestiones_realizadas, whole),
            spark=spark(trends.gestiones_realizadas),
        ),
    ]


def other_tiles(figures: Dashboard, filters: DashboardFilters) -> list[Tile]:
    now, before = figures.current, figures.previous
    return [
        Tile("Casos", whole(now.total_casos), link("casos", filters), "los casos", note="hoy"),
        Tile("Saldo total", money(now.total_deuda), link("casos", filters), "los casos", note="hoy"),
        Tile(
            "Contactabilidad",
            percentage(now.contactabilidad),
            link("gestiones", filters, only="attempts"),
            "los intentos de contacto",
            **points(now.contactabilidad, before.contactabilidad),
        ),
        Tile(
            "Casos pagados",
            whole(now.casos_pagados),
            link("casos", filters, stage=CaseStatus.Stage.PAGADA.value),
            "los casos pagados",
            note="hoy",
        ),
        Tile(
            "Convenios vigentes",
            whole(now.convenios_vigentes),
            link("convenios", filters),
            "los convenios vigentes",
            note="hoy",
        ),
        Tile(
            "Cuotas cumplidas",
            percentage(now.cuotas_cumplidas),
            link("cuotas", filters),
            "las cuotas con plazo cumplido",
            **points(now.cuotas_cumplidas, before.cuotas_cumplidas),
        ),
        Tile(
            "Quitas otorgadas",
            money(now.quitas_otorgadas),
            link("quitas", filters),
            "las quitas",
            **change(now.quitas_otorgadas, before.quitas_otorgadas, money),
        ),
        Tile(
            "Quita media",
            percentage(now.quita_media),
            link("quitas", filters),
            "las quitas",
            **points(now.quita_media, before.quita_media),
        ),
    ]


def change(now: Number, before: Number, in_words: Callable[[Any], str]) -> dict[str, Any]:
    """The change from `before` to `now`, in percent of `before`."""
    if before <= 0:
        return {"change": f"antes {in_words(before)}", "trend": _sign(now - before)}
    grown = Decimal(now - before) * 100 / Decimal(before)
    return {"change": f"{_signed(grown)} % (antes {in_words(before)})", "trend": _sign(now - before)}


def points(now: Decimal | None, before: Decimal | None) -> dict[str, Any]:
    """The change from `before` to `now`, in percentage points."""
    if now is None or before is None:
        return {"change": f"antes {percentage(before)}", "trend": 0}
    return {"change": f"{_signed(now - before)} puntos (antes {percentage(before)})", "trend": _sign(now - before)}


def _signed(value: Decimal) -> str:
    return f"{value:+.1f}".replace(".", ",")


def _sign(value: Number) -> int:
    return (value > 0) - (value < 0)


def spark(values: Sequence[Number | None]) -> str:
    """The points of a polyline; None values are left out. Empty when there is no line to draw."""
    known = [(index, value) for index, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    step = SPARK_WIDTH / (len(values) - 1)

    def y(value: Number) -> float:
        share = float((value - low) / Decimal(high - low)) if high > low else 0.5
        return 1 + (1 - share) * (SPARK_HEIGHT - 2)

    return " ".join(f"{index * step:.1f},{y(value):.1f}" for index, value in known)
