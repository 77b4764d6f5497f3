"""The websocket half of the quick Slack: envelopes out, acks in, and when each was acked.

Promises: envelopes at a rate count from the moment they were due (open loop), or so many are kept
under way (closed loop). Does not: read more of the websocket protocol than a bot's client speaks.
https://www.rfc-editor.org/rfc/rfc6455#section-5.2
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
import re
import time
from typing import Any

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_ID = re.compile(rb'"envelope_id":\s?"e(\d+)"')
_ENVELOPES = itertools.count(1)
_PATIENCE = 40.0


def accept_key(head: bytes) -> bytes:
    """Answer the client's key of a websocket's handshake."""
    found = re.search(rb"(?i)sec-websocket-key:\s*(\S+)", head)
    assert found, "a websocket without a key"
    return base64.b64encode(hashlib.sha1(found[1] + _GUID, usedforsecurity=False).digest())


class Envelopes:
    """Sends envelopes over the bot's sockets in turn, and notes how long each ack takes."""

    def __init__(self) -> None:
        self._open: list[_Socket] = []
        self._due: dict[int, float] = {}
        self._taken: list[float] = []
        self._acked = asyncio.Event()

    @property
    def sockets(self) -> int:
        """Count the open sockets."""
        return len(self._open)

    def join(self, transport: asyncio.Transport) -> _Socket:
        """Take a new socket in, greet it, and return its protocol."""
        socket = _Socket(transport, self)
        self._open.append(socket)
        hello = {"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0BENCH"}}
        socket.send(_TEXT, json.dumps(hello).encode())
        return socket

    def leave(self, socket: _Socket) -> None:
        """Give a socket up."""
        self._open.remove(socket)

    def take_ack(self, number: int) -> None:
        """Note that an envelope was acked; a second ack of it does not count."""
        due = self._due.pop(number, None)
        if due is not None:
            self._taken.append(time.perf_counter() - due)
            self._acked.set()

    async def deliver(
        self, payload: dict[str, Any], count: int, rate: float = 0, at_once: int = 64
    ) -> dict[str, Any]:
        """Send a payload so often, ``rate`` a second or ``at_once`` under way; wait for all acks.

        Every ``TRIGGER`` in the payload becomes one of its own.
        """
        text = json.dumps(payload)
        self._taken = []
        start = time.perf_counter()
        if rate:
            for sent in range(count):
                due = start + sent / rate
                await asyncio.sleep(due - time.perf_counter() - 0.0015)  # uvloop counts in ms
                while time.perf_counter() < due:
                    await asyncio.sleep(0)
                self._send(text, due)
            at_once = 0
        for sent in range(0 if rate else count):
            while sent - len(self._taken) >= at_once:
                await self._wait()
            self._send(text, time.perf_counter())
        while len(self._taken) < count:
            await self._wait()
        return {"seconds": time.perf_counter() - start, "latencies": self._taken}

    async def _wait(self) -> None:
        self._acked.clear()
        await asyncio.wait_for(self._acked.wait(), _PATIENCE)

    def _send(self, payload: str, due: float) -> None:
        number = next(_ENVELOPES)
        self._due[number] = due
        body = payload.replace("TRIGGER", f"s{number}")
        envelope = (
            f'{{"envelope_id": "e{number}", "type": "slash_commands", '
            f'"accepts_response_payload": true, "payload": {body}}}'
        )
        self._open[number % len(self._open)].send(_TEXT, envelope.encode())


class _Socket(asyncio.Protocol):
    """The server's end of one websocket."""

    def __init__(self, transport: asyncio.Transport, envelopes: Envelopes) -> None:
        self._transport = transport
        self._envelopes = envelopes
        self._got = b""

    def send(self, kind: int, content: bytes) -> None:
        """Send one frame; a server's are not masked."""
        size = len(content)
        head = bytes([0x80 | kind, size]) if size < 126 else bytes([0x80 | kind, 126])
        if size >= 126:
            head += size.to_bytes(2, "big")
        self._transport.write(head + content)

    def connection_lost(self, _: Exception | None) -> None:
        """Give this socket up."""
        self._envelopes.leave(self)

    def data_received(self, data: bytes) -> None:
        """Take the acks and answer the pings out of what came."""
        got, at = self._got + data, 0
        while (frame := _read(got, at)) is not None:
            kind, content, at = frame
            if kind == _TEXT and (ack := _ID.search(content)):
                self._envelopes.take_ack(int(ack[1]))
            elif kind == _PING:
                self.send(_PONG, content)
            elif kind == _CLOSE:
                self._transport.close()
        self._got = got[at:]


def _read(got: bytes, at: int) -> tuple[int, bytes, int] | None:
    """Read a client's frame at a place: its kind, its content, and where the next one begins."""
    if len(got) < at + 6:
        return None
    kind, size, start = got[at] & 0x0F, got[at + 1] & 0x7F, at + 2
    if size == 126:
        size, start = int.from_bytes(got[start : start + 2], "big"), start + 2
    elif size == 127:
        size, start = int.from_bytes(got[start : start + 8], "big"), start + 8
    end = start + 4 + size
    if len(got) < end:
        return None
    mask = (got[start : start + 4] * (size // 4 + 1))[:size]
    plain = int.from_bytes(got[start + 4 : end], "big") ^ int.from_bytes(mask, "big")
    return kind, plain.to_bytes(size, "big"), end
