"""Socket Mode: the bot's connections, envelopes to the bot, and its acks.

A ticket from apps.connections.open opens one connection. If several are open, envelopes go to each
in turn. An ack has the id of its envelope; other messages from the bot are ignored. As in Slack,
nothing is signed.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from .config import JSON
from .errors import SlackError
from .state import State
from .workspace import APP_ID

MOST_CONNECTIONS = 10
_HOST = "local-slack-applink"


@dataclass(eq=False)
class _Connection:
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)


class SocketMode:
    """The open connections of the bot."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._connections: list[_Connection] = []

    @property
    def is_connected(self) -> bool:
        """Return whether an envelope can be delivered over a socket now."""
        return bool(self._connections)

    @property
    def count(self) -> int:
        """Return the number of connections that accept envelopes."""
        return len(self._connections)

    def issue_url(self, base: str) -> str:
        """Return a URL that opens one connection; `base` is ws://host:port."""
        if len(self._connections) >= MOST_CONNECTIONS:
            raise SlackError("too_many_websockets")
        ticket = secrets.token_urlsafe(12)
        self._state.tickets.add(ticket)
        return f"{base}/link/?ticket={ticket}&app_id={APP_ID}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until either side ends it."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._state.tickets:
            return web.Response(status=401, text="unknown or used ticket")
        self._state.tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        connection = _Connection(socket, request.transport)
        self._connections.append(connection)
        try:
            await socket.send_json(self._hello())
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    _take_ack(connection, message.data)
        finally:
            self._forget(connection)
            for answer in connection.waiting.values():
                if not answer.done():
                    answer.set_exception(TimeoutError())
        return socket

    async def deliver(self, kind: str, payload: JSON, envelope_id: str | None = None) -> Any:
        """Send one envelope, wait for its ack, and return the ack's payload or nothing.

        Raises ConnectionError if no connection is open, TimeoutError if it ends before the ack.
        """
        if not self._connections:
            raise ConnectionError("no socket is open")
        connection = self._connections.pop(0)
        self._connections.append(connection)
        envelope_id = envelope_id or secrets.token_hex(16)
        answer = connection.waiting.setdefault(
            envelope_id, asyncio.get_running_loop().create_future()
        )
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        }
        try:
            await connection.socket.send_json(envelope)
            return await answer
        finally:
            connection.waiting.pop(envelope_id, None)

    def drop(self) -> None:
        """Cut every connection without a closing handshake."""
        for connection in self._connections:
            if connection.transport is not None:
                connection.transport.abort()
        self._connections = []

    async def ask_to_refresh(self) -> None:
        """Ask the bot to reconnect; the old connections get no more envelopes."""
        leaving, self._connections = self._connections, []
        notice = {
            "type": "disconnect",
            "reason": "refresh_requested",
            "debug_info": {"host": _HOST},
        }
        for connection in leaving:
            await connection.socket.send_json(notice)

    async def close(self) -> None:
        """Close every connection with a closing handshake."""
        for connection in list(self._connections):
            await connection.socket.close()

    def _hello(self) -> JSON:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {
                "host": _HOST,
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": APP_ID},
        }

    def _forget(self, connection: _Connection) -> None:
        self._connections = [other for other in self._connections if other is not connection]


def _take_ack(connection: _Connection, text: str) -> None:
    try:
        ack = json.loads(text)
    except ValueError:
        return
    if not isinstance(ack, dict):
        return
    answer = connection.waiting.get(str(ack.get("envelope_id")))
    if answer is not None and not answer.done():
        answer.set_result(ack.get("payload") or "")
