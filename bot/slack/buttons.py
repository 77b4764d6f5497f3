"""Answers clicks on a card's buttons.

Only the agent who asked for the message and the leads may decide, as long as they may use the bot.
Everybody who may use it may keep a customer from being contacted, as with the command.
Every click is checked again here, because a card may be older than its request's state. A decision
counts once, for the card that showed it: a button says how many decisions came before.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace

from slack_bolt.async_app import AsyncAck

from bot.cards.blocks import Block
from bot.cards.card import show_news, show_notice
from bot.cards.card_buttons import CANCEL, CHECK_AGAIN, COMPOSE_AGAIN, OPT_OUT, SEND_ANYWAY
from bot.delivery.decisions import Decisions
from bot.delivery.reconcile import Reconciler
from bot.request import Decision, Request
from bot.slack.errors import ErrorHandler
from bot.slack.form import Form
from bot.slack.form_input import make_draft
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.opt_out import About, OptOutForm
from bot.slack.respond import Responder
from bot.slack.threads import in_thread
from bot.storage.requests import RequestStore
from bot.text import show_name

BUTTONS = (CANCEL, CHECK_AGAIN, SEND_ANYWAY, COMPOSE_AGAIN, OPT_OUT)
_NOT_YOURS = "Only the agent who asked for this message, or a lead, can do that."
_ERASED = "This customer's data was erased, so nothing more can be done with this message."
_LATE = "This request has moved on since that button was shown. The card says where it stands."


class Buttons:
    """Listens to the buttons of cards. ``records``: threads for what waits for the database."""

    def __init__(
        self,
        requests: RequestStore,
        decisions: Decisions,
        reconciler: Reconciler,
        form: Form,
        opt_out: OptOutForm,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
        *,
        records: Executor,
        default_country: str | None,
    ) -> None:
        self._requests = requests
        self._form = form
        self._opt_out = opt_out
        self._responder = responder
        self._errors = errors
        self._gate = gate
        self._records = records
        self._country = default_country
        self._decisions = {
            CANCEL: decisions.cancel,
            CHECK_AGAIN: reconciler.check_again,
            SEND_ANYWAY: decisions.send_anyway,
        }

    async def click(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Do what a button says after the ack, if this person may and the request still can."""
        await ack()
        self._errors.start(self._do(interaction), interaction)

    async def _do(self, click: Interaction) -> None:
        if not await self._gate.admit(click):
            return
        request_id, _, earlier = click.action_value.partition(":")
        request = await in_thread(self._records, self._requests.load, request_id)
        is_theirs = click.user_id == request.agent_id or click.action_id == OPT_OUT
        if not is_theirs and not await self._gate.is_lead(click.user_id):
            await self._gate.refuse(click, _NOT_YOURS)
            return
        if request.erased_at:
            await self._answer(click, _ERASED)
        elif click.action_id == COMPOSE_AGAIN:
            await self._open_again(request, click)
        elif click.action_id == OPT_OUT:
            name = show_name(request.customer_name) if request.customer_name else ""
            about = About(name, request.request_id)
            await self._opt_out.open(click, request.identity, request.contact_ids, about=about)
        else:
            await self._decide(request, click, earlier)

    async def _decide(self, request: Request, click: Interaction, earlier: str) -> None:
        request_id = request.request_id
        decide = self._decisions[click.action_id]
        # Only the agent's own: what it shows, no lead may see in the agent's place.
        url = click.place.response_url if click.user_id == request.agent_id else ""
        decision = Decision(request_id, request.decisions, click.user_id, click.user_name, url)
        is_next = (earlier or "0") == str(request.decisions)  # cards of 0.1 don't say it
        if not (is_next and await in_thread(self._records, decide, decision)):
            request = await in_thread(self._records, self._requests.load, request_id)
            # With the buttons that count now: this click may come from the only ones there are.
            await self._answer(click, _LATE, show_news(request, []).blocks)

    async def _answer(self, click: Interaction, sentence: str, more: Sequence[Block] = ()) -> None:
        post = show_notice(sentence)
        post.blocks.extend(more)
        await self._responder.respond(click.place.response_url, click.user_id, post)

    async def _open_again(self, request: Request, click: Interaction) -> None:
        # The response URL of the first time has expired after half an hour.
        place = replace(request.place, response_url=click.place.response_url)
        draft = replace(
            make_draft(place, request.identity.value, request.text, self._country),
            chosen_contact_id=request.chosen_contact_id,
            into_open=request.into_open_conversation,
            send_at=request.planned_at,
            send_before=request.send_before,
        )
        await self._form.open(draft, click, request.text)
