"""Draws a list of requests that one person asked for. Pure."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from bot.cards.blocks import literal, rich_text, section
from bot.cards.post import Post
from bot.language import _, ngettext, say_number
from bot.slack.lists.request_rows import Reader, Rows, draw_rows
from bot.storage.my_requests import Filter, Page
from bot.text import escape


def show_list(rows: Rows, reader: Reader, title: str, said: str, *, has_more: bool = False) -> Post:
    """Draw requests below a title, or say that there are none; ``said``: how many there are."""
    drawn = list(draw_rows(rows, reader))
    blocks = [_line(title, bold=True), *(drawn or [_line(_("There are none."))])]
    if has_more:
        blocks.append(_line(_("There are more. My Home tab has all of them.")))
    return Post(escape(said), blocks)


def say_how_many(which: Filter, page: Page) -> str:
    """Say in a sentence how many requests a list has."""
    count = len(page.requests)
    if which is Filter.ATTENTION:
        said = ngettext(
            "{count} message needs your attention.", "{count} messages need your attention.", count
        )
    elif which is Filter.PLANNED:
        said = ngettext(
            "You have {count} planned message.", "You have {count} planned messages.", count
        )
    elif which is Filter.OPEN:
        said = ngettext("You have {count} open message.", "You have {count} open messages.", count)
    else:
        said = ngettext(
            "You have {count} recent message.", "You have {count} recent messages.", count
        )
    return said.format(count=_count(page))


def say_how_many_to(customer: str, page: Page, *, sees_team: bool) -> str:
    """Say in a sentence how many requests there are to one customer."""
    count = len(page.requests)
    if sees_team:
        said = ngettext(
            "There is {count} message to {customer}.",
            "There are {count} messages to {customer}.",
            count,
        )
    else:
        said = ngettext(
            "You have {count} message to {customer}.",
            "You have {count} messages to {customer}.",
            count,
        )
    return said.format(count=_count(page), customer=customer)


def _count(page: Page) -> str:
    shown = say_number(len(page.requests))
    return f"{shown}+" if page.has_next else shown


def _line(sentence: str, *, bold: bool = False) -> Block:
    return rich_text(section(literal(sentence, bold=bold)))
