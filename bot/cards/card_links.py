"""Finds the URLs of cards in Slack."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.cards.client import SlackClient
from bot.cards.errors import SlackRefused
from bot.cards.places import is_direct
from bot.job import TryAgain
from bot.request import Event, HistoryLine, Request
from bot.storage.requests import RequestStore
from bot.text import show_name

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=20)  # in which the card of the request that was faster is posted
_LOOK_EVERY = 2.0  # seconds


class CardLinks:
    """Finds the URLs of cards. Blocking; each method raises SlackError when Slack can't now."""

    def __init__(self, requests: RequestStore, slack: SlackClient) -> None:
        self._requests = requests
        self._slack = slack

    def find(self, request: Request) -> str:
        """Return the card's URL, or "" if there's none."""
        if not request.card_ts:
            return ""
        try:
            return self._slack.permalink(request.card_channel, request.card_ts)
        except SlackRefused as refusal:
            log.warning("request %s: no link to its card (%s)", request.request_id, refusal.code)
            return ""

    def resolve(self, line: HistoryLine, agent_id: str) -> HistoryLine:
        """Return a line with the faster request's id replaced by the URL of its card.

        Raises TryAgain as long as that card may still come.
        """
        if line.event is not Event.REFUSED or not line.link:
            return line
        try:
            faster = self._requests.load(line.link)
        except LookupError:
            return replace(line, link="")
        if is_direct(faster.card_channel) and faster.agent_id != agent_id:
            return replace(line, link="")  # nobody else could open it
        link = self.find(faster)
        if not link and not faster.card_channel and datetime.now(UTC) - line.at < PATIENCE:
            raise TryAgain("the card of the request that was faster isn't posted yet", _LOOK_EVERY)
        whose = show_name(faster.agent_name)
        return replace(line, link=link, whose=whose, is_own=faster.agent_id == agent_id)
