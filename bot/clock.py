"""The time now."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time now."""
    return datetime.now(UTC)
