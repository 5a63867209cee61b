"""A worker that is told to stop while it begins: before it listened for itself it heard nothing, and was waited for."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import serving

pytestmark = pytest.mark.deployment


def within(seconds: float, ask: Callable[[], Any]) -> Any:
    """The first answer that is something."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):  # honest: it is left with an answer, or fails
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.001)  # for who is waited for, where processors are few
    return answer


def test_it_stops(prepared: Path, tmp_path: Path) -> None:
    env = serving.installation(prepared, tmp_path, redis_url="", workers=1)
    with serving.gunicorn(env) as port:
        server = serving.process_on(port)
        for _ in range(10):
            (worker,) = within(60, lambda: serving.children(server))
            os.kill(worker, signal.SIGTERM)
            within(60, lambda gone=worker: gone not in serving.children(server))
