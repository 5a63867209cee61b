"""From the filters in a URL to the figures of a page."""

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
from nova.lib.said import show_day

CARTERAS_SHOWN = 7  # in a chart; the rest are added up: more than seven colours are hard to distinguish
Named = list[tuple[int, str]]


def read_filters(query: Mapping[str, Any], *, now: datetime) -> tuple[DashboardFilters | None, list[str]]:
    """The filters of the query string, or None and the error messages."""
    form = FilterForm(query)
    filters = form.filters(dates.local_date(now)) if form.is_valid() else None
    if filters is not None:
        return filters, []
    labelled = (
        (form.fields[name].label if name in form.fields else "", errors) for name, errors in form.errors.items()
    )
    return None, [f"{label}: {error}" if label else str(error) for label, errors in labelled for error in errors]


def figures_of(filters: DashboardFilters, *, now: datetime) -> Dashboard:
    """The figures of the filters, cached (`dashboards.figures.cached`)."""
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
    """The options of the filter form and the chosen ones. `gestores=None` leaves that filter out.

    A chosen user who is no longer a gestor is added, so that the form still shows them.
    """
    chosen = filters.scope if filters else None
    if chosen and chosen.gestor and gestores is not None and chosen.gestor.pk not in dict(gestores):
        gestores = [*gestores, (chosen.gestor.pk, str(chosen.gestor))]
    start, end = query.get("start_date", ""), query.get("end_date", "")
    preset = filters.preset if filters else query.get("period") or (CUSTOM if start or end else DEFAULT)
    if filters is not None and preset == CUSTOM:
        start, end = map(show_day, filters.period)
    return {
        "periods": PERIODS,
        "period": preset,
        "days": [("start_date", "Desde", start), ("end_date", "Hasta", end)],
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
    """What the admin's dashboard shows: the `figures` of `filters`, or `errors` when the filters are not valid."""

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
