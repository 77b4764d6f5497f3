"""The smallest pieces of Block Kit: text that Slack shows as it is. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Block = dict[str, Any]
DAY_AND_TIME = "{date_short_pretty} at {time}"  # as Slack fills it in for each reader


def plain(text: str) -> Block:
    """Return a plain text object. Slack formats, links and notifies nothing in it."""
    return {"type": "plain_text", "text": text, "emoji": False}


def literal(text: str, *, bold: bool = False, italic: bool = False, code: bool = False) -> Block:
    """Return a piece of rich text. Slack formats, links and notifies nothing in it."""
    styles = (("bold", bold), ("italic", italic), ("code", code))
    style = {key: True for key, wanted in styles if wanted}
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def section(*nodes: Block) -> Block:
    """Return a line of rich text."""
    return {"type": "rich_text_section", "elements": list(nodes)}


def date_node(at: datetime, form: str) -> Block:
    """Return a piece of rich text with a time, which Slack shows in each reader's time zone."""
    return {
        "type": "date",
        "timestamp": int(at.timestamp()),
        "format": form,
        "fallback": at.strftime("%Y-%m-%d %H:%M UTC"),
    }
