"""Which days the next digest is about, and when it's due. Pure.

Only instants are compared: on some days an hour is missing or comes twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.rules.rule_sections import DigestRules, Every, Weekday

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The days from ``first`` to ``last``, and the instants at which they begin and end."""

    first: date
    last: date
    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        """Name it among the digests: there's one of each."""
        kind = Every.DAY if self.first == self.last else Every.WEEK
        return f"{kind} {self.last.isoformat()}"


def latest_due(now: datetime, digest: DigestRules, zone: str) -> Period | None:
    """Return the latest period whose digest is due, or None if there are no digests.

    It was due less than a day or a week ago, so earlier ones are never made up for.
    """
    if digest.every is Every.OFF:
        return None
    tz = ZoneInfo(zone)
    day, at = now.astimezone(tz).date(), time.fromisoformat(digest.at)
    while not _is_day(day, digest) or _instant(day, at, tz) > now:
        day -= _DAY
    first = day - _DAY * (7 if digest.every is Every.WEEK else 1)
    return Period(first, day - _DAY, _instant(first, time(), tz), _instant(day, time(), tz))


def _is_day(day: date, digest: DigestRules) -> bool:
    return digest.every is Every.DAY or list(Weekday)[day.weekday()] is digest.weekday


def _instant(day: date, at: time, tz: ZoneInfo) -> datetime:
    """Return a local time as an instant; one that the clocks skip is an hour later."""
    return datetime.combine(day, at, tz).astimezone(UTC)
