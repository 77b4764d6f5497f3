"""A stand-in for a cloud service that costs little: constant answers over HTTP.

It runs as a process of its own, because one within the load generator would wait for it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any, cast

import uvloop

from benchmarks.process import (
    LOAD_CORES,
    WITHOUT_PROXY,
    Server,
    plain_environment,
)
from sandbox.ports import LOOPBACK, find_free_port

Json = dict[str, Any]
HEARTBEAT_SECONDS = 20.0
_QUESTION = "/quick/"  # paths of the benchmarks' own questions
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SOCKET_KEY = re.compile(rb"\r\nsec-websocket-key: *(\S+)", re.IGNORECASE)
_SOCKET_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class StandIn(Server):
    """A module's ``Service`` as a process."""

    def __init__(self, module: str, folder: Path) -> None:
        """Start it and wait until it answers."""
        port = find_free_port()
        self.address = f"http://{LOOPBACK}:{port}"
        super().__init__(
            [sys.executable, "-m", module, str(port)],
            folder=folder,
            environment=plain_environment(),
            cores=LOAD_CORES,
            name=module.rpartition(".")[2],
        )
        try:
            self.wait_until(lambda: self.listens(port), f"{module} listens")
        except BaseException:
            self.kill()
            raise

    def ask(self, question: str) -> Any:
        """Ask the stand-in what it has seen, or tell it how to answer."""
        with WITHOUT_PROXY.open(self.address + _QUESTION + question, timeout=30) as answer:
            return json.loads(answer.read())


class Service:
    """What a stand-in answers; a subclass in its module says what that is."""

    address = ""
    heartbeat = b"{}"  # what comes over a websocket

    def answer(self, path: str, body: bytes) -> tuple[Json, float]:
        """Answer a call of the service's API, after so many seconds."""
        raise NotImplementedError

    def tell(self, question: str, about: str) -> Any:
        """Answer a benchmark's question."""
        raise NotImplementedError


class _Connection(asyncio.Protocol):
    """A connection: HTTP with keep-alive, or a websocket that only gets heartbeats."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._buffer = b""
        self._is_socket = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer each complete request."""
        if self._is_socket:
            return
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            self._take(head, body)

    def _take(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1].decode().partition("?")[0]
        if path.startswith(_QUESTION):
            question, _, about = path.removeprefix(_QUESTION).partition("/")
            self._write(self._service.tell(question, about))
        elif key := _SOCKET_KEY.search(head):
            self._become_socket(key[1])
        else:
            answer, delay = self._service.answer(path, body)
            if delay:
                asyncio.get_running_loop().call_later(delay, self._write, answer)
            else:
                self._write(answer)

    def _write(self, answer: Any) -> None:
        body = json.dumps(answer).encode()
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            )

    def _become_socket(self, key: bytes) -> None:
        assert self._transport is not None
        accept = base64.b64encode(hashlib.sha1(key + _SOCKET_MAGIC).digest())
        self._is_socket = True
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._beat()

    def _beat(self) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            beat = self._service.heartbeat
            self._transport.write(bytes((0x81, len(beat))) + beat)
            asyncio.get_running_loop().call_later(HEARTBEAT_SECONDS, self._beat)


def serve(service: Service) -> None:
    """Serve on the port of the command line until the process is killed."""
    port = int(sys.argv[1])
    service.address = f"{LOOPBACK}:{port}"

    async def serve_forever() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(service), LOOPBACK, port)
        await server.serve_forever()

    uvloop.run(serve_forever())
