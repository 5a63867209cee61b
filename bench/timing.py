"""How long requests take, in the process that asks."""

import statistics
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 21


def timed(actions: dict[str, Callable[[int], Any]]) -> dict[str, Any]:
    """(median ms, statements, seconds of the slowest statement, itself) of each action."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    figures = {}
    for name, action in actions.items():
        with CaptureQueriesContext(connection) as captured:
            action(0)
        statements = captured.captured_queries
        slowest = max(statements, key=lambda query: float(query["time"]))
        times = []
        for turn in range(1, ROUNDS + 1):
            before = time.perf_counter()
            action(turn)
            times.append((time.perf_counter() - before) * 1000)
        figures[name] = (statistics.median(times), len(statements), slowest["time"], slowest["sql"])
    return figures
