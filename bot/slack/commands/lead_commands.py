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

from slack_bolt.async_app import AsyncAck

from bot.cards.card import show_given_back, show_notice
from bot.language import N_, _
from bot.rules.address import BadAddress, read_identity
from bot.slack.commands.after_ack import do_after_ack
from bot.slack.commands.command_text import is_slip, split_command, tidy
from bot.slack.commands.pause_words import (
    PAUSED,
    RESUMED,
    say_paused,
    say_paused_before,
    say_resumed,
)
from bot.slack.do_not_contact import DoNotContact
from bot.slack.errors import ErrorHandler
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.markup import unescape, unlink, unlink_words
from bot.slack.reason_form import tidy_reason
from bot.slack.respond import Responder
from bot.slack.threads import in_thread
from bot.storage.facts import ByWhom
from bot.storage.opt_outs import OptOut
from bot.storage.pause import Pause
from bot.text import show_name

PAUSE, RESUME, OPT_OUT, OPT_IN = "pause", "resume", "opt-out", "opt-in"
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-"))
_SUBCOMMAND = re.compile(
    rf"(?P<word>{PAUSE}|{OPT_OUT}|{OPT_IN})(?:\s+(?P<rest>.*))?|(?P<alone>{RESUME})(?:\s+(?P<more>\S+))?",
    re.IGNORECASE | re.DOTALL,
)
_LEADS_ONLY = {
    PAUSE: N_("Only a lead can pause all sending."),
    RESUME: N_("Only a lead can resume sending."),
    OPT_IN: N_("Only a lead can take a customer off the do-not-contact list."),
}
_NEARLY = re.compile(
    r"opt\s*(?P<way>out|in)(?:\s+(?P<rest>.*))?|(?P<unpause>unpause)(?:\s+(?P<more>\S+))?",
    re.IGNORECASE | re.DOTALL,
)


