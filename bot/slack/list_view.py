"""Draws a list of requests that one person asked for. Pure."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from bot.cards.blocks import literal, rich_text, section
from bot.cards.post import Post
from bot.slack.request_rows import Reader, Rows, draw_rows

_NOTHING = "There are none."
_MORE = "There are more. My Home tab has all of them."


def show_list(rows: Rows, reader: Reader, title: str, *, has_more: bool = False) -> Post:
    """Draw requests below a title, or say that there are none."""
    drawn = list(draw_rows(rows, reader))
    blocks = [_line(title, bold=True), *(drawn or [_line(_NOTHING)])]
    if has_more:
        blocks.append(_line(_MORE))
    said = f"{title}: {len(rows.requests)}." if drawn else f"{title}. {_NOTHING}"
    return Post(said, blocks)


def _line(sentence: str, *, bold: bool = False) -> Block:
    return rich_text(section(literal(sentence, bold=bold)))
