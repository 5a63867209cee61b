"""Slow, idle and hurried clients freeze nobody: bare gunicorn collects requests before a thread takes them, Caddy
before it, and keeps answers that are not read yet; who waits is answered in turn."""

import re
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nova.gunicorn_worker import BUFFERED, UNSENT, Arriving, Outgoing
from tests import serving
from tests.mailing import free_port
from tests.operations.proxy import deployed_caddy, missing
from tests.operations.slow_clients import (
    SLOW_BODY,
    SLOW_CHUNKS,
    SLOW_HEADERS,
    SLOW_UPLOAD,
    clients,
    hurried,
    seconds_of_login,
    unread,
)

WORKERS, THREADS = 2, 4


# --- Where a request ends ----------------------------------------------------------------------------
def request_of(body: bytes, chunks: list[bytes] | None, trailer: bytes) -> bytes:
    if chunks is None:
        return b"POST / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: %d\r\n\r\n%s" % (len(body), body)
    sent = b"".join(b"%x;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + sent + b"0\r\n" + trailer + b"\r\n"
    )


REQUESTS = st.one_of(
    st.just(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    st.builds(request_of, st.binary(max_size=50), st.none(), st.just(b"")),
    st.builds(
        request_of,
        st.just(b""),
        st.lists(st.one_of(st.binary(min_size=1, max_size=20), st.just(b"\r\n0\r\n\r\n")), max_size=4),
        st.sampled_from([b"", b"X-A: b\r\n"]),
    ),
)


@given(request=REQUESTS, cuts=st.lists(st.integers(0, 200), max_size=5))
def test_a_request_is_whole_with_its_last_byte_and_not_before(request: bytes, cuts: list[int]) -> None:
    edges = sorted({min(cut, len(request) - 1) for cut in cuts} | {0, len(request) - 1})
    arriving = Arriving(request[: edges[0]])
    for begin, end in pairwise(edges):  # honest: what follows holds without it too
        arriving.data += request[begin:end]
        assert not arriving.is_whole()
    arriving.data += request[edges[-1] :]
    assert arriving.is_whole()


@given(st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([b"\r\n\r\n", b"Transfer-Encoding: chunked\r\n"]))))
def test_any_bytes_are_whole_or_not(pieces: list[bytes]) -> None:
    arriving = Arriving(b"POST / HTTP/1.1\r\n")
    for piece in pieces:  # honest: any number of them
        arriving.data += piece
        ends = [arriving.is_whole(), arriving.asks_to_go_on()]
        assert [type(end) for end in ends] == [bool, bool]


def test_what_is_sent_arrives_whole_and_in_order_and_little_of_it_waits() -> None:
    ours, theirs = socket.socketpair()
    outgoing = Outgoing(ours)
    received: list[bytes] = []
    reading = threading.Thread(target=lambda: received.extend(iter(lambda: theirs.recv(65536), b"")))
    with theirs:
        with outgoing:
            outgoing.sendall(b"a")
            outgoing.sendall(b"b" * UNSENT)
            assert 0 < len(outgoing.unsent) <= UNSENT
            reading.start()
            outgoing.sendall(b"c" * 5_000_000)
            assert not outgoing.unsent
            outgoing.sendall(b"d" * 300_000)
            while outgoing.unsent:
                outgoing.send_unsent()
        reading.join()
    assert b"".join(received) == b"a" + b"b" * UNSENT + b"c" * 5_000_000 + b"d" * 300_000


# --- The site ------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def port(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("slow")
    env = serving.installation(prepared, folder, redis_url="", workers=WORKERS)
    with serving.gunicorn(env | {"GUNICORN_THREADS": str(THREADS)} | serving.QUICK_HASHES) as port:
        for _ in range(10 * WORKERS):  # the first request of a worker loads what it shows
            seconds_of_login(port)
        yield port


