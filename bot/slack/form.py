"""Step 2: the modal's life: it opens at once, shows who the customer is, and takes the Send.

Promises: nothing waits for Genesys before an ack; a submission is written down before its ack, and
one view is one request however often it is submitted. Does not: draw (``modal_view``), or send.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient
from sqlalchemy.exc import SQLAlchemyError

from bot.cards.card import show_given_back
from bot.delivery.deliver import Delivery
from bot.request import Request
from bot.rules.lookup import Lookup
from bot.rules.verdict import Verdict, check_length
from bot.slack.errors import ErrorHandler
from bot.slack.form_input import (
    CANDIDATE,
    CUSTOMER,
    MESSAGE,
    OPEN,
    Draft,
    check_times,
    field_of,
    read_modal,
)
from bot.slack.form_view import (
    ASK_FOR_CUSTOMER,
    COMPOSE,
    INPUT_LENGTH,
    LOOKING_UP,
    Note,
    build_modal,
)
from bot.slack.reception import Call, Listener, action, submission
from genesys import Identity, Several

log = logging.getLogger(__name__)

_TOO_LATE = "Slack gave the form too little time to open. Nothing was sent: try again."
_TOO_LONG = "Your text is longer than the form takes, so only its beginning is there. All of it:"
_TRIGGER_LOST = ("expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id")


class Form:
    """Opens and updates the modal, and turns its submission into a Request."""

    def __init__(
        self,
        client: AsyncWebClient,
        preflight: Lookup,
        delivery: Delivery,
        last_resort: ErrorHandler,
        *,
        lookups: Executor,
        records: Executor,
        default_country: str | None,
    ) -> None:
        self._client = client
        self._preflight = preflight
        self._delivery = delivery
        self._last_resort = last_resort
        self._lookups = lookups
        self._records = records
        self._country = default_country
        self._turns: Counter[str] = Counter()  # look-ups under way or done, by view id

    def listeners(self) -> Mapping[Call, Listener]:
        """Return who listens to what."""
        changes = {action(name): self._on_change for name in (CUSTOMER, CANDIDATE, OPEN)}
        return {submission(COMPOSE): self._on_submission, **changes}

    async def open(self, draft: Draft, trigger_id: str, typed: str = "") -> None:
        """Open the modal for a draft, then look its customer up.

        ``typed`` is given back to the agent when Slack no longer lets the modal open.
        """
        note = LOOKING_UP if draft.identity else _first_note(draft)
        try:
            answer = await self._client.views_open(
                trigger_id=trigger_id, view=build_modal(draft, note)
            )
        except SlackApiError as error:
            if error.response.get("error") not in _TRIGGER_LOST:
                raise
            await self._give_back(draft.place.response_url, _TOO_LATE, typed)
            return
        if len(draft.message) > INPUT_LENGTH:
            await self._give_back(draft.place.response_url, _TOO_LONG, typed)
        if draft.identity:
            await self._look_up(answer["view"]["id"], draft)

    async def _give_back(self, response_url: str, sentence: str, typed: str) -> None:
        shown = show_given_back(sentence, typed)
        await AsyncWebhookClient(response_url).send(
            text=shown.text, blocks=shown.blocks, response_type="ephemeral"
        )

    async def _on_change(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Check again when the agent changed the customer or made a choice."""
        await ack()
        view = body["view"]
        draft = read_modal(view, body["team"]["id"], self._country)
        self._last_resort.start(self._look_up(view["id"], draft), body)

    async def _look_up(self, view_id: str, draft: Draft) -> None:
        self._turns[view_id] += 1
        turn = self._turns[view_id]
        shown: Note | Verdict = LOOKING_UP if draft.identity else _first_note(draft)
        several = self._known_candidates(draft)
        await self._update(view_id, draft, shown, several)
        if draft.identity is not None:
            verdict = await self._check(draft.identity, draft)
            if self._turns[view_id] == turn:  # else the agent has asked about somebody else since
                await self._update(view_id, draft, verdict, several)
        if self._turns[view_id] == turn:
            del self._turns[view_id]

    def _known_candidates(self, draft: Draft) -> Several | None:
        """Return the contacts to choose from, so that the choice stays in view once made."""
        if draft.identity is None or not draft.chosen_contact_id:
            return None
        unchosen = self._preflight.recent(draft.identity, "", False)
        return unchosen.found if unchosen and isinstance(unchosen.found, Several) else None

    async def _check(self, identity: Identity, draft: Draft) -> Verdict:
        return await asyncio.get_running_loop().run_in_executor(
            self._lookups,
            self._preflight.check,
            identity,
            draft.chosen_contact_id,
            draft.into_open,
        )

    async def _update(
        self, view_id: str, draft: Draft, shown: Note | Verdict, several: Several | None
    ) -> None:
        try:
            await self._client.views_update(
                view_id=view_id, view=build_modal(draft, shown, several)
            )
        except SlackApiError as error:
            if error.response.get("error") != "not_found":  # the agent has closed it
                raise

    async def _on_submission(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        view = body["view"]
        draft = read_modal(view, body["team"]["id"], self._country)
        errors = self._find_errors(draft, view)
        if not errors:
            errors = await self._record(_to_request(draft, body))
        if errors:
            await ack(response_action="errors", errors=errors)
            if draft.identity and set(errors) != {MESSAGE}:
                # So that the next Send is judged by news, not by this answer.
                self._last_resort.start(self._refresh(draft.identity, draft), body)
            return
        await ack()

    async def _refresh(self, identity: Identity, draft: Draft) -> None:
        await self._check(identity, draft)

    def _find_errors(self, draft: Draft, view: dict[str, Any]) -> dict[str, str]:
        errors: dict[str, str] = {}
        if draft.identity is None:
            errors[CUSTOMER] = draft.problem
        else:
            verdict = self._preflight.recent(
                draft.identity, draft.chosen_contact_id, draft.into_open
            )
            for finding in verdict.blocks if verdict else ():
                errors.setdefault(field_of(finding, draft, view), finding.sentence)
        too_long = check_length(draft.message)
        if too_long:
            errors[MESSAGE] = too_long
        return errors | check_times(draft, datetime.now(UTC))

    async def _record(self, request: Request) -> dict[str, str]:
        """Write the request down; return field errors when that cannot be done."""
        try:
            stored = await asyncio.get_running_loop().run_in_executor(
                self._records, self._delivery.accept, request
            )
        except SQLAlchemyError as error:
            log.warning("cannot record a request (%s)", type(error).__name__)
            return {
                MESSAGE: "The bot's database did not take this just now. Nothing was sent: "
                "wait a moment and press Send again."
            }
        if not stored.same_intention(request):
            return {
                MESSAGE: "This form was sent before with another text, and that one is on its way. "
                "Close this form and open a new one for another message."
            }
        return {}


def _first_note(draft: Draft) -> Note:
    """Say what the agent should do while there is no customer to look up."""
    return Note(draft.problem) if draft.customer else ASK_FOR_CUSTOMER


def _to_request(draft: Draft, body: dict[str, Any]) -> Request:
    if draft.identity is None:
        raise ValueError("a draft without a customer cannot become a request")
    user = body["user"]
    return Request(
        request_id=body["view"]["id"],
        place=replace(draft.place, team_id=body["team"]["id"]),
        agent_id=user["id"],
        agent_name=user.get("name") or user.get("username") or user["id"],
        identity=draft.identity,
        text=draft.message,
        into_open_conversation=draft.into_open,
        chosen_contact_id=draft.chosen_contact_id,
        created_at=datetime.now(UTC),
        send_at=draft.send_at,
        send_before=draft.send_before,
    )
