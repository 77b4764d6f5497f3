"""Publishes the Home tab of one person: when they open it, and after what they do.

Who may see what is checked each time, because Slack shows a Home tab to everybody.
https://docs.slack.dev/reference/methods/views.publish
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.cards.answers import translated
from bot.cards.errors import SlackError, SlackRefused
from bot.language import N_, _
from bot.ops.health import Health
from bot.slack.errors import ErrorHandler
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction, Kind
from bot.slack.lists.home_view import (
    HomeContent,
    HomeState,
    build_home,
    build_plain_home,
    read_state,
)
from bot.slack.lists.reader import read_reader
from bot.slack.lists.request_rows import Rows
from bot.slack.lists.thread_links import ThreadLinks
from bot.slack.metadata import MetadataSigner
from bot.slack.origin import ANSWERED, read_origin
from bot.slack.threads import in_thread
from bot.slack.view_state import View, read_version
from bot.storage.facts import ByWhom
from bot.storage.my_requests import Filter, MyRequests, Page, Viewer
from bot.storage.pause import Pause
from bot.text import show_name, visible

log = logging.getLogger(__name__)

# how long a Home tab waits for the health; then it shows what was known before
HEALTH_SECONDS = 0.15
NO_DATABASE = N_("⚠ My database doesn't answer, so I can't show messages. Try again in a minute.")
NO_GENESYS = N_("⚠ Genesys Cloud isn't answering. Messages wait, and go out when it does.")
ALL_WELL = N_("✓ Everything works.")
_CONFLICT = "hash_conflict"
_COUNTED = (Filter.ATTENTION, Filter.PLANNED, Filter.OPEN)

Work = Coroutine[Any, Any, object]
DoThenRedraw = Callable[[Work, Interaction], Coroutine[Any, Any, None]]


class Home:
    """Shows people their Home tab."""

    def __init__(
        self,
        client: AsyncWebClient,
        lists: MyRequests,
        pause: Pause,
        health: Health,
        links: ThreadLinks,
        signer: MetadataSigner,
        errors: ErrorHandler,
        gate: Gate,
        *,
        command: str,
        database_threads: Executor,
    ) -> None:
        self._client = client
        self._lists = lists
        self._pause = pause
        self._health = health
        self._signer = signer
        self._errors = errors
        self._gate = gate
        self._links = links
        self._command = command
        self._database_threads = database_threads

    async def open(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Show a person the state of their messages now, in the list that they were in."""
        await ack()
        state = read_state(read_origin(self._signer, interaction))
        self._errors.start(self._publish(interaction, state), interaction)

    async def show(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Show another list or page, as a button says."""
        await ack()
        state = read_state(interaction.action_value)
        self._errors.start(self._publish(interaction, state), interaction)

    async def do_then_redraw(self, work: Work, interaction: Interaction) -> None:
        """Do the work, then redraw the Home tab if the person did it from there."""
        await work
        await self.redraw(interaction)

    def redraw_soon(self, interaction: Interaction) -> None:
        """Redraw the Home tab in the background, after a form was submitted."""
        self._errors.start(self.redraw(interaction), interaction)

    async def redraw(self, interaction: Interaction) -> None:
        """Show what has changed to a person who has just done something from their Home tab."""
        origin = read_origin(self._signer, interaction)
        if interaction.is_home:
            await self._publish(interaction, read_state(origin))
        elif interaction.kind is Kind.SUBMISSION and origin not in ("", ANSWERED):
            # What's known of a form, such as its version, isn't the tab's.
            await self._publish(replace(interaction, view={}), read_state(origin))

    async def _publish(self, interaction: Interaction, state: HomeState) -> None:
        view, shown = await self._draw(interaction, state)
        version = read_version(interaction.view)
        try:
            try:
                await self._send(interaction.user_id, view, shown, version)
            except SlackRefused as refusal:
                if refusal.code != _CONFLICT:
                    raise
                view, shown = await self._draw(interaction, state)
                await self._send(interaction.user_id, view, shown, "")
        except SlackError as error:
            log.warning("a Home tab can't be published: %s", error)

    async def _send(self, user_id: str, view: View, state: HomeState, version: str) -> None:
        signed = self._signer.sign(view["private_metadata"], user_id, origin=state.write())
        arguments = {"hash": version} if version else {}
        with translated():
            await self._client.views_publish(
                user_id=user_id, view={**view, "private_metadata": signed}, **arguments
            )

    async def _draw(self, interaction: Interaction, state: HomeState) -> tuple[View, HomeState]:
        """Draw what a person may see of what they want; return with it what that is."""
        user_id, now = interaction.user_id, datetime.now(UTC)
        if sentence := await self._gate.why_not(interaction):
            return build_plain_home(sentence, at=now, may_refresh=False), HomeState()
        reader = await read_reader(self._gate, user_id)
        state = replace(state, is_team=state.is_team and reader.is_lead)
        viewer = Viewer(user_id, sees_team=state.is_team, is_approver=reader.is_approver)
        try:
            page, counts, paused = await in_thread(
                self._database_threads, self._read, viewer, state
            )
        except SQLAlchemyError as error:
            log.warning("can't show messages in a Home tab (%s)", type(error).__name__)
            return build_plain_home(_(NO_DATABASE), at=now, may_refresh=True), HomeState()
        state = replace(state, page=page.number)
        rows = Rows(page.requests, await self._links.find(page.requests, user_id), page.opted_out)
        answers = await self._health.check_soon(HEALTH_SECONDS)
        content = HomeContent(
            state,
            reader,
            rows,
            page.has_next,
            counts,
            say_health(answers.get("genesys", "ok"), paused),
            now,
            self._command,
        )
        return build_home(content), state

    def _read(
        self, viewer: Viewer, state: HomeState
    ) -> tuple[Page, dict[Filter, int], ByWhom | None]:
        counts = {which: self._lists.count(viewer, which) for which in _COUNTED}
        return self._lists.page(viewer, state.which, state.page), counts, self._pause.read()


def say_health(genesys: str, paused: ByWhom | None) -> str:
    """Say in one line whether messages go out."""
    if paused is not None:
        who, reason = show_name(paused.user_name), visible(paused.reason)
        if paused.reason:
            return _("⏸ {who} paused all sending: {reason}").format(who=who, reason=reason)
        return _("⏸ {who} paused all sending.").format(who=who)
    return _(ALL_WELL) if genesys == "ok" else _(NO_GENESYS)
