"""Blocks as Slack stores and returns them, with generated ids and explicit defaults."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from .shapes import as_list


def interactive_elements(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """List the elements of a block that a person can use."""
    candidates: list[Any] = [block.get("element"), block.get("accessory")]
    if block.get("type") in ("actions", "context_actions", "carousel"):
        candidates += as_list(block.get("elements"))
    if block.get("type") == "card":
        candidates += as_list(block.get("actions"))
    for candidate in candidates:
        if isinstance(candidate, dict) and candidate.get("type") != "image":
            yield candidate


def complete_blocks(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return blocks as Slack stores them, with generated ids and explicit text defaults."""
    completed: list[dict[str, Any]] = [spell_out(block) for block in blocks]
    for block in completed:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        for element in interactive_elements(block):
            element.setdefault("action_id", secrets.token_urlsafe(6))
    return completed


def spell_out(value: Any) -> Any:
    """Return JSON with explicit defaults in its text objects."""
    if isinstance(value, list):
        return [spell_out(item) for item in value]
    if not isinstance(value, dict):
        return value
    copied = {name: spell_out(item) for name, item in value.items()}
    if isinstance(copied.get("text"), str):
        defaults = {"plain_text": ("emoji", True), "mrkdwn": ("verbatim", False)}
        default = defaults.get(str(copied.get("type")))
        if default:
            copied.setdefault(*default)
    return copied
