"""The websocket edge: Slack's requests over a connection that the bot opens (Socket Mode).

Promises: the first connection is tried for as long as it takes; a dead one shows in ``/healthz``.
Does not: know what the requests are about; Bolt renews connections by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.ops.health import Health

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def keep_socket(
    app_token: str, app: AsyncApp, client: AsyncWebClient, health: Health
) -> AsyncIterator[None]:
    """Keep a websocket to Slack open while the block runs."""
    handler = AsyncSocketModeHandler(app, app_token, web_client=client)
    health.watch(handler.client)
    tasks = [asyncio.create_task(_connect(handler)), asyncio.create_task(health.keep_watching())]
    yield
    for task in tasks:
        task.cancel()
    await handler.close_async()  # type: ignore[no-untyped-call]


async def _connect(handler: AsyncSocketModeHandler) -> None:
    wait = 1.0
    while True:
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call]
            return
        except (TimeoutError, SlackClientError, aiohttp.ClientError, OSError) as error:
            log.warning("no socket to Slack yet (%s); trying again", type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 30.0)
