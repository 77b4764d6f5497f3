"""Answers a person by the response URL that came with what they did; only they see it.

A response URL works five times, for thirty minutes, also where the bot isn't a member.
https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import logging

from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.cards.blocks import Block

log = logging.getLogger(__name__)


async def respond(response_url: str, text: str, blocks: list[Block] | None = None) -> None:
    """Show a person a text; with blocks, these are shown and the text is for notifications."""
    answer = await AsyncWebhookClient(response_url).send(
        text=text, blocks=blocks, response_type="ephemeral", replace_original=False
    )
    if answer.status_code != 200:
        log.warning("Slack refused a private answer (status %s)", answer.status_code)
