"""Reads a view as Slack delivers it: its blocks, and what somebody typed or chose in them. Pure.

Nothing here raises: what isn't there, or isn't of the type that Slack documents, is empty.
https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

View = dict[str, Any]


def text_at(found: object, *path: str | int) -> str:
    """Return the text at a path of names and positions; "" if there is none."""
    one = _find(found, path)
    return one if isinstance(one, str) else ""


def read_text(view: View, block_id: str, action_id: str) -> str:
    """Return what somebody typed into a field."""
    return text_at(view, "state", "values", block_id, action_id, "value")


def read_option(view: View, block_id: str, action_id: str) -> str:
    """Return the value of the option that somebody chose."""
    return text_at(view, "state", "values", block_id, action_id, "selected_option", "value")


def read_time(view: View, block_id: str, action_id: str) -> datetime | None:
    """Return the time that somebody chose."""
    path = ("state", "values", block_id, action_id, "selected_date_time")
    seconds = _find(view, path)
    if not isinstance(seconds, int):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):  # no year that Python knows
        return None


def list_fields(view: View) -> list[str]:
    """Return the ids of the blocks in which something can be typed or chosen."""
    values = _find(view, ("state", "values"))
    return [*values] if isinstance(values, dict) else []


def find_field(view: View, name: str) -> str:
    """Return the id of the field that has this name, perhaps with more after a colon."""
    named = (block_id for block_id in list_fields(view) if block_id.startswith(f"{name}:"))
    return next(named, name)


def list_blocks(view: View, kind: str = "") -> list[View]:
    """Return the blocks from top to bottom; ``kind``: only those of this type."""
    blocks = view.get("blocks")
    found = [one for one in blocks if isinstance(one, dict)] if isinstance(blocks, list) else []
    return [one for one in found if text_at(one, "type") == kind] if kind else found


def list_block_ids(view: View) -> list[str]:
    """Return the ids of all blocks, from top to bottom."""
    return [text_at(block, "block_id") for block in list_blocks(view)]


def list_input_ids(view: View) -> list[str]:
    """Return the ids of the blocks under which Slack shows errors, from top to bottom."""
    return [text_at(block, "block_id") for block in list_blocks(view, "input")]


def read_metadata(view: View) -> str:
    """Return what the bot has written into the view for itself; only the signer says if it did."""
    return text_at(view, "private_metadata")


def read_version(view: View) -> str:
    """Return the version of the view, which Slack calls its hash; "" if it doesn't say."""
    return text_at(view, "hash")


def _find(found: object, path: tuple[str | int, ...]) -> object:
    for step in path:
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return None
    return found
