"""One address, two answers: the page of figures, or the part of it that its filters change."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from accounts.access import Request
from dashboards.filters import DashboardFilters


def page_or_part(
    request: Request,
    template: str,
    target: str,
    context: dict[str, Any],
    *,
    filters: DashboardFilters | None,
    query: str,
) -> HttpResponse:
    """The part has the id of its `target`, and puts `query` (without what goes without saying) into the address.

    Without `asked` nothing could be answered: a 400, whose page says why.
    """
    is_part = request.htmx and request.htmx.target == target
    name = f"{template}#{target}" if is_part else template
    response = render(request, name, context, status=200 if filters is not None else 400)
    if is_part and filters is not None:
        response["HX-Push-Url"] = f"{request.path}{query}"
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response
