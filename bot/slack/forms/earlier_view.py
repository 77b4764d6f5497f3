"""Draws the newest messages to a customer, whoever sent them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slack_sdk.models.blocks import RichTextElement

from bot.cards.blocks import DAY_AND_TIME, date_node, link, literal, section
from bot.cards.words import PLANNED, STATE_WORDS
from bot.language import _
from bot.state import State
from bot.storage.facts import Earlier
from bot.text import show_name


def draw_earlier(
    messages: Sequence[Earlier], links: Mapping[str, str]
) -> Iterator[RichTextElement]:
    """Draw who sent each one when, what became of it, and where its card is."""
    if messages:
        yield section(literal(_("Messages to them so far"), bold=True))
    for one in messages:
        words = (
            PLANNED if one.state is State.SCHEDULED and one.is_planned else STATE_WORDS[one.state]
        )
        nodes = [date_node(one.at, DAY_AND_TIME), literal(f" · {show_name(one.agent_name)}")]
        nodes.append(literal(f" · {_(words)}"))
        if url := links.get(one.request_id):
            nodes += [literal("  "), link(url, _("The card"))]
        yield section(*nodes)
