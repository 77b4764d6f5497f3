"""Tells the outcomes channels what concerns every message, such as a pause."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from uuid import uuid4

from bot.cards.card import show_notice
from bot.cards.client import SlackClient, Spot
from bot.cards.errors import SlackError
from bot.cards.places import Places
from bot.cards.post import Post
from bot.job import TryAgain

log = logging.getLogger(__name__)


ANNOUNCEMENT = "announcement"  # prefix of these posts' names


class Announcer:
    """Posts to the outcomes channels, if there are any. Blocking; what Slack doesn't take is lost.

    ``channels`` returns all of them.
    """

    def __init__(
        self, slack: SlackClient, channels: Callable[[], Iterable[str]], places: Places
    ) -> None:
        self._slack = slack
        self._channels = channels
        self._places = places

    def announce(self, title: str, sentence: str) -> None:
        """Post a sentence, with only ``title`` in its notification, unless strangers read it."""
        for channel in self._channels():
            try:
                self.announce_in(channel, Post(title, show_notice(sentence).blocks))
            except (SlackError, TryAgain) as error:
                log.warning("can't post to the outcomes channel: %s", error)

    def announce_in(self, channel: str, post: Post) -> None:
        """Post something in one channel, unless strangers read it; raise SlackError or TryAgain."""
        if self._places.is_shared(channel):
            log.warning(
                "the outcomes channel is shared with another company, so nothing is posted there"
            )
            return
        self._slack.post(Spot(channel), post, f"{ANNOUNCEMENT} {uuid4().hex}")
