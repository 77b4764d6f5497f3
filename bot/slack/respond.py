"""Answers one person, and only they see it: by a response URL, or else in a direct message.

A response URL comes with a command or a click. It works five times, for thirty minutes, also where
the bot isn't a member.
https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import logging

from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.answers import check_response, translated
from bot.cards.errors import SlackError
from bot.cards.post import Post
from bot.cards.response_url import check_response_url
from bot.slack.interaction import Interaction
from bot.slack.retry import retry
from bot.slack.session import build_webhook

log = logging.getLogger(__name__)


class Responder:
    """Answers people. It waits for Slack if it must, so it's never called before an ack."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def answer(self, interaction: Interaction, post: Post) -> None:
        """Show a post to the person who has done something, where they did it."""
        await self.respond(interaction.place.response_url, interaction.user_id, post)

    async def respond(self, response_url: str, user_id: str, post: Post) -> None:
        """Show a post to the person alone; log it if Slack takes it neither way."""
        if response_url:
            try:
                await retry(lambda: self._use_url(response_url, post))
            except SlackError as error:
                log.warning("can't answer through the response URL: %s", error)
            else:
                return
        if user_id:
            await self._send_directly(user_id, post)

    async def _use_url(self, response_url: str, post: Post) -> None:
        check_response_url(response_url, self._client.base_url)
        webhook = build_webhook(response_url, self._client.session)
        with translated():
            answer = await webhook.send(**post.response_fields())
        check_response(answer.status_code, answer.headers)

    async def _send_directly(self, user_id: str, post: Post) -> None:
        try:
            # After an unclear answer, the person may read it twice. That's better than never.
            await retry(lambda: self._post(user_id, post))
        except SlackError as error:
            log.warning("can't answer in a direct message: %s", error)

    async def _post(self, user_id: str, post: Post) -> None:
        with translated():
            await self._client.chat_postMessage(channel=user_id, **post.message_fields())
