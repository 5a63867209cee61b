"""Metrics for Prometheus at `/metrics`, when METRICS_TOKEN is set: requests by route, of all workers of a machine.

They are added up in memory that the workers of one gunicorn share, not in files: a full disk cannot take a request
down, and nothing is left behind by a worker that was killed. Every worker writes into a table of its own; the one that
takes a dead worker's place counts on in the same table, so no total goes back and nothing has to be merged.
"""

import mmap
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from hmac import compare_digest
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, float("inf"))

# A record: method, status and route; the requests of each bucket, and the seconds of all. A table: how many records it
# has, and the records. What is not used of it is no memory of the machine's.
KEY_BYTES, NUMBERS = 248, len(BUCKETS) + 1
ROUTE_BYTES = KEY_BYTES - 16
RECORD_BYTES = KEY_BYTES + NUMBERS * 8
RECORDS, PLACES = 1000, 64
TABLE_BYTES = 8 + RECORDS * RECORD_BYTES

Key = tuple[str, str, str]
OTHERS = ("(other)", "(other)", "(other)")

# Made before gunicorn forks (preload_app), so that it is the same memory in all workers.
_shared = mmap.mmap(-1, PLACES * TABLE_BYTES)
_numbers = memoryview(_shared).cast("d")  # each is written at once: nobody reads half of one


class Table:
    """What the worker in a place counted."""

    def __init__(self, place: int) -> None:
        self.start = place * TABLE_BYTES
        self.lock = Lock()
        self.known = {key: first for first, key in self._records()}

    def __iter__(self) -> Iterator[tuple[Key, list[float]]]:
        """Each key with the requests of every bucket and, last, their seconds."""
        for first, key in self._records():
            yield key, [float(number) for number in _numbers[first : first + NUMBERS]]

    def add(self, key: Key, seconds: float) -> None:
        with self.lock:
            first = self.known.get(key) or self._new(key)
            _numbers[first + bisect_left(BUCKETS, seconds)] += 1
            _numbers[first + len(BUCKETS)] += seconds

    def _new(self, key: Key) -> int:
        """Where the numbers of a new key begin. The last record counts whatever finds no place of its own."""
        used = self._used()
        if used >= RECORDS - 1 and key != OTHERS:
            return self.known.get(OTHERS) or self._new(OTHERS)
        start = self.start + 8 + used * RECORD_BYTES
        _shared[start : start + KEY_BYTES] = "\0".join(key).encode("ascii", "replace").ljust(KEY_BYTES, b"\0")
        self.known[key] = (start + KEY_BYTES) // 8
        _numbers[self.start // 8] = used + 1  # last: others read whole records
        return self.known[key]

    def _used(self) -> int:
        return int(_numbers[self.start // 8])

    def _records(self) -> Iterator[tuple[int, Key]]:
        for number in range(self._used()):
            start = self.start + 8 + number * RECORD_BYTES
            text = _shared[start : start + KEY_BYTES].rstrip(b"\0").decode()
            method, status, route = text.split("\0")
            yield (start + KEY_BYTES) // 8, (method, status, route)


_table: Table | None = Table(0)


def free_place(taken: Collection[int | None]) -> int | None:
    """A place for a worker that is about to be forked; None when there are more workers than places."""
    return next((place for place in range(PLACES) if place not in taken), None)


def count_in(place: int | None) -> None:
    """From now on this process counts there; without a place it does not count."""
    global _table
    _table = None if place is None else Table(place)


class MetricsMiddleware:
    """Counts every request, and answers `/metrics` to requests with the token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == "/metrics":
            return _metrics(request)
        started = time.monotonic()
        response = self.get_response(request)
        route = f"/{request.resolver_match.route}" if request.resolver_match else "(none)"
        method = request.method if request.method in METHODS else "(other)"
        if _table is not None:
            _table.add((method, str(response.status_code), route[:ROUTE_BYTES]), time.monotonic() - started)
        return response


class Requests(Collector):
    """What all workers counted."""

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        answered: dict[Key, float] = defaultdict(float)
        durations: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * (len(BUCKETS) + 1))
        for place in range(PLACES):
            for (method, status, route), numbers in Table(place):
                answered[method, route, status] += sum(numbers[:-1])
                so_far = durations[method, route]
                so_far[:] = [one + other for one, other in zip(so_far, numbers, strict=True)]
        requests = CounterMetricFamily("nova_http_requests", "Requests answered", labels=["method", "route", "status"])
        for labels, number in answered.items():
            requests.add_metric(labels, number)
        seconds = HistogramMetricFamily(
            "nova_http_request_seconds", "Seconds until the answer began", labels=["method", "route"]
        )
        for names, numbers in durations.items():
            up_to = [(floatToGoString(most), sum(numbers[: n + 1])) for n, most in enumerate(BUCKETS)]
            seconds.add_metric(names, buckets=up_to, sum_value=numbers[-1])
        yield requests
        yield seconds


def _metrics(request: HttpRequest) -> HttpResponse:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse(status=404)  # without the token the page does not exist
    registry = CollectorRegistry()
    registry.register(Requests())
    return HttpResponse(
        generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
    )
