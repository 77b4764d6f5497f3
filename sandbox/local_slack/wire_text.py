"""Text as Slack carries it: three characters escaped, addresses wrapped in angle brackets.

A person types plain text; Slack stores and delivers wire text. Only `&`, `<` and `>` are
escaped. Formatting signs are left alone. Mentions that a person picks from Slack's list
arrive here already in their `<...>` form and are not offered by this stand-in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_ADDRESS = re.compile(
    r"(?P<url>https?://[^\s<>|]+[^\s<>|.,;:!?)\]}'\"])"
    r"|(?P<email>[\w.%+-]+@(?:[\w-]+\.)+[A-Za-z]{2,})"
)


def escape(text: str) -> str:
    """Escape the three characters that carry meaning in Slack's wire text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def compose(typed: str) -> str:
    """Turn what a person typed into wire text: escaped, e-mails and web addresses as links."""
    return "".join(_wire(kind, piece) for kind, piece in _split(typed))


def rich_text(typed: str) -> list[dict[str, Any]]:
    """Give the rich_text block that Slack attaches to a message typed by a person."""
    elements = [_node(kind, piece) for kind, piece in _split(typed)]
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "elements": [section]}]


def escape_plain_text(value: Any) -> Any:
    """Escape every plain_text object inside blocks, as interaction payloads carry them."""
    if isinstance(value, list):
        return [escape_plain_text(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "plain_text" and isinstance(value.get("text"), str):
        return {**value, "text": escape(value["text"])}
    return {name: escape_plain_text(item) for name, item in value.items()}


def _split(typed: str) -> Iterator[tuple[str, str]]:
    end = 0
    for match in _ADDRESS.finditer(typed):
        if match.start() > end:
            yield "text", typed[end : match.start()]
        yield str(match.lastgroup), match.group()
        end = match.end()
    if end < len(typed):
        yield "text", typed[end:]


def _wire(kind: str, piece: str) -> str:
    escaped = escape(piece)
    if kind == "email":
        return f"<mailto:{escaped}|{escaped}>"
    return f"<{escaped}>" if kind == "url" else escaped


def _node(kind: str, piece: str) -> dict[str, Any]:
    if kind == "email":
        return {"type": "link", "url": f"mailto:{piece}", "text": piece}
    return {"type": "link", "url": piece} if kind == "url" else {"type": "text", "text": piece}
