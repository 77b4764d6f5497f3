"""Kept-alive HTTP connections to one server, read by one thread with epoll.

Any answer but a right 200 raises AssertionError, and so does silence.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator

Address = tuple[str, int]
IsRight = Callable[[bytes], bool]  # judges an answer by its body

PATIENCE = 40.0  # seconds without any answer, after which the measurement has failed


class Connection:
    """A connection with at most one request under way."""

    __slots__ = ("due", "got", "request", "socket")

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = self.got = b""
        self.due = 0.0


class Connections:
    """Opens a connection whenever none is free; ``ready`` of them beforehand."""

    def __init__(self, address: Address, is_right: IsRight, ready: int) -> None:
        self._address = address
        self._is_right = is_right
        self._poll = select.epoll()
        self._by_number: dict[int, Connection] = {}
        self._free = [self._open() for _ in range(ready)]

    def __enter__(self) -> Connections:
        return self

    def __exit__(self, *_: object) -> None:
        self._poll.close()
        for connection in self._by_number.values():
            connection.socket.close()

    def _open(self) -> Connection:
        connection = Connection(self._address)
        self._by_number[connection.socket.fileno()] = connection
        self._poll.register(connection.socket, select.EPOLLIN)
        return connection

    def send(self, request: bytes, due: float) -> None:
        """Send a request whose time counts from ``due``."""
        connection = self._free.pop() if self._free else self._open()
        connection.due = due
        connection.request = request
        connection.socket.sendall(request)

    def answers(self, seconds: float) -> Iterator[float]:
        """Wait for answers at most so long; yield when each one's request was due."""
        # epoll counts in milliseconds, select in microseconds; the caller spins for the rest.
        if not select.select([self._poll], [], [], max(0.0, seconds - 0.0002))[0]:
            assert seconds < PATIENCE, f"no answer within {PATIENCE:.0f} s"
            return
        for number, _ in self._poll.poll(0):
            connection = self._by_number[number]
            got = _receive(connection)
            if not got:
                self._give_up(connection)
                continue
            connection.got += got
            body = _body(connection.got)
            if body is None:
                continue
            assert self._is_right(body), f"a wrong answer: {body[:200]!r}"
            connection.request = connection.got = b""
            self._free.append(connection)
            yield connection.due

    def _give_up(self, connection: Connection) -> None:
        """Replace a connection that the server has closed, which it may do to an idle one."""
        assert not connection.got, f"the server hung up within an answer: {connection.got[:200]!r}"
        del self._by_number[connection.socket.fileno()]
        connection.socket.close()
        if connection in self._free:
            self._free.remove(connection)
        elif connection.request:  # the server closed it before it read the request
            self.send(connection.request, connection.due)


def _receive(connection: Connection) -> bytes:
    try:
        return connection.socket.recv(65_536)
    except ConnectionResetError:
        return b""


def _body(got: bytes) -> bytes | None:
    """Return the body of an answer with status 200, or None while it isn't complete."""
    head, blank, body = got.partition(b"\r\n\r\n")
    if not blank:
        return None
    assert head[8:13] == b" 200 ", f"refused: {got[:300]!r}"
    head = head.lower()
    at = head.find(b"content-length:")
    if at >= 0:
        return body if len(body) >= int(head[at + 15 :].split(b"\r\n", 1)[0]) else None
    assert b"chunked" in head, f"an answer without a length: {head!r}"
    return b"".join(body.split(b"\r\n")[1::2]) if body.endswith(b"0\r\n\r\n") else None
