"""Shows an agent alone what no place takes, through the response URL of their command or click.

The URL works five times, for thirty minutes. Each click of the agent brings a new one
(`bot/slack/buttons/buttons.py`).
https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bot.cards.card import show_card, show_news
from bot.cards.client import SlackClient
from bot.cards.errors import SlackRefused, SlackTokenRefused
from bot.cards.ledger import NOWHERE, Ledger
from bot.cards.line import show_line
from bot.cards.post import Post
from bot.cards.refusals import explain_refusal
from bot.cards.tries import AlreadyPosted
from bot.request import Event, Request
from bot.storage.history import NOT_SHOWN
from bot.storage.requests import RequestStore

log = logging.getLogger(__name__)


class PrivateNews:
    """Shows an agent news that no place takes.

    Blocking; each method raises SlackError when Slack can't now.
    """

    def __init__(self, requests: RequestStore, ledger: Ledger, slack: SlackClient) -> None:
        self._requests = requests
        self._ledger = ledger
        self._slack = slack

    def show(self, request: Request, refusals: Sequence[SlackRefused]) -> None:
        """Show the agent the card once, and then the news; ``refusals``: of the other places."""
        why = explain_refusal(refusals[0]) if request.card_channel != NOWHERE else ""
        if not self._ledger.note_card(
            request.request_id, NOWHERE, "", request.card_state, elsewhere=why
        ):
            raise AlreadyPosted
        lines = self._ledger.unposted_lines(request.request_id)
        # So that the buttons below the lines are not older than the lines.
        request = self._requests.load(request.request_id)
        if not request.card_state:
            post = show_card(request)
            for line in lines:
                post.blocks.extend(show_line(line, request).blocks)
            self.respond(request, post, refusals[-1])
        elif any(line.event is not Event.FOUND for line in lines):  # the URL works only five times
            self.respond(request, show_news(request, lines, request.card_state), refusals[-1])
        for line in lines:
            self._ledger.note_line(request.request_id, line, NOT_SHOWN)
        self._ledger.note_shown_state(request)

    def respond(self, request: Request, post: Post, refusal: SlackRefused | None = None) -> None:
        """Show the agent a post.

        If that's refused as well, nothing more can be done. But raise the ``refusal`` of the place
        before if it's about the token.
        """
        try:
            self._slack.respond(request.place.response_url, post)
        except SlackRefused as last:
            log.warning("request %s: can't tell the agent (%s)", request.request_id, last.code)
            if isinstance(refusal, SlackTokenRefused):
                raise refusal from None
