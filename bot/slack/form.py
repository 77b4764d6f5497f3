"""The form: opens it, shows who the customer is, and turns Send into a stored Request.

No ack waits for Genesys Cloud. A request is stored before its ack, under its view's id: however
often Slack delivers one form, it is one request.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.cards.answers import translated
from bot.cards.card import show_given_back, show_notice
from bot.cards.errors import SlackError, SlackRefused, SlackUnavailable
from bot.delivery.deliver import Delivery
from bot.request import Request
from bot.rules.verdict import check_length
from bot.slack.errors import ErrorHandler, log_with_reference
from bot.slack.evidence import Evidence, OpenForm, read_version
from bot.slack.form_input import CUSTOMER, MESSAGE, Draft, check_times, field_of, read_form
from bot.slack.form_view import INPUT_LENGTH
from bot.slack.interaction import Interaction, View
from bot.slack.metadata import ForeignForm, MetadataSigner
from bot.slack.respond import Responder

log = logging.getLogger(__name__)

_TOO_LATE = "The form took too long to open. Nothing was sent. Try again."
_NOT_OPENED = "Slack couldn't open the form. Nothing was sent. Try again."
_PERHAPS_OPENED = (
    "Slack didn't say whether the form opened. Nothing was sent. If a form is open, press Enter in "
    "its customer field to look the customer up. If not, try again."
)
_TOO_LONG = "Your text is too long for the form, which shows only its beginning. Here's all of it:"
_NOT_STORED = "I couldn't store your message. Nothing was sent. Wait a moment and press Send again."
_SENT_BEFORE = (
    "This form was sent before with another text, and that one is on its way. "
    "For another message, close this form and open a new one."
)
_FOREIGN = (
    "I can't verify this form, perhaps because I was updated since you opened it. "
    "Copy your text, close the form and open a new one."
)
# https://docs.slack.dev/reference/methods/views.open#errors names expired_trigger_id and others.
# Slack also answers invalid_arguments, and says only in its messages that it's about this one.
_TRIGGER = "trigger_id"


class Form:
    """Opens and submits the form. ``records``: threads for what waits for the database."""

    def __init__(
        self,
        client: AsyncWebClient,
        evidence: Evidence,
        delivery: Delivery,
        signer: MetadataSigner,
        responder: Responder,
        errors: ErrorHandler,
        *,
        records: Executor,
        default_country: str | None,
    ) -> None:
        self._client = client
        self._evidence = evidence
        self._delivery = delivery
        self._signer = signer
        self._responder = responder
        self._errors = errors
        self._records = records
        self._country = default_country

    async def open(self, draft: Draft, interaction: Interaction, typed: str = "") -> None:
        """Open the form for a draft, then look the customer up.

        ``typed`` goes back to the agent if the form can't hold it or doesn't open.
        """
        user_id = interaction.user_id
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
            await self._give_back(interaction, _TOO_LONG, typed)
        if draft.identity:
            form = OpenForm(answer["view"]["id"], user_id, read_version(answer["view"]))
            await self._errors.run(
                self._evidence.show(form, draft), partial(self._evidence.tell, form, draft)
            )

    async def check(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Look up again after the agent has changed the customer or chosen something."""
        await ack()
        form = _form_of(interaction)
        try:
            draft = self._read(interaction)
        except ForeignForm:
            self._errors.start(
                self._responder.respond("", form.user_id, show_notice(_FOREIGN)), interaction
            )
            return
        self._errors.start(
            self._evidence.show(form, draft), interaction, partial(self._evidence.tell, form, draft)
        )

    async def submit(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Store the request and close the form, or show what's wrong under its field."""
        try:
            draft = self._read(interaction)
        except ForeignForm:
            await ack(response_action="errors", errors={MESSAGE: _FOREIGN})
            return
        errors = self._find_errors(draft, interaction.view)
        if not errors:
            errors = await self._store(_to_request(draft, interaction))
        if not errors:
            await ack()
            return
        await ack(response_action="errors", errors=errors)
        if draft.identity and set(errors) != {MESSAGE}:
            # So that the next Send is judged by what is true then, not by this answer.
            form = _form_of(interaction)
            self._errors.start(
                self._evidence.look_up(draft.identity, draft),
                interaction,
                partial(self._evidence.tell, form, draft),
            )

    def _read(self, interaction: Interaction) -> Draft:
        """Read the draft; raise ForeignForm if the bot hasn't opened this form for this person."""
        view = interaction.view
        try:
            metadata = self._signer.check(
                view["private_metadata"], interaction.user_id, interaction.view_id
            )
        except ForeignForm:
            log.warning("a form came back with private metadata that isn't the bot's for it")
            raise
        signed = {**view, "private_metadata": metadata}
        return read_form(signed, interaction.place.team_id, self._country)

    async def _give_back(self, interaction: Interaction, sentence: str, typed: str) -> None:
        await self._responder.respond(
            interaction.place.response_url, interaction.user_id, show_given_back(sentence, typed)
        )

    def _find_errors(self, draft: Draft, view: View) -> dict[str, str]:
        """Return what's already known to be wrong, by the field's block id."""
        errors: dict[str, str] = {}
        if draft.identity is None:
            errors[CUSTOMER] = draft.problem
        else:
            verdict = self._evidence.recent(draft)
            for finding in verdict.blocks if verdict else ():
                errors.setdefault(field_of(finding, draft, view), finding.sentence)
        wrong_length = check_length(draft.message)
        if wrong_length:
            errors[MESSAGE] = wrong_length
        return errors | check_times(draft, datetime.now(UTC))

    async def _store(self, request: Request) -> dict[str, str]:
        """Store the request; return an error for the message field if that isn't possible."""
        try:
            stored = await asyncio.get_running_loop().run_in_executor(
                self._records, self._delivery.submit, request
            )
        except SQLAlchemyError as error:
            log.warning("cannot store a request (%s)", type(error).__name__)
            return {MESSAGE: _NOT_STORED}
        return {} if stored.same_intention(request) else {MESSAGE: _SENT_BEFORE}


def _explain(error: SlackError) -> str:
    """Say why the form didn't open, or that it's unknown, and what to do."""
    if isinstance(error, SlackUnavailable):
        return _PERHAPS_OPENED
    if not isinstance(error, SlackRefused):
        return _NOT_OPENED
    if any(_TRIGGER in text for text in (error.code, *error.details)):
        return _TOO_LATE
    return log_with_reference(error)


def _form_of(interaction: Interaction) -> OpenForm:
    version = read_version(interaction.view)
    return OpenForm(interaction.view_id, interaction.user_id, version)


def _to_request(draft: Draft, interaction: Interaction) -> Request:
    if draft.identity is None:
        raise ValueError("a draft without a customer cannot become a request")
    return Request(
        request_id=interaction.view_id,
        place=replace(draft.place, team_id=interaction.place.team_id),
        agent_id=interaction.user_id,
        agent_name=interaction.user_name,
        identity=draft.identity,
        text=draft.message,
        into_open_conversation=draft.into_open,
        chosen_contact_id=draft.chosen_contact_id,
        created_at=datetime.now(UTC),
        send_at=draft.send_at,
        send_before=draft.send_before,
        planned_at=draft.send_at,
    )
