"""Quiet hours: which time zone a customer is in, and when they may be messaged.

Everything is decided on instants in UTC. Local times are only looked at, never calculated with: on
some days an hour is missing, comes twice, or the day has no midnight.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers.tzdata import TIMEZONE_DATA

from bot.language import _
from bot.rules.rules_file import QuietHours
from genesys import Identity, IdentityKind

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_SATURDAY = 5


class CustomerZone(NamedTuple):
    """A customer's time zone, and why it's taken for theirs."""

    name: str
    why: str


def zone_of(identity: Identity, organisation: str, now: datetime | None = None) -> CustomerZone:
    """Return the customer's time zone: their country's if it has only one, else ours.

    A number's area code isn't used: it says where a number was issued, and people move.
    """
    if identity.kind is not IdentityKind.PHONE:
        why = _("your organisation's, because an email address has no country")
        return CustomerZone(organisation, why)
    try:
        code = phonenumbers.parse(identity.value, None).country_code
    except phonenumbers.NumberParseException:
        code = None
    now = now or datetime.now(UTC)
    zone = _zone_of_country(code or 0, date(now.year, now.month, 1))
    if zone:
        return CustomerZone(zone, _("from the phone number's country"))
    why = _("your organisation's, because the phone number has none")
    return CustomerZone(organisation, why)


def say_zone(zone: str) -> str:
    """Say "Tokyo time" for Asia/Tokyo."""
    area, __, city = zone.replace("_", " ").rpartition("/")
    return _("{city} time").format(city=city) if area else city


def is_quiet(at: datetime, zone: str, quiet: QuietHours) -> bool:
    """Return whether an instant is in the quiet hours of a time zone."""
    local = at.astimezone(ZoneInfo(zone))
    if not quiet.enabled:
        return False
    if _is_quiet_day(local.date(), quiet):
        return True
    clock = f"{local:%H:%M}"
    if quiet.start < quiet.end:
        return quiet.start <= clock < quiet.end
    return clock >= quiet.start or clock < quiet.end


def next_allowed(at: datetime, zone: str, quiet: QuietHours) -> datetime:
    """Return the first instant from ``at`` on that isn't quiet, in UTC."""
    moment = at.astimezone(UTC)
    while is_quiet(moment, zone, quiet):
        moment += _step(moment.astimezone(ZoneInfo(zone)), quiet)
    return moment


def _step(local: datetime, quiet: QuietHours) -> timedelta:
    """Return for how long it surely stays quiet; minute by minute where the clocks change."""
    day, wall = local.date(), local.replace(tzinfo=None)
    if _is_quiet_day(day, quiet):
        opens = datetime.combine(day + _DAY, time())
    else:
        opens = datetime.combine(day, time.fromisoformat(quiet.end))
        if opens <= wall:
            opens += _DAY
    wait = min(opens - wall, _DAY)
    later = (local.astimezone(UTC) + wait).astimezone(local.tzinfo)
    if later.utcoffset() == local.utcoffset():
        return wait
    return _MINUTE - timedelta(seconds=local.second, microseconds=local.microsecond)


def _is_quiet_day(day: date, quiet: QuietHours) -> bool:
    return day in quiet.holidays or (quiet.weekends and day.weekday() >= _SATURDAY)


@cache
def _zone_of_country(code: int, month: date) -> str:
    """Return the one time zone of a country code, or "" if it has several or none.

    Zones that have the same time all year from ``month`` on, such as London and Jersey, are one.
    """
    names = TIMEZONE_DATA.get(str(code), ())
    start = datetime.combine(month, time(), UTC)
    try:
        clocks = {
            tuple(
                (start + 7 * week * _DAY).astimezone(ZoneInfo(name)).utcoffset()
                for week in range(53)
            )
            for name in names
        }
    except ZoneInfoNotFoundError:  # such as Etc/Unknown, for satellite phones
        return ""
    if len(clocks) != 1:
        return ""
    return max(sorted(names), key=_count_areas)


def _count_areas(zone: str) -> int:
    """Count the area codes that are only in this zone; most people know the one with the most."""
    return sum(zones == (zone,) for zones in TIMEZONE_DATA.values())
