"""Makes text fit for a reader or for Genesys Cloud: cleaned, clipped, or put into words."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from bot.language import _, ngettext, say_number
from genesys import GenesysError, MissingPermission

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_KEPT = "\t\n\u200c\u200d"  # emoji families and several scripts need the joiners
NAME_LENGTH = 80
_AS_HOURS = 48  # so many are said as days
_IGNORED = re.compile("[\u034f\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # change no character's meaning


def clean(text: str) -> str:
    """Turn every kind of space into a plain one, and drop the characters that nobody can see."""
    kept = (
        " " if unicodedata.category(char) == "Zs" else char
        for char in text
        if unicodedata.category(char) not in ("Cf", "Cc") or char in "\t\n"
    )
    return "".join(kept).strip()


def normalize(text: str) -> str:
    """Return a text in one spelling (NFKC), without invisible characters.

    Texts that look the same are then equal, except for look-alikes from other alphabets.
    """
    return unicodedata.normalize("NFKC", _IGNORED.sub("", clean(text)))


def visible(text: str) -> str:
    """Drop the characters that could mislead a reader: controls and direction marks."""
    return "".join(
        char
        for char in text
        if char in _KEPT or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
    )


def sendable(text: str) -> str:
    """Drop the control characters that no messenger shows and some databases refuse."""
    return _CONTROLS.sub("", text)


def escape(text: str) -> str:
    """Escape what Slack would read as a mention or a link in a text without blocks.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clip(text: str, length: int) -> str:
    """Cut a text to at most ``length`` characters; an ellipsis shows that something is missing."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def clip_units(text: str, most: int) -> str:
    """Cut a text to at most ``most`` UTF-16 units, as Slack counts some short fields."""
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    while units > most:
        text = clip(text, len(text) - max((units - most) // 2, 1))
        units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return text


def split(text: str, length: int) -> list[str]:
    """Split a text into parts of at most ``length`` characters."""
    return [text[start : start + length] for start in range(0, len(text), length)]


def say_days_ago(days: int) -> str:
    """Say how long ago something was: "today", "yesterday" or "5 days ago"."""
    if days <= 0:
        return _("today")
    return _("yesterday") if days == 1 else _days_ago(days)


def ago(time: timedelta) -> str:
    """Say how long ago something was: "just now", "5 minutes ago", "3 hours ago"."""
    minutes = int(time.total_seconds() // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        said = ngettext("{count} minute ago", "{count} minutes ago", minutes)
        return said.format(count=say_number(minutes))
    return hours_ago(time)


def hours_ago(time: timedelta) -> str:
    """Say how long ago something was, as ``how_long`` does: "less than an hour ago"."""
    hours = _whole_hours(time)
    if hours < 1:
        return _("less than an hour ago")
    if hours < _AS_HOURS:
        said = ngettext("{count} hour ago", "{count} hours ago", hours)
        return said.format(count=say_number(hours))
    return _days_ago(hours // 24)


def _days_ago(days: int) -> str:
    return ngettext("{count} day ago", "{count} days ago", days).format(count=say_number(days))


def how_long(time: timedelta) -> str:
    """Put a length of time into words: "less than an hour", "5 hours" or "3 days"."""
    hours = _whole_hours(time)
    if hours < 1:
        return _("less than an hour")
    if hours < _AS_HOURS:
        return say_hours(hours)
    days = hours // 24
    return ngettext("{count} day", "{count} days", days).format(count=say_number(days))


def say_hours(hours: int) -> str:
    """Say a number of hours: "1 hour", "24 hours"."""
    return ngettext("{count} hour", "{count} hours", hours).format(count=say_number(hours))


def say_minutes(minutes: int) -> str:
    """Say a number of minutes: "1 minute", "90 minutes"."""
    return ngettext("{count} minute", "{count} minutes", minutes).format(count=say_number(minutes))


def _whole_hours(time: timedelta) -> int:
    return int(time.total_seconds() // 3600)


def show_name(name: str) -> str:
    """Make a name from Genesys Cloud fit to show: one line, at most 80 visible characters."""
    return clip(" ".join(clean(name).split()), NAME_LENGTH) or _("A customer without a name")


def say_what(error: GenesysError) -> str:
    """Say what went wrong with Genesys Cloud."""
    return _(error.what)


def say_error(error: GenesysError) -> str:
    """Say what went wrong and what to do."""
    return f"{say_what(error)} {_(error.fix)}"


def explain(error: GenesysError) -> str:
    """Say what went wrong and what to do, with the code and reference for Genesys support.

    These are in English, for support and for the digest, which reads the code there.
    """
    missing = error.permissions if isinstance(error, MissingPermission) else ()
    details = [
        f"missing {', '.join(missing)}" if missing else "",
        f"code {error.code}" if error.code else "",
        f"reference {error.correlation_id}" if error.correlation_id else "",
    ]
    shown = ", ".join(detail for detail in details if detail)
    said = say_error(error)
    return f"{said} (Genesys Cloud: {shown})" if shown else said
