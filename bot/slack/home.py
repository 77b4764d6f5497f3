"""Publishes the Home tab of one person: when they open it, and after what they do.

Who may see what is checked each time, because Slack shows a Home tab to everybody.
https://docs.slack.dev/reference/methods/views.publish
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.cards.answers import translated
from bot.cards.errors import SlackError, SlackRefused
from bot.ops.health import Health
from bot.slack.errors import ErrorHandler
from bot.slack.gate import Gate
from bot.slack.home_view import (
    HomeContent,
    HomeState,
    build_home,
    build_plain_home,
    read_metadata,
    read_state,
)
from bot.slack.interaction import Interaction, Kind, View
from bot.slack.metadata import ForeignForm, MetadataSigner
from bot.slack.open_form import read_version
from bot.slack.reader import read_reader
from bot.slack.request_rows import Rows
from bot.slack.thread_links import ThreadLinks
from bot.slack.threads import in_thread
from bot.storage.facts import ByWhom
from bot.storage.my_requests import Filter, MyRequests, Page, Viewer
from bot.storage.pause import Pause
from bot.text import show_name, visible

log = logging.getLogger(__name__)

HEALTH_SECONDS = 0.15  # a Home tab waits for, then it shows what was known before
NO_DATABASE = "⚠ My database doesn't answer, so I can't show messages. Try again in a minute."
NO_GENESYS = "⚠ Genesys Cloud isn't answering. Messages wait, and go out when it does."
ALL_WELL = "✓ Everything works."
_CONFLICT = "hash_conflict"
_MOST_REMEMBERED = 5_000
_COUNTED = (Filter.ATTENTION, Filter.PLANNED, Filter.OPEN)


class Home:
    """Shows people their Home tab. ``records``: threads for what waits for the database."""

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
        records: Executor,
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
        self._records = records
        self._shown: dict[str, HomeState] = {}  # what this process has shown to whom

    async def open(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Show a person the state of their messages now, in the list that they were in."""
        await ack()
        state = self._read_state(interaction)
        self._errors.start(self._publish(interaction, state), interaction)

    async def show(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Show another list or page, as a button says."""
        await ack()
        state = read_state(interaction.action_value)
        self._errors.start(self._publish(interaction, state), interaction)

    async def after(self, work: Coroutine[Any, Any, object], interaction: Interaction) -> None:
        """Do what a person wants; then their Home tab shows it, if they do so from there."""
        await work
        await self.redraw(interaction)

    def redraw_soon(self, interaction: Interaction) -> None:
        """Do the same for a form whose work is done."""
        self._errors.start(self.redraw(interaction), interaction)

    async def redraw(self, interaction: Interaction) -> None:
        """Show what has changed to a person who has just done something from their Home tab."""
        if interaction.is_home:
            await self._publish(interaction, self._read_state(interaction))
        elif interaction.kind is Kind.SUBMISSION and interaction.user_id in self._shown:
            # The form doesn't say from where it was opened. Its place may be a shared channel.
            form = replace(interaction, view={})
            await self._publish(form, self._shown[interaction.user_id])

    def _read_state(self, interaction: Interaction) -> HomeState:
        metadata = interaction.view.get("private_metadata")
        try:
            signed = metadata if isinstance(metadata, str) else ""
            checked = self._signer.check(signed, interaction.user_id, interaction.view_id)
        except ForeignForm:  # the first one, or of before the token was changed
            return HomeState()
        return read_metadata(checked)

    async def _publish(self, interaction: Interaction, state: HomeState) -> None:
        view = await self._draw(interaction, state)
        version = read_version(interaction.view)
        try:
            try:
                await self._send(interaction.user_id, view, version)
            except SlackRefused as refusal:
                if refusal.code != _CONFLICT:
                    raise
                view = await self._draw(interaction, state)
                await self._send(interaction.user_id, view, "")
        except SlackError as error:
            log.warning("a Home tab can't be published: %s", error)

    async def _send(self, user_id: str, view: View, version: str) -> None:
        signed = self._signer.sign(view["private_metadata"], user_id)
        arguments = {"hash": version} if version else {}
        with translated():
            await self._client.views_publish(
                user_id=user_id, view={**view, "private_metadata": signed}, **arguments
            )

    async def _draw(self, interaction: Interaction, state: HomeState) -> View:
        user_id, now = interaction.user_id, datetime.now(UTC)
        if sentence := await self._gate.why_not(interaction):
            self._shown.pop(user_id, None)
            return build_plain_home(sentence, at=now, may_refresh=False)
        reader = await read_reader(self._gate, user_id)
        state = replace(state, is_team=state.is_team and reader.is_lead)
        self._remember(user_id, state)
        viewer = Viewer(user_id, sees_team=state.is_team, is_approver=reader.is_approver)
        try:
            page, counts, paused = await in_thread(self._records, self._read, viewer, state)
        except SQLAlchemyError as error:
            log.warning("a Home tab without messages (%s)", type(error).__name__)
            return build_plain_home(NO_DATABASE, at=now, may_refresh=True)
        rows = Rows(page.requests, await self._links.find(page.requests, user_id))
        answers = await self._health.check_soon(HEALTH_SECONDS)
        content = HomeContent(
            replace(state, page=page.number),
            reader,
            rows,
            page.has_next,
            counts,
            say_health(answers.get("genesys", "ok"), paused),
            now,
            self._command,
        )
        return build_home(content)

    def _read(
        self, viewer: Viewer, state: HomeState
    ) -> tuple[Page, dict[Filter, int], ByWhom | None]:
        counts = {which: self._lists.count(viewer, which) for which in _COUNTED}
        return self._lists.page(viewer, state.which, state.page), counts, self._pause.read()

    def _remember(self, user_id: str, state: HomeState) -> None:
        if len(self._shown) >= _MOST_REMEMBERED:
            self._shown.clear()
        self._shown[user_id] = state


def say_health(genesys: str, paused: ByWhom | None) -> str:
    """Say in one line whether messages go out."""
    if paused is not None:
        reason = f": {visible(paused.reason)}" if paused.reason else "."
        return f"⏸ {show_name(paused.user_name)} paused all sending{reason}"
    return ALL_WELL if genesys == "ok" else NO_GENESYS
