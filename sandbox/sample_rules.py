"""Writes the rules of the sandbox's bot: `rules.toml`, and quiet hours for one customer.

The quiet hours surround the current time in Japan. A fixed file can't have them: at some time, it
would be day in Japan, or night for the others.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

RULES = Path(__file__).with_name("rules.toml")
QUIET_ZONE = timezone(timedelta(hours=9), "Asia/Tokyo")  # it has no summer time
# It stays quiet in Japan for as long as LASTS. Meanwhile the quiet hours don't begin in Europe, and
# in California, 16 or 17 hours behind Japan, they have been over for an hour.
BEGUN = timedelta(hours=1)
LASTS = timedelta(hours=6)


def write_rules(folder: Path, now: datetime) -> Path:
    """Write the rules that suit this moment into a folder, and return the file."""
    there = now.astimezone(QUIET_ZONE)
    start, end = there - BEGUN, there + LASTS
    hours = f'\n[quiet_hours]\nenabled = true\nstart = "{start:%H:%M}"\nend = "{end:%H:%M}"\n'
    file = folder / RULES.name
    file.write_text(RULES.read_text(encoding="utf-8") + hours, encoding="utf-8")
    return file
