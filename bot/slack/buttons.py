"""The buttons of a card: each click is checked again here, and a late or foreign one is answered.

Promises: only the agent who asked and the leads may decide about a request; a decision is
written down with the name of who took it. Does not: trust that a button is only shown where it
applies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from slack_bolt.async_app import AsyncAck
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.cards.card import CANCEL, CHECK_AGAIN, COMPOSE_AGAIN, SEND_ANYWAY
from bot.delivery.deliver import Delivery
from bot.delivery.reconcile import Reconciler
from bot.request import Request
from bot.slack.errors import ErrorHandler
from bot.slack.form import Form
from bot.slack.form_input import make_draft
from bot.slack.reception import Call, Listener, action
from bot.storage.requests import RequestStore

_FOREIGN = "Only the agent who asked for this message, or a lead, can do that."
_LATE = "This request has moved on since that button was shown. The card says where it stands."


class Buttons:
    """Listens to the clicks on cards."""

    def __init__(
        self,
        store: RequestStore,
        delivery: Delivery,
        receipts: Reconciler,
        modal: Form,
        last_resort: ErrorHandler,
        *,
        records: Executor,
        default_country: str | None,
        leads: frozenset[str],
    ) -> None:
        self._store = store
        self._modal = modal
        self._last_resort = last_resort
        self._records = records
        self._country = default_country
        self._leads = leads
        self._decisions = {
            CANCEL: delivery.cancel,
            CHECK_AGAIN: receipts.check_again,
            SEND_ANYWAY: delivery.send_anyway,
        }

    def listeners(self) -> Mapping[Call, Listener]:
        """Return who listens to what."""
        return {action(name): self._on_click for name in (*self._decisions, COMPOSE_AGAIN)}

    async def _on_click(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        self._last_resort.start(self._do(body), body)

    async def _do(self, body: dict[str, Any]) -> None:
        click, user = body["actions"][0], body["user"]
        loop = asyncio.get_running_loop()
        request = await loop.run_in_executor(self._records, self._store.load, click["value"])
        if user["id"] != request.agent_id and user["id"] not in self._leads:
            await _answer(body, _FOREIGN)
            return
        if click["action_id"] == COMPOSE_AGAIN:
            await self._compose_again(request, body)
            return
        decide = self._decisions[click["action_id"]]
        name = user.get("name") or user.get("username") or user["id"]
        if not await loop.run_in_executor(self._records, decide, request.request_id, name):
            await _answer(body, _LATE)

    async def _compose_again(self, request: Request, body: dict[str, Any]) -> None:
        draft = make_draft(request.place, request.identity.value, request.text, self._country)
        await self._modal.open(draft, body["trigger_id"], request.text)


async def _answer(body: dict[str, Any], sentence: str) -> None:
    await AsyncWebhookClient(body["response_url"]).send(
        text=sentence, response_type="ephemeral", replace_original=False
    )
