"""Slack's rate limits: calls a minute for each method, one message a second for each channel.

Strict limits are the published figures, with the small burst that Slack tolerates. The others are
twenty times as high, so that nobody reaches them by hand.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable

from .arguments import Tier

PER_MINUTE = {Tier.TWO: 20, Tier.THREE: 50, Tier.FOUR: 100, Tier.SPECIAL: 600}
MESSAGES_PER_SECOND = 1.0
MESSAGE_BURST = 3
GENEROSITY = 20
_WINDOW = 60.0


class RateLimits:
    """Counts calls, and returns how long to wait after too many."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self._due: dict[str, float] = {}

    def count_call(self, method: str, tier: Tier, *, strict: bool) -> int | None:
        """Count a call of a method; return the seconds to wait if it's one too many."""
        allowed = PER_MINUTE[tier] * (1 if strict else GENEROSITY)
        now = self._clock()
        calls = self._calls[method]
        while calls and calls[0] <= now - _WINDOW:
            calls.popleft()
        if len(calls) >= allowed:
            return max(1, math.ceil(calls[0] + _WINDOW - now))
        calls.append(now)
        return None

    def count_message(self, channel: str, *, strict: bool) -> int | None:
        """Count a message to a channel; return the seconds to wait if it comes too soon."""
        scale = 1 if strict else GENEROSITY
        interval = 1 / (MESSAGES_PER_SECOND * scale)
        now = self._clock()
        due = max(self._due.get(channel, now), now) + interval
        if due - now > interval * MESSAGE_BURST * scale:
            return max(1, math.ceil(due - now - interval * MESSAGE_BURST * scale))
        self._due[channel] = due
        return None
