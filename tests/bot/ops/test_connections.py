"""What strangers can send to the port costs little, and Slack's requests still get through."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from typing import Any

import pytest
import uvicorn

from bot.ops import connections as limits
from bot.ops.connections import Connections
from bot.ops.refused_requests import Reason, RefusedRequests
from tests.conftest import wait_until

HEAD = b"POST / HTTP/1.1\r\nHost: bot.example.com\r\n"
PATIENCE = 10.0
TICK = 0.2  # seconds


class CoarseLoop(asyncio.SelectorEventLoop):
    """Its clock stands still between ticks, as uvloop's does for a millisecond."""

    def time(self) -> float:
        return super().time() // TICK * TICK


COARSE = f"{__name__}:{CoarseLoop.__name__}"


class App:
    """Answers with the size of the body, or when a test says so, or without reading the body."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        size = 0
        if scope["path"] != "/early":
            is_more = True
            while is_more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                size += len(message["body"])
                is_more = message["more_body"]
        while scope["path"] == "/wait" and not self.may_answer.is_set():
            await asyncio.sleep(0.01)
        body = b"%d" % size
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Served:
    """A server with limits, and what a test needs to attack it."""

    def __init__(self, most: int, loop: str) -> None:
        self.app, self.refused = App(), RefusedRequests()
        self.connections = Connections(self.refused, most)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.server = uvicorn.Server(
            uvicorn.Config(
                self.app,
                loop=loop,
                http=self.connections.protocol(),
                lifespan="off",
                log_config=None,
                ws="none",
                timeout_graceful_shutdown=1,
            )
        )
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self.server.run, args=([self.listening],))
        self._thread.start()

    def connect(self, sent: bytes = b"") -> socket.socket:
        connection = socket.create_connection(self.listening.getsockname(), PATIENCE)
        self._sockets.append(connection)
        connection.sendall(sent)
        return connection

    def ask(self, request: bytes) -> bytes:
        """Send a request on a new connection and return the answer's body."""
        return read_answer(self.connect(request))

    def open_now(self) -> int:
        return len(self.server.server_state.connections)

    def close(self) -> None:
        self.app.may_answer.set()
        for connection in self._sockets:
            connection.close()
        self.server.should_exit = True
        self._thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def start(most: int = 50, loop: str = "auto") -> Served:
        started.append(Served(most, loop))
        return started[-1]

    yield start
    for served in started:
        served.close()


def post(body: bytes, path: bytes = b"/", more: bytes = b"") -> bytes:
    head = HEAD.replace(b" / ", b" " + path + b" ")
    return head + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def read_answer(connection: socket.socket) -> bytes:
    """Read one answer of 200 and return its body; b"" if there's another one, or none."""
    answer = HTTPResponse(connection)
    with contextlib.suppress(ConnectionError):
        answer.begin()
        return answer.read() if answer.status == 200 else b""
    return b""


def is_closed(connection: socket.socket) -> bool:
    """Wait until the server has closed a connection."""
    with contextlib.suppress(ConnectionError):
        while connection.recv(65_536):
            pass
    return True


def send_until_refused(connection: socket.socket, piece: bytes) -> int:
    """Send the same bytes again and again; return how many the other side took before it closed."""
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 50_000_000:
            connection.sendall(piece)
            sent += len(piece)
    return sent


@pytest.mark.parametrize("size", [0, 1, 20_000, 300_000])
def test_a_request_of_slack_s_size_is_answered(serve: Callable[..., Served], size: int) -> None:
    assert serve().ask(post(b"x" * size)) == b"%d" % size


def test_a_request_in_small_pieces_is_answered(serve: Callable[..., Served]) -> None:
    connection = serve().connect()
    request = post(b"x" * 500, more=b"X-Forwarded-For: 192.0.2.1\r\n" * 20)
    for at in range(0, len(request), 7):
        connection.sendall(request[at : at + 7])
    assert read_answer(connection) == b"500"


def test_many_requests_on_one_connection_are_each_counted_for_themselves(
    serve: Callable[..., Served],
) -> None:
    served = serve()
    connection = served.connect()
    for _ in range(5):
        connection.sendall(post(b"x" * 100_000, more=b"X-Long: " + b"a" * 10_000 + b"\r\n"))
        assert read_answer(connection) == b"100000"
    assert not served.refused.counts
    wait_until(lambda: served.connections.buffered == 0)


def test_a_body_that_nobody_reads_is_thrown_away(serve: Callable[..., Served]) -> None:
    served = serve()
    connection = served.connect(post(b"x" * 400_000, b"/early"))
    assert read_answer(connection) == b"0"
    connection.sendall(post(b"x" * 5))
    assert read_answer(connection) == b"5"
    assert not served.refused.counts


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        pytest.param(b"GET /", b"a" * 1_000, id="an endless address"),
        pytest.param(HEAD + b"X: ", b"a" * 1_000, id="an endless header"),
        pytest.param(HEAD + b"X", b"a" * 1_000, id="an endless name of a header"),
        pytest.param(HEAD, b"X: y\r\n" * 10, id="endless headers"),
        pytest.param(CHUNKED + b"5;", b"a" * 1_000, id="an endless extension of a chunk"),
        pytest.param(CHUNKED, b"1;" + b"a" * 100 + b"\r\nx\r\n", id="long extensions"),
        pytest.param(CHUNKED + b"0\r\nX: ", b"a" * 1_000, id="an endless trailer"),
        pytest.param(b"", b"\r\n" * 500, id="endless empty lines"),
    ],
)
def test_a_request_without_an_end_is_refused_early(
    serve: Callable[..., Served], beginning: bytes, piece: bytes
) -> None:
    served = serve()
    connection = served.connect(beginning)
    assert send_until_refused(connection, piece) < 10_000_000  # most of it is in the kernel
    assert served.refused.counts == {Reason.TOO_LARGE: 1}
    assert served.ask(post(b"x")) == b"1"


