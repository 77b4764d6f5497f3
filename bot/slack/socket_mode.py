"""Receives what Slack sends over a websocket that the bot opens (Socket Mode).

Slack's SDK opens the first connection however long that takes, and renews it by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.ops.health import Health
from bot.slack.errors import dispatch
from genesys import proxy_for

log = logging.getLogger(__name__)

LONGEST_PAUSE = 60.0  # seconds; if the limit lasts longer, the next attempt gets another 429
PING_SECONDS = 10.0  # also the wait between two attempts to connect


@contextlib.asynccontextmanager
async def keep_socket(
    app: AsyncApp, app_token: str, client: AsyncWebClient, health: Health
) -> AsyncIterator[None]:
    """Keep a websocket to Slack open while the block runs; ``health`` watches it."""
    socket = _Socket(app_token, logger=app.logger, web_client=client, ping_interval=PING_SECONDS)

    async def answer(_: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        answered = await dispatch(app, request.payload)
        if answered is not None and answered.status == 200:
            response = SocketModeResponse(request.envelope_id, _read_ack(answered))
            await socket.send_socket_mode_response(response)

    socket.socket_mode_request_listeners.append(answer)
    health.include_socket(socket)
    tasks = [
        asyncio.create_task(socket.connect()),  # type: ignore[no-untyped-call]
        asyncio.create_task(health.follow_socket()),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await socket.close()  # type: ignore[no-untyped-call]


def _read_ack(answered: BoltResponse) -> dict[str, Any] | None:
    """Return what Slack gets with the ack: an answer, the errors of a form, or nothing."""
    return json.loads(answered.body) if answered.body else None


class _Socket(SocketModeClient):
    """The SDK's client, with the proxy that belongs to the address it gets from Slack.

    The SDK itself would pause for as long as a header of Slack's says, even for years.
    """

    async def issue_new_wss_url(self) -> str:
        while True:
            with contextlib.suppress(_PauseIsOver):
                url = await self._ask_for_url()
                self.proxy = proxy_for(url)
                return url

    async def _ask_for_url(self) -> str:
        limit = asyncio.timeout(LONGEST_PAUSE)
        try:
            async with limit:
                return await super().issue_new_wss_url()
        except TimeoutError:
            if not limit.expired():
                raise
            log.warning("Slack asks for a longer pause before a new socket; the bot tries again")
            raise _PauseIsOver from None


class _PauseIsOver(Exception):
    """Slack asked for a longer pause than the bot makes."""
