"""Receives what Slack sends over a websocket that the bot opens (Socket Mode).

Slack's SDK opens the first connection however long that takes, and renews it by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.ops.health import Health

PING_SECONDS = 10.0  # also the wait between two attempts to connect


@contextlib.asynccontextmanager
async def keep_socket(
    app: AsyncApp, app_token: str, client: AsyncWebClient, health: Health
) -> AsyncIterator[None]:
    """Keep a websocket to Slack open while the block runs; ``health`` watches it."""
    handler = AsyncSocketModeHandler(app, app_token, web_client=client, ping_interval=PING_SECONDS)
    health.include_socket(handler.client)
    tasks = [
        asyncio.create_task(handler.connect_async()),  # type: ignore[no-untyped-call]
        asyncio.create_task(health.follow_socket()),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await handler.close_async()  # type: ignore[no-untyped-call]
