"""Converts what people type into the text that Slack stores and delivers.

Slack escapes `&`, `<` and `>`, wraps addresses in angle brackets, and leaves formatting characters
alone. Picking a mention from a list isn't supported.
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
    """Escape the three characters that have a meaning in Slack's text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def compose(typed: str) -> str:
    """Convert what a person typed: escape it, and turn email and web addresses into links."""
    return "".join(_wire(kind, piece) for kind, piece in _split(typed))


def rich_text(typed: str) -> list[dict[str, Any]]:
    """Build the rich_text block that Slack adds to a message that a person typed."""
    elements = [_node(kind, piece) for kind, piece in _split(typed)]
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "elements": [section]}]


def escape_plain_text(value: Any) -> Any:
    """Escape every plain_text object in blocks, as interaction payloads do."""
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
