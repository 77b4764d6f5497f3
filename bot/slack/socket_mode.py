"""Receives what Slack sends over a websocket that the bot opens (Socket Mode).

Slack's SDK opens the first connection however long that takes, and renews it by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

from slack_bolt.adapter.socket_mode.async_internals import (
    run_async_bolt_app,
    send_async_response,
)
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.ops.health import Health
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
        began = time.time()
        await send_async_response(socket, request, await run_async_bolt_app(app, request), began)

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
