"""Block Kit's blocks with their limits, and the rules across blocks.

`check_blocks` lists everything that Slack would refuse, with JSON pointers. It refuses
data_table and call, which it doesn't support.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from .charts import CHART, CHARTS, MOST_CHARTS, TITLE
from .elements import (
    ACCESSORIES,
    ACTIONS,
    BUTTON,
    CONTEXT_ACTIONS,
    IMAGE,
    INPUTS,
    TEXT_OR_FIELDS,
    any_text,
    mrkdwn_text,
    plain_text,
)
from .rich_text import RICH_TEXT
from .shapes import (
    BlockFault,
    Rule,
    boolean,
    by_type,
    every,
    exactly_one,
    items,
    number,
    one_of,
    shape,
    string,
)
from .stored_blocks import interactive_elements


class Surface(StrEnum):
    """Where blocks are shown."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


MOST_BLOCKS = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
_ONLY_ON = {
    "alert": Surface.MODAL,
    "container": Surface.MESSAGE,
    "carousel": Surface.MESSAGE,
    "markdown": Surface.MESSAGE,
    "task_card": Surface.MESSAGE,
    "plan": Surface.MESSAGE,
    "table": Surface.MESSAGE,
    "context_actions": Surface.MESSAGE,
    "file": Surface.MESSAGE,
    CHART: Surface.MESSAGE,
}
_WITH_ID: dict[str, Rule] = {"type": string(), "block_id": string(0, 255)}


def _block(required: dict[str, Rule], optional: dict[str, Rule] | None = None) -> Rule:
    return shape({"type": string(), **required}, {**_WITH_ID, **(optional or {})})


_IMAGE_BLOCK = every(
    _block(
        {"alt_text": string(1, 2000)},
        {
            "image_url": string(1, 3000),
            "slack_file": shape({}, {"id": string(1), "url": string(1)}),
            "title": plain_text(2000),
        },
    ),
    exactly_one("image_url", "slack_file"),
)
_CARD = _block(
    {},
    {
        "title": mrkdwn_text(150),
        "subtitle": mrkdwn_text(150),
        "body": mrkdwn_text(200),
        "icon": by_type({"image": IMAGE}),
        "hero_image": by_type({"image": IMAGE}),
        "actions": items(by_type({"button": BUTTON})),
    },
)
_SOURCE = shape({"type": one_of("url"), "url": string(1), "text": string(1)})
_TASK_CARD = _block(
    {
        "task_id": string(1),
        "title": string(1),
        "status": one_of("pending", "in_progress", "complete", "error"),
    },
    {"details": RICH_TEXT, "output": RICH_TEXT, "sources": items(_SOURCE)},
)
_CELLS = by_type(
    {
        "rich_text": RICH_TEXT,
        "raw_text": shape({"type": string(), "text": string(1)}),
        "raw_number": shape({"type": string(), "text": string(1), "value": number}),
    }
)

_BLOCKS: dict[str, Rule] = {
    "actions": _block({"elements": items(by_type(ACTIONS), 1, 25)}),
    "alert": _block(
        {"text": any_text(200)},
        {"level": one_of("default", "info", "warning", "error", "success")},
    ),
    "card": _CARD,
    "carousel": _block({"elements": items(by_type({"card": _CARD}), 1, 10)}),
    "context": _block(
        {
            "elements": items(
                by_type({"image": IMAGE, "plain_text": any_text(3000), "mrkdwn": any_text(3000)}),
                1,
                10,
            )
        }
    ),
    "context_actions": _block({"elements": items(by_type(CONTEXT_ACTIONS), 1, 5)}),
    CHART: _block({"title": TITLE, "chart": CHARTS}),
    "divider": _block({}),
    "file": _block({"external_id": string(1), "source": one_of("remote")}),
    "header": _block({"text": plain_text(150)}),
    "image": _IMAGE_BLOCK,
    "input": _block(
        {"label": plain_text(2000), "element": by_type(INPUTS)},
        {"hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "markdown": _block({"text": string(1, 12_000)}),
    "plan": _block({"title": string(1)}, {"tasks": items(by_type({"task_card": _TASK_CARD}))}),
    "rich_text": RICH_TEXT,
    "section": every(
        _block(
            {},
            {
                "text": any_text(3000),
                "fields": items(any_text(2000), 1, 10),
                "accessory": by_type(ACCESSORIES),
                "expand": boolean,
            },
        ),
        TEXT_OR_FIELDS,
    ),
    "table": _block(
        {"rows": items(items(_CELLS, 1, 20), 1, 100)},
        {
            "column_settings": items(
                shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean}),
                0,
                20,
            )
        },
    ),
    "task_card": _TASK_CARD,
    "video": _block(
        {
            "alt_text": string(1),
            "title": plain_text(200),
            "thumbnail_url": string(1),
            "video_url": string(1),
        },
        {
            "author_name": string(0, 50),
            "description": plain_text(200),
            "provider_icon_url": string(),
            "provider_name": string(),
            "title_url": string(),
        },
    ),
}
_CHILDREN = {
    name: _BLOCKS[name]
    for name in (
        *("actions", "context", "divider", "file", "header", "image"),
        *("input", "rich_text", "section", "table", "video"),
    )
}
_BLOCKS["container"] = _block(
    {"child_blocks": items(by_type(_CHILDREN), 1, 10)},
    {
        "title": plain_text(150),
        "rich_text_title": RICH_TEXT,
        "subtitle": any_text(150),
        "icon": by_type({"image": IMAGE}),
        "default_collapsed": boolean,
        "is_collapsible": boolean,
        "has_header_divider": boolean,
        "width": one_of("narrow", "standard", "wide", "full"),
    },
)
_ANY_BLOCK = by_type(_BLOCKS)


def check_blocks(blocks: list[Any], surface: Surface, pointer: str) -> Iterator[BlockFault]:
    """List what Slack would refuse in a list of blocks."""
    yield from items(_ANY_BLOCK, 1, MOST_BLOCKS[surface])(blocks, pointer)
    known = [(index, block) for index, block in enumerate(blocks) if isinstance(block, dict)]
    ids = Counter(str(block["block_id"]) for _, block in known if block.get("block_id"))
    for block_id in (name for name, count in ids.items() if count > 1):
        yield BlockFault(pointer, f"block_id {block_id} is used more than once")
    if sum(block.get("type") == CHART for _, block in known) > MOST_CHARTS:
        yield BlockFault(pointer, f"no more than {MOST_CHARTS} charts allowed")
    focused = 0
    for index, block in known:
        place = f"{pointer}/{index}"
        only_on = _ONLY_ON.get(str(block.get("type")))
        if only_on not in (None, surface):
            yield BlockFault(place, f"{block['type']} is not available in a {surface}")
        elements = list(interactive_elements(block))
        focused += sum(element.get("focus_on_load") is True for element in elements)
        actions = Counter(str(e["action_id"]) for e in elements if e.get("action_id"))
        for action_id in (name for name, count in actions.items() if count > 1):
            yield BlockFault(place, f"action_id {action_id} is used more than once")
    if focused > 1:
        yield BlockFault(pointer, "only one element may set focus_on_load")