@pytest.mark.parametrize("headers", [b"X: " + b"a" * 17_000 + b"\r\n", b"a: b\r\n" * 3_000])
def test_large_headers_are_refused_even_if_they_come_in_one_piece(
    serve: Callable[..., Served], headers: bytes
) -> None:
    served = serve()
    assert is_closed(served.connect(post(b"x", more=headers)))
    assert served.app.asked == 0
    assert served.refused.counts == {Reason.TOO_LARGE: 1}


def test_a_request_that_does_not_wait_for_the_answer_is_refused(
    serve: Callable[..., Served],
) -> None:
    served = serve()
    connection = served.connect(post(b"x", b"/wait"))
    wait_until(lambda: served.app.asked == 1)
    connection.sendall(post(b"x") * 1_000)
    assert is_closed(connection)
    assert served.app.asked == 1
    assert served.refused.counts == {Reason.PIPELINED: 1}


@pytest.mark.parametrize(
    ("sent", "is_counted"),
    [
        pytest.param(b"", False, id="silent"),
        pytest.param(b"POST", True, id="a part of the head"),
        pytest.param(HEAD + b"Content-Length: 9\r\n\r\nabc", True, id="a part of the body"),
    ],
)
def test_what_is_not_complete_in_time_is_closed(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch, sent: bytes, is_counted: bool
) -> None:
    monkeypatch.setattr(limits, "RECEIVE_SECONDS", 1.0)
    served = serve()
    assert is_closed(served.connect(sent))
    assert served.refused.counts == ({Reason.TOO_SLOW: 1} if is_counted else {})
    wait_until(lambda: served.open_now() == 0)
    assert served.connections.buffered == 0


def test_a_byte_now_and_then_buys_no_time(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECEIVE_SECONDS", 1.0)
    served = serve()
    connection = served.connect(HEAD + b"X: ")
    connection.settimeout(0.02)
    sent = 0
    with pytest.raises(ConnectionError):
        while sent < 1_000:
            connection.sendall(b"a")
            sent += 1
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    raise ConnectionError
    assert sent < 1_000
    assert served.refused.counts == {Reason.TOO_SLOW: 1}


def test_an_answer_that_never_comes_holds_no_connection(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECEIVE_SECONDS", 1.0)
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 1.5)
    served = serve()
    assert is_closed(served.connect(post(b"x", b"/wait")))
    assert served.refused.counts == {Reason.TOO_SLOW: 1}


def test_an_answer_may_take_longer_than_its_request(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECEIVE_SECONDS", 1.0)
    served = serve()
    connection = served.connect(post(b"x", b"/wait"))
    assert is_closed(served.connect())  # it had its time, and so had the first request
    served.app.may_answer.set()
    assert read_answer(connection) == b"1"


def test_however_many_connections_strangers_open_a_request_gets_through(
    serve: Callable[..., Served],
) -> None:
    served = serve(most=20)
    being_answered = served.connect(post(b"x", b"/wait"))
    wait_until(lambda: served.app.asked == 1)
    for _ in range(200):
        served.connect()
        served.connect(b"POST / HT")
    assert served.ask(post(b"xy")) == b"2"
    assert served.open_now() <= 20
    assert served.refused.counts == {Reason.TOO_MANY: 402 - 20}
    served.app.may_answer.set()
    assert read_answer(being_answered) == b"1"


@pytest.mark.parametrize("loop", ["auto", COARSE])
def test_a_request_on_a_kept_connection_counts_from_its_own_beginning(
    serve: Callable[..., Served], loop: str
) -> None:
    served = serve(6, loop)
    kept = served.connect(post(b"first"))
    assert read_answer(kept) == b"5"
    strangers = [served.connect() for _ in range(5)]
    wait_until(lambda: served.open_now() == 6)
    kept.sendall(post(b"another one")[:-3])
    wait_until(lambda: served.connections.buffered > 0)
    served.connect()
    assert is_closed(strangers[0])
    kept.sendall(b"one")
    assert read_answer(kept) == b"11"


def test_when_all_are_being_answered_the_oldest_makes_room(serve: Callable[..., Served]) -> None:
    served = serve(most=5)
    waiting = [served.connect(post(b"x", b"/wait")) for _ in range(5)]
    wait_until(lambda: served.app.asked == 5)
    served.connect()
    wait_until(lambda: served.refused.counts[Reason.TOO_MANY] == 1)
    served.app.may_answer.set()
    assert [read_answer(one) for one in waiting] == [b"1"] * 5  # the new one had sent nothing yet


def test_half_sent_bodies_take_no_more_memory_than_is_set_aside_for_them(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_BUFFERED", 500_000)
    served = serve()
    for _ in range(30):
        served.connect(HEAD + b"Content-Length: 60000\r\n\r\n" + b"x" * 50_000)
    assert served.ask(post(b"x" * 250_000)) == b"250000"
    assert served.connections.buffered <= 500_000
    assert served.refused.counts[Reason.TOO_MANY] >= 20


def test_the_limit_of_connections_leaves_files_for_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for files, most in ((256, 128), (1_024, 400), (resource.RLIM_INFINITY, 400)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        assert limits.count_affordable() == most
