"""The one handler for what nobody foresaw: it answers where the agent is, with a reference id.

Promises: the answer and the log share the reference; the log holds the error's kind and where it
happened, never its text, which may quote a customer. This is the only place that catches Exception.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Coroutine
from typing import Any

from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.cards.blocks import Block, plain

log = logging.getLogger(__name__)


class ErrorHandler:
    """Answers unforeseen errors, of Slack's requests and of what is done after their ack."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._running: set[asyncio.Task[None]] = set()

    async def attend(
        self, listening: Awaitable[BoltResponse | None], body: dict[str, Any]
    ) -> BoltResponse | None:
        """Return a listener's answer; when it fails, the answer to give in its place."""
        try:
            return await listening
        except Exception as error:  # noqa: BLE001 -- the last resort is this one place
            return self._answer(body, _note(error))

    def start(self, work: Coroutine[Any, Any, None], body: dict[str, Any]) -> None:
        """Do work after the ack; when it fails, tell the agent whose request it was."""
        task = asyncio.create_task(self._run(work, body))
        self._running.add(task)  # asyncio itself keeps no reference
        task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait until all that was started has ended."""
        await asyncio.gather(*self._running, return_exceptions=True)

    def _answer(self, body: dict[str, Any], sentence: str) -> BoltResponse:
        """Answer in the ack where it shows, else beside it."""
        if body.get("type") == "view_submission":
            fields = (b["block_id"] for b in body["view"]["blocks"] if b["type"] == "input")
            errors = {"response_action": "errors", "errors": {next(fields): sentence}}
            return BoltResponse(status=200, body=errors)
        if "command" in body:
            said = {"response_type": "ephemeral", "text": sentence}
            return BoltResponse(status=200, body=said)
        self.start(self._tell(body, None, sentence), body)
        return BoltResponse(status=200)

    async def _run(self, work: Coroutine[Any, Any, None], body: dict[str, Any]) -> None:
        view_id = (body.get("view") or {}).get("id")
        try:
            await work
        except Exception as error:  # noqa: BLE001 -- the last resort is this one place
            await self._tell(body, view_id, _note(error))

    async def _tell(self, body: dict[str, Any], view_id: str | None, sentence: str) -> None:
        """Answer in the modal, else by the request's answer address, else privately."""
        try:
            if view_id:
                await self._client.views_update(view_id=view_id, view=build_sorry(sentence))
            elif body.get("response_url"):
                await AsyncWebhookClient(body["response_url"]).send(
                    text=sentence, response_type="ephemeral", replace_original=False
                )
            elif agent := (body.get("user") or {}).get("id"):
                await self._client.chat_postMessage(channel=agent, text=sentence, mrkdwn=False)
        except (TimeoutError, SlackClientError, OSError) as error:
            log.warning("could not tell the agent either (%s)", type(error).__name__)


def build_sorry(sentence: str) -> Block:
    """Draw a modal that only says what went wrong."""
    return {
        "type": "modal",
        "callback_id": "sorry",
        "title": plain("Something went wrong"),
        "close": plain("Close"),
        "blocks": [{"type": "section", "text": plain(sentence)}],
    }


def _note(error: Exception) -> str:
    reference = secrets.token_hex(4)
    log.error("unforeseen error, reference %s", reference, exc_info=error)
    return (
        "Something went wrong in the bot, and nothing was sent by this step. Try again; if it "
        f"happens again, tell an administrator this reference: {reference}"
    )
