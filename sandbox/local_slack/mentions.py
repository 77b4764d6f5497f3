"""Whom a message would notify, by its text and blocks.

If in doubt, a mention counts: in the fallback text although Slack shows the blocks, and a bare
`@here` even in code. So if a test finds no mention, there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .workspace import Message

_MENTION = re.compile(
    r"<!(?P<broadcast>here|channel|everyone)(?:\|[^>]*)?>"
    r"|<@(?P<user>[UW][A-Z0-9]+)(?:\|[^>]*)?>"
    r"|<!subteam\^(?P<group>S[A-Z0-9]+)(?:\|[^>]*)?>"
)
_BARE = re.compile(r"(?<![\w@.<!/-])@(here|channel|everyone)\b", re.IGNORECASE)


def list_pings(message: Message) -> list[str]:
    """List whom a message pings: user ids, usergroup ids, "here", "channel", "everyone"."""
    found = set(_in_text(message.text, bare=message.parses_bare_mentions))
    found.update(_in_blocks(message.blocks))
    found.update(_in_blocks(message.attachments))
    return sorted(found)


def _in_text(text: str, *, bare: bool) -> Iterator[str]:
    for match in _MENTION.finditer(text):
        yield match[match.lastgroup or 0]
    if bare:
        yield from (match[1].lower() for match in _BARE.finditer(text))


def _in_blocks(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _in_blocks(item)
    elif isinstance(value, dict):
        yield from _in_node(value)
        for item in value.values():
            yield from _in_blocks(item)


def _in_node(node: dict[str, Any]) -> Iterator[str]:
    match node:
        case {"type": "mrkdwn", "text": str(text)}:
            yield from _in_text(text, bare=node.get("verbatim") is not True)
        case {"type": "markdown", "text": str(text)}:
            yield from _in_text(text, bare=True)
        case {"type": "user", "user_id": str(mentioned)}:
            yield mentioned
        case {"type": "usergroup", "usergroup_id": str(mentioned)}:
            yield mentioned
        case {"type": "broadcast", "range": str(mentioned)}:
            yield mentioned
