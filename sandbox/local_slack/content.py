"""A message's text, blocks and metadata, read from a call's arguments by Slack's rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .blocks import Surface, check_blocks
from .config import JSON
from .errors import SlackError
from .stored_blocks import complete_blocks
from .workspace import Message

LONGEST_TEXT = 40_000
LONGEST_EDITED_TEXT = 4_000
LONGEST_MARKDOWN = 12_000
LONGEST_BLOCKS = 13_200
LARGEST_METADATA = 8_000
MOST_ATTACHMENTS = 100
_BARE_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")
_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_SCALAR = (str, int, float, bool)
# The values of `parse` with which a bare @here becomes a mention.
_PARSES_MENTIONS = frozenset({"full", "client"})


@dataclass(frozen=True)
class Content:
    """The content of a message; a part is None if the call doesn't have it."""

    text: str | None
    blocks: list[JSON] | None
    metadata: JSON | None
    attachments: list[Any] = field(default_factory=list)
    parses_bare_mentions: bool = False
    is_mrkdwn: bool = True
    warnings: tuple[str, ...] = ()

    def put_on(self, message: Message) -> Message:
        """Set this content on a message."""
        message.text = self.text or ""
        message.blocks = self.blocks or []
        message.attachments = self.attachments
        message.parses_bare_mentions = self.parses_bare_mentions
        message.is_mrkdwn = self.is_mrkdwn
        message.pings = None
        if self.metadata is not None:
            message.metadata = self.metadata or None
        return message


def read_content(
    arguments: Mapping[str, Any], *, parse: str = "none", longest: int = LONGEST_TEXT
) -> Content:
    """Read the content of a call; `parse` is the method's default.

    Text over 40,000 characters is cut with a warning; text over a lower `longest` is refused.
    Raises SlackError.
    """
    markdown = arguments.get("markdown_text")
    if markdown is not None and (arguments.get("text") or arguments.get("blocks")):
        raise SlackError("markdown_text_conflict")
    if markdown is not None and len(markdown) > LONGEST_MARKDOWN:
        raise SlackError("msg_too_long")
    text = markdown if markdown is not None else arguments.get("text")
    attachments = arguments.get("attachments") or []
    if not (text or arguments.get("blocks") or attachments):
        raise SlackError("no_text")
    if len(attachments) > MOST_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    warnings: tuple[str, ...] = ()
    if text and len(text) > longest:
        if longest < LONGEST_TEXT:
            raise SlackError("msg_too_long")
        text, warnings = text[:LONGEST_TEXT], ("message_truncated",)
    how = arguments.get("parse") or parse
    return Content(
        text=None if text is None else _BARE_AMPERSAND.sub("&amp;", text),
        blocks=read_blocks(arguments.get("blocks")),
        metadata=_read_metadata(arguments.get("metadata")),
        attachments=attachments,
        parses_bare_mentions=(
            how in _PARSES_MENTIONS or bool(arguments.get("link_names")) or markdown is not None
        ),
        is_mrkdwn=arguments.get("mrkdwn", True) is not False,
        warnings=warnings,
    )


def read_blocks(blocks: list[Any] | None) -> list[JSON] | None:
    """Read a message's blocks as Slack stores them; an empty list means no blocks."""
    if not blocks:
        return blocks
    faults = list(check_blocks(blocks, Surface.MESSAGE, "/blocks"))
    if faults:
        raise SlackError("invalid_blocks", [str(fault) for fault in faults])
    if sum(len(text) for text in _texts(blocks)) > LONGEST_BLOCKS:
        raise SlackError("msg_blocks_too_long")
    return complete_blocks(blocks)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "text" and isinstance(item, str):
                yield item
            else:
                yield from _texts(item)


def _read_metadata(metadata: JSON | None) -> JSON | None:
    if not metadata:
        return metadata
    if set(metadata) != {"event_type", "event_payload"}:
        raise SlackError("invalid_metadata_format")
    event_type, payload = metadata["event_type"], metadata["event_payload"]
    if not isinstance(event_type, str) or not _SNAKE_CASE.match(event_type):
        raise SlackError("invalid_metadata_schema", ["[ERROR] event_type must be snake_case"])
    if not isinstance(payload, dict):
        raise SlackError("invalid_metadata_schema", ["[ERROR] event_payload must be an object"])
    for name, value in payload.items():
        objects = value if isinstance(value, list) else [value]
        if not isinstance(value, _SCALAR) and not all(map(_is_flat, objects)):
            problem = f"[ERROR] event_payload.{name} must be text, a number, a boolean, or flat"
            raise SlackError("invalid_metadata_schema", [problem])
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > LARGEST_METADATA:
        raise SlackError("metadata_too_large")
    return metadata


def _is_flat(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(v, _SCALAR) for v in value.values())
