"""The last handler for errors that nobody foresaw: it answers the person, with a reference.

The log has the same reference, with the kind of error and where it happened. This is the only
place that catches Exception.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from typing import Any

import aiohttp
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.form_view import build_error_view
from bot.slack.interaction import Interaction, Kind
from bot.slack.respond import respond

log = logging.getLogger(__name__)


class ErrorHandler:
    """Answers errors in listeners and in the tasks that they start after the ack."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, error: Exception, interaction: Interaction) -> BoltResponse:
        """Log a listener's error, and return the ack that tells the person if an ack can."""
        sentence = _log_with_reference(error)
        if interaction.kind is Kind.COMMAND:
            told = {"response_type": "ephemeral", "text": sentence}
            return BoltResponse(status=200, body=told)
        if interaction.kind is Kind.SUBMISSION and interaction.input_ids:
            errors = {interaction.input_ids[0]: sentence}
            return BoltResponse(status=200, body={"response_action": "errors", "errors": errors})
        self._keep(asyncio.create_task(self._tell(interaction, "", sentence)))
        return BoltResponse(status=200)

    def start(self, work: Coroutine[Any, Any, object], interaction: Interaction) -> None:
        """Do work after the ack; if it fails, tell the person."""
        self._keep(asyncio.create_task(self._run(work, interaction)))

    async def finish(self) -> None:
        """Wait for everything that was started."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)  # asyncio keeps no reference itself
        task.add_done_callback(self._tasks.discard)

    async def _run(self, work: Coroutine[Any, Any, object], interaction: Interaction) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 -- the one last handler
            await self._tell(interaction, interaction.view_id, _log_with_reference(error))

    async def _tell(self, interaction: Interaction, view_id: str, sentence: str) -> None:
        """Tell the person in their form, else by the response URL, else in a direct message."""
        response_url = interaction.place.response_url
        try:
            if view_id:
                await self._client.views_update(view_id=view_id, view=build_error_view(sentence))
            elif response_url:
                await respond(response_url, sentence)
            elif interaction.user_id:
                await self._client.chat_postMessage(
                    channel=interaction.user_id, text=sentence, mrkdwn=False
                )
        except (TimeoutError, SlackClientError, aiohttp.ClientError, OSError) as error:
            log.warning("could not tell the agent about an error (%s)", type(error).__name__)


def _log_with_reference(error: Exception) -> str:
    """Log an error and return the sentence for the person, both with the same reference."""
    reference = secrets.token_hex(4)
    log.error("unforeseen error, reference %s", reference, exc_info=error)
    return (
        "Something went wrong in the bot, and nothing was sent by this step. Try again; if it "
        f"happens again, tell an administrator this reference: {reference}"
    )
