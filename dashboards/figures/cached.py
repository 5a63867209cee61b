"""Figures cached for five minutes, or until a transaction changes the data (DESIGN §6)."""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import cache

from cases.rollups import data_version
from dashboards.figures.scope import Scope
from nova.lib import dates

SECONDS = 300
T = TypeVar("T")


def cached(read: Callable[[], T], name: str, scope: Scope, *arguments: Any) -> T:
    """`read()`, or its cached result for the same arguments, the same version of the data and the same day.

    Costs one query on a hit, else that query and those of `read`. The version is read first: a change written in the
    meantime may be in the figures already, and the next version replaces them.
    """
    version = data_version()
    if version is None:
        return read()
    question = (name, version, dates.today(), [row.pk if row else None for row in scope], arguments)
    key = f"figures:{hashlib.sha256(repr(question).encode()).hexdigest()}"
    found = cache.get(key)
    if found is None:
        found = read()
        cache.set(key, found, SECONDS)
    return found
