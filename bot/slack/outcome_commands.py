"""Lets leads choose where outcomes are posted: ``/proactive outcomes here``, ``off``, or ask."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import RichTextElement

from bot.cards.blocks import channel_node, literal, rich_text, section
from bot.cards.card import show_given_back, show_notice
from bot.cards.errors import SlackError, SlackRefused
from bot.cards.places import is_channel
from bot.cards.post import Post
from bot.cards.refusals import explain_refusal
from bot.job import TryAgain
from bot.slack.command_text import is_slip, tidy
from bot.slack.errors import ErrorHandler
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.respond import Responder
from bot.slack.threads import in_thread
from bot.storage.outcome_channels import EVERYWHERE, NOWHERE, Choice, OutcomeChannels
from bot.text import escape, show_name

OUTCOMES = "outcomes"
LEADS_ONLY = "Only a lead can choose where outcomes are posted."
NOT_A_CHANNEL = (
    "Outcomes can't be posted in direct messages. Type this in the channel that should have them."
)
SHARED = (
    "This channel is shared with another company, so outcomes can't be posted here. "
    "Choose one of your own."
)
_TITLE = "Outcomes are posted here"
_ORDER = re.compile(
    rf"{OUTCOMES}(?:\s+(?P<way>here|off)(?P<all>\s+(?:for\s+)?all)?)?", re.IGNORECASE
)
_NEARLY = re.compile(r"outcomes?(?:\s+(?P<rest>\S.*))?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Order:
    """What somebody typed: ``way`` is "here", "off", or "" to ask; ``is_for_all`` channels.

    ``is_wrong``: it's none of these.
    """

    way: str
    is_for_all: bool
    is_wrong: bool = False


class OutcomeCommands:
    """Answers privately. ``records``: threads for what waits for the database.

    ``announce`` posts a title and a sentence in a channel, and ``is_shared`` says whether another
    company reads one. Both block and may raise TryAgain; the former also SlackError.
    """

    def __init__(
        self,
        channels: OutcomeChannels,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
        *,
        announce: Callable[[str, str, str], None],
        is_shared: Callable[[str], bool],
        name: str,
        records: Executor,
    ) -> None:
        self._channels = channels
        self._responder = responder
        self._errors = errors
        self._gate = gate
        self._announce = announce
        self._is_shared = is_shared
        self._name = name
        self._records = records

    async def run(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Ack and do what the command says, if this person may."""
        await ack()
        self._errors.start(self._do(interaction), interaction)

    async def _do(self, interaction: Interaction) -> None:
        order = read_order(interaction.text)
        if order is None or not await self._gate.admit(interaction):
            return
        if not await self._gate.is_lead(interaction.user_id):
            await self._gate.refuse(interaction, LEADS_ONLY)
            return
        channel = interaction.place.channel_id
        if order.is_wrong:
            post = show_given_back(say_ways(self._name), f"{self._name} {interaction.text}")
            await self._respond(interaction, post)
        elif not order.way:
            found = await in_thread(self._records, self._read, channel)
            await self._respond(interaction, say_where(self._name, channel, *found))
        elif not is_channel(channel):
            await self._gate.refuse(interaction, NOT_A_CHANNEL)
        elif order.way == "off":
            await self._turn_off(interaction, order)
        else:
            await self._post_here(interaction, order)

    def _read(self, channel: str) -> tuple[str, str]:
        return self._channels.find(channel), self._channels.find(EVERYWHERE)

    async def _turn_off(self, interaction: Interaction, order: Order) -> None:
        await self._choose(interaction, order, NOWHERE)
        left = await in_thread(self._records, self._channels.find, EVERYWHERE)
        await self._answer(interaction, say_off(self._name, order, left))

    async def _post_here(self, interaction: Interaction, order: Order) -> None:
        """Announce it in the channel first, because a channel that takes no posts is no choice."""
        channel = interaction.place.channel_id
        if await in_thread(self._records, self._is_here, interaction, order):
            await self._answer(interaction, "That's already so. Nothing was changed.")
            return
        try:
            if await asyncio.to_thread(self._is_shared, channel):
                await self._gate.refuse(interaction, SHARED)
                return
            who = show_name(self._gate.name_of(interaction))
            sentence = say_here(who, order)
            await asyncio.to_thread(self._announce, channel, _TITLE, sentence)
        except SlackRefused as refusal:
            await self._answer(interaction, f"Nothing was changed: {explain_refusal(refusal)}.")
            return
        except (SlackError, TryAgain):
            await self._answer(
                interaction, "Slack isn't answering. Nothing was changed. Try again."
            )
            return
        await self._choose(interaction, order, channel)
        await self._answer(interaction, "Done.")

    def _is_here(self, interaction: Interaction, order: Order) -> bool:
        return self._channels.is_chosen(_source(interaction, order), interaction.place.channel_id)

    async def _choose(self, interaction: Interaction, order: Order, channel: str) -> None:
        source = _source(interaction, order)
        choice = Choice(source, channel, interaction.user_id, interaction.own_team_id)
        await in_thread(self._records, self._channels.choose, choice)

    async def _answer(self, interaction: Interaction, sentence: str) -> None:
        await self._respond(interaction, show_notice(sentence))

    async def _respond(self, interaction: Interaction, post: Post) -> None:
        url = interaction.place.response_url
        await self._responder.respond(url, interaction.user_id, post)


