"""Draws one line of a request's thread. Pure.

The agent who asked is mentioned, and nobody else, when they have to know: the customer replied, or
the message failed, may not have been sent, or was stopped by somebody else.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from slack_sdk.models.blocks import RichTextElement, RichTextElementParts

from bot.cards.blocks import (
    DAY_AND_TIME,
    date_node,
    fill,
    link,
    literal,
    quote,
    rich_text,
    section,
)
from bot.cards.post import Post
from bot.cards.words import event_in_short, event_in_words, say_about
from bot.language import _
from bot.request import Event, HistoryLine, Request
from bot.text import visible

_PINGS_THE_AGENT = frozenset(
    {Event.REPLIED, Event.FAILED, Event.UNCERTAIN, Event.OPTED_OUT, Event.DECLINED}
)


def show_line(line: HistoryLine, request: Request, *, is_erased: bool = False) -> Post:
    """Draw one line of a request's thread, without anything private if that ``is_erased``."""
    if is_erased:
        line = replace(line, detail="", link="", said="")
        drawn = section(*_time_and_words(line, request.agent_name))
    else:
        drawn = draw_line(line, request.agent_id, request.agent_name)
    said = say_about(request, event_in_short(line, request.agent_name))
    return Post(said, [rich_text(drawn, *quote_reply(line))])


def quote_reply(line: HistoryLine) -> list[RichTextElement]:
    """Quote what the customer wrote, if it's known."""
    return [quote(visible(line.said))] if line.said else []


def draw_line(line: HistoryLine, agent_id: str, agent_name: str) -> RichTextElement:
    """Draw a line as a piece of a post. Slack shows the time in each reader's time zone."""
    nodes = _time_and_words(line, agent_name)
    if line.event in _PINGS_THE_AGENT:
        nodes.insert(1, literal("  "))
        nodes.insert(2, RichTextElementParts.User(user_id=agent_id))
    return section(*nodes, *_draw_link_of(line))


def _draw_link_of(line: HistoryLine) -> list[RichTextElement]:
    if not (line.is_own or line.whose):
        return draw_links(line.link)
    see = _("See your other {message}") if line.is_own else _("See {who}'s {message}")
    return [
        node
        for url in _find_urls(line.link)
        for node in fill(f" {see}", who=line.whose, message=link(url, _("message")))
    ]


def draw_links(links: str) -> list[RichTextElement]:
    """Link each of the URLs in Genesys Cloud, which are separated by spaces."""
    urls = _find_urls(links)
    nodes = list[RichTextElement]()
    for number, url in enumerate(urls, 1):
        text = _("Open in Genesys Cloud")
        if len(urls) > 1:
            text = _("Open in Genesys Cloud ({number})").format(number=number)
        nodes += [literal(" "), link(url, text)]
    return nodes


def _find_urls(links: str) -> list[str]:
    """Return the URLs; one of the links may be the id of a request whose card isn't known."""
    return [url for url in links.split() if "://" in url]


def _time_and_words(line: HistoryLine, agent_name: str) -> list[RichTextElement]:
    at = date_node(line.at, "{time}")
    if line.event is Event.POSTPONED:
        with suppress(ValueError):
            until = date_node(datetime.fromisoformat(line.detail), DAY_AND_TIME)
            words = _("It's quiet hours for the customer. Waiting until they end: {time}")
            return [at, *fill(f"  {words}", time=until)]
    return [at, literal(f"  {event_in_words(line, agent_name)}")]
