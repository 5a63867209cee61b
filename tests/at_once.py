"""People at the same moment: threads that start together, or one that waits for another's transaction.

Each has a connection of its own.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from time import monotonic, sleep
from typing import Any

from django.db import connection, transaction

ENOUGH = 10.0  # seconds


def at_once(*actions):
    """Runs the actions in threads of their own that start together; gives results or exceptions in order."""
    barrier = Barrier(len(actions))

    def run(action):
        try:
            barrier.wait(timeout=10)
            return action()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result(timeout=30) for future in [pool.submit(run, action) for action in actions]]


def after_waiting(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """What `second` gives, or raises, which began before `first` was committed and had to wait for that.

    So it has seen the database as it was before, and goes on with the database as it is after. PostgreSQL alone.
    """

    def run() -> Any:
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            waiting = pool.submit(run)
            _until_it_waits(waiting)
        return waiting.result(timeout=30)


def _until_it_waits(waiting: Future) -> None:
    """Until some session waits for a lock of this one."""
    deadline = monotonic() + ENOUGH
    while not waiting.done() and monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        sleep(0.01)
    raise AssertionError(f"it waited for nothing: {waiting.result() if waiting.done() else 'still running'}")
