"""Reads the outcomes command, and words the answers to it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import RichTextElement

from bot.cards.blocks import channel_node, fill, literal, rich_text, section
from bot.cards.card import show_notice
from bot.cards.post import Post
from bot.language import _, ngettext, say_number
from bot.slack.commands.command_text import is_slip, tidy
from bot.text import escape

OUTCOMES = "outcomes"
HERE, OFF, DEFAULT = "here", "off", "default"
MOST_SHOWN = 20  # channels that are named
_ORDER = re.compile(
    rf"{OUTCOMES}(?:\s+(?P<way>{HERE}|{OFF}|{DEFAULT})"
    r"(?:\s+(?:for\s+)?(?P<all>all)|\s+for\s+(?P<channel>\S+))?)?",
    re.IGNORECASE,
)
# "in" may mean where they come from or where they go.
_UNCLEAR = re.compile(rf"(?:{HERE}|{OFF}|{DEFAULT})\s+(?:in|from|to)\s+\S+", re.IGNORECASE)
_NEARLY = re.compile(r"outcomes?(?:\s+(?P<rest>\S.*))?", re.IGNORECASE | re.DOTALL)
# By itself, or as Slack writes it where it's set to escape what people type.
_CHANNEL = re.compile(r"<#(?P<linked>[CG][A-Z0-9]+)(?:\|[^<>]*)?>|(?P<typed>[CG][A-Z0-9]{2,})")


@dataclass(frozen=True)
class Order:
    """What somebody typed: ``way`` is one of the words, or "" to ask; ``is_for_all`` channels.

    ``source``: the id of another channel than the one where it was typed. ``is_unknown``: it
    names a channel, but not by an id. ``is_wrong``: it's none of these.
    """

    way: str
    is_for_all: bool
    is_wrong: bool = False
    source: str = ""
    is_unknown: bool = False


def read_order(text: str) -> Order | None:
    """Read what follows the command; None if it isn't about outcomes.

    Only the exact words change anything. "Outcomes here are fine" may be a message, but another
    word or two are a mistake.
    """
    typed = tidy(text)
    if found := _ORDER.fullmatch(typed):
        named = _CHANNEL.fullmatch(found["channel"] or "")
        source = (named["linked"] or named["typed"]) if named else ""
        is_unknown = bool(found["channel"]) and not source
        way = (found["way"] or "").lower()
        return Order(way, bool(found["all"]), source=source, is_unknown=is_unknown)
    nearly = _NEARLY.fullmatch(typed)
    if nearly is None:
        return None
    rest = nearly["rest"] or ""
    is_wrong = not rest or is_slip(rest) or _UNCLEAR.fullmatch(rest) is not None
    return Order("", is_for_all=False, is_wrong=True) if is_wrong else None


def say_here(who: str, order: Order) -> Post:
    """Tell a channel what's posted there from now on."""
    if order.is_for_all:
        said = _(
            "{who} chose this channel: outcomes of messages requested in any channel that has no "
            "outcomes channel of its own are posted here, and so is the digest, if there is one."
        )
    elif order.source:
        said = _(
            "{who} chose this channel: outcomes of messages requested in {channel} are posted here."
        )
    else:
        said = _("{who} chose this channel: outcomes of messages requested here are posted here.")
    return _show(said, order.source, who=who)


def say_off(command: str, order: Order, left: str) -> Post:
    """Tell a lead what isn't posted any more; ``left``: the channel for all others, or ""."""
    if order.is_for_all:
        return show_notice(_say_none())
    said = _("Outcomes of messages requested in this channel are no longer posted.")
    if order.source:
        said = _("Outcomes of messages requested in {channel} are no longer posted.")
    others = _('Those of other channels still are; "{command}" stops them.')
    typed = f"{command} {OUTCOMES} {OFF} all"
    return _show(f"{said} {others}" if left else said, order.source, command=typed)


