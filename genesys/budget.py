"""The rate budget: how many calls may start in a minute, and who goes first.

Genesys allows 300 calls a minute and token (`client.credentials.token.rate.per.minute`) and
reports on every answer how many of `inin-ratelimit-allowed` were counted and in how many
seconds the count starts again. A call that would be refused with 429 is wasted, so callers
wait here instead. A share of the rate is kept for interactive callers: background ones stop
below it, so whatever becomes free first belongs to a waiting interactive caller.

LocalBudget serves one process. Several processes need a Budget that shares its count.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Callable
from enum import StrEnum
from math import ceil
from typing import Protocol

from genesys.errors import RateBudgetExhausted

_MINUTE = 60.0
_RESERVED_SHARE = 0.2


class Priority(StrEnum):
    """Whether a person waits for the answer right now."""

    INTERACTIVE = "interactive"
    BACKGROUND = "background"


class Budget(Protocol):
    """What GenesysCloud asks before each call and tells after it."""

    def acquire(self, priority: Priority, patience: float) -> None:
        """Wait up to `patience` seconds for leave to call, else raise RateBudgetExhausted."""

    def learn(self, allowed: int, count: int, reset_seconds: float) -> None:
        """Take in what an answer said: the limit, the calls counted, seconds to the next count."""

    def pause(self, seconds: float) -> None:
        """Let nobody call for so long: Genesys answered 429."""


class LocalBudget:
    """At most `calls_per_minute` calls in any 60 seconds of this process; thread-safe.

    The window slides, so it also keeps within Genesys's own window wherever that starts. Calls
    that others make with the same token show in Genesys's count and are taken off until it
    starts again. A lower limit reported by Genesys holds; a higher one does not, because
    `calls_per_minute` is what the owner allows us.
    """

    def __init__(
        self,
        calls_per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ceiling = calls_per_minute
        self._allowed = calls_per_minute
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._expiries: list[float] = []  # a call counts until a minute after its start
        self._others = 0
        self._others_until = 0.0
        self._paused_until = 0.0

    def acquire(self, priority: Priority, patience: float) -> None:
        """Wait up to `patience` seconds for leave to call, else raise RateBudgetExhausted.

        A wait that is longer than the patience is refused at once rather than waited for.
        """
        give_up = self._clock() + patience
        while True:
            with self._lock:
                now = self._clock()
                opens = self._opens(now, priority)
                if opens <= now:
                    self._expiries.append(now + _MINUTE)
                    return
            if opens > give_up:
                raise RateBudgetExhausted(retry_after=opens - now)
            self._sleep(opens - now)

    def learn(self, allowed: int, count: int, reset_seconds: float) -> None:
        """Take in what an answer said: the limit, the calls counted, seconds to the next count."""
        with self._lock:
            self._others_until = self._clock() + reset_seconds
            self._others = max(0, count - self._ours(self._others_until))
            self._allowed = max(1, min(self._ceiling, allowed))

    def pause(self, seconds: float) -> None:
        """Let nobody call for so long: Genesys answered 429."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _opens(self, now: float, priority: Priority) -> float:
        """Return the first moment, from now on, that has room for one more call."""
        del self._expiries[: bisect_right(self._expiries, now)]
        limit = self._allowed
        if priority is Priority.BACKGROUND:
            limit = max(1, limit - ceil(limit * _RESERVED_SHARE))
        earliest = max(now, self._paused_until)
        changes = sorted({*self._expiries, self._others_until})
        for moment in [earliest, *changes[bisect_right(changes, earliest) :]]:
            others = self._others if moment < self._others_until else 0
            if self._ours(moment) + others < limit:
                return moment
        raise AssertionError("unreachable: after the last change nothing counts any more")

    def _ours(self, moment: float) -> int:
        """Count our calls that are younger than a minute at that moment."""
        return len(self._expiries) - bisect_right(self._expiries, moment)
