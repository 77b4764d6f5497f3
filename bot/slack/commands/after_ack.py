"""Acks a command before it does what the command says, because Slack waits only three seconds."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.slack.errors import ErrorHandler
from bot.slack.interaction import Interaction


async def do_after_ack(
    ack: AsyncAck,
    interaction: Interaction,
    do: Callable[[Interaction], Coroutine[Any, Any, None]],
    errors: ErrorHandler,
) -> None:
    """Ack and start the work; whatever goes wrong in it is told to the person."""
    await ack()
    errors.start(do(interaction), interaction)
