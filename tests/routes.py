"""Every address of the site, from the resolver: for what has to hold on all of them."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def all_addresses() -> list[str]:
    """One address of each route, with 1 for every number."""
    return sorted(set(_addresses(get_resolver().url_patterns)))


def _addresses(patterns: list, prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        part = _sample(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, prefix + part)
        elif isinstance(pattern, URLPattern):
            yield prefix + part


def _sample(route: str) -> str:
    """`cases/<int:pk>` → `cases/1`; of a regular expression its first choice."""
    route = re.sub(r"<[^>]+>", "1", route.replace("^", "").replace("$", "").replace("\\Z", ""))
    route = re.sub(r"\(\?P1?\(?([^|)]+)[^)]*\)", r"\1", route)
    return route.replace("\\", "")
