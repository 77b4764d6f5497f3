"""What follows the slash command and isn't a message: the pause and the do-not-contact list.

Everybody may keep a customer from being messaged. Only leads may do the rest.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from slack_bolt.async_app import AsyncAck

from bot.cards.card import show_given_back, show_notice
from bot.rules.address import BadAddress, read_identity
from bot.slack.command_text import split_command
from bot.slack.do_not_contact import DoNotContact
from bot.slack.errors import ErrorHandler
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.markup import unescape, unlink, unlink_words
from bot.slack.reason_form import tidy_reason
from bot.slack.respond import Responder
from bot.storage.facts import ByWhom
from bot.storage.opt_outs import OptOut
from bot.storage.pause import Pause
from bot.text import ago, sendable, show_name

T = TypeVar("T")

PAUSE, RESUME, OPT_OUT, OPT_IN = "pause", "resume", "opt-out", "opt-in"
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-"))
_SUBCOMMAND = re.compile(
    rf"(?P<word>{PAUSE}|{OPT_OUT}|{OPT_IN})(?:\s+(?P<rest>.*))?|(?P<alone>{RESUME})",
    re.IGNORECASE | re.DOTALL,
)
_LEADS_ONLY = {
    PAUSE: "Only a lead can pause all sending.",
    RESUME: "Only a lead can resume sending.",
    OPT_IN: "Only a lead can take a customer off the do-not-contact list.",
}
_RESUMED = "Sending goes on, also with the messages that were waiting."
_NOT_PAUSED = "Sending isn't paused."


class LeadCommands:
    """Answers these commands privately. ``records``: threads for what waits for the database."""

    def __init__(
        self,
        pause: Pause,
        do_not_contact: DoNotContact,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
        *,
        name: str,
        records: Executor,
        default_country: str | None,
    ) -> None:
        self._pause = pause
        self._do_not_contact = do_not_contact
        self._responder = responder
        self._errors = errors
        self._gate = gate
        self._name = name
        self._records = records
        self._country = default_country
        self._commands: dict[str, Callable[[Interaction, str], Awaitable[None]]] = {
            PAUSE: self._begin_pause,
            RESUME: self._end_pause,
            OPT_OUT: partial(self._change_list, OPT_OUT),
            OPT_IN: partial(self._change_list, OPT_IN),
        }

    async def run(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Ack and do what the command says, if this person may."""
        await ack()
        self._errors.start(self._do(interaction), interaction)

    async def _do(self, interaction: Interaction) -> None:
        word, rest = read_subcommand(interaction.text)
        if not await self._gate.admit(interaction):
            return
        if word in _LEADS_ONLY and not await self._gate.is_lead(interaction.user_id):
            await self._gate.refuse(interaction, _LEADS_ONLY[word])
            return
        await self._commands[word](interaction, rest)

    async def _begin_pause(self, interaction: Interaction, rest: str) -> None:
        by = _by_whom(interaction, tidy_reason(unescape(unlink_words(rest))))
        if await self._record(self._pause.begin, by, interaction.own_team_id):
            await self._answer(interaction, say_paused(self._name))
            await self._record(self._pause.mark_all)
            return
        before = await self._record(self._pause.read)
        if before is None:  # somebody has just resumed
            await self._answer(interaction, f"{_NOT_PAUSED} Try again.")
        else:
            await self._answer(interaction, say_paused_before(before, datetime.now(UTC)))

    async def _end_pause(self, interaction: Interaction, _: str) -> None:
        ended = await self._record(self._pause.end, interaction.user_id, interaction.own_team_id)
        await self._answer(interaction, _RESUMED if ended else _NOT_PAUSED)
        await self._record(self._pause.mark_all)

    async def _change_list(self, word: str, interaction: Interaction, rest: str) -> None:
        customer, typed_reason = split_command(rest, self._country)
        reason, usage = tidy_reason(typed_reason), say_usage(self._name, word)
        try:
            identity = read_identity(unlink(customer), self._country)
        except BadAddress as problem:
            await self._answer(interaction, f"{problem} {usage}", interaction.text)
            return
        if not reason:
            await self._answer(interaction, f"Say why, too. {usage}", interaction.text)
            return
        by = _by_whom(interaction, reason)
        wanted = OptOut(identity, (), by, interaction.own_team_id)
        change = self._do_not_contact.opt_out if word == OPT_OUT else self._do_not_contact.opt_in
        await self._answer(interaction, await change(wanted))

    async def _answer(self, interaction: Interaction, sentence: str, typed: str = "") -> None:
        post = show_given_back(sentence, typed) if typed else show_notice(sentence)
        url = interaction.place.response_url
        await self._responder.respond(url, interaction.user_id, post)

    async def _record(self, work: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._records, partial(work, *arguments))


def read_subcommand(text: str) -> tuple[str, str]:
    """Return the subcommand and what follows it; "" if it isn't one of these.

    "resume" counts only alone: "Resume your order" may be a message.
    """
    typed = sendable(text).replace("\u00a0", " ").strip()
    first = typed.split(maxsplit=1)[:1]
    plain_dashes = "".join(first).translate(_DASHES) + typed[len("".join(first)) :]
    found = _SUBCOMMAND.fullmatch(plain_dashes)
    if found is None:
        return "", ""
    return (found["word"] or found["alone"]).lower(), (found["rest"] or "").strip()


def say_paused(command: str) -> str:
    """Tell a lead that their pause has begun."""
    return f'All sending is paused. Messages wait until a lead types "{command} {RESUME}".'


def say_paused_before(before: ByWhom, now: datetime) -> str:
    """Say who has paused all sending already, when, and why."""
    why = f": {before.reason}" if before.reason else "."
    who = f"{show_name(before.user_name)} ({before.user_id})"
    return f"{who} has paused all sending already, {ago(now - before.at)}{why}"


def say_usage(command: str, word: str) -> str:
    """Say how to type a command about the do-not-contact list."""
    return f"Type it like this: {command} {word} jane@example.com reason"


def _by_whom(interaction: Interaction, reason: str) -> ByWhom:
    return ByWhom(interaction.user_id, interaction.user_name, datetime.now(UTC), reason)
