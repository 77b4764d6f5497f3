"""Finds the links to other requests' cards, as far as Slack gives them at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.answers import translated
from bot.cards.errors import SlackError
from bot.cards.places import is_direct
from bot.storage.facts import Earlier

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds: the evidence can do without


async def find_links(
    client: AsyncWebClient, messages: Iterable[Earlier], user_id: str
) -> dict[str, str]:
    """Return the URLs of these messages' cards, by request id.

    There's none for a card that isn't posted yet, and for one that this person can't open.
    https://docs.slack.dev/reference/methods/chat.getPermalink
    """
    earlier = {one.request_id: one for one in messages}
    cards = [one for one in earlier.values() if one.card_ts and _may_open(one, user_id)]
    links = await asyncio.gather(*(_find_link(client, card) for card in cards))
    return {card.request_id: link for card, link in zip(cards, links, strict=True) if link}


def _may_open(card: Earlier, user_id: str) -> bool:
    """Return whether a card isn't in somebody else's direct messages."""
    return card.agent_id == user_id or not is_direct(card.card_channel)


async def _find_link(client: AsyncWebClient, card: Earlier) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            with translated():
                answer = await client.chat_getPermalink(
                    channel=card.card_channel, message_ts=card.card_ts
                )
                return str(answer["permalink"])
    except (SlackError, TimeoutError) as error:
        log.info("no link to a card: %s", error)
        return ""
