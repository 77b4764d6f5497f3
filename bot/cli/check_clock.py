"""Compares this machine's clock with a vendor's, from an answer's ``Date`` header."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.cli.result import Result, ok, skipped, warning, wrong

_FIX = "Turn on time synchronisation (NTP) on this machine."


def measure_difference(before: datetime, theirs: datetime, after: datetime) -> timedelta:
    """Return by how much our clock is certainly ahead of theirs; negative if it's behind.

    ``before`` and ``after`` are our times around the call; ``theirs`` is in whole seconds.
    """
    if before > theirs + timedelta(seconds=1):
        return before - theirs - timedelta(seconds=1)
    return min(after - theirs, timedelta())


def check_clock(
    vendor: str,
    before: datetime,
    theirs: datetime | None,
    after: datetime,
    *,
    tolerance: timedelta,
    limit: timedelta = timedelta.max,
) -> Result:
    """Compare the clocks: beyond ``tolerance`` news is missed, beyond ``limit`` nothing works."""
    name = f"Clock and {vendor}"
    if theirs is None:
        return skipped(name, "the answers have no date, so the clocks can't be compared.", _FIX)
    difference = measure_difference(before, theirs, after)
    if abs(difference) <= tolerance:
        return ok(name, f"the clocks differ by at most {tolerance.total_seconds():.0f} seconds")
    side = "ahead of" if difference > timedelta() else "behind"
    seconds = abs(difference).total_seconds()
    what = f"this machine's clock is {seconds:.0f} seconds {side} {vendor}'s"
    if abs(difference) > limit:
        return wrong(name, f"{what}, so the bot refuses all that {vendor} sends.", _FIX)
    consequence = "so news may be missed, and planned messages go out at the wrong time."
    return warning(name, f"{what}, {consequence}", _FIX)
