"""How long requests take at two sizes of the agency, each measured in a process of its own."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from agency import DEFAULT_SERVER, prepare
from databases import ROOT, environment, exists, manage

ROUNDS = 21


def asked(description: str | None, **more: int) -> argparse.Namespace:
    """The sizes, `more` of them; and `measure`, which is given when this process is one that `figures_of` started."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--slowest", type=float, default=0, help="show the slowest statement of what takes so many ms")
    for name, default in more.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    return parser.parse_args()


def server() -> str:
    return os.environ.get("BENCH_SERVER_URL", DEFAULT_SERVER)


def databases_of(arguments: argparse.Namespace, name: str, history: Sequence[str] = ()) -> list[str]:
    """The addresses of nova_<name>_<cases>, small and large; made where they are missing, which takes minutes, else
    brought up to date."""
    urls = []
    for cases in (arguments.small, arguments.cases):
        urls.append(f"{server()}/nova_{name}_{cases}")
        if exists(urls[-1]):
            manage(urls[-1], "migrate", "-v0")
        else:
            prepare(urls[-1], cases, history)
    return urls


def figures_of(url: str, script: str, what: str) -> dict[str, Any]:
    """What `script --measure what` prints on that database."""
    done = subprocess.run(
        [sys.executable, script, "--measure", what],
        cwd=ROOT,
        env={**environment(url), "DEBUG": "False"},  # as in production: no statement is kept
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def timed(actions: dict[str, Callable[[int], Any]], rounds: int = ROUNDS) -> dict[str, Any]:
    """(median ms, statements, seconds of the slowest statement, itself) of each action."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    figures = {}
    for name, action in actions.items():
        with CaptureQueriesContext(connection) as captured:
            action(0)
        statements = captured.captured_queries
        slowest = max(statements, key=lambda query: float(query["time"]), default={"time": "0", "sql": ""})
        times = []
        for turn in range(1, rounds + 1):
            before = time.perf_counter()
            action(turn)
            times.append((time.perf_counter() - before) * 1000)
        figures[name] = (statistics.median(times), len(statements), slowest["time"], slowest["sql"])
    return figures
