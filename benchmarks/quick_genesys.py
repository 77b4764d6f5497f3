"""A Genesys Cloud that costs little: constant answers, and a note of each message sent.

Promises: whoever is looked up is known and chatted yesterday; a message sent once is told as
answered by its customer from then on, so that the bot's watch ends at its first look; it counts
what arrives, and when. Does not: check what it is asked (the sandbox's stand-in is strict), or
limit the rate. ``python -m benchmarks.quick_genesys PORT DELAY_MS`` serves; ``QuickGenesys`` starts
that as a process of its own, because a generator of load in the same one would wait for it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import sys
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.bot import DEPLOYMENT_ID
from benchmarks.process import LOAD_CORES, LOOPBACK, Server, find_free_port, plain_environment

Json = dict[str, Any]
HEARTBEAT_SECONDS = 20.0
_SENT, _CALLS, _SOCKET = "/quick/sent", "/quick/calls", "/quick/socket"
_CONTACT = re.compile(rb'"dimension": ?"externalContactId"[^}]*?"value": ?"([^"]+)"')
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SOCKET_KEY = re.compile(rb"\r\nsec-websocket-key: *(\S+)", re.IGNORECASE)
_SOCKET_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class QuickGenesys(Server):
    """The stand-in as a process; ``delay_ms`` is how long each call takes."""

    def __init__(self, folder: Path, *, delay_ms: int = 0) -> None:
        port = find_free_port()
        self.url = f"http://{LOOPBACK}:{port}"
        super().__init__(
            [sys.executable, "-m", "benchmarks.quick_genesys", str(port), str(delay_ms)],
            folder=folder,
            environment=plain_environment(),
            cores=LOAD_CORES,
            name="genesys",
        )
        self.wait_until(self._answers, "the stand-in of Genesys answers")

    def sent(self, since: int = 0) -> list[tuple[float, str]]:
        """Return the messages from number ``since`` on: when each came (monotonic), its text."""
        return [(at, text) for at, text in self._read(f"{_SENT}/{since}")["sent"]]

    def count(self) -> int:
        """Return how many messages were sent."""
        return sum(n for kind, n in self.calls().items() if kind.endswith("/agentless"))

    def calls(self) -> dict[str, int]:
        """Return how often each kind of call came, by method and the path's words."""
        return dict(self._read(_CALLS))

    def _answers(self) -> bool:
        try:
            self._read(_CALLS)
        except OSError:
            return False
        return True

    def _read(self, path: str) -> Json:
        with _WITHOUT_PROXY.open(self.url + path, timeout=30) as answer:
            return dict(json.loads(answer.read()))


@dataclass
class World:
    """What the stand-in remembers."""

    delay: float
    sent: list[tuple[float, str]] = field(default_factory=list)
    conversations: dict[str, Json] = field(default_factory=dict)  # by contact, once written to
    calls: dict[str, int] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: bytes) -> Json:
        """Answer one call of the API."""
        kind = f"{method} {_kind(path)}"
        self.calls[kind] = self.calls.get(kind, 0) + 1
        if path.endswith("/agentless"):
            return self._send(json.loads(body))
        if "/identifierlookup/" in path:
            return _contact(json.loads(body)["value"])
        if path.endswith("/details/query"):
            return self._history(body)
        if path == "/oauth/token":
            return {"access_token": uuid.uuid4().hex, "expires_in": 86_400}
        if "/webdeployments/" in path:
            return {"id": DEPLOYMENT_ID, "name": "Benchmark", "status": "Active"}
        return {"id": uuid.uuid4().hex, "entities": [], "participants": []}

    def _send(self, body: Json) -> Json:
        self.sent.append((time.monotonic(), body["textBody"]))
        answer = {"id": str(uuid.uuid4()), "conversationId": str(uuid.uuid4())}
        contact_id = body["externalContactId"]
        self.conversations[contact_id] = _answered(contact_id, answer["conversationId"])
        return answer

    def _history(self, body: bytes) -> Json:
        contact_ids = dict.fromkeys(one.decode() for one in _CONTACT.findall(body))
        found = [self.conversations.get(one) or _yesterdays(one) for one in contact_ids]
        return {"conversations": found, "totalHits": len(found)}


class _Connection(asyncio.Protocol):
    """One connection: HTTP with keep-alive, or the socket of notifications."""

    def __init__(self, world: World, url: str) -> None:
        self._world = world
        self._url = url
        self._buffer = b""
        self._is_socket = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each whole request in what has come."""
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
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
        path = target.partition("?")[0]
        if path == _SOCKET:
            self._become_socket(head)
        elif path.startswith(_SENT):
            self._write({"sent": self._world.sent[int(path.rpartition("/")[2]) :]})
        elif path == _CALLS:
            self._write(self._world.calls)
        else:
            answer = self._world.answer(method, path, body)
            if path.endswith("/channels"):
                answer["connectUri"] = f"ws{self._url.removeprefix('http')}{_SOCKET}"
            if self._world.delay:
                asyncio.get_running_loop().call_later(self._world.delay, self._write, answer)
            else:
                self._write(answer)

    def _write(self, answer: Any) -> None:
        body = json.dumps(answer).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(head.encode() + b"\r\n\r\n" + body)

    def _become_socket(self, head: bytes) -> None:
        key = _SOCKET_KEY.search(head)
        assert key is not None and self._transport is not None
        accept = base64.b64encode(hashlib.sha1(key[1] + _SOCKET_MAGIC).digest())
        self._is_socket = True
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._beat()

    def _beat(self) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            beat = b'{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}'
            self._transport.write(bytes((0x81, len(beat))) + beat)
            asyncio.get_running_loop().call_later(HEARTBEAT_SECONDS, self._beat)


def _kind(path: str) -> str:
    """Name a call by the words of its path, without the ids in it."""
    words = (word for word in path.split("/") if word and not any(map(str.isdigit, word)))
    return "/".join(words)


def _contact(address: str) -> Json:
    digest = hashlib.md5(address.encode(), usedforsecurity=False).digest()
    return {
        "id": str(uuid.UUID(bytes=digest)),
        "type": "Curated",
        "firstName": "Jane",
        "lastName": "Doe",
    }


def _yesterdays(contact_id: str) -> Json:
    start = datetime.now(UTC) - timedelta(days=1)
    ends = {"addressFrom": contact_id, "addressTo": DEPLOYMENT_ID, "direction": "inbound"}
    return {
        **_conversation(f"before-{contact_id}", start, contact_id, ends),
        "conversationInitiator": "customer",
        "conversationEnd": _iso(start + timedelta(minutes=9)),
    }


def _answered(contact_id: str, conversation_id: str) -> Json:
    ends = {"addressFrom": DEPLOYMENT_ID, "addressTo": contact_id, "direction": "outbound"}
    delivered = {**ends, "deliveryStatus": "DeliverySuccess"}
    return _conversation(conversation_id, datetime.now(UTC), contact_id, delivered)


def _conversation(
    conversation_id: str, start: datetime, contact_id: str, session: dict[str, str]
) -> Json:
    told = {"mediaType": "message", "messageType": "webmessaging", **session}
    segments = [{"segmentStart": _iso(start), "segmentType": "interact"}]
    customer = {
        "purpose": "customer",
        "externalContactId": contact_id,
        "sessions": [{**told, "segments": segments}],
    }
    return {
        "conversationId": conversation_id,
        "conversationStart": _iso(start),
        "customerParticipation": True,
        "participants": [customer],
    }


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


async def _serve(port: int, delay: float) -> None:
    world, url = World(delay), f"http://{LOOPBACK}:{port}"
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(world, url), LOOPBACK, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]) / 1000))