def say_default(order: Order, everywhere: str) -> Post:
    """Tell a lead what counts after a choice was taken back; ``everywhere``: for all, or ""."""
    if not order.is_for_all:
        said = _(
            "Outcomes of messages requested in this channel are posted where those of other "
            "channels are."
        )
        if order.source:
            said = _(
                "Outcomes of messages requested in {channel} are posted where those of other "
                "channels are."
            )
        return _show(said, order.source)
    if not everywhere:
        return show_notice(_say_none())
    said = _(
        "My settings count again: outcomes are posted in {channel}, except for channels that have "
        "an outcomes channel of their own."
    )
    return _show(said, everywhere)


def _say_none() -> str:
    return _(
        "Outcomes are no longer posted, except for channels that have an outcomes channel of "
        "their own."
    )


def say_where(
    command: str, asked_in: str, here: str, everywhere: str, sources: Sequence[str] = ()
) -> Post:
    """Tell a lead where outcomes are posted now, and how to change that.

    ``sources``: other channels whose outcomes are posted where this was asked.
    """
    sentence = _(
        "Outcomes of messages requested here are posted {here}, those of other channels {others}. "
        "{ways}"
    )
    ways = say_ways(command)
    told = fill(sentence, here=_in_channel(here), others=_in_channel(everywhere), ways=ways)
    said = sentence.format(
        here=_in_words(here, asked_in), others=_in_words(everywhere, asked_in), ways=ways
    )
    if sources:
        also = _("Outcomes of messages requested in {channels} are posted here.")
        count = len(sources)
        counted = ngettext("{count} other channel", "{count} other channels", count)
        told = [*_fill_channels(also, sources), literal(" "), *told]
        said = f"{also.format(channels=counted.format(count=say_number(count)))} {said}"
    return Post(escape(said), [rich_text(section(*told))])


def say_ways(command: str) -> str:
    """Tell a lead how to choose where outcomes are posted."""
    said = _(
        'Type "{here}" in the channel that should have them, "{here_all}" to have those of all '
        'channels there, "{here_for}" to have those of one other channel there, or "{off}". '
        '"{default}" takes a choice back.'
    )
    typed = f"{command} {OUTCOMES}"
    return said.format(
        here=f"{typed} {HERE}",
        here_all=f"{typed} {HERE} all",
        here_for=f"{typed} {HERE} for C0123456789",
        off=f"{typed} {OFF}",
        default=f"{typed} {DEFAULT}",
    )


def say_unknown(command: str, way: str) -> str:
    """Say how to name a channel, because Slack doesn't tell which one somebody means."""
    said = _(
        "Slack doesn't tell me which channel that is, so I need its ID. It's at the end of the "
        'channel\'s details, under "About". Then type: {command}'
    )
    return said.format(command=f"{command} {OUTCOMES} {way} for C0123456789")


def _show(sentence: str, channel: str, **places: str) -> Post:
    """Show a sentence with a channel in it, if it has one."""
    if not channel:
        return show_notice(sentence.format(**places))
    told = fill(sentence, channel=channel_node(channel), **places)
    said = sentence.format(channel=_("another channel"), **places)
    return Post(escape(said), [rich_text(section(*told))])


def _fill_channels(sentence: str, channels: Sequence[str]) -> list[RichTextElement]:
    nodes = list[RichTextElement]()
    for channel in channels[:MOST_SHOWN]:
        nodes += [*([literal(_(", "))] if nodes else []), channel_node(channel)]
    nodes += [literal("…")] if len(channels) > MOST_SHOWN else []
    return fill(sentence, channels=nodes)


def _in_channel(channel: str) -> list[RichTextElement]:
    if not channel:
        return [literal(_("nowhere"))]
    return fill(_("in {channel}"), channel=channel_node(channel))


def _in_words(channel: str, asked_in: str) -> str:
    """Name a channel where Slack doesn't fill in its name, as in a notification."""
    if not channel:
        return _("nowhere")
    return _("in this channel") if channel == asked_in else _("in another channel")
