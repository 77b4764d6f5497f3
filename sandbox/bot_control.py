"""The routes under /control/bot: end the bot, start it again, say how it is.

They know the bot only as something with three levers (`BotControl`); whoever starts the bot
brings that along. A sandbox without one, as in most tests, says that its bot is absent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from aiohttp import web


class BotState(StrEnum):
    """How the bot is; STARTING means that its process is there but does not answer yet."""

    ABSENT = "absent"
    STARTING = "starting"
    RUNNING = "running"
    DEAD = "dead"


@dataclass(frozen=True)
class BotExit:
    """One end of the bot: how, whether somebody asked for it, and its last lines if nobody did."""

    how: str
    asked: bool
    last_lines: str = ""


@dataclass(frozen=True)
class BotStatus:
    """How the bot is and since when; `last_exit` stays while it runs again."""

    state: BotState
    since: datetime
    pid: int | None = None
    last_exit: BotExit | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the status as the page reads it."""
        return {
            "state": self.state.value,
            "since": self.since.isoformat(timespec="milliseconds"),
            "pid": self.pid,
            "last_exit": None if self.last_exit is None else vars(self.last_exit),
        }


class WrongMoment(Exception):
    """The bot is not in a state in which this can be done; the text says in which it is."""


class BotControl(Protocol):
    """What the routes need of the bot. The acts may take seconds and raise WrongMoment."""

    @property
    def status(self) -> BotStatus:
        """How the bot is now."""

    def start(self) -> object:
        """Start it, without waiting until it answers."""

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""


def bot_routes(find_bot: Callable[[], BotControl | None]) -> list[web.RouteDef]:
    """List the routes; `find_bot` gives the bot, which may come later than the page."""
    opened = datetime.now(UTC)

    def answer(bot: BotControl | None) -> web.Response:
        status = bot.status if bot else BotStatus(BotState.ABSENT, opened)
        return web.json_response({"ok": True, **status.as_json()})

    async def show(_: web.Request) -> web.Response:
        return answer(find_bot())

    async def act(request: web.Request) -> web.Response:
        bot = find_bot()
        wanted = await _read_act(request)
        if bot is None:
            return _refuse(409, "This sandbox did not start the bot, so it cannot do that.")
        acts = {"start": bot.start, "stop": bot.stop, "kill": bot.kill}
        if wanted not in acts:
            return _refuse(400, f"do: must be one of {', '.join(acts)}.")
        try:
            await asyncio.to_thread(acts[wanted])
        except WrongMoment as moment:
            return _refuse(409, str(moment))
        except OSError as error:
            return _refuse(500, f"The bot's program cannot be started: {error.strerror}.")
        return answer(bot)

    return [web.get("/control/bot", show), web.post("/control/bot", act)]


async def _read_act(request: web.Request) -> str:
    """Read {"do": act}; anything else is an act that nobody knows."""
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        return ""
    act = body.get("do") if isinstance(body, dict) else None
    return act if isinstance(act, str) else ""


def _refuse(status: int, sentence: str) -> web.Response:
    return web.json_response({"ok": False, "error": sentence}, status=status)
