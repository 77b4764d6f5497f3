"""Counts the requests that the bot refuses, and logs at most one line a minute for each reason.

A wrong signing secret or a wrong clock makes the bot refuse every request of Slack's, so somebody
has to hear of it; but a stranger who sends many must not fill the log. No line has anything that
came with a request.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

log = logging.getLogger(__name__)

SLACK_PATH = "/slack/events"
SILENCE_SECONDS = 60.0


class Reason(StrEnum):
    """Why a request was refused, or its connection closed; the values are the metric's labels."""

    FORGED = "forged"
    STALE = "stale"
    REPEATED = "repeated"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    TOO_MANY = "too_many"
    PIPELINED = "pipelined"
    WRONG_PATH = "wrong_path"


_SENTENCES = {
    Reason.FORGED: (
        "not signed with this app's secret. If nothing from Slack arrives, copy "
        "SLACK_SIGNING_SECRET again (Basic Information)"
    ),
    Reason.STALE: (
        "signed by Slack, but the last one was {seconds:.0f} seconds {side} this machine's clock. "
        "If nothing from Slack arrives, set the clock"
    ),
    Reason.REPEATED: "received before. A proxy must not repeat Slack's requests",
    Reason.UNREADABLE: "signed by Slack, but not in a form that the bot knows",
    Reason.TOO_LARGE: "larger than any that Slack sends",
    Reason.TOO_SLOW: "not complete in time",
    Reason.TOO_MANY: "given up for newer ones, because too many were under way",
    Reason.WRONG_PATH: (
        f"sent to another path than {SLACK_PATH}. If they are Slack's, the app's request URLs must "
        "end in it"
    ),
    Reason.PIPELINED: "sent before the one ahead was answered. A proxy must not pipeline",
}


class RefusedRequests:
    """Counts them by reason, since this process started."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[Reason] = Counter()
        self._clock = clock
        self._logged: Counter[Reason] = Counter()
        self._log_from: dict[Reason, float] = {}

    def add(self, reason: Reason, age: float = 0.0) -> None:
        """Count one; ``age`` is how many seconds ago a stale one was signed, by our clock."""
        self.counts[reason] += 1
        now = self._clock()
        if now < self._log_from.get(reason, now):
            return
        self._log_from[reason] = now + SILENCE_SECONDS
        count = self.counts[reason] - self._logged[reason]
        self._logged[reason] = self.counts[reason]
        side = "behind" if age > 0 else "ahead of"
        log.warning(
            "refused %s: %s",
            "1 request" if count == 1 else f"{count} requests",
            _SENTENCES[reason].format(seconds=abs(age), side=side),
        )
