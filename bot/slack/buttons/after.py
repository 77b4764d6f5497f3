"""What's done after something that a person did has had its effect."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from bot.slack.interaction import Interaction

Work = Coroutine[Any, Any, object]
After = Callable[[Work, Interaction], Coroutine[Any, Any, None]]


async def alone(work: Work, _: Interaction) -> None:
    """Do nothing more than the work."""
    await work
