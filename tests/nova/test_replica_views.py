"""Which views may be answered from the replica: figures, the lists they count, files of them (DESIGN §9)."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from nova.lib.databases import may_read_from_replica

PAGES = {
    "dashboard-admin",
    "view-export",
    "behind",
    "behind-export",
    "gestor",
    "reassignment",
    "reports",
    "report-export",
    "returns",
    "return-export",
    "submissions",
    "submissions-export",
}
API = {
    "dashboard-kpis",
    "dashboard-charts-performance",
    "dashboard-charts-cartera",
    "dashboard-gestores-ranking",
    "dashboard-stats-comparison",
    "dashboard-cases-status",
}


def patterns(resolver: Any) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def test_the_views_of_figures_and_no_others_are_answered_from_the_replica() -> None:
    marked = {entry.name for entry in patterns(get_resolver()) if may_read_from_replica(entry.callback)}
    assert marked == PAGES | API
