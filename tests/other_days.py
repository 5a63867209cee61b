"""A pytest plugin for runs under libfaketime (.ci/other-days), which breaks `time.sleep`.

It fakes the time of day alone (FAKETIME_DONT_FAKE_MONOTONIC: Python's locks wait on a clock that it does not fake, and
would wait for ever). Then clock_nanosleep, which Python sleeps with since 3.11, is an invalid argument. An event that
nobody sets waits as long.
"""

import threading
import time


def _sleep(seconds: float) -> None:
    threading.Event().wait(seconds)


time.sleep = _sleep  # type: ignore[assignment]