def _source(interaction: Interaction, order: Order) -> str:
    return EVERYWHERE if order.is_for_all else interaction.place.channel_id


def read_order(text: str) -> Order | None:
    """Read what follows the command; None if it isn't about outcomes.

    Only the exact words change anything. "Outcomes here are fine" may be a message, but another
    word or two are a mistake.
    """
    typed = tidy(text)
    if found := _ORDER.fullmatch(typed):
        return Order((found["way"] or "").lower(), bool(found["all"]))
    nearly = _NEARLY.fullmatch(typed)
    is_wrong = nearly is not None and (not nearly["rest"] or is_slip(nearly["rest"]))
    return Order("", is_for_all=False, is_wrong=True) if is_wrong else None


def say_here(who: str, order: Order) -> str:
    """Tell a channel what's posted there from now on."""
    if order.is_for_all:
        where = "any channel that has no outcomes channel of its own"
        return (
            f"{who} chose this channel: outcomes of messages requested in {where} are posted here, "
            "and so is the digest, if there is one."
        )
    return f"{who} chose this channel: outcomes of messages requested here are posted here."


def say_off(command: str, order: Order, left: str) -> str:
    """Tell a lead what isn't posted any more; ``left``: the channel for all others, or ""."""
    if order.is_for_all:
        return (
            "Outcomes are no longer posted, except for channels that have an outcomes channel of "
            "their own."
        )
    said = "Outcomes of messages requested in this channel are no longer posted."
    if left:
        said += f' Those of other channels still are; "{command} {OUTCOMES} off all" stops them.'
    return said


def say_where(command: str, asked_in: str, here: str, everywhere: str) -> Post:
    """Tell a lead where outcomes are posted now, and how to change that."""
    told, said = list[RichTextElement](), ""
    for words, channel in (
        ("Outcomes of messages requested here are posted ", here),
        (", those of other channels ", everywhere),
    ):
        where = [literal("in "), channel_node(channel)] if channel else [literal("nowhere")]
        told += [literal(words), *where]
        said += words + _in_words(channel, asked_in)
    ways = f". {say_ways(command)}"
    return Post(escape(said + ways), [rich_text(section(*told, literal(ways)))])


def _in_words(channel: str, asked_in: str) -> str:
    """Name a channel where Slack doesn't fill in its name, as in a notification."""
    if not channel:
        return "nowhere"
    return "in this channel" if channel == asked_in else "in another channel"


def say_ways(command: str) -> str:
    """Tell a lead how to choose where outcomes are posted."""
    return (
        f'Type "{command} {OUTCOMES} here" in the channel that should have them, '
        f'"{command} {OUTCOMES} here all" to have those of all channels there, or '
        f'"{command} {OUTCOMES} off".'
    )
