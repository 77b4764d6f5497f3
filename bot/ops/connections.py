"""Limit the connections, time and memory that HTTP clients can use.

uvicorn limits neither the size of the headers nor the time in which a request arrives, and its
limit of connections refuses new ones, so a few hundred silent ones would lock Slack out. Here, when
there are too many, the one that has been incomplete longest is closed. It's never Slack's, whose
requests take milliseconds. Nothing here reads what a request says.
"""

from __future__ import annotations

import asyncio
import resource
from collections import OrderedDict
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bot.ops.refused_requests import Reason, RefusedRequests

MOST_CONNECTIONS = 400  # a process may often have 1,024 files open, and needs some itself
MOST_BUFFERED = 16_000_000  # bytes of all bodies that are held at a time
MOST_OVERHEAD = 16_384  # bytes of one request that aren't its body: headers, and chunks' sizes
RECEIVE_SECONDS = 10.0  # for a whole request; Slack itself gives up after three
ANSWER_SECONDS = 30.0  # /readyz may have to wait for three other systems


class Connections:
    """The open connections of one server. Only the event loop's thread uses it."""

    def __init__(self, refused: RefusedRequests, most: int | None = None) -> None:
        """Limit the connections, by default to half of the open files."""
        self.refused = refused
        self._most = most or count_affordable()
        # Those that have waited longest come first.
        self._open = OrderedDict[LimitedProtocol, None]()
        self.buffered = 0

    def protocol(self) -> type[asyncio.Protocol]:
        """Return the protocol for uvicorn, each of whose connections counts here."""

        class Protocol(LimitedProtocol):
            shared = self

        return Protocol

    def add(self, connection: LimitedProtocol) -> None:
        """Take a new connection; close the oldest if there are too many."""
        self._open[connection] = None
        if len(self._open) > self._most:
            self.close_oldest()

    def move_to_end(self, connection: LimitedProtocol) -> None:
        """Put a connection last: by the loop's clock, many waits begin at the same time."""
        if connection in self._open:
            self._open.move_to_end(connection)

    def discard(self, connection: LimitedProtocol) -> None:
        """Forget a connection that was closed."""
        self._open.pop(connection, None)

    def buffer(self, size: int) -> None:
        """Count bytes that are held; close the oldest connections while there are too many."""
        self.buffered += size
        while self.buffered > MOST_BUFFERED and self._open:
            self.close_oldest()

    def close_oldest(self) -> None:
        """Close the connection that has waited longest for its request, else for its answer."""
        oldest = min(self._open, key=lambda one: one.is_answering)
        self.close(oldest, Reason.TOO_MANY)

    def close(self, connection: LimitedProtocol, reason: Reason) -> None:
        """Close a connection now, and free what it holds."""
        self.refused.add(reason)
        connection.abort()


def count_affordable() -> int:
    """Return how many connections leave enough files for the rest of the process."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files // 2)
    )


class _LimitExceededError(ValueError):
    """A request breaks a limit; the parser stops, and uvicorn answers 400 and closes."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection, which takes one request at a time."""

    shared: ClassVar[Connections]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.since = self.loop.time()  # the current request's beginning, or the wait for its answer
        self.is_answering = False
        self._has_begun = False
        self._is_complete = False
        self._overhead = self._headers_size = 0
        self._payload = 0  # bytes of bodies so far, also of those that nobody reads
        self._held = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, for a limited time."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(RECEIVE_SECONDS, self._check_time)
        self.shared.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Free what it held."""
        super().connection_lost(exc)
        self._release()

    def abort(self) -> None:
        """Close it without waiting for the other side."""
        self._release()
        self.transport.abort()

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.shared.discard(self)
        self._drop_body()

    def _drop_body(self) -> None:
        size, self._held = self._held, 0
        self.shared.buffer(-size)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, and refuse it if it's too much for one request."""
        before, self._is_complete, self._has_begun = self._payload, False, True
        super().data_received(data)
        if self._is_complete:
            self._overhead = 0
            return
        self._overhead += len(data) - (self._payload - before)
        if self._overhead > MOST_OVERHEAD and not self.transport.is_closing():
            self.shared.refused.add(Reason.TOO_LARGE)
            self.send_400_response("The request headers are too large.")

    def on_message_begin(self) -> None:
        """Begin a request; refuse one that doesn't wait for the answer to the one before."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.shared.refused.add(Reason.PIPELINED)
            raise _LimitExceededError
        self._headers_size = 0
        if self.cycle is not None:  # the wait since the answer before doesn't count
            self._wait_anew()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header. Many may come in one piece, which is measured only afterwards."""
        self._headers_size += len(name) + len(value) + len(": \r\n")
        if self._headers_size > MOST_OVERHEAD:
            self.shared.refused.add(Reason.TOO_LARGE)
            raise _LimitExceededError
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._payload += len(body)
        if not self.cycle.response_complete:  # else it's thrown away
            self._held += len(body)
            self.shared.buffer(len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer the request."""
        self._is_complete = True
        if not self.cycle.response_complete:
            self.is_answering = True
            self._wait_anew()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self.is_answering = self._has_begun = False
        self._wait_anew()
        self._drop_body()
        super().on_response_complete()

    def _wait_anew(self) -> None:
        """Begin the wait again, now."""
        self.since = self.loop.time()
        self.shared.move_to_end(self)

    def _check_time(self) -> None:
        """Close the connection if it has had its time, else look again when it will have."""
        allowed = ANSWER_SECONDS if self.is_answering else RECEIVE_SECONDS
        left = self.since + allowed - self.loop.time()
        if left > 0 and not self.transport.is_closing():
            self._timer = self.loop.call_later(left, self._check_time)
        elif self._has_begun:
            self.shared.close(self, Reason.TOO_SLOW)
        else:  # it was silent, as many probes are
            self.abort()
