"""Edits a message that hasn't gone out: opens the form, and saves it before the ack.

What can't be saved stays in the form, with the reason under its field.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.cards.card import show_where_it_stands
from bot.cards.words import state_in_words
from bot.delivery.edit import EDITABLE, Edit, Editing
from bot.language import N_, _
from bot.request import Decision, Place, Request
from bot.rules.policy import Refused
from bot.rules.text_rules import check_length
from bot.slack.buttons.edit_view import EDIT_FORM, build_edit, place_findings
from bot.slack.errors import ErrorHandler
from bot.slack.forms.form_input import MESSAGE, SEND_AT, SEND_BEFORE, check_times, make_draft
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.metadata import ForeignForm, MetadataSigner
from bot.slack.modal import open_modal, read_modal
from bot.slack.reason_form import FOREIGN
from bot.slack.respond import Responder
from bot.slack.threads import in_thread
from bot.slack.view_state import read_text, read_time
from bot.storage.requests import RequestStore
from bot.text import sendable

log = logging.getLogger(__name__)

WHO_SECONDS = 1.0  # of the three that Slack waits for the ack
_UNKNOWN = N_("I can't check with Slack who you are right now. Nothing changed. Save again.")
NOT_YOURS = N_("Only the agent or a lead can do this.")
_NOT_STORED = N_("I couldn't store this. Nothing changed. Wait a moment and save again.")
_CHANGED = N_(
    "Somebody has decided about this message since you opened this form. Nothing changed. Copy "
    "your text and open the form again."
)
_TEMPLATE = N_("Your rules don't allow changes to a template's text. You can change the times.")
_ERASED = N_("This customer's data was erased. Nothing changed.")


class EditForm:
    """Opens and saves the form."""

    def __init__(
        self,
        client: AsyncWebClient,
        requests: RequestStore,
        editing: Editing,
        signer: MetadataSigner,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
        *,
        database_threads: Executor,
        keeps_templates: Callable[[], bool] = lambda: False,
    ) -> None:
        """``keeps_templates``: whether the text of a template may not be changed."""
        self._client = client
        self._requests = requests
        self._editing = editing
        self._signer = signer
        self._responder = responder
        self._errors = errors
        self._gate = gate
        self._database_threads = database_threads
        self._keeps_templates = keeps_templates

    async def open(self, request: Request, click: Interaction) -> None:
        """Open the form for somebody who was checked."""
        # A list isn't drawn again, so it says there what came of it.
        place = click.place if click.is_in_list else replace(click.place, response_url="")
        view = build_edit(request, place)
        await open_modal(self._client.views_open, view, click, self._signer, self._responder)

    async def submit(self, ack: AsyncAck, submission: Interaction) -> None:
        """Save and close the form, or show what's wrong under its field."""
        errors = await self._save(submission)
        if errors:
            await ack(response_action="errors", errors=errors)
        else:
            await ack()

    async def _save(self, submission: Interaction) -> dict[str, str]:
        try:
            request_id, number, answer_at = read_modal(self._signer, submission, EDIT_FORM)
        except ForeignForm:
            log.warning("the private metadata of a form isn't what the bot wrote")
            return {MESSAGE: _(FOREIGN)}
        try:
            request = await in_thread(self._database_threads, self._requests.load, request_id)
            if refusal := await self._find_refusal(submission, request):
                return {MESSAGE: refusal}
            edit, errors = _read_edit(submission, request)
            if request.template and edit.text != request.text and self._keeps_templates():
                errors = {MESSAGE: _(_TEMPLATE), **errors}
            late = _say_late(request, number)
            if errors or late or not edit.changes(request):
                return {MESSAGE: late} if late else errors
            name = self._gate.name_of(submission)
            decision = Decision(request_id, request.decisions, submission.user_id, name)
            edited = await in_thread(
                self._database_threads, self._editing.edit, decision, request, edit
            )
            if not edited:
                request = await in_thread(self._database_threads, self._requests.load, request_id)
                return {MESSAGE: _say_late(request, number) or _(_CHANGED)}
            if answer_at:
                self._errors.start(self._show(request_id, answer_at, submission), submission)
        except Refused as refused:
            return place_findings(refused.findings)
        except SQLAlchemyError as error:
            log.warning("can't store an edit (%s)", type(error).__name__)
            return {MESSAGE: _(_NOT_STORED)}
        return {}

    async def _show(self, request_id: str, answer_at: str, submission: Interaction) -> None:
        """Show in private where a message stands that somebody has edited."""
        request = await in_thread(self._database_threads, self._requests.load, request_id)
        shown = show_where_it_stands(request)
        await self._responder.respond(answer_at, submission.user_id, shown)

    async def _find_refusal(self, submission: Interaction, request: Request) -> str:
        """Return why this person may not edit this message, or "".

        It's known from when they opened the form; if that was long ago, Slack is asked briefly.
        """
        place = Place(submission.place.team_id, "")
        try:
            async with asyncio.timeout(WHO_SECONDS):
                refusal = told = await self._gate.why_not(submission, place)
                is_theirs = submission.user_id == request.agent_id
                if (
                    not refusal
                    and not is_theirs
                    and not await self._gate.is_lead(submission.user_id)
                ):
                    refusal, told = NOT_YOURS, _(NOT_YOURS)
        except TimeoutError:
            return _(_UNKNOWN)
        if refusal:
            noted = self._gate.note(submission, refusal, request_id=request.request_id)
            self._errors.start(noted, submission)
        return told


def _read_edit(submission: Interaction, request: Request) -> tuple[Edit, dict[str, str]]:
    """Read what somebody typed, and what's wrong with it by the field's block id."""
    view, now = submission.view, datetime.now(UTC)
    text, send_at = sendable(read_text(view, MESSAGE, MESSAGE)), read_time(view, SEND_AT, SEND_AT)
    draft = replace(
        make_draft(request.place, request.identity.value, text, None),
        send_at=send_at,
        send_before=read_time(view, SEND_BEFORE, SEND_BEFORE),
    )
    errors = check_times(draft, now)
    if wrong := check_length(text):
        errors[MESSAGE] = wrong
    # The picker has no seconds, so an untouched field isn't a change.
    planned_at = _untouched(request.planned_at, send_at)
    return Edit(text, planned_at, _untouched(request.send_before, draft.send_before)), errors


def _untouched(before: datetime | None, picked: datetime | None) -> datetime | None:
    if before and picked and int(before.timestamp()) == int(picked.timestamp()):
        return before
    return picked


def _say_late(request: Request, number: str) -> str:
    """Say that it's too late for an edit, or ""."""
    if request.erased_at:
        return _(_ERASED)
    if request.state not in EDITABLE:
        sentence = _("Too late, nothing changed. It's now: {state}")
        return sentence.format(state=state_in_words(request))
    return "" if str(request.decisions) == number else _(_CHANGED)
