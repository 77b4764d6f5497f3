"""Whether the bot is alive and ready, in words for an operator.

Promises: ``live`` asks nobody and notices a dead socket; ``ready`` asks the database, Slack and
Genesys, at most every 15 seconds however often it is called.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.storage.requests import RequestStore
from genesys import GenesysCloud, GenesysError, check_access

if TYPE_CHECKING:  # over HTTP there is none
    from slack_sdk.socket_mode.aiohttp import SocketModeClient

ASK_EVERY_SECONDS = 15.0
SOCKET_PATIENCE_SECONDS = 20.0  # Slack renews sockets by itself, which takes a few seconds


class Health:
    """Knows how the parts are."""

    def __init__(
        self,
        store: RequestStore,
        client: AsyncWebClient,
        cloud: GenesysCloud,
        executor: Executor,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._client = client
        self._cloud = cloud
        self._executor = executor
        self._clock = clock
        self._socket: SocketModeClient | None = None
        self._socket_seen = clock()
        self._asked_at = float("-inf")
        self._answers: dict[str, str] = {}
        self._asking = asyncio.Lock()

    def watch(self, socket: SocketModeClient) -> None:
        """Include a Socket Mode connection in what ``live`` says."""
        self._socket = socket
        self._socket_seen = self._clock()

    async def keep_watching(self) -> None:
        """Look at the socket every second, for as long as the bot runs."""
        while self._socket is not None:
            if await self._socket.is_connected():
                self._socket_seen = self._clock()
            await asyncio.sleep(1.0)

    def live(self) -> dict[str, str]:
        """Return what is alive: "ok", or what is wrong."""
        if self._socket is None:
            return {"bot": "ok"}
        silent = self._clock() - self._socket_seen
        if silent < SOCKET_PATIENCE_SECONDS:
            return {"bot": "ok", "socket": "ok"}
        return {"bot": "ok", "socket": f"no connection to Slack for {silent:.0f} seconds"}

    async def ready(self) -> dict[str, str]:
        """Return whether database, Slack and Genesys answer: "ok", or what is wrong."""
        async with self._asking:
            if self._clock() - self._asked_at >= ASK_EVERY_SECONDS:
                self._answers = await self._ask()
                self._asked_at = self._clock()
        return self._answers

    async def _ask(self) -> dict[str, str]:
        loop = asyncio.get_running_loop()
        database = loop.run_in_executor(self._executor, self._store.is_reachable)
        genesys = loop.run_in_executor(self._executor, self._ask_genesys)
        return {
            "database": "ok" if await database else "the database does not answer",
            "slack": await self._ask_slack(),
            "genesys": await genesys,
        }

    async def _ask_slack(self) -> str:
        try:
            await self._client.auth_test()
        except SlackApiError as error:
            return f"Slack refuses the bot's token: {error.response.get('error')}"
        except (TimeoutError, SlackClientError, OSError) as error:
            return f"Slack does not answer ({type(error).__name__})"
        return "ok"

    def _ask_genesys(self) -> str:
        try:
            check_access(self._cloud)
        except GenesysError as error:
            return str(error)
        return "ok"
