"""From the address of a page to the figures that it shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from cases.models import Cartera
from dashboards.figures import kpis
from dashboards.figures.cached import cached
from dashboards.figures.kpis import Dashboard
from dashboards.filters import CUSTOM, DEFAULT, PERIODS, DashboardFilters, FilterForm
from nova.lib import dates

CARTERAS_SHOWN = 7  # in a chart; the rest go together: more colours than that nobody tells apart
Named = list[tuple[int, str]]


def read_filters(query: Mapping[str, Any], *, now: datetime) -> tuple[DashboardFilters | None, list[str]]:
    """What is asked for, or why it cannot be answered."""
    form = FilterForm(query)
    filters = form.filters(dates.local_date(now)) if form.is_valid() else None
    if filters is not None:
        return filters, []
    labelled = (
        (form.fields[name].label if name in form.fields else "", errors) for name, errors in form.errors.items()
    )
    return None, [f"{label}: {error}" if label else str(error) for label, errors in labelled for error in errors]


def figures_of(filters: DashboardFilters, *, now: datetime) -> Dashboard:
    """From memory, or of this moment."""
    previous = filters.period.before()
    return cached(
        lambda: kpis.dashboard(filters.scope, filters.period, previous, limit=CARTERAS_SHOWN, now=now),
        "dashboard",
        filters.scope,
        filters.period,
        previous,
    )


def choices(
    filters: DashboardFilters | None, query: Mapping[str, Any], carteras: Named, gestores: Named | None
) -> dict[str, Any]:
    """What the filters offer and what is chosen. A gestor who is none any more stays chosen; None offers none."""
    chosen = filters.scope if filters else None
    if chosen and chosen.gestor and gestores is not None and chosen.gestor.pk not in dict(gestores):
        gestores = [*gestores, (chosen.gestor.pk, str(chosen.gestor))]
    start, end = query.get("start_date", ""), query.get("end_date", "")
    preset = filters.preset if filters else query.get("period") or (CUSTOM if start or end else DEFAULT)
    if filters is not None and preset == CUSTOM:
        start, end = (day.isoformat() for day in filters.period)
    return {
        "periods": PERIODS,
        "period": preset,
        "start_date": start,
        "end_date": end,
        "carteras": carteras,
        "gestores": gestores,
        "cartera": chosen.cartera.pk if chosen and chosen.cartera else None,
        "gestor": chosen.gestor.pk if chosen and chosen.gestor else None,
    }


def all_carteras() -> Named:
    """Runs a query."""
    return list(Cartera.objects.order_by("name").values_list("pk", "name"))


def all_gestores() -> Named:
    """Runs a query."""
    people = User.objects.filter(role=User.Role.GESTOR).order_by("first_name", "last_name", "pk")
    return [(person.pk, str(person)) for person in people]


@dataclass(frozen=True)
class DashboardPage:
    """What the admin's dashboard shows: `figures` of what is `asked`, or the `errors` of what was asked wrongly."""

    filters: DashboardFilters | None
    errors: list[str]
    figures: Dashboard | None
    choices: dict[str, Any]


def dashboard_page(query: Mapping[str, Any], *, now: datetime) -> DashboardPage:
    filters, errors = read_filters(query, now=now)
    if filters is None:
        return DashboardPage(None, errors, None, choices(None, query, all_carteras(), all_gestores()))
    figures = figures_of(filters, now=now)
    return DashboardPage(filters, [], figures, choices(filters, query, figures.carteras, figures.gestores))
