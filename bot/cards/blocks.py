"""The smallest pieces of Block Kit: text that Slack shows as it is. Pure.

Everything is drawn with the models of Slack's SDK. ``to_json`` turns them into what Slack gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from string import Formatter
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models import JsonObject
from slack_sdk.models.blocks import (
    PlainTextObject,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextPreformattedElement,
    RichTextQuoteElement,
    RichTextSectionElement,
)

from bot.cards.errors import SlackRefused
from bot.language import N_, _

Json = dict[str, Any]
DAY_AND_TIME = N_("{date_short_pretty} at {time}")  # as Slack fills it in for each reader


def to_json(model: JsonObject) -> Json:
    """Return what Slack gets; raise SlackRefused if the SDK knows that Slack wouldn't take it."""
    try:
        return model.to_dict()
    except SlackObjectFormationError as error:
        raise SlackRefused("invalid_blocks", (str(error),)) from None


def plain(text: str) -> PlainTextObject:
    """Return a plain text object. Slack formats, links and notifies nothing in it."""
    return PlainTextObject(text=text, emoji=False)


def literal(
    text: str, *, bold: bool = False, italic: bool = False, code: bool = False
) -> RichTextElement:
    """Return a piece of rich text. Slack formats, links and notifies nothing in it."""
    styles = (("bold", bold), ("italic", italic), ("code", code))
    style = {key: True for key, wanted in styles if wanted}
    return RichTextElementParts.Text(text=text, style=style or None)


def link(url: str, text: str) -> RichTextElement:
    """Return a piece of rich text that opens a URL."""
    return RichTextElementParts.Link(url=url, text=text)


def channel_node(channel: str) -> RichTextElement:
    """Return a piece of rich text with a channel's name, which Slack links and fills in."""
    return RichTextElementParts.Channel(channel_id=channel)


def date_node(at: datetime, form: str) -> RichTextElement:
    """Return a piece of rich text with a time, which Slack shows in each reader's time zone.

    ``form`` is said in the bot's language here.
    """
    return RichTextElementParts.Date(
        timestamp=int(at.timestamp()),
        format=_(form),
        fallback=at.strftime("%Y-%m-%d %H:%M UTC"),
    )


def fill(
    sentence: str, **places: str | RichTextElement | Sequence[RichTextElement]
) -> list[RichTextElement]:
    """Return a sentence as rich text, its ``{names}`` filled with words or with pieces of it."""
    nodes, text = list[RichTextElement](), ""
    for before, name, *_more in Formatter().parse(sentence):
        text += before
        found = places[name] if name else ""
        if isinstance(found, str):
            text += found
            continue
        nodes += [literal(text)] if text else []
        nodes += [found] if isinstance(found, RichTextElement) else found
        text = ""
    return [*nodes, literal(text)] if text else nodes


def section(*nodes: RichTextElement) -> RichTextElement:
    """Return a line of rich text."""
    return RichTextSectionElement(elements=nodes)


def quote(text: str) -> RichTextElement:
    """Return a quotation, as a line of rich text; "…" if there's nothing to see in it."""
    return RichTextQuoteElement(elements=[literal(text or "…")])


def preformatted(text: str) -> RichTextElement:
    """Return text in which each space and line break counts."""
    return RichTextPreformattedElement(elements=[literal(text)])


def rich_text(*lines: RichTextElement, block_id: str | None = None) -> RichTextBlock:
    """Return a block of rich text."""
    return RichTextBlock(block_id=block_id, elements=lines)