class LeadCommands:
    """Answers these commands privately.

    ``announce`` tells others of a pause and its end: a title and a sentence. It may block.
    """

    def __init__(
        self,
        pause: Pause,
        do_not_contact: DoNotContact,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
        *,
        announce: Callable[[str, str], None],
        name: str,
        database_threads: Executor,
        default_country: str | None,
    ) -> None:
        self._pause = pause
        self._do_not_contact = do_not_contact
        self._responder = responder
        self._errors = errors
        self._gate = gate
        self._announce = announce
        self._name = name
        self._database_threads = database_threads
        self._country = default_country
        self._commands: dict[str, Callable[[Interaction, str], Awaitable[None]]] = {
            PAUSE: self._begin_pause,
            RESUME: self._end_pause,
            OPT_OUT: partial(self._change_list, OPT_OUT),
            OPT_IN: partial(self._change_list, OPT_IN),
        }

    async def run(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Ack and do what the command says, if this person may."""
        await do_after_ack(ack, interaction, self._do, self._errors)

    async def _do(self, interaction: Interaction) -> None:
        word, rest = read_subcommand(interaction.text, self._country)
        if not await self._gate.admit(interaction):
            return
        if word in _LEADS_ONLY and not await self._gate.is_lead(interaction.user_id):
            why = _LEADS_ONLY[word]
            await self._gate.refuse(interaction, why, told=_(why))
            return
        await self._commands[word](interaction, rest)

    async def _begin_pause(self, interaction: Interaction, rest: str) -> None:
        by = self._by_whom(interaction, tidy_reason(unescape(unlink_words(rest))))
        if not by.reason:
            await self._answer(interaction, _ask_why(self._name, PAUSE), gives_back=True)
        elif await in_thread(
            self._database_threads, self._pause.begin, by, interaction.own_team_id
        ):
            waiting = await in_thread(self._database_threads, self._pause.count_due)
            await self._answer(interaction, say_paused(f"{self._name} {RESUME}", waiting))
            sentence = _("{who} paused all sending: {reason}")
            await self._tell_of_pause(sentence, by)
            await in_thread(self._database_threads, self._pause.mark_all)
        else:
            await self._pause_again(interaction, by)

    async def _pause_again(self, interaction: Interaction, by: ByWhom) -> None:
        """Say who has paused before, and replace the reason if there's another one now."""
        before = await in_thread(self._database_threads, self._pause.read)
        is_other = before is not None and before.reason != by.reason
        if is_other and not await in_thread(
            self._database_threads, self._pause.replace, by, interaction.own_team_id
        ):
            before = None
        if before is None:  # somebody has just resumed
            await self._answer(interaction, _("Sending isn't paused. Try again."), gives_back=True)
            return
        await self._answer(interaction, say_paused_before(before, by))
        if is_other:
            sentence = _("{who} changed why all sending is paused: {reason}")
            await self._tell_of_pause(sentence, by)
            await in_thread(self._database_threads, self._pause.draw_again)

    async def _end_pause(self, interaction: Interaction, rest: str) -> None:
        if rest:
            said = _("To go on sending, type: {command}").format(command=f"{self._name} {RESUME}")
            await self._answer(interaction, said, gives_back=True)
            return
        waiting = await in_thread(self._database_threads, self._pause.count_due)
        ended = await in_thread(
            self._database_threads, self._pause.end, interaction.user_id, interaction.own_team_id
        )
        said = say_resumed(waiting) if ended else _("Sending isn't paused.")
        await self._answer(interaction, said)
        try:
            await in_thread(self._database_threads, self._pause.mark_all)
        finally:
            if ended:
                sentence = say_resumed(waiting, show_name(self._gate.name_of(interaction)))
                await asyncio.to_thread(self._announce, _(RESUMED), sentence)

    async def _change_list(self, word: str, interaction: Interaction, rest: str) -> None:
        customer, typed_reason = split_command(rest, self._country)
        reason = tidy_reason(typed_reason)
        try:
            identity = read_identity(unlink(customer), self._country)
        except BadAddress as problem:
            said = f"{problem} {say_usage(self._name, word)}"
            await self._answer(interaction, said, gives_back=True)
            return
        if not reason:
            await self._answer(interaction, _ask_why(self._name, word), gives_back=True)
            return
        by = self._by_whom(interaction, reason)
        wanted = OptOut(identity, (), by, interaction.own_team_id)
        if word == OPT_OUT:
            await self._responder.answer(interaction, await self._do_not_contact.opt_out(wanted))
        else:
            await self._answer(interaction, await self._do_not_contact.opt_in(wanted))

    async def _tell_of_pause(self, sentence: str, by: ByWhom) -> None:
        said = sentence.format(who=show_name(by.user_name), reason=by.reason)
        await asyncio.to_thread(self._announce, _(PAUSED), said)

    def _by_whom(self, interaction: Interaction, reason: str) -> ByWhom:
        name = self._gate.name_of(interaction)
        return ByWhom(interaction.user_id, name, datetime.now(UTC), reason)

    async def _answer(
        self, interaction: Interaction, sentence: str, gives_back: bool = False
    ) -> None:
        """Answer, and give back what was typed if that did nothing, ready to be copied."""
        typed = f"{self._name} {interaction.text}"
        post = show_given_back(sentence, typed) if gives_back else show_notice(sentence)
        await self._responder.answer(interaction, post)


def read_subcommand(text: str, default_country: str | None = None) -> tuple[str, str]:
    """Return the subcommand and what follows it; "" if it isn't one of these.

    "resume" does something only alone, and "Resume your order" may be a message. So may "Opt out of
    our news", but not "optout" or "opt out" with an address, or with a word or two, or alone.
    """
    typed = tidy(text)
    first = typed.split(maxsplit=1)[:1]
    plain_dashes = "".join(first).translate(_DASHES) + typed[len("".join(first)) :]
    found = _SUBCOMMAND.fullmatch(plain_dashes)
    if found is None:
        return _read_nearly(plain_dashes, default_country)
    rest = found["rest"] or found["more"] or ""
    return (found["word"] or found["alone"]).lower(), rest.strip()


def _read_nearly(typed: str, default_country: str | None) -> tuple[str, str]:
    """Read what looks like one of the words, so that it's never taken for a message."""
    found = _NEARLY.fullmatch(typed)
    if found is None:
        return "", ""
    if found["unpause"]:
        return RESUME, found["more"] or ""
    rest = (found["rest"] or "").strip()
    if rest and not (split_command(rest, default_country)[0] or is_slip(rest)):
        return "", ""
    return f"opt-{found['way']}".lower(), rest


def say_usage(command: str, word: str) -> str:
    """Say how to type a command that needs a reason."""
    said = _("Type: {command} reason")
    if word != PAUSE:
        said = _("Type: {command} jane@example.com reason")
    return said.format(command=f"{command} {word}")


def _ask_why(command: str, word: str) -> str:
    return " ".join((_("Add a reason."), say_usage(command, word)))
