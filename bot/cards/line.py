"""Draws one line of a request's thread. Pure.

The agent who asked is mentioned, and nobody else, when they have to know: the customer replied, or
the message failed or was stopped by somebody else.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from bot.cards.blocks import Block, date_node, literal, section
from bot.cards.post import Post
from bot.cards.words import event_in_words
from bot.request import Event, HistoryLine

_PINGS_THE_AGENT = frozenset({Event.REPLIED, Event.FAILED, Event.OPTED_OUT, Event.DECLINED})


def show_line(
    line: HistoryLine, agent_id: str, agent_name: str = "", *, is_erased: bool = False
) -> Post:
    """Draw one line of a request's thread, without anything private if that ``is_erased``."""
    if is_erased:
        line = replace(line, detail="", link="")
        drawn = section(*_time_and_words(line, agent_id, agent_name))
    else:
        drawn = draw_line(line, agent_id, agent_name)
    return Post(
        f"Message to a customer: {line.event.value}", [{"type": "rich_text", "elements": [drawn]}]
    )


def draw_line(line: HistoryLine, agent_id: str, agent_name: str) -> Block:
    """Draw a line as a piece of a post. Slack shows the time in each reader's time zone."""
    nodes = _time_and_words(line, agent_id, agent_name)
    if line.event in _PINGS_THE_AGENT:
        nodes.insert(1, literal("  "))
        nodes.insert(2, {"type": "user", "user_id": agent_id})
    if "://" in line.link:  # it may be the id of a request whose card isn't known
        before = f" See {line.whose} " if line.whose else " "
        text = "message" if line.whose else "Open it in Genesys Cloud"
        nodes += [literal(before), {"type": "link", "url": line.link, "text": text}]
    return section(*nodes)


def _time_and_words(line: HistoryLine, agent_id: str, agent_name: str) -> list[Block]:
    words = event_in_words(line, agent_id, agent_name)
    nodes = [date_node(line.at, "{time_secs}"), literal(f"  {words}")]
    if line.event is Event.POSTPONED:
        with suppress(ValueError):
            until = datetime.fromisoformat(line.detail)
            nodes += [literal(": "), date_node(until, "{date_short_pretty} at {time}")]
    return nodes
