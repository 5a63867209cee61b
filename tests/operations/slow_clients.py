"""Clients that send their requests a byte at a time, or nothing at all; and those that never pause."""

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection

FORM = (
    b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Cookie: csrftoken=" + b"a" * 32 + b"\r\n"
)
SLOW_BODY = FORM + b"Content-Length: 100000\r\n\r\n"
SLOW_CHUNKS = FORM + b"Transfer-Encoding: chunked\r\n\r\n"
SLOW_HEADERS = b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "
# As much of a large body as is collected, and then no more.
SLOW_UPLOAD = FORM + b"Content-Length: 1000000\r\n\r\n" + b"a" * 200_000
SLOW = {
    SLOW_BODY: b"a",
    SLOW_CHUNKS: b"1\r\na\r\n",
    SLOW_HEADERS: b"a",
    SLOW_UPLOAD: b"a",
}


@contextmanager
def clients(port: int, *beginnings: bytes) -> Iterator[Callable[[], int]]:
    """A client for each, which sends that and then a little now and then; gives how many are still connected."""
    over = threading.Event()
    with ExitStack() as stack:
        sockets = {}
        for beginning in beginnings:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            client.sendall(beginning)
            sockets[client] = SLOW.get(beginning, b"")

        def trickle() -> None:
            while not over.wait(0.1):
                for client, little in list(sockets.items()):
                    try:
                        client.sendall(little)
                    except OSError:
                        del sockets[client]

        thread = threading.Thread(target=trickle)
        thread.start()
        stack.callback(thread.join)
        stack.callback(over.set)
        yield lambda: len(sockets)


@contextmanager
def unread(port: int, path: str, number: int) -> Iterator[list[socket.socket]]:
    """As many clients on a line of an ordinary network, who ask for that and read nothing of it."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for client in sockets:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)
            client.connect(("127.0.0.1", port))
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        yield sockets


def seconds_of_login(port: int) -> float:
    """Of a whole visit, with a connection of its own."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        return seconds_of_answer(connection)


def seconds_of_answer(connection: HTTPConnection) -> float:
    started = time.monotonic()
    connection.request("GET", "/login")
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    return time.monotonic() - started


@contextmanager
def hurried(port: int, number: int) -> Iterator[list[list[int]]]:
    """As many clients with a connection each, who ask again as soon as they are answered: for each of them, the places
    of its answers among those of all, complete at the end."""
    over, turns, places = threading.Event(), [[] for _ in range(number)], itertools.count(1)

    def hurry(own: list[int]) -> None:
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            while not over.is_set():  # honest: the caller counts what was answered
                seconds_of_answer(connection)
                own.append(next(places))

    threads = [threading.Thread(target=hurry, args=(own,)) for own in turns]
    for thread in threads:
        thread.start()
    try:
        yield turns
    finally:
        over.set()
        for thread in threads:
            thread.join()
