"""Figures kept for five minutes, or until a transaction changes them (DESIGN §6)."""

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
    """`read()`, or what it answered to the same question while the data is what it was, and the day too.

    Runs one query, or those of `read`. The version is read first: what is written meanwhile may be in the figures
    already, and the next version replaces them.
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