@pytest.fixture(scope="module")
def caddy_port(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The deployed configuration, on a port of its own and without TLS, in front of that site."""
    if reason := missing():
        pytest.skip(reason)
    own = free_port()
    address, options = f"http://127.0.0.1:{own}", [f"http_port {free_port()}"]
    with deployed_caddy(tmp_path_factory.mktemp("caddy"), port, address=address, options=options):
        serving.wait_for(own)
        yield own


def assert_quick(port: int) -> None:
    """Each of ten visits, which come to all workers."""
    times = [seconds_of_login(port) for _ in range(10)]
    assert max(times) < 1, times


@pytest.mark.deployment
def test_as_many_slow_ones_as_threads_and_hundreds_idle(port: int) -> None:
    with clients(port, *[SLOW_BODY] * (WORKERS * THREADS - 1), *[b""] * 200) as connected:
        assert_quick(port)
        assert connected() == WORKERS * THREADS - 1 + 200


@pytest.mark.deployment
@pytest.mark.parametrize(
    "slow", [SLOW_BODY, SLOW_CHUNKS, SLOW_HEADERS, SLOW_UPLOAD], ids=["body", "chunks", "headers", "upload"]
)
def test_many_more_slow_ones_than_threads(port: int, slow: bytes) -> None:
    with clients(port, *[slow] * 40) as connected:
        assert_quick(port)
        assert connected() >= (16 if slow == SLOW_UPLOAD else 40)


def connections_to(port: int) -> int:
    """Those of this machine that are open."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split()[2:4] for line in lines]
    return sum(1 for remote, state in fields if int(remote.split(":")[1], 16) == port and state == "01")


@pytest.mark.deployment
def test_fifty_slow_ones_behind_the_proxy_do_not_reach_the_site(caddy_port: int, port: int) -> None:
    with clients(caddy_port, *[SLOW_BODY] * 20, *[SLOW_CHUNKS] * 15, *[SLOW_HEADERS] * 15, *[b""] * 100) as connected:
        assert_quick(caddy_port)
        assert connected() == 150
        assert connections_to(caddy_port) >= 150
        assert connections_to(port) < 10  # those that are kept


@pytest.mark.deployment
def test_who_does_not_read_the_answer_holds_no_thread(port: int, prepared: Path) -> None:
    static = prepared / "static"
    largest = max((path for path in static.rglob("*.*") if path.is_file()), key=lambda path: path.stat().st_size)
    assert largest.stat().st_size > 200_000
    with unread(port, f"/static/{largest.relative_to(static)}", WORKERS * THREADS + 4) as waiting:
        assert_quick(port)
        # It comes whole to whoever reads after all.
        whole, received = largest.read_bytes(), b""
        while not received.endswith(whole):  # honest: it is left with the whole file
            data = waiting[0].recv(65536)
            assert data, len(received)
            received += data


LAST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@pytest.mark.deployment
def test_who_does_not_close_after_the_last_answer_stops_nobody(port: int) -> None:
    with clients(port, *[LAST] * 20):
        assert_quick(port)


@pytest.mark.deployment
def test_who_still_sends_reads_the_last_answer_and_is_let_go(port: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(LAST)
        connection.sendall(b"a" * BUFFERED)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
        assert received.startswith(b"HTTP/1.1 200 ")
        with pytest.raises(ConnectionError):
            send_for(connection, 10)


def send_for(connection: socket.socket, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        connection.sendall(b"a")
        time.sleep(0.1)


# --- Who never pauses ------------------------------------------------------------------------------------
@pytest.mark.deployment
def test_everybody_has_a_turn_among_those_who_never_pause(port: int) -> None:
    """Counted in answers, not in seconds: a busy machine is slow for all of them."""
    number, seconds = 5 * WORKERS * THREADS, 5
    with hurried(port, number) as turns:

        def visit() -> int:
            """How many others are answered meanwhile."""
            before = sum(map(len, turns))
            seconds_of_login(port)
            return sum(map(len, turns)) - before

        until = time.monotonic() + seconds
        visits = [visit()]
        while time.monotonic() < until:  # honest: the first visit is before it
            visits.append(visit())
    counts = [len(own) for own in turns]
    assert min(counts) * 3 >= statistics.median(counts), counts
    # In a round each of them has one turn.
    longest = max(later - earlier for own in turns for earlier, later in pairwise([0, *own]))
    assert max([longest, *visits]) < 5 * number, (longest, visits)


# --- What arrives slowly is answered as well -----------------------------------------------------------
JSON = b'{"username": "nadie", "password": "mala"}'
HEAD = (
    b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"X-CSRFToken: " + b"a" * 32 + b"\r\nCookie: csrftoken=" + b"a" * 32 + b"\r\n"
)
WITH_LENGTH = HEAD + b"Content-Length: %d\r\n\r\n" % len(JSON) + JSON
IN_CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + JSON[:5] + b"\r\n%x\r\n" % len(JSON[5:]) + JSON[5:]
IN_CHUNKS += b"\r\n0\r\n\r\n"


def answers(connection: socket.socket, number: int) -> list[int]:
    """The statuses of the next answers of a connection, each with its length or none."""
    received = b""
    while len(found := re.findall(rb"HTTP/1\.1 (\d+) ", received)) < number:  # honest: it is left with all answers
        data = connection.recv(65536)
        assert data, received
        received += data
    return [int(status) for status in found]


@pytest.mark.deployment
@pytest.mark.parametrize("whole", [WITH_LENGTH, IN_CHUNKS], ids=["length", "chunks"])
def test_a_slow_request_is_answered_as_a_quick_one(port: int, whole: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for begin in range(0, len(whole), 40):
            connection.sendall(whole[begin : begin + 40])
        assert answers(connection, 1) == [400]
        # The connection is kept, and two that come at once are answered one after the other.
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 2)
        assert answers(connection, 2) == [200, 200]


@pytest.mark.deployment
def test_who_asks_before_sending_is_told_to_go_on_once(port: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(JSON))
        assert answers(connection, 1) == [100]
        connection.sendall(JSON)
        assert answers(connection, 1) == [400]


@pytest.mark.deployment
def test_a_large_body_is_read_to_its_end(port: int) -> None:
    body = b'{"username": "' + b"a" * (BUFFERED * 8) + b'", "password": "mala"}'
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert answers(connection, 1) == [400]
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert answers(connection, 1) == [200]


@pytest.mark.deployment
@pytest.mark.parametrize(
    ("nonsense", "status"),
    [(b"\r\n\r\n\r\n", 400), (b"GET\r\n\r\n", 400), (b"\x16\x03\x01\r\n\r\n", 400), (b"a" * (2 * BUFFERED), 414)],
    ids=["empty", "word", "tls", "endless"],
)
def test_what_is_no_request_is_refused(port: int, nonsense: bytes, status: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(nonsense)
        assert answers(connection, 1) == [status]
    assert seconds_of_login(port) < 1
