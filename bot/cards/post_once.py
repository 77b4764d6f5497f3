"""Posts something to Slack once, even when an answer is lost or a process dies or freezes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from bot.cards.client import CALL_SECONDS, SlackClient, Spot
from bot.cards.errors import SlackRateLimited, SlackRefused
from bot.cards.post import Post
from bot.cards.tries import NotSettled, Tries

# An attempt begins this soon after its announcement, or not at all: a process may freeze between.
BEGINS_WITHIN = 1.0
# By then an attempt has arrived or never will, also that of a process that died.
SETTLED_AFTER = timedelta(seconds=BEGINS_WITHIN + CALL_SECONDS)


@dataclass(frozen=True)
class Posted:
    """Where a post is; ``is_fresh``: it certainly shows what was given, not an earlier state."""

    channel: str
    ts: str
    is_fresh: bool


class Attempts(Protocol):
    """Writes attempts to post down before they begin, as ``Ledger`` does."""

    def announce(self, owner: str, what: str) -> Tries | None:
        """Write down that a post is about to be tried, or return its earlier tries."""

    def announce_again(self, owner: str, what: str, tries: Tries, settled_after: timedelta) -> None:
        """Write down that a post whose result isn't known is about to be tried again."""

    def withdraw(self, owner: str, what: str, tries: Tries | None) -> None:
        """Strike off a try that Slack refused."""


class PostOnce:
    """Posts with the ledger's help. The caller notes in the ledger what it returns."""

    def __init__(
        self, ledger: Attempts, slack: SlackClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ledger = ledger
        self._slack = slack
        self._clock = clock

    def post(self, owner: str, what: str, spot: Spot, post: Post) -> Posted:
        """Post unless it's there already.

        ``owner``: the id of the request that it's about, or ``DIGEST``. Raises SlackError, and
        NotSettled while an earlier attempt may still arrive.
        """
        name = f"{owner} {what}"
        announced = self._clock()
        tries = self._ledger.announce(owner, what)
        if tries is not None:
            found = self._slack.find(spot, name, tries.first)
            if found:
                return Posted(spot.channel, found, is_fresh=False)
            announced = self._clock()
            self._ledger.announce_again(owner, what, tries, SETTLED_AFTER)
        if self._clock() - announced > BEGINS_WITHIN:
            raise NotSettled(SETTLED_AFTER.total_seconds())
        try:
            channel, ts = self._slack.post(spot, post, name)
        except (SlackRefused, SlackRateLimited):
            self._ledger.withdraw(owner, what, tries)
            raise
        if tries is not None:  # an earlier attempt may have arrived after all, or out of sight
            ts = self._slack.find(replace(spot, channel=channel), name, tries.first) or ts
        return Posted(channel, ts, is_fresh=tries is None)

    def settle(self, owner: str, what: str, spot: Spot) -> str:
        """Return the ts of an earlier attempt, or "" once it certainly never arrives.

        Raises SlackError, AlreadyPosted, and NotSettled while it may still arrive.
        """
        name = f"{owner} {what}"
        tries = self._ledger.announce(owner, what)
        if tries is None:  # another process has just settled it
            return ""
        if found := self._slack.find(spot, name, tries.first):
            return found
        self._ledger.announce_again(owner, what, tries, SETTLED_AFTER)
        return self._slack.find(spot, name, tries.first)
