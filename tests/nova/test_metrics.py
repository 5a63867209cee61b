"""What Prometheus reads (nova.metrics): exact, of all workers, and nothing that a full disk or a death can spoil."""

import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nova import metrics
from nova.metrics import OTHERS, RECORDS, Requests, Table
from tests import serving
from tests.nova.test_contract import URLS
from tests.operations.cluster import ask
from tests.wire import Browser

TOKEN = "una-llave"
LOGIN = ("GET", "200", "/login")


# --- The tables -------------------------------------------------------------------------------------
@pytest.fixture
def place() -> Iterator[int]:
    """One that nobody counts in."""
    place = metrics.PLACES - 1
    yield place
    metrics._shared[place * metrics.TABLE_BYTES : (place + 1) * metrics.TABLE_BYTES] = bytes(metrics.TABLE_BYTES)


def counted(place: int) -> dict[tuple[str, str, str], float]:
    return {key: sum(numbers[:-1]) for key, numbers in Table(place)}


def test_a_request_is_in_one_bucket_with_its_seconds(place: int) -> None:
    table = Table(place)
    for seconds in (0.01, 0.02, 0.3, 99):
        table.add(LOGIN, seconds)
    ((key, numbers),) = list(table)
    assert key == LOGIN
    assert numbers[:-1] == [1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    assert numbers[-1] == pytest.approx(99.33)
    samples = {sample.name: sample.value for family in Requests().collect() for sample in family.samples}
    assert samples["nova_http_requests_total"] == 4
    assert samples["nova_http_request_seconds_count"] == 4


def test_who_takes_a_place_counts_on(place: int) -> None:
    Table(place).add(LOGIN, 0.1)
    later = Table(place)
    later.add(LOGIN, 0.1)
    later.add(("GET", "404", "(none)"), 0.1)
    assert counted(place) == {LOGIN: 2, ("GET", "404", "(none)"): 1}


def test_however_many_routes_there_are_the_memory_is_the_same(place: int) -> None:
    table = Table(place)
    for number in range(RECORDS + 50):
        table.add(("GET", "200", f"/{number}"), 0.1)
    table.add(("GET", "200", "/5"), 0.1)
    found = counted(place)
    assert len(found) == RECORDS
    assert found["GET", "200", "/5"] == 2
    assert sum(found.values()) == RECORDS + 51
    assert found[OTHERS] == 51
    assert counted(place - 1) == {}
    Table(place).add(("GET", "200", "/new"), 0.1)  # a worker that comes later finds it full
    assert counted(place)[OTHERS] == 52


def test_every_route_of_the_site_fits_whole(place: int) -> None:
    routes = [path for path, _ in URLS]
    assert len(routes) > 100
    assert [route for route in routes if len(route) * 2 > metrics.ROUTE_BYTES or not route.isascii()] == []
    Table(place).add(("OPTIONS", "(other)", "/" * metrics.ROUTE_BYTES), 0.1)
    Table(place).add(LOGIN, 0.1)
    assert counted(place) == {("OPTIONS", "(other)", "/" * metrics.ROUTE_BYTES): 1, LOGIN: 1}


def test_threads_lose_nothing(place: int) -> None:
    table = Table(place)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: table.add(("GET", "200", f"/{number % 50}"), 0.1), range(8000)))
    assert len(counted(place)) == 50
    assert set(counted(place).values()) == {160}


def test_places_are_those_that_nobody_has() -> None:
    assert metrics.free_place([0, 1, 3]) == 2
    assert metrics.free_place([]) == 0
    assert metrics.free_place(range(metrics.PLACES)) is None


# --- A deployment -----------------------------------------------------------------------------------
def requests_of_login(port: int) -> float:
    status, text, _ = ask(port, "GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert status == 200
    found = re.search(r'nova_http_requests_total\{method="GET",route="/login",status="200"\} (\S+)', text)
    return float(found[1]) if found else 0


@pytest.mark.deployment
def test_workers_die_and_their_figures_stay(prepared: Path, tmp_path: Path) -> None:
    (folder := tmp_path / "tmp").mkdir()
    env = serving.installation(prepared, tmp_path, redis_url="", workers=2)
    with serving.gunicorn(env | {"METRICS_TOKEN": TOKEN, "TMPDIR": str(folder)}) as port:
        server = serving.process_on(port)
        for times in (1, 2, 3):
            with ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(lambda _: Browser().send(port, "GET", "/login")[0], range(10)))
            assert answers == [200] * 10
            assert requests_of_login(port) == 10 * times
            before = serving.children(server)
            for worker in before:
                os.kill(worker, signal.SIGKILL)
            deadline = time.monotonic() + serving.LONGEST_WAIT
            while len(serving.children(server) - before) < 2:  # honest: it is left when both are new
                assert time.monotonic() < deadline, "no new worker came"
                time.sleep(0.02)
        assert requests_of_login(port) == 30
    assert list(folder.iterdir()) == []  # nothing that a full disk could spoil
