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

from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError

from bot.cards.card import show_given_back
from bot.delivery.deliver import Delivery
from bot.request import Request
from bot.rules.lookup import Lookup
from bot.rules.verdict import Verdict, check_length
from bot.slack.errors import ErrorHandler
from bot.slack.form_input import CUSTOMER, MESSAGE, Draft, check_times, field_of, read_form
from bot.slack.form_view import ASK_FOR_CUSTOMER, INPUT_LENGTH, LOOKING_UP, Note, build_form
from bot.slack.interaction import Interaction, View
from bot.slack.respond import respond
from genesys import Identity, Several

log = logging.getLogger(__name__)

_TOO_LATE = "Slack gave the form too little time to open. Nothing was sent: try again."
_TOO_LONG = "Your text is longer than the form takes, so only its beginning is there. All of it:"
_NOT_STORED = (
    "The bot's database did not take this just now. Nothing was sent: "
    "wait a moment and press Send again."
)
_SENT_BEFORE = (
    "This form was sent before with another text, and that one is on its way. "
    "Close this form and open a new one for another message."
)
# https://docs.slack.dev/reference/methods/views.open#errors
_TRIGGER_ERRORS = ("expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id")


class Form:
    """Opens, updates and submits the form.

    ``lookups`` and ``records``: threads for what waits for Genesys Cloud and for the database.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        lookup: Lookup,
        delivery: Delivery,
        errors: ErrorHandler,
        *,
        lookups: Executor,
        records: Executor,
        default_country: str | None,
    ) -> None:
        self._client = client
        self._lookup = lookup
        self._delivery = delivery
        self._errors = errors
        self._lookups = lookups
        self._records = records
        self._country = default_country
        self._latest: dict[str, object] = {}  # view id -> the look-up whose answer may be shown

    async def open(self, draft: Draft, trigger_id: str, typed: str = "") -> None:
        """Open the form for a draft, then look the customer up.

        ``typed`` goes back to the agent if the form can't hold it or can no longer open.
        """
        response_url = draft.place.response_url
        try:
            answer = await self._client.views_open(
                trigger_id=trigger_id, view=build_form(draft, _first_note(draft))
            )
        except SlackApiError as error:
            if error.response.get("error") not in _TRIGGER_ERRORS:
                raise
            await _give_back(response_url, _TOO_LATE, typed)
            return
        if len(draft.message) > INPUT_LENGTH:
            await _give_back(response_url, _TOO_LONG, typed)
        if draft.identity:
            await self._look_up(answer["view"]["id"], draft)

    async def check(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Look up again after the agent has changed the customer or chosen something."""
        await ack()
        draft = self._read(interaction)
        self._errors.start(self._look_up(interaction.view_id, draft), interaction)

    async def submit(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Store the request and close the form, or show what's wrong under its field."""
        draft = self._read(interaction)
        errors = self._find_errors(draft, interaction.view)
        if not errors:
            errors = await self._store(_to_request(draft, interaction))
        if not errors:
            await ack()
            return
        await ack(response_action="errors", errors=errors)
        if draft.identity and set(errors) != {MESSAGE}:
            # So that the next Send is judged by what is true then, not by this answer.
            self._errors.start(self._judge(draft.identity, draft), interaction)

    def _read(self, interaction: Interaction) -> Draft:
        return read_form(interaction.view, interaction.place.team_id, self._country)

    async def _look_up(self, view_id: str, draft: Draft) -> None:
        """Show that the customer is being looked up, then the verdict, unless it's outdated."""
        this = self._latest[view_id] = object()
        several = self._known_candidates(draft)
        try:
            await self._update(view_id, draft, _first_note(draft), several)
            if draft.identity is None:
                return
            verdict = await self._judge(draft.identity, draft)
            if self._latest.get(view_id) is this:  # else the agent has changed something since
                await self._update(view_id, draft, verdict, several)
        finally:
            if self._latest.get(view_id) is this:
                del self._latest[view_id]

    def _known_candidates(self, draft: Draft) -> Several | None:
        """Return the contacts to choose from, so that they stay in view after the choice."""
        if draft.identity is None or not draft.chosen_contact_id:
            return None
        unchosen = self._lookup.recent(draft.identity, "", False)
        return unchosen.found if unchosen and isinstance(unchosen.found, Several) else None

    async def _judge(self, identity: Identity, draft: Draft) -> Verdict:
        return await asyncio.get_running_loop().run_in_executor(
            self._lookups, self._lookup.check, identity, draft.chosen_contact_id, draft.into_open
        )

    async def _update(
        self, view_id: str, draft: Draft, shown: Note | Verdict, several: Several | None
    ) -> None:
        try:
            await self._client.views_update(view_id=view_id, view=build_form(draft, shown, several))
        except SlackApiError as error:
            if error.response.get("error") != "not_found":  # the agent has closed the form
                raise

    def _find_errors(self, draft: Draft, view: View) -> dict[str, str]:
        """Return what's already known to be wrong, by the field's block id."""
        errors: dict[str, str] = {}
        if draft.identity is None:
            errors[CUSTOMER] = draft.problem
        else:
            verdict = self._lookup.recent(draft.identity, draft.chosen_contact_id, draft.into_open)
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


async def _give_back(response_url: str, sentence: str, typed: str) -> None:
    shown = show_given_back(sentence, typed)
    await respond(response_url, shown.text, shown.blocks)


def _first_note(draft: Draft) -> Note:
    if draft.identity:
        return LOOKING_UP
    return Note(draft.problem) if draft.customer else ASK_FOR_CUSTOMER


def _to_request(draft: Draft, interaction: Interaction) -> Request:
    if draft.identity is None:
        raise ValueError("a draft without a customer cannot become a request")
    return Request(
        request_id=interaction.view["id"],
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
    )
