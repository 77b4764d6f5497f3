"""Lets leads choose where outcomes are posted: ``/proactive outcomes here``, or ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from slack_bolt.async_app import AsyncAck

from bot.cards.card import show_given_back, show_notice
from bot.cards.errors import SlackError, SlackRefused
from bot.cards.places import is_channel
from bot.cards.post import Post
from bot.cards.refusals import explain_refusal
from bot.job import TryAgain
from bot.language import N_, _
from bot.slack.commands.after_ack import do_after_ack
from bot.slack.commands.outcome_words import (
    DEFAULT,
    OFF,
    Order,
    read_order,
    say_default,
    say_here,
    say_off,
    say_unknown,
    say_ways,
    say_where,
)
from bot.slack.errors import ErrorHandler
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.respond import Responder
from bot.slack.threads import in_thread
from bot.storage.outcome_channels import EVERYWHERE, NOWHERE, Choice, OutcomeChannels
from bot.text import show_name

LEADS_ONLY = N_("Only a lead can choose where outcomes are posted.")
NOT_A_CHANNEL = N_(
    "Outcomes can't be posted in direct messages. Type this in the channel that should have them."
)
SHARED = N_(
    "This channel is shared with another company, so outcomes can't be posted here. "
    "Choose one of your own."
)
_SO_ALREADY = N_("That's already so. Nothing was changed.")


class OutcomeCommands:
    """Answers privately.

    ``announce`` posts something in a channel, and ``is_shared`` says whether another
    company reads one. Both block and may raise TryAgain; the former also SlackError.
    """

    def __init__(
        self,
        channels: OutcomeChannels,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
        *,
        announce: Callable[[str, Post], None],
        is_shared: Callable[[str], bool],
        name: str,
        database_threads: Executor,
    ) -> None:
        self._channels = channels
        self._responder = responder
        self._errors = errors
        self._gate = gate
        self._announce = announce
        self._is_shared = is_shared
        self._name = name
        self._database_threads = database_threads

    async def run(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Ack and do what the command says, if this person may."""
        await do_after_ack(ack, interaction, self._do, self._errors)

    async def _do(self, interaction: Interaction) -> None:
        order = read_order(interaction.text)
        if order is None or not await self._gate.admit(interaction):
            return
        if not await self._gate.is_lead(interaction.user_id):
            await self._gate.refuse(interaction, LEADS_ONLY, told=_(LEADS_ONLY))
            return
        channel = interaction.place.channel_id
        if order.is_wrong or order.is_unknown:
            said = say_ways(self._name) if order.is_wrong else say_unknown(self._name, order.way)
            post = show_given_back(said, f"{self._name} {interaction.text}")
            await self._responder.answer(interaction, post)
        elif not order.way:
            found = await in_thread(self._database_threads, self._read, channel)
            await self._responder.answer(interaction, say_where(self._name, channel, *found))
        elif not is_channel(channel):
            await self._gate.refuse(interaction, NOT_A_CHANNEL, told=_(NOT_A_CHANNEL))
        elif order.way == OFF:
            await self._turn_off(interaction, order)
        elif order.way == DEFAULT:
            await self._take_back(interaction, order)
        else:
            await self._post_here(interaction, order)

    def _read(self, channel: str) -> tuple[str, str, tuple[str, ...]]:
        find = self._channels.find
        return find(channel), find(EVERYWHERE), self._channels.sources(channel)

    async def _turn_off(self, interaction: Interaction, order: Order) -> None:
        await self._choose(interaction, order, NOWHERE)
        left = await in_thread(self._database_threads, self._channels.find, EVERYWHERE)
        await self._responder.answer(interaction, say_off(self._name, order, left))

    async def _take_back(self, interaction: Interaction, order: Order) -> None:
        choice = _choice(interaction, order, NOWHERE)
        if not await in_thread(self._database_threads, self._channels.take_back, choice):
            await self._answer(interaction, _(_SO_ALREADY))
            return
        everywhere = await in_thread(self._database_threads, self._channels.find, EVERYWHERE)
        await self._responder.answer(interaction, say_default(order, everywhere))

    async def _post_here(self, interaction: Interaction, order: Order) -> None:
        """Announce it in the channel first, because a channel that takes no posts is no choice."""
        channel = interaction.place.channel_id
        if await in_thread(self._database_threads, self._is_here, interaction, order):
            await self._answer(interaction, _(_SO_ALREADY))
            return
        try:
            if await asyncio.to_thread(self._is_shared, channel):
                await self._gate.refuse(interaction, SHARED, told=_(SHARED))
                return
            who = show_name(self._gate.name_of(interaction))
            await asyncio.to_thread(self._announce, channel, say_here(who, order))
        except SlackRefused as refusal:
            said = _("Nothing was changed: {reason}.").format(reason=explain_refusal(refusal))
            await self._answer(interaction, said)
            return
        except (SlackError, TryAgain):
            await self._answer(
                interaction, _("Slack isn't answering. Nothing was changed. Try again.")
            )
            return
        await self._choose(interaction, order, channel)
        await self._answer(interaction, _("Done."))

    def _is_here(self, interaction: Interaction, order: Order) -> bool:
        choice = _choice(interaction, order, interaction.place.channel_id)
        return self._channels.is_chosen(choice.source, choice.channel)

    async def _choose(self, interaction: Interaction, order: Order, channel: str) -> None:
        choice = _choice(interaction, order, channel)
        await in_thread(self._database_threads, self._channels.choose, choice)

    async def _answer(self, interaction: Interaction, sentence: str) -> None:
        await self._responder.answer(interaction, show_notice(sentence))


def _choice(interaction: Interaction, order: Order, channel: str) -> Choice:
    source = EVERYWHERE if order.is_for_all else order.source or interaction.place.channel_id
    return Choice(source, channel, interaction.user_id, interaction.own_team_id)
