"""The routes under /control/bot, which start, stop and kill the bot and report its status.

The routes work through `BotControl`. In a sandbox that doesn't run a bot, as in most tests, the
bot's state is "absent".
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
    """The state of the bot's process; STARTING means that it runs but doesn't answer yet."""

    ABSENT = "absent"
    STARTING = "starting"
    RUNNING = "running"
    DEAD = "dead"


@dataclass(frozen=True)
class BotExit:
    """How the bot ended, whether somebody asked it to, and its last lines if nobody did."""

    how: str
    asked: bool
    last_lines: str = ""


@dataclass(frozen=True)
class BotStatus:
    """The bot's state and since when; `last_exit` is kept when the bot runs again."""

    state: BotState
    since: datetime
    pid: int | None = None
    last_exit: BotExit | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the status as the page reads it."""
        return {
            "state": self.state.value,
            "since": self.since.isoformat(timespec="milliseconds"),
            "pid": self.pid,
            "last_exit": None if self.last_exit is None else vars(self.last_exit),
        }


class WrongMoment(Exception):
    """The bot's state doesn't allow this action; the text says what the state is."""


class BotControl(Protocol):
    """What the routes need from the bot. An action may take seconds and may raise WrongMoment."""

    @property
    def status(self) -> BotStatus:
        """The bot's status now."""

    def start(self) -> object:
        """Start the bot without waiting until it answers."""

    def stop(self) -> None:
        """Ask the bot to stop, and wait until it has."""

    def kill(self) -> None:
        """Kill the bot in the middle of whatever it's doing."""


def bot_routes(find_bot: Callable[[], BotControl | None]) -> list[web.RouteDef]:
    """List the routes; `find_bot` is called on each request, because the bot may come later."""
    opened = datetime.now(UTC)

    def answer(bot: BotControl | None) -> web.Response:
        status = bot.status if bot else BotStatus(BotState.ABSENT, opened)
        return web.json_response({"ok": True, **status.as_json()})

    async def show(_: web.Request) -> web.Response:
        return answer(find_bot())

    async def act(request: web.Request) -> web.Response:
        bot = find_bot()
        wanted = await _read_action(request)
        if bot is None:
            return _refuse(409, "This sandbox did not start the bot, so it cannot do that.")
        actions = {"start": bot.start, "stop": bot.stop, "kill": bot.kill}
        if wanted not in actions:
            return _refuse(400, f"do: must be one of {', '.join(actions)}.")
        try:
            await asyncio.to_thread(actions[wanted])
        except WrongMoment as moment:
            return _refuse(409, str(moment))
        except OSError as error:
            return _refuse(500, f"The bot's program cannot be started: {error.strerror}.")
        return answer(bot)

    return [web.get("/control/bot", show), web.post("/control/bot", act)]


async def _read_action(request: web.Request) -> str:
    """Read {"do": action}; return "" for anything else, which no action is called."""
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        return ""
    action = body.get("do") if isinstance(body, dict) else None
    return action if isinstance(action, str) else ""


def _refuse(status: int, sentence: str) -> web.Response:
    return web.json_response({"ok": False, "error": sentence}, status=status)
