"""Delivers people's actions to the bot, over signed HTTP or Socket Mode.

The bot has three seconds to acknowledge; then it's `operation_timeout`. A refusal, a cut
connection or a bot that doesn't listen is `dispatch_failed`. Nothing is delivered twice unless a
test orders it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import aiohttp

from .config import JSON
from .logs import Delivered
from .socket_mode import SocketMode
from .state import State

OPERATION_TIMEOUT = "operation_timeout"
DISPATCH_FAILED = "dispatch_failed"
_LONGEST = aiohttp.ClientTimeout(total=60)  # for forged requests; real ones have 3 s


class PayloadKind(StrEnum):
    """The kinds of payload, by their name in an envelope."""

    SLASH_COMMANDS = "slash_commands"
    INTERACTIVE = "interactive"
    EVENTS_API = "events_api"


@dataclass(frozen=True)
class Ack:
    """The bot's answer; `body` is decoded JSON, text, or nothing."""

    status: int | None
    milliseconds: float
    body: Any = ""
    failure: str | None = None

    def as_json(self) -> JSON:
        """Return the ack as the /people endpoints return it."""
        return {
            "status": self.status,
            "ms": round(self.milliseconds, 1),
            "body": self.body,
            "failure": self.failure,
        }


@dataclass(frozen=True)
class RawAnswer:
    """An unchanged HTTP answer of the bot."""

    status: int
    body: str
    headers: dict[str, str]


def sign(secret: str, timestamp: str, body: str) -> str:
    """Sign a request as Slack does (version 0)."""
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256)
    return f"v0={digest.hexdigest()}"


class Delivery:
    """Delivers payloads over an open socket if there is one, else to the bot's URL."""

    def __init__(self, state: State, sockets: SocketMode) -> None:
        self._state = state
        self._sockets = sockets
        self._session: aiohttp.ClientSession | None = None

    async def send(self, kind: PayloadKind, payload: JSON) -> Ack:
        """Deliver one payload and wait up to three seconds for its ack."""
        self._state.deliveries.add(self._state.clock(), kind, payload)
        return await self._send(kind, payload)

    async def repeat(self, sent: Delivered) -> Ack:
        """Deliver a payload again, with a new envelope or signature."""
        return await self._send(PayloadKind(sent.kind), sent.payload)

    async def send_raw(self, body: str, headers: Mapping[str, str]) -> RawAnswer:
        """Post an unchanged body to the bot's URL.

        It's signed for the timestamp in `headers`, by default now. `headers` replace all others,
        so that a test can forge any of them. Raises aiohttp.ClientError.
        """
        given = {name.lower(): value for name, value in headers.items()}
        timestamp = given.get("x-slack-request-timestamp", str(int(self._state.clock())))
        sent = {
            "content-type": "application/x-www-form-urlencoded",
            "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": sign(self._state.config.signing_secret, timestamp, body),
            **given,
        }
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), timeout=_LONGEST
            )
        async with self._session.post(
            self._state.settings.events_url,
            data=body.encode(),
            headers=sent,
            allow_redirects=False,
        ) as answer:
            text = await answer.text(errors="replace")
            return RawAnswer(answer.status, text, dict(answer.headers))

    async def close(self) -> None:
        """Close the connections to the bot."""
        if self._session is not None:
            await self._session.close()

    async def _send(self, kind: PayloadKind, payload: JSON) -> Ack:
        start = time.perf_counter()
        patience = self._state.settings.ack_seconds
        status: int | None = None
        try:
            async with asyncio.timeout(patience):
                if self._sockets.is_connected:
                    status, body = 200, await self._sockets.deliver(kind, payload)
                else:
                    status, body = await self._post(kind, payload)
        except TimeoutError:
            return Ack(None, _since(start), failure=OPERATION_TIMEOUT)
        except (aiohttp.ClientError, ConnectionError, ValueError):
            return Ack(status, _since(start), failure=DISPATCH_FAILED)
        failure = None if status == 200 else DISPATCH_FAILED
        return Ack(status, _since(start), body, failure)

    async def _post(self, kind: PayloadKind, payload: JSON) -> tuple[int, Any]:
        if kind is PayloadKind.EVENTS_API:
            as_json = {"content-type": "application/json"}
            answer = await self.send_raw(json.dumps(payload), as_json)
        elif kind is PayloadKind.INTERACTIVE:
            answer = await self.send_raw(urlencode({"payload": json.dumps(payload)}), {})
        else:
            answer = await self.send_raw(urlencode(payload), {})
        return answer.status, _decode(answer)


def _decode(answer: RawAnswer) -> Any:
    # Bolt sets the content type of JSON bodies; anything else is text for the person.
    if not answer.body or "json" not in answer.headers.get("Content-Type", ""):
        return answer.body
    return json.loads(answer.body)


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1000
