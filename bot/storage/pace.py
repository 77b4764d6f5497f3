"""How fast calls may follow each other: the arithmetic of the shared rate budget.

Promises: in any period at most the limit is granted, at least 95 % of it can be used (for limits
of 20 and more), and background callers leave a part of the burst to interactive ones. Does not:
store anything, wait, or look at a clock.

The rate is GCRA: each grant moves the mark ``due`` one interval on, and a call may start when
``due`` is no more than the burst ahead of now. What Genesys reports is a second bound: so many
calls ``remaining`` until its window ends, spread over what remains of that window.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from genesys import Priority


@dataclass(frozen=True)
class Pace:
    """What a limit of so many calls in a period means. Seconds, but for ``kept``: calls."""

    interval: float  # between calls at full rate
    ahead: float  # how far an interactive caller may be ahead of that rate
    background_ahead: float  # and a background one
    kept: int  # calls that background callers leave to interactive ones

    @classmethod
    def of(cls, limit: int, period: float) -> Pace:
        """Divide a limit into a rate and a burst that together stay below it in any period.

        Half a percent remains for calls that start a little later than they were granted.
        """
        burst = max(1, limit * 4 // 100)
        kept = burst // 2
        interval = period / (limit * 0.995 - burst + 0.5)
        return cls(interval, (burst - 1) * interval, (burst - 1 - kept) * interval, kept)


@dataclass(frozen=True)
class Marks:
    """The row: moments in seconds of the database's clock."""

    seen: float  # when it was last written
    due: float  # when the next call is due at full rate
    paused_until: float
    pushed: float  # seconds in all by which pauses put off what was booked
    allowed: int  # calls in a period, as Genesys last said
    window_ends: float  # when Genesys starts counting again
    remaining: int  # calls that its count leaves until then

    def at(self, now: float) -> Marks:
        """Return the marks as of now; a clock that went back takes them with it."""
        back = max(0.0, self.seen - now)
        return replace(
            self,
            seen=now,
            due=self.due - back,
            paused_until=self.paused_until - back,
            window_ends=self.window_ends - back,
        )

    def opens(self, pace: Pace, priority: Priority) -> float:
        """Return the first moment, from now on, at which a call of this priority may start."""
        background = priority is Priority.BACKGROUND
        ahead, kept = (pace.background_ahead, pace.kept) if background else (pace.ahead, 0)
        moment = max(self.seen, self.due - ahead)
        if self.remaining <= kept:
            moment = max(moment, self.window_ends)
        return moment

    def granted(self, moment: float, pace: Pace) -> Marks:
        """Return the marks after a call was granted for that moment."""
        if moment >= self.window_ends:
            return replace(self, due=max(self.due, moment) + pace.interval)
        spread = (self.window_ends - moment) / max(1, self.remaining)
        return replace(
            self,
            due=max(self.due, moment) + max(pace.interval, spread),
            remaining=self.remaining - 1,
        )

    def paused(self, seconds: float, pace: Pace) -> Marks:
        """Return the marks after a 429: all is put off, and nothing piles up meanwhile."""
        until = self.seen + seconds
        longer = until - max(self.seen, self.paused_until)
        if longer <= 0:
            return self
        return replace(
            self,
            due=max(self.due + longer, until + pace.ahead),
            paused_until=until,
            pushed=self.pushed + longer,
        )

    def told(
        self, allowed: int, count: int, reset_seconds: float, period: float, pace: Pace
    ) -> Marks:
        """Return the marks after an answer of Genesys; news of a window that is over is none."""
        marks = replace(self, allowed=allowed)
        ends = self.seen + min(reset_seconds, period)
        booked = max(0, ceil((self.due - pace.ahead - self.seen) / pace.interval - 1.001))
        remaining = max(0, allowed - count - booked)
        nearly = period / 20  # the seconds of the answer are whole, and it took its time
        if ends > self.window_ends + nearly:
            return replace(marks, window_ends=ends, remaining=remaining)
        if ends >= self.window_ends - nearly:
            return replace(marks, remaining=min(self.remaining, remaining))
        return marks
