"""Finds the addresses of requests' threads, quickly: a list can do without a link.

https://docs.slack.dev/reference/methods/chat.getPermalink
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.answers import translated
from bot.cards.errors import SlackError
from bot.cards.places import is_direct
from bot.request import Request

log = logging.getLogger(__name__)

PATIENCE = 0.25  # seconds; what comes later is known the next time
_MOST_KEPT = 5_000
_Card = tuple[str, str]


class ThreadLinks:
    """Asks Slack once for each card, whose address never changes."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: dict[_Card, str] = {}
        self._asked: dict[_Card, asyncio.Task[None]] = {}

    async def find(self, requests: Iterable[Request], user_id: str) -> Mapping[str, str]:
        """Return the addresses by request id, without those that this person couldn't open."""
        cards = {
            one.request_id: (one.card_channel, one.card_ts)
            for one in requests
            if one.card_ts and (one.agent_id == user_id or not is_direct(one.card_channel))
        }
        for card in cards.values():
            if card not in self._known and card not in self._asked:
                self._asked[card] = asyncio.create_task(self._ask(card))
        waiting = {self._asked[card] for card in cards.values() if card in self._asked}
        if waiting:
            await asyncio.wait(waiting, timeout=PATIENCE)
        return {id_: self._known[card] for id_, card in cards.items() if card in self._known}

    async def _ask(self, card: _Card) -> None:
        channel, ts = card
        try:
            with translated():
                answer = await self._client.chat_getPermalink(channel=channel, message_ts=ts)
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[card] = str(answer["permalink"])
        except SlackError as error:
            log.info("no link to a card: %s", error)
        finally:
            del self._asked[card]
