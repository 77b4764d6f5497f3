"""Lets people in who may use the bot, and tells everyone else privately why they may not.

It asks Slack, so nothing waits for it before an ack.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from bot.cards.card import show_given_back
from bot.request import Place
from bot.rules.access import Access
from bot.slack.interaction import Interaction, Kind
from bot.slack.respond import Responder
from bot.slack.security_log import SecurityLog
from bot.slack.threads import in_thread
from bot.storage.audit import Action, Entry
from bot.storage.audit_log import AuditLog

T = TypeVar("T")
NoteRefused = Callable[[Interaction, str, str], None]


class Gate:
    """Checks people. ``access_threads`` may all be waiting for Slack.

    ``note_refused`` writes to the audit log what was refused, why, and about which request; it may
    block. Give ``request_id`` if the view's id isn't the request's, as in the Home tab, or in a
    form about a card.
    """

    def __init__(
        self,
        access: Access,
        access_threads: Executor,
        responder: Responder,
        security: SecurityLog,
        *,
        note_refused: NoteRefused,
    ) -> None:
        self._access = access
        self._access_threads = access_threads
        self._responder = responder
        self._security = security
        self._note_refused = note_refused

    async def admit(
        self, interaction: Interaction, place: Place | None = None, *, request_id: str = ""
    ) -> bool:
        """Return whether the person may do this; if not, tell them.

        ``place``: where the form was opened, for what somebody does in a form.
        """
        sentence = await self.why_not(interaction, place)
        if sentence:
            await self.refuse(interaction, sentence, place, request_id=request_id)
        elif not self._access.known_name(interaction.user_id):
            await in_thread(self._access_threads, self._access.learn_name, interaction.user_id)
        return not sentence

    async def why_not(self, interaction: Interaction, place: Place | None = None) -> str:
        """Return why the person may not do this, or "" if they may; tell nobody."""
        sentence = self.cached(interaction, place)
        if sentence is None:
            attempt = _attempt(interaction, place)
            sentence = await in_thread(self._access_threads, self._access.check, *attempt)
        return sentence

    def cached(self, interaction: Interaction, place: Place | None = None) -> str | None:
        """Return what's known without asking Slack: why not, or "" if they may, or None."""
        return self._access.check_known(*_attempt(interaction, place))

    def name_of(self, interaction: Interaction, before: str = "") -> str:
        """Return the name that the person shows in Slack, or else their handle; it never waits.

        ``before``: their name as it was known when what they use now was opened.
        """
        known = self._access.known_name(interaction.user_id)
        return known or before or interaction.user_name

    async def is_lead(self, user_id: str) -> bool:
        """Return whether somebody is a lead."""
        return await in_thread(self._access_threads, self._access.is_lead, user_id)

    async def is_approver(self, user_id: str) -> bool:
        """Return whether somebody may approve messages."""
        return await in_thread(self._access_threads, self._access.is_approver, user_id)

    async def refuse(
        self,
        interaction: Interaction,
        sentence: str,
        place: Place | None = None,
        advice: str = "",
        *,
        told: str = "",
        request_id: str = "",
    ) -> None:
        """Note a refusal, and tell the person; they get back the command that they typed.

        ``advice`` may name people, so it's told and not noted. ``told``: what they read instead.
        """
        await self.note(interaction, sentence, request_id=request_id)
        post = show_given_back(f"{told or sentence} {advice}".rstrip(), interaction.typed)
        url = (place or interaction.place).response_url
        await self._responder.respond(url, interaction.user_id, post)

    async def note(self, interaction: Interaction, sentence: str, *, request_id: str = "") -> None:
        """Write a refusal to both logs."""
        what = f"{interaction.action_id or interaction.kind}: {sentence}"
        self._security.add(interaction.user_id, what)
        about = request_id or interaction.view_id or interaction.request_id
        await in_thread(self._access_threads, self._note_refused, interaction, sentence, about)

    async def ask(self, work: Callable[[], T]) -> T:
        """Do in a thread what may have to wait for Slack."""
        return await in_thread(self._access_threads, work)


def note_refused(audit: AuditLog, interaction: Interaction, sentence: str, request_id: str) -> None:
    """Write to the audit log what somebody tried who may not."""
    detail = {"what": interaction.action_id or interaction.kind.value, "why": sentence}
    team_id = interaction.own_team_id
    entry = Entry(Action.REFUSED_CLICK, interaction.user_id, team_id, request_id, detail=detail)
    audit.append(entry)


def _attempt(interaction: Interaction, place: Place | None) -> tuple[str, str, str, str, str]:
    """Return what Access checks.

    A card's channel isn't checked again: it may be a direct message, or may have been shared
    since, and whoever may stop a message must still be able to.
    """
    is_card = interaction.kind is Kind.ACTION and not interaction.view
    channel_id = (place or interaction.place).channel_id
    return (
        interaction.user_id,
        interaction.place.team_id,
        "" if is_card else channel_id,
        interaction.app_id,
        interaction.user_team_id,
    )
