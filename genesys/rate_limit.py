"""The arithmetic of the rate limit: when the next call may start, given the calls before it.

Promises: no period ever has more calls than the limit; at least 95 % of the limit can be used
(for limits of 20 and more); background calls leave part of the burst to interactive ones. It
doesn't wait, store anything or read a clock: rate_limiter.py does.

The algorithm is GCRA (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm): each call moves
`due` on by one interval, and a call may start as long as `due` is at most one burst ahead. What
Genesys reports in its headers is a second bound: `remaining` calls until its window ends, spread
over the rest of that window.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil

UNKNOWN_LIMIT = 2**31 - 1  # Genesys hasn't reported its limit yet; fits an INTEGER column
LONGEST_PAUSE = 300.0  # seconds; if Genesys wants more, the next call gets a 429 again


class Priority(StrEnum):
    """Whether a person is waiting for the answer right now."""

    INTERACTIVE = "interactive"
    BACKGROUND = "background"


@dataclass(frozen=True)
class Rate:
    """A limit of so many calls per period, as an interval and a burst. All but `reserved`: seconds.

    An interactive call may start `ahead` seconds before it is due, a background call only
    `background_ahead`.
    """

    period: float
    interval: float  # between two calls at the full rate
    ahead: float
    background_ahead: float
    reserved: int  # calls that background callers leave to interactive ones

    @classmethod
    def of(cls, limit: int, period: float) -> "Rate":
        """Split a limit into a steady rate and a burst that never exceed it together.

        Half a percent is left for calls that start a little later than they were booked.
        """
        burst = max(1, limit * 4 // 100)
        reserved = burst // 2
        interval = period / (limit * 0.995 - burst + 0.5)
        return cls(
            period, interval, (burst - 1) * interval, (burst - 1 - reserved) * interval, reserved
        )


@dataclass(frozen=True)
class RateState:
    """What is booked and what Genesys reported. Times are seconds of one clock."""

    seen: float = 0.0  # when this was true
    due: float = 0.0  # when the next call is due at the full rate
    paused_until: float = 0.0
    pushed: float = 0.0  # seconds by which pauses have delayed booked calls, in total
    allowed: int = UNKNOWN_LIMIT  # calls per period, as Genesys last reported
    window_ends: float = 0.0  # when Genesys starts counting again
    remaining: int = UNKNOWN_LIMIT  # calls that are left until then

    def at(self, now: float) -> "RateState":
        """Return the state as of now; if the clock was set back, all times move with it.

        A longer pause than we make, which an earlier version may have stored, is shortened.
        """
        back = max(0.0, self.seen - now)
        shorter = max(0.0, self.paused_until - back - now - LONGEST_PAUSE)
        return replace(
            self,
            seen=now,
            due=self.due - back - shorter,
            paused_until=self.paused_until - back - shorter,
            window_ends=self.window_ends - back,
        )

    def next_start(self, rate: Rate, priority: Priority) -> float:
        """Return the earliest time, from now on, at which a call of this priority may start."""
        background = priority is Priority.BACKGROUND
        ahead, reserved = (rate.background_ahead, rate.reserved) if background else (rate.ahead, 0)
        start = max(self.seen, self.due - ahead)
        if self.remaining <= reserved:
            start = max(start, self.window_ends)
        return start

    def book(self, start: float, rate: Rate) -> "RateState":
        """Return the state after a call was booked for that time."""
        if start >= self.window_ends:
            return replace(self, due=max(self.due, start) + rate.interval)
        spread = (self.window_ends - start) / max(1, self.remaining)
        return replace(
            self,
            due=max(self.due, start) + max(rate.interval, spread),
            remaining=self.remaining - 1,
        )

    def pause(self, seconds: float, rate: Rate) -> "RateState":
        """Return the state after a 429: every booked call is delayed, and no burst follows."""
        until = self.seen + min(seconds, LONGEST_PAUSE)
        longer = until - max(self.seen, self.paused_until)
        if longer <= 0:
            return self
        return replace(
            self,
            due=max(self.due + longer, until + rate.ahead),
            paused_until=until,
            pushed=self.pushed + longer,
        )

    def learn(self, allowed: int, count: int, reset_seconds: float, rate: Rate) -> "RateState":
        """Return the state after Genesys reported its limit, its count and when that restarts.

        A report about a window that has already ended changes only the limit.
        """
        state = replace(self, allowed=allowed)
        ends = self.seen + min(reset_seconds, rate.period)
        booked = max(0, ceil((self.due - rate.ahead - self.seen) / rate.interval - 1.001))
        remaining = max(0, allowed - count - booked)
        tolerance = rate.period / 20  # the header has whole seconds, and the answer took a while
        if ends > self.window_ends + tolerance:
            return replace(state, window_ends=ends, remaining=remaining)
        if ends >= self.window_ends - tolerance:
            return replace(state, remaining=min(self.remaining, remaining))
        return state
