"""Answers clicks on a card's buttons.

Only the agent who asked for the message and the leads may decide. Every click is checked again
here, because a card may be older than its request's state.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import replace

from slack_bolt.async_app import AsyncAck

from bot.cards.card import CANCEL, CHECK_AGAIN, COMPOSE_AGAIN, SEND_ANYWAY
from bot.delivery.deliver import Delivery
from bot.delivery.reconcile import Reconciler
from bot.request import Request
from bot.slack.errors import ErrorHandler
from bot.slack.form import Form
from bot.slack.form_input import make_draft
from bot.slack.interaction import Interaction
from bot.slack.respond import respond
from bot.storage.requests import RequestStore

BUTTONS = (CANCEL, CHECK_AGAIN, SEND_ANYWAY, COMPOSE_AGAIN)
_FOREIGN = "Only the agent who asked for this message, or a lead, can do that."
_LATE = "This request has moved on since that button was shown. The card says where it stands."


class Buttons:
    """Listens to the buttons of cards. ``records``: threads for what waits for the database."""

    def __init__(
        self,
        requests: RequestStore,
        delivery: Delivery,
        reconciler: Reconciler,
        form: Form,
        errors: ErrorHandler,
        *,
        records: Executor,
        default_country: str | None,
        leads: frozenset[str],
    ) -> None:
        self._requests = requests
        self._form = form
        self._errors = errors
        self._records = records
        self._country = default_country
        self._leads = leads
        self._decisions = {
            CANCEL: delivery.cancel,
            CHECK_AGAIN: reconciler.check_again,
            SEND_ANYWAY: delivery.send_anyway,
        }

    async def click(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Do what a button says after the ack, if this person may and the request still can."""
        await ack()
        self._errors.start(self._do(interaction), interaction)

    async def _do(self, click: Interaction) -> None:
        loop = asyncio.get_running_loop()
        request = await loop.run_in_executor(self._records, self._requests.load, click.action_value)
        if click.user_id != request.agent_id and click.user_id not in self._leads:
            await respond(click.place.response_url, _FOREIGN)
            return
        if click.action_id == COMPOSE_AGAIN:
            await self._open_again(request, click)
            return
        decide = self._decisions[click.action_id]
        if not await loop.run_in_executor(
            self._records, decide, request.request_id, click.user_name
        ):
            await respond(click.place.response_url, _LATE)

    async def _open_again(self, request: Request, click: Interaction) -> None:
        # The response URL of the first time has expired after half an hour.
        place = replace(request.place, response_url=click.place.response_url)
        draft = make_draft(place, request.identity.value, request.text, self._country)
        await self._form.open(draft, click.trigger_id, request.text)
