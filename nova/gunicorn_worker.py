"""gunicorn's threaded worker, patient with slow clients: a request takes a thread when it has arrived, not before.

gunicorn's own reads headers and body in the thread that will answer: as many clients as there are threads, sending a
byte now and then, stop a worker for ever, and one that sends nothing costs a thread five seconds. Here the one loop of
the worker collects what arrives on all connections. It only sees where a request ends; gunicorn's parser still decides
about every byte.

A body of more than BUFFERED is an upload: a thread reads the rest of it, and a quarter of the threads at most.

Those who wait stand in one queue for all workers, that of the listening socket, first come, first served: a worker
takes a connection out of it when it has a thread free, and while anybody waits it keeps no connection that it has
answered, so that its client asks again at the end of the queue. A connection that is kept has its requests answered
before those of who is not connected yet, and by that worker alone: with more clients that never pause than there are
threads, the others would wait for ever.

The loop also sends what a client does not read at once, and waits for who has been told that the connection is over.
"""

import re
import select
import selectors
import socket
import struct
import time
from collections import deque
from concurrent.futures import Future
from typing import Any

from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn, ThreadWorker

BUFFERED = 128 * 1024
CHUNK = 64 * 1024
# From the first byte of a request until its last; of an upload; and of an answer that no thread waits for.
ARRIVAL_SECONDS, UPLOAD_SECONDS, SENDING_SECONDS = 30, 300, 300
# Without any progress, of what a thread receives or sends.
STALL = struct.pack("ll", 60, 0)
UPLOADS_WAITING = 16
# What the threads have written and clients have not taken yet: bytes of an answer, and how many such answers.
UNSENT, ANSWERS_UNSENT = 512 * 1024, 100
# For what a client still sends when its connection has had its last answer.
LINGER_SECONDS = 2

_END_OF_HEADERS = b"\r\n\r\n"
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)


