"""The link of a figure: the rows it counts, a gestor, or a list of the Django admin."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboards.figures.kpis import RankedGestor
from dashboards.filters import DashboardFilters


def link(kind: str, filters: DashboardFilters, **more: Any) -> str:
    return f"{reverse('behind', args=[kind])}{filters.query(**more)}"


def gestor_link(row: RankedGestor, filters: DashboardFilters) -> str:
    return f"{reverse('gestor', args=[row.gestor_id])}{filters.query(gestor=None)}"


def admin_cases(filters: DashboardFilters, **more: str) -> str:
    """The list of cases in the Django admin, where selected cases can be assigned or released."""
    given = {"stage": "open", "in_active_cartera__exact": "1", **more}
    if filters.scope.cartera is not None:
        given["cartera__id__exact"] = str(filters.scope.cartera.pk)
    if filters.scope.gestor is not None:
        given["assigned_to__id__exact"] = str(filters.scope.gestor.pk)
    return f"{reverse('admin:cases_case_changelist')}?{'&'.join(f'{name}={value}' for name, value in given.items())}"


def stopped_cases(filters: DashboardFilters) -> str:
    """The list of stopped cases, where an admin decides about them."""
    scope = filters.scope
    given = {"cartera": scope.cartera and scope.cartera.pk, "gestor": scope.gestor and scope.gestor.pk}
    query = urlencode({name: pk for name, pk in given.items() if pk is not None})
    return f"{reverse('stopped')}{'?' if query else ''}{query}"
