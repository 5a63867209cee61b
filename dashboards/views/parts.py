"""One URL with two responses: the page of figures, or the fragment that its filters change."""

import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

from accounts.access import Request
from dashboards.filters import DashboardFilters

ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


def says_days(query: Mapping[str, Any]) -> bool:
    """Whether a day of the query string is not in ISO."""
    given = (query.get(name, "") for name in ("start_date", "end_date"))
    return any(text.strip() and not ISO.fullmatch(text) for text in given)


def page_or_part(
    request: Request,
    template: str,
    target: str,
    context: dict[str, Any],
    *,
    filters: DashboardFilters | None,
    query: str,
) -> HttpResponse:
    """Render the page, or for htmx the fragment with the id `target`, which pushes `query` to the browser's URL.

    `query` has no default values, and days in ISO: a page asked for with days as people say them moves to it, because
    «ayer» in an address would be another day tomorrow. `filters=None` means that they were not valid: the answer is a
    400 with the reasons.
    """
    is_part = request.htmx and request.htmx.target == target
    if not is_part and filters is not None and says_days(request.GET):
        return redirect(f"{request.path}{query}")
    name = f"{template}#{target}" if is_part else template
    response = render(request, name, context, status=200 if filters is not None else 400)
    if is_part and filters is not None:
        response["HX-Push-Url"] = f"{request.path}{query}"
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response