class Arriving:
    """The bytes of the next request of a connection, until they are all there."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.body = 0  # where the body begins, once the headers are there
        self.end: int | None = 0  # where it ends; None: where its last chunk says so
        self.chunk = 0  # where the next of its chunks begins
        self.is_watched = False

    def is_whole(self) -> bool:
        if not self.body and not self._headers_are_there():
            return False
        return self._last_chunk_is_there() if self.end is None else len(self.data) >= self.end

    def is_large(self) -> bool:
        return len(self.data) > BUFFERED

    def asks_to_go_on(self) -> bool:
        """Whether the client waits for leave to send the body. Asked once: gunicorn does not see the question."""
        asked = _EXPECTS.search(self.data, 0, self.body)
        if not asked or self.data.find(b" HTTP/1.1\r\n", 0, self.body) < 0:
            return False
        del self.data[asked.start() : asked.end()]
        return self._headers_are_there()

    def _headers_are_there(self) -> bool:
        found = self.data.find(_END_OF_HEADERS)
        if found < 0:
            return False
        self.body = self.end = self.chunk = found + len(_END_OF_HEADERS)
        if _CHUNKED.search(self.data, 0, self.body):
            self.end = None
        elif length := _LENGTH.search(self.data, 0, self.body):
            self.end = self.body + int(length[1])
        return True

    def _last_chunk_is_there(self) -> bool:
        """The chunk of no bytes, and what may follow it. What is no chunk at all is left to the parser to refuse."""
        while (line := self.data.find(b"\r\n", self.chunk)) >= 0:
            try:
                size = int(self.data[self.chunk : line].split(b";")[0], 16)
            except ValueError:
                return True
            if size <= 0:
                return self.data.find(_END_OF_HEADERS, line) >= 0
            self.chunk = line + 2 + size + 2
        return False


class Outgoing(socket.socket):
    """A socket that keeps what the system does not take at once, up to UNSENT bytes, instead of waiting."""

    def __init__(self, taken_over: socket.socket) -> None:
        super().__init__(fileno=taken_over.detach())
        self.unsent = bytearray()

    def sendall(self, data: Any, flags: int = 0) -> None:
        self.unsent += data
        self.send_unsent()
        if len(self.unsent) > UNSENT:
            try:
                super().sendall(self.unsent, flags)
            finally:
                self.unsent.clear()

    def send_unsent(self) -> None:
        """As much as goes without waiting. Raises OSError where the client is gone."""
        try:
            while self.unsent:
                del self.unsent[: self.send(self.unsent, socket.MSG_DONTWAIT)]
        except BlockingIOError:
            pass


class PatientWorker(ThreadWorker):
    """`busy` connections are in threads or wait for one, `uploads` of them with a large body."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.busy = 0
        self.uploads: list[TConn] = []
        self.uploads_waiting: deque[TConn] = deque()
        self.uploads_at_once = max(1, self.cfg.threads // 4)
        self.sending: deque[TConn] = deque()
        self.lingering: deque[TConn] = deque()

    # --- A request arrives ---------------------------------------------------------------------------
    def enqueue_req(self, conn: TConn) -> None:
        """gunicorn hands a connection over here, a new one or one that was kept: its request has to be there first."""
        if self.cfg.is_ssl:  # its bytes are not for us to read
            self._give_to_a_thread(conn)
            return
        if not conn.initialized:
            conn.sock = Outgoing(conn.sock)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, STALL)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, STALL)
        conn.sock.setblocking(False)
        conn.arriving = Arriving(conn.parser.unreader.take_buffered() if conn.parser else b"")
        conn.timeout = time.monotonic() + ARRIVAL_SECONDS
        self.on_pending_socket_readable(conn, conn.sock)

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Take what has arrived; the request goes on when that was the rest of it."""
        arriving = conn.arriving
        try:
            while not arriving.is_whole() and not arriving.is_large():
                if arriving.body and arriving.asks_to_go_on():
                    client.send(b"HTTP/1.1 100 Continue\r\n\r\n")
                data = client.recv(CHUNK)
                if not data:
                    self._drop(conn)
                    return
                arriving.data += data
        except BlockingIOError:
            self._watch(conn)
        except OSError:
            self._drop(conn)
        else:
            self._unwatch(conn)
            if arriving.is_whole():
                self._answer(conn)
            else:
                self._queue_upload(conn)

    def _watch(self, conn: TConn) -> None:
        if not conn.arriving.is_watched:
            conn.arriving.is_watched = True
            self.pending_conns.append(conn)
            read_on = lambda client: self.on_pending_socket_readable(conn, client)  # noqa: E731
            self.poller.register(conn.sock, selectors.EVENT_READ, read_on)

    def _unwatch(self, conn: TConn) -> None:
        if conn.arriving.is_watched:
            conn.arriving.is_watched = False
            self.pending_conns.remove(conn)
            self.poller.unregister(conn.sock)

    def _drop(self, conn: TConn) -> None:
        self._unwatch(conn)
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """The patience ends: at its time, and for the oldest when there are too many."""
        super().murder_pending()
        while self.sending and (len(self.sending) > ANSWERS_UNSENT or time.monotonic() > self.sending[0].timeout):
            self._stop_sending(self.sending[0])
        while self.lingering and (self._is_full() or time.monotonic() > self.lingering[0].timeout):
            self._let_go(self.lingering[0])
        while self.pending_conns and self._is_full():
            self._drop(self.pending_conns[0])
        for conn in self.uploads:
            if time.monotonic() > conn.timeout and not conn.is_cut:
                conn.is_cut = True
                conn.sock.shutdown(socket.SHUT_RD)

    def _is_full(self) -> bool:
        return self.nr_conns >= self.worker_connections

    def _cap_keepalive(self, deadline: float) -> None:
        """A worker that stops waits no longer for requests either."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    # --- and is answered -----------------------------------------------------------------------------
    def _queue_upload(self, conn: TConn) -> None:
        self.uploads_waiting.append(conn)
        if len(self.uploads_waiting) > UPLOADS_WAITING:
            self._drop(self.uploads_waiting.popleft())
        self._answer_uploads()

    def _answer_uploads(self) -> None:
        while self.uploads_waiting and len(self.uploads) < self.uploads_at_once:
            conn = self.uploads_waiting.popleft()
            conn.timeout, conn.is_cut = time.monotonic() + UPLOAD_SECONDS, False
            self.uploads.append(conn)
            self._answer(conn)

    def _answer(self, conn: TConn) -> None:
        conn.init()
        conn.parser.unreader.unread(bytes(conn.arriving.data))
        conn.arriving = None
        conn.data_ready = True
        self._give_to_a_thread(conn)

    def _give_to_a_thread(self, conn: TConn) -> None:
        self.busy += 1
        super().enqueue_req(conn)
        self.set_accept_enabled(self._accepting)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Who has no thread left leaves new connections to the other workers."""
        super().set_accept_enabled(enabled and self.busy < self.cfg.threads)

    def handle_request(self, req: Request, conn: TConn) -> bool:
        """In a thread. A client that is answered while others wait goes behind them."""
        if self._somebody_waits():
            req.force_close()
        return super().handle_request(req, conn)

    def _somebody_waits(self) -> bool:
        """For a thread of this worker, or to be taken in by any."""
        if self.busy > self.cfg.threads:
            return True
        queue = select.poll()
        for listener in self.sockets:
            queue.register(listener, select.POLLIN)
        return bool(queue.poll(0))

    def finish_request(self, conn: TConn, fs: Future) -> None:
        self.busy -= 1
        if conn in self.uploads:
            self.uploads.remove(conn)
            self._answer_uploads()
        if not self.cfg.is_ssl and conn.sock.unsent:
            self._send_the_rest(conn, fs)
        else:
            self._finish(conn, fs)

    def _finish(self, conn: TConn, fs: Future) -> None:
        is_last = not fs.cancelled() and not fs.exception() and not fs.result()
        if is_last and not self.cfg.is_ssl:
            self._linger(conn)
        else:
            super().finish_request(conn, fs)

    def _send_the_rest(self, conn: TConn, fs: Future) -> None:
        """The client reads more slowly than the thread has written, which is free meanwhile."""
        conn.timeout = time.monotonic() + SENDING_SECONDS
        send_on = lambda client: self._send_on(conn, fs)  # noqa: E731
        try:
            self.poller.register(conn.sock, selectors.EVENT_WRITE, send_on)
        except ValueError:  # it is closed already
            self._close(conn)
        else:
            self.sending.append(conn)

    def _send_on(self, conn: TConn, fs: Future) -> None:
        try:
            conn.sock.send_unsent()
        except OSError:
            self._stop_sending(conn)
            return
        if not conn.sock.unsent:
            self.sending.remove(conn)
            self.poller.unregister(conn.sock)
            self._finish(conn, fs)

    def _stop_sending(self, conn: TConn) -> None:
        self.sending.remove(conn)
        self.poller.unregister(conn.sock)
        self._close(conn)

    # --- for the last time ---------------------------------------------------------------------------
    def _linger(self, conn: TConn) -> None:
        """Close when the client does: what it has not read yet would be lost (RFC 9112, section 9.6).

        gunicorn's own waits for that in its loop, so that a client that does not close stops all the others.
        """
        conn.timeout = time.monotonic() + LINGER_SECONDS
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, lambda client: self._read_to_the_end(conn, client))
        except (OSError, ValueError):  # it is closed already
            self._close(conn)
        else:
            self.lingering.append(conn)

    def _read_to_the_end(self, conn: TConn, client: socket.socket) -> None:
        try:
            is_over = not client.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            is_over = True
        if is_over:
            self._let_go(conn)

    def _let_go(self, conn: TConn) -> None:
        self.lingering.remove(conn)
        self.poller.unregister(conn.sock)
        self._close(conn)
