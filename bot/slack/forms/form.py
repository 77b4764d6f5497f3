"""The form: opens it, shows who the customer is, and turns Send into a stored Request.

No ack waits for Genesys Cloud. A request is stored before its ack, under its view's id: however
often Slack delivers one form, it is one request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.cards.answers import translated
from bot.cards.card import show_given_back
from bot.cards.errors import SlackError, SlackRefused, SlackUnavailable
from bot.delivery.decisions import Decisions
from bot.language import N_, _
from bot.request import Request
from bot.rules.policy import Refused
from bot.rules.text_rules import check_length
from bot.rules.verdict import Finding
from bot.slack.errors import ErrorHandler, log_with_reference
from bot.slack.forms.evidence import Evidence
from bot.slack.forms.form_errors import list_errors, place_errors, say_once
from bot.slack.forms.form_input import CUSTOMER, MESSAGE, Draft, check_times
from bot.slack.forms.form_reader import FOREIGN_DRAFT, FormReader, form_of
from bot.slack.forms.open_form import OpenForm
from bot.slack.forms.review import to_request
from bot.slack.forms.template_choice import TEMPLATE, is_about_template
from bot.slack.forms.template_view import check_template
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.metadata import ForeignForm
from bot.slack.respond import Responder
from bot.slack.threads import in_thread
from bot.slack.view import INPUT_LENGTH
from bot.slack.view_state import View, list_block_ids, read_version

log = logging.getLogger(__name__)

_TOO_LATE = N_("The form took too long to open. Nothing was sent. Try again.")
_NOT_OPENED = N_("Slack couldn't open the form. Nothing was sent. Try again.")
_PERHAPS_OPENED = N_(
    "Slack didn't say whether the form opened. Nothing was sent. If a form is open, press Enter "
    "in its customer field. If not, try again."
)
_TOO_LONG = N_("Your text is too long for the form, which shows its beginning. Here's all of it:")
_NOT_STORED = N_(
    "I couldn't save your message. Nothing was sent. Wait a moment and press Send again."
)
_SENT_BEFORE = N_(
    "You already sent this form with another text. For a new message, close it and open a new one."
)
# https://docs.slack.dev/reference/methods/views.open#errors names expired_trigger_id and others.
# Slack also answers invalid_arguments, and says only in its messages that it's about this one.
_TRIGGER = "trigger_id"

_Work = Callable[[OpenForm, Draft], Coroutine[Any, Any, None]]


class Form:
    """Opens and submits the form."""

    def __init__(
        self,
        client: AsyncWebClient,
        evidence: Evidence,
        decisions: Decisions,
        reader: FormReader,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
        *,
        database_threads: Executor,
    ) -> None:
        self._client = client
        self._evidence = evidence
        self._decisions = decisions
        self._reader = reader
        self._responder = responder
        self._errors = errors
        self._gate = gate
        self._database_threads = database_threads

    async def open(self, draft: Draft, interaction: Interaction, typed: str = "") -> None:
        """Open the form for a draft, then look the customer up.

        ``typed`` goes back to the agent if the form can't hold it or doesn't open.
        """
        user_id = interaction.user_id
        draft = replace(draft, origin=self._reader.find_origin(interaction))
        draft = self._reader.templates.prepare(draft, self._gate.name_of(interaction))
        try:
            with translated():
                answer = await self._client.views_open(
                    trigger_id=interaction.trigger_id, view=self._evidence.draw(draft, user_id)
                )
        except SlackError as error:
            log.warning("a form did not open: %s", error)
            await self._give_back(interaction, _explain(error), typed)
            return
        if len(draft.message) > INPUT_LENGTH:
            await self._give_back(interaction, _(_TOO_LONG), typed)
        if draft.identity:
            form = OpenForm(answer["view"]["id"], user_id, read_version(answer["view"]))
            await self._errors.run(
                self._evidence.show(form, draft), partial(self._evidence.tell, form, draft)
            )

    async def submit(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Store the request and close the form, or show what's wrong under its field."""
        try:
            draft = self._reader.read(interaction)
        except ForeignForm:
            errors = place_errors({MESSAGE: _(FOREIGN_DRAFT)}, interaction.view)
            await ack(response_action="errors", errors=errors)
            return
        refusal = self._gate.cached(interaction, draft.place)
        if refusal:
            await ack(response_action="errors", errors={CUSTOMER: refusal})
            self._errors.start(self._gate.note(interaction, refusal), interaction)
            return
        try:
            errors = self._find_errors(draft, interaction.view)
            errors = errors or await self._store(draft, interaction)
        except Refused as refused:
            errors = list_errors(refused.findings, draft, interaction.view)
            await ack(response_action="errors", errors=errors)
            self._record_refusal(refused.findings, draft, interaction)
            refresh = partial(self._evidence.refresh, refused=refused.findings)
            self._start(refresh, draft, interaction)
            return
        if not errors:
            await ack()
            return
        errors = place_errors(errors, interaction.view)
        await ack(response_action="errors", errors=errors)
        if TEMPLATE in errors and draft.identity:
            self._start(self._evidence.refresh, self._reader.templates.choose(draft), interaction)
        self._record_refusal(self._known_blocks(draft), draft, interaction)
        if draft.identity and not set(errors) <= set(_about_text(draft, interaction.view)):
            # So that the next Send is judged by what is true then, not by this answer.
            self._start(self._evidence.look_up, draft, interaction)

    def _start(self, work: _Work, draft: Draft, interaction: Interaction) -> None:
        form = form_of(interaction)
        tell = partial(self._evidence.tell, form, draft)
        self._errors.start(work(form, draft), interaction, tell)

    async def _give_back(self, interaction: Interaction, sentence: str, typed: str) -> None:
        await self._responder.answer(interaction, show_given_back(sentence, typed))

    def _find_errors(self, draft: Draft, view: View) -> dict[str, str]:
        """Return what's already known to be wrong, by the field's block id."""
        errors: dict[str, str] = {}
        if draft.identity is None:
            errors[CUSTOMER] = draft.problem
        else:
            errors |= list_errors(self._known_blocks(draft), draft, view)
        wrong_length = check_length(draft.text)
        if wrong_length:
            errors[draft.text_block] = wrong_length
        errors |= check_template(draft, view)
        return say_once(errors, view) | check_times(draft, datetime.now(UTC))

    def _known_blocks(self, draft: Draft) -> tuple[Finding, ...]:
        """Return why the customer can't be messaged, if they were just looked up."""
        verdict = self._evidence.reviewer.recent(draft)
        return verdict.blocks if verdict else ()

    def _record_refusal(
        self, findings: Sequence[Finding], draft: Draft, interaction: Interaction
    ) -> None:
        """Note which rules refused a message: after the ack, which mustn't wait for it."""
        if findings:
            request = to_request(draft, interaction.view_id, interaction.user_id)
            rules = [finding.rule.value for finding in findings]
            self._errors.start(self._record(request, rules), interaction)

    async def _record(self, request: Request, rules: Sequence[str]) -> None:
        try:
            await in_thread(self._database_threads, self._decisions.record_refusal, request, rules)
        except SQLAlchemyError as error:
            log.warning("a refusal isn't in the audit log (%s)", type(error).__name__)

    async def _store(self, draft: Draft, interaction: Interaction) -> dict[str, str]:
        """Store the request; return an error for the message field if that isn't possible.

        Raises Refused.
        """
        name = self._gate.name_of(interaction, draft.agent_name)
        request = to_request(draft, interaction.view_id, interaction.user_id, name)
        request = replace(request, contact_ids=self._evidence.reviewer.recent_contacts(draft))
        submit, overriding = self._decisions.submit, draft.overriding
        try:
            stored = await in_thread(self._database_threads, submit, request, overriding)
        except SQLAlchemyError as error:
            log.warning("can't store a request (%s)", type(error).__name__)
            return {draft.text_block: _(_NOT_STORED)}
        return {} if stored.same_intention(request) else {draft.text_block: _(_SENT_BEFORE)}


def _about_text(draft: Draft, view: View) -> Iterator[str]:
    """Yield the block ids of the fields that no look-up says anything about."""
    yield draft.text_block
    yield from filter(is_about_template, list_block_ids(view))


def _explain(error: SlackError) -> str:
    """Say why the form didn't open, or that it's unknown, and what to do."""
    if isinstance(error, SlackUnavailable):
        return _(_PERHAPS_OPENED)
    if not isinstance(error, SlackRefused):
        return _(_NOT_OPENED)
    if any(_TRIGGER in text for text in (error.code, *error.details)):
        return _(_TOO_LATE)
    return log_with_reference(error)
