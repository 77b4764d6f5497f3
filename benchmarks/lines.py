"""Kept-alive connections to one server, read by one thread with epoll.

Promises: an answer other than a right 200 is an AssertionError, and so is silence. Does not:
pipeline, or follow redirects.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator

Address = tuple[str, int]
IsRight = Callable[[bytes], bool]  # judges the body of an answer

PATIENCE = 40.0  # seconds without any answer, after which the measurement has failed


class Line:
    """A kept-alive connection, with at most one request under way."""

    __slots__ = ("begun", "got", "request", "socket")

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = self.got = b""
        self.begun = 0.0


class Lines:
    """The connections to one server: opened when none is free. ``ready`` are opened at once."""

    def __init__(self, address: Address, is_right: IsRight, ready: int) -> None:
        self._address = address
        self._is_right = is_right
        self._poll = select.epoll()
        self._by_number: dict[int, Line] = {}
        self._free = [self._open() for _ in range(ready)]

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._poll.close()
        for line in self._by_number.values():
            line.socket.close()

    def _open(self) -> Line:
        line = Line(self._address)
        self._by_number[line.socket.fileno()] = line
        self._poll.register(line.socket, select.EPOLLIN)
        return line

    def send(self, request: bytes, begun: float) -> None:
        """Send a request whose time counts from ``begun``."""
        line = self._free.pop() if self._free else self._open()
        line.begun = begun
        line.request = request
        line.socket.sendall(request)

    def answers(self, seconds: float) -> Iterator[float]:
        """Wait for answers at most so long; yield when each one's request was begun."""
        # epoll counts in milliseconds, select in microseconds; the last ones are spun away.
        if not select.select([self._poll], [], [], max(0.0, seconds - 0.0002))[0]:
            assert seconds < PATIENCE, f"no answer within {PATIENCE:.0f} s"
            return
        for number, _ in self._poll.poll(0):
            line = self._by_number[number]
            got = _receive(line)
            if not got:
                self._give_up(line)
                continue
            line.got += got
            body = _body(line.got)
            if body is None:
                continue
            assert self._is_right(body), f"not the answer that was asked for: {body[:200]!r}"
            line.request = line.got = b""
            self._free.append(line)
            yield line.begun

    def _give_up(self, line: Line) -> None:
        """Close a connection that the server did not keep, as it may while it is idle."""
        assert not line.got, f"the server hung up within an answer: {line.got[:200]!r}"
        del self._by_number[line.socket.fileno()]
        line.socket.close()
        if line in self._free:
            self._free.remove(line)
        elif line.request:  # the two met on their way: it was not read
            self.send(line.request, line.begun)


def _receive(line: Line) -> bytes:
    try:
        return line.socket.recv(65_536)
    except ConnectionResetError:
        return b""


def _body(got: bytes) -> bytes | None:
    """Return the body of an answer with status 200, None while it is not whole."""
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
