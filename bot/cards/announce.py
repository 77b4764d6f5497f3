"""Tells the outcomes channel what concerns every message, such as a pause."""

from __future__ import annotations

import logging
from uuid import uuid4

from bot.cards.card import show_notice
from bot.cards.client import SlackClient, Spot
from bot.cards.errors import SlackError
from bot.cards.places import Places
from bot.cards.post import Post
from bot.job import TryAgain

log = logging.getLogger(__name__)


ANNOUNCEMENT = "announcement"  # what the names of these posts begin with


class Announcer:
    """Posts to the outcomes channel, if there's one. Blocking; what Slack doesn't take is lost."""

    def __init__(self, slack: SlackClient, channel: str, places: Places) -> None:
        self._slack = slack
        self._channel = channel
        self._places = places

    def announce(self, title: str, sentence: str) -> None:
        """Post a sentence, whose notification is only the ``title``, unless strangers read it."""
        if not self._channel:
            return
        try:
            if self._places.is_shared(self._channel):
                log.warning("the outcomes channel is shared with another company: not told")
                return
            post = Post(title, show_notice(sentence).blocks)
            self._slack.post(Spot(self._channel), post, f"{ANNOUNCEMENT} {uuid4().hex}")
        except (SlackError, TryAgain) as error:
            log.warning("can't post to the outcomes channel: %s", error)
