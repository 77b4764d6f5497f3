"""Whether the bot is alive and ready, in words for an operator."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from bot.cards.client import SlackClient
from bot.cards.errors import SlackError, SlackRefused
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from genesys import GenesysCloud, GenesysError, check_access

SENDING = "sending"
CHECK_EVERY_SECONDS = 15.0
SOCKET_GRACE_SECONDS = 20.0  # Slack renews sockets by itself, which takes a few seconds


class Socket(Protocol):
    """What the health of a Socket Mode connection is read from."""

    async def is_connected(self) -> bool:
        """Return whether the connection works."""


class Health:
    """Checks whether the bot works. Liveness asks no other system; readiness asks all of them."""

    def __init__(
        self,
        requests: RequestStore,
        pause: Pause,
        slack: SlackClient,
        cloud: GenesysCloud,
        executor: Executor,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._requests = requests
        self._pause = pause
        self._slack = slack
        self._cloud = cloud
        self._executor = executor
        self._clock = clock
        self._socket: Socket | None = None
        self._connected_at = clock()
        self._checked_at = float("-inf")
        self._answers: dict[str, str] = {}
        self._checking = asyncio.Lock()
        self._running: asyncio.Task[dict[str, str]] | None = None

    def include_socket(self, socket: Socket) -> None:
        """Include a Socket Mode connection in what ``check_live`` says."""
        self._socket = socket
        self._connected_at = self._clock()

    async def follow_socket(self) -> None:
        """Look every second whether the socket is connected, until cancelled."""
        while self._socket is not None:
            if await self._socket.is_connected():
                self._connected_at = self._clock()
            await asyncio.sleep(1.0)

    def check_live(self) -> dict[str, str]:
        """Return what is alive: "ok", or what is wrong."""
        if self._socket is None:
            return {"bot": "ok"}
        silent = self._clock() - self._connected_at
        if silent < SOCKET_GRACE_SECONDS:
            return {"bot": "ok", "socket": "ok"}
        return {"bot": "ok", "socket": f"no connection to Slack for {silent:.0f} seconds"}

    async def check_ready(self) -> dict[str, str]:
        """Return whether database, Slack and Genesys answer: "ok", or what is wrong.

        SENDING says whether somebody has paused it, which is no fault. However often it's called,
        it asks them once in 15 seconds at most.
        """
        async with self._checking:
            if self._clock() - self._checked_at >= CHECK_EVERY_SECONDS:
                self._answers = await self._check_all()
                self._checked_at = self._clock()
        return self._answers

    async def check_soon(self, seconds: float) -> dict[str, str]:
        """Return what ``check_ready`` says, or what was known before if that takes longer.

        That's {} if nothing was.
        """
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self.check_ready())
        await asyncio.wait({self._running}, timeout=seconds)
        return self._answers

    async def _check_all(self) -> dict[str, str]:
        loop = asyncio.get_running_loop()
        checks = {
            "database": self._check_database,
            "slack": self._check_slack,
            "genesys": self._check_genesys,
            SENDING: self._check_sending,
        }
        answers = await asyncio.gather(
            *(loop.run_in_executor(self._executor, check) for check in checks.values())
        )
        return dict(zip(checks, answers, strict=True))

    def _check_database(self) -> str:
        return "ok" if self._requests.is_reachable() else "the database doesn't answer"

    def _check_sending(self) -> str:
        try:
            paused = self._pause.read()
        except SQLAlchemyError:
            return "unknown"
        if paused is None:
            return "ok"
        return f"paused by {paused.user_id} since {paused.at.isoformat(timespec='seconds')}"

    def _check_slack(self) -> str:
        try:
            self._slack.check_token()
        except SlackRefused as refusal:
            return f"Slack refuses the bot's token: {refusal.code}"
        except SlackError as error:
            return str(error)
        return "ok"

    def _check_genesys(self) -> str:
        try:
            check_access(self._cloud)
        except GenesysError as error:
            return str(error)
        return "ok"
