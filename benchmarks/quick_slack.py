"""A Slack Web API that costs little and answers the same to everybody, as its own process.

Promises: it notes when each call arrived (CLOCK_MONOTONIC, which all processes share), under the
trigger, view or channel that the call names; it may answer late, or over TLS. Does not: check
tokens or arguments, or keep anything else: ``sandbox.local_slack`` does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import uvloop

from benchmarks.process import LOAD_CORES, ROOT, on_cores
from benchmarks.quick_socket import Envelopes, accept_key

_NAMES = re.compile(rb'"?(trigger_id|view_id|channel)"?(?::\s?"|=)([^"&]+)')
_VIEWS = itertools.count(1)
_STAMPS = itertools.count(1)


@dataclass(frozen=True)
class Arrival:
    """A call that arrived: its method, the trigger, view or channel it names, and when."""

    method: str
    name: str
    at: float  # seconds, time.monotonic()


class QuickSlack:
    """The stand-in as its own process; ends with the block, or with whoever started it."""

    def __init__(self, *, delay_ms: float = 0, certificate: Path | None = None) -> None:
        """Start it; ``certificate`` is a PEM file of key and certificate for 127.0.0.1."""
        command = [sys.executable, "-m", "benchmarks.quick_slack", "--delay-ms", str(delay_ms)]
        if certificate is not None:
            command += ["--certificate", str(certificate)]
        with on_cores(LOAD_CORES):
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,  # it must outlive a group that is ended, to wake others
            )
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self.tell('hello')}/api/"

    def __enter__(self) -> QuickSlack:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(timeout=10)

    def tell(self, order: str, **more: Any) -> Any:
        """Give an order to the process and return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"order": order, **more}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the quick Slack has died"
        return json.loads(answer)

    def arrivals(self) -> list[Arrival]:
        """Return the calls that have arrived since the last ``forget``, in their order."""
        return [Arrival(*each) for each in self.tell("arrivals")]

    def count(self, method: str) -> int:
        """Return how often a method was called since the last ``forget``."""
        return int(self.tell("count", method=method))

    def last(self, method: str) -> float:
        """Return when a method was called last (monotonic)."""
        return float(self.tell("last", method=method))

    def wake_at_the_end(self, stopped: Sequence[int]) -> None:
        """Let these processes continue when whoever started this one is gone."""
        self.tell("wake", pids=list(stopped))

    def forget(self) -> None:
        """Forget the calls so far."""
        self.tell("forget")


class _Books:
    """What the connections share: what arrived, and how to answer."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.arrived: list[tuple[str, str, float]] = []
        self.envelopes = Envelopes()
        self.socket_url = ""
        self.to_wake: list[int] = []

    def answer(self, method: str, body: bytes) -> bytes:
        found = dict(_NAMES.findall(body))
        name = found.get(b"trigger_id") or found.get(b"view_id") or found.get(b"channel") or b""
        self.arrived.append((method, name.decode(), time.monotonic()))
        say = _ANSWERS.get(method)
        content = json.dumps({"ok": True, **(say(name.decode(), self) if say else {})}).encode()
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(content), content)
        )


def _view(name: str, _: _Books) -> dict[str, Any]:
    return {"view": {"id": name or f"VQ{next(_VIEWS)}", "hash": "1.a", "type": "modal"}}


def _message(name: str, _: _Books) -> dict[str, Any]:
    return {"channel": name, "ts": f"{time.time():.0f}.{next(_STAMPS) % 1_000_000:06d}"}


_ANSWERS: dict[str, Callable[[str, _Books], dict[str, Any]]] = {
    "views.open": lambda _, books: _view("", books),
    "views.update": _view,
    "chat.postMessage": _message,
    "chat.postEphemeral": _message,
    "chat.update": _message,
    "chat.getPermalink": lambda name, _: {"permalink": f"https://slack.example/{name}"},
    "conversations.history": lambda *_: {"messages": [], "has_more": False},
    "conversations.replies": lambda *_: {"messages": [], "has_more": False},
    "auth.test": lambda *_: {
        "team_id": "T0BENCH",
        "user_id": "U0BOT",
        "bot_id": "B0BENCH",
        "url": "https://slack.example/",
    },
    "apps.connections.open": lambda _, books: {"url": books.socket_url},
}


class _Connection(asyncio.Protocol):
    """One client's connection: requests in, constant answers out, or a Socket Mode websocket."""

    def __init__(self, books: _Books) -> None:
        self._books = books
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        while True:
            head, blank, rest = self._got.partition(b"\r\n\r\n")
            if not blank:
                return
            if b"sec-websocket-key" in head.lower():
                self._become_socket(head, rest)
                return
            length = _length(head)
            if len(rest) < length:
                return
            self._got = rest[length:]
            method = head.split(b" ", 2)[1].partition(b"?")[0].rpartition(b"/")[2].decode()
            self._reply(self._books.answer(method, rest[:length]))

    def _reply(self, answer: bytes) -> None:
        if self._books.delay:
            asyncio.get_running_loop().call_later(self._books.delay, self._write, answer)
        else:
            self._transport.write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)

    def _become_socket(self, head: bytes, rest: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept_key(head)
        )
        socket = self._books.envelopes.join(self._transport)
        self._transport.set_protocol(socket)
        socket.data_received(rest)


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length:\s*(\d+)", head)
    return int(found[1]) if found else 0


async def _serve(delay: float, certificate: Path | None) -> None:
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    books = _Books(delay)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(books), "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    books.socket_url = f"{'ws' if tls is None else 'wss'}://127.0.0.1:{port}/link?ticket=1"
    # Orders come in lines; the end of them is the end of whoever started this.
    orders = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        print(json.dumps(await _obey(json.loads(line), books, port)), flush=True)
    for pid in books.to_wake:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def _obey(wanted: dict[str, Any], books: _Books, port: int) -> Any:
    match wanted.pop("order"):
        case "hello":
            return port
        case "arrivals":
            return books.arrived
        case "count":
            return sum(method == wanted["method"] for method, *_ in books.arrived)
        case "last":
            return max((at for method, _, at in books.arrived if method == wanted["method"]))
        case "forget":
            books.arrived.clear()
        case "wake":
            books.to_wake = wanted["pids"]
        case "sockets":
            return books.envelopes.sockets
        case "deliver":
            return await books.envelopes.deliver(**wanted)
    return None


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--certificate", type=Path)
    options = parser.parse_args()
    uvloop.run(_serve(options.delay_ms / 1000, options.certificate))
