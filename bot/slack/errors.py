"""Handles unexpected errors: answers the person, with a reference.

The log has the same reference, with the kind of error and where it happened. This is the only
place that catches Exception.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.cards.card import show_given_back
from bot.cards.post import Post
from bot.language import _
from bot.slack.interaction import Body, Interaction, Kind
from bot.slack.respond import Responder

log = logging.getLogger(__name__)

FINISH_SECONDS = 2.0  # for tasks under way, so that a bot that's told to stop stops within ten

Tell = Callable[[str], Awaitable[None]]


async def dispatch(app: AsyncApp, payload: Body) -> BoltResponse | None:
    """Hand a payload to Bolt; return None if it has a shape that Bolt can't read."""
    try:
        # In socket mode, Bolt neither parses nor verifies: we've done both.
        return await app.async_dispatch(AsyncBoltRequest(body=payload, mode="socket_mode"))
    except Exception as error:  # noqa: BLE001 -- errors in our listeners don't come this far
        log_with_reference(error)
        return None


class ErrorHandler:
    """Answers errors in listeners and in the tasks that they start after the ack."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, error: Exception, interaction: Interaction) -> BoltResponse:
        """Log a listener's error, and return the ack that tells the person if an ack can."""
        sentence = log_with_reference(error)
        if interaction.kind is Kind.COMMAND:
            told: dict[str, Any] = {"response_type": "ephemeral", "text": sentence}
            if interaction.text:
                told["blocks"] = _give_back(interaction, sentence).payload
            return BoltResponse(status=200, body=told)
        if interaction.kind is Kind.SUGGESTION:
            return BoltResponse(status=200, body={"options": []})
        if interaction.kind is Kind.SUBMISSION and interaction.input_ids:
            errors = {interaction.input_ids[0]: sentence}
            return BoltResponse(status=200, body={"response_action": "errors", "errors": errors})
        self._keep(asyncio.create_task(self._tell(interaction, sentence)))
        return BoltResponse(status=200)

    def start(
        self,
        work: Coroutine[Any, Any, object],
        interaction: Interaction,
        tell: Tell | None = None,
    ) -> None:
        """Do work after the ack; if it fails, tell the person, or call ``tell`` if there is one."""
        task = asyncio.create_task(self.run(work, tell or partial(self._tell, interaction)))
        self._keep(task)

    async def run(self, work: Coroutine[Any, Any, object], tell: Tell) -> None:
        """Do work; if it fails, log the error and tell the person, both with a reference."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 -- the one last handler
            await tell(log_with_reference(error))

    async def finish(self, seconds: float = FINISH_SECONDS) -> None:
        """Wait briefly for the tasks that were started, and cancel the rest."""
        if self._tasks:
            __, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)  # asyncio keeps no reference itself
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, interaction: Interaction, sentence: str) -> None:
        shown = _give_back(interaction, sentence)
        await self._responder.respond(interaction.place.response_url, interaction.user_id, shown)


def log_with_reference(error: Exception) -> str:
    """Log an error and return the sentence for the person, both with the same reference."""
    reference = secrets.token_hex(4)
    log.error("unforeseen error, reference %s", reference, exc_info=error)
    return _(
        "Something went wrong, and this step sent nothing. Try again. If it happens again, tell "
        "your admin this reference: {reference}"
    ).format(reference=reference)


def _give_back(interaction: Interaction, sentence: str) -> Post:
    """Show a sentence, and below it the command that the person typed: it's nowhere else."""
    return show_given_back(sentence, interaction.typed)
