"""Where a figure leads: the rows it counts, a gestor, a list of the administration."""

from typing import Any

from django.urls import reverse

from dashboards.figures.kpis import RankedGestor
from dashboards.filters import Asked


def link(kind: str, asked: Asked, **more: Any) -> str:
    return f"{reverse('behind', args=[kind])}{asked.query(**more)}"


def gestor_link(row: RankedGestor, asked: Asked) -> str:
    return f"{reverse('gestor', args=[row.gestor_id])}{asked.query(gestor=None)}"


def admin_cases(asked: Asked, **more: str) -> str:
    """The admin's own list, where what is selected can be assigned or released."""
    given = {"stage": "open", **more}
    if asked.scope.cartera is not None:
        given["cartera__id__exact"] = str(asked.scope.cartera.pk)
    if asked.scope.gestor is not None:
        given["assigned_to__id__exact"] = str(asked.scope.gestor.pk)
    return f"{reverse('admin:cases_case_changelist')}?{'&'.join(f'{name}={value}' for name, value in given.items())}"
