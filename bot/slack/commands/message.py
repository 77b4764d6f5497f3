"""Reads what a Slack message says: its text, blocks and attachments, forwarded messages and files.

Apps and alerts often have no text. Slack adds kinds of blocks all the time, so every string counts
except those under names that hold ids, times and addresses of pages.
https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from bot.slack.markup import read_message

_PARTS = ("text", "blocks", "attachments")
_LINES = ("rich_text_section", "rich_text_preformatted", "rich_text_quote")
_ADDRESS_LINKS = ("mailto:", "tel:")
_DEEPEST = 30
_NOT_TEXT = re.compile(
    r"(?:.*_)?(?:id|ids|ts|type|subtype|team|user|users|username|channel|profile|metadata|style|color|hash"
    r"|url|link|icon|icons|permalink|public|private|download|mimetype|filetype)"
)


def read_parts(message: dict[str, Any]) -> Iterator[str]:
    """Yield what a message says, part by part: what people see first comes first."""
    for part in _PARTS:
        yield "\n".join(_texts(message.get(part)))
    rest = {name: content for name, content in message.items() if name not in _PARTS}
    yield "\n".join(_texts(rest))


def _texts(content: object, depth: int = 0) -> Iterator[str]:
    if isinstance(content, str):
        yield read_message(content)
    elif depth < _DEEPEST and isinstance(content, list):
        for one in content:
            yield from _texts(one, depth + 1)
    elif depth < _DEEPEST and isinstance(content, dict):
        if content.get("type") in _LINES:
            yield "".join(_texts(content.get("elements"), depth + 1))
        else:
            yield from _texts_of_values(content, depth)


def _texts_of_values(content: dict[str, Any], depth: int) -> Iterator[str]:
    links = [link for link in content.values() if _is_address_link(link)]
    for link in links:
        yield f" {unquote(link.partition(':')[2].partition('?')[0])} "
    if links and content.get("type") == "link":
        return  # its text says the same
    for name, value in content.items():
        is_code = name == "value" and "text" in content  # of a button or an option
        if not is_code and not _NOT_TEXT.fullmatch(name) and not _is_address_link(value):
            yield from _texts(value, depth + 1)
    if content.get("type") == "link" and "text" not in content:
        yield str(content.get("url", ""))


def _is_address_link(value: object) -> bool:
    return isinstance(value, str) and value.startswith(_ADDRESS_LINKS)
