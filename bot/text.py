"""How values are worded for people: names that cannot trick the eye, days, clipped texts."""

from __future__ import annotations

from bot.rules.address import clean
from genesys import GenesysError


def plural_days(days: int) -> str:
    """Say how long ago something was, in days: "today", "yesterday", "5 days ago"."""
    if days <= 0:
        return "today"
    return "yesterday" if days == 1 else f"{days} days ago"


def clip(text: str, length: int) -> str:
    """Cut a text to ``length`` characters, the last one an ellipsis when something is missing."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def explain(error: GenesysError) -> str:
    """Say what Genesys did and what to do, with its code and the reference its support wants."""
    kept = [
        f"code {error.code}" if error.code else "",
        f"reference {error.correlation_id}" if error.correlation_id else "",
    ]
    told = ", ".join(part for part in kept if part)
    return f"{error} (Genesys Cloud: {told})" if told else str(error)


def show_name(name: str) -> str:
    """Make a name from Genesys fit to show: one line, nothing invisible, at most 80 characters."""
    return clip(" ".join(clean(name).split()), 80) or "A customer without a name"
