"""Answers clicks on a card's buttons.

Only the agent who asked for the message and the leads may decide, as long as they may use the bot.
Everybody who may use it may keep a customer from being contacted, as with the command.
Every click is checked again here, because a card may be older than its request's state. A decision
counts once, for the card that showed it: a button says how many decisions came before.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace

from slack_bolt.async_app import AsyncAck

from bot.cards.card import show_notice, show_where_it_stands
from bot.cards.card_buttons import (
    CANCEL,
    CHECK_AGAIN,
    COMPOSE_AGAIN,
    EDIT,
    MARK_SENT,
    MESSAGE_AGAIN,
    OPT_OUT,
    SEND_ANYWAY,
)
from bot.delivery.decisions import Decisions
from bot.delivery.edit import EDITABLE
from bot.delivery.reconcile import Reconciler
from bot.language import N_, _
from bot.request import Decision, Request
from bot.slack.buttons.edit_form import NOT_YOURS, EditForm
from bot.slack.errors import ErrorHandler
from bot.slack.forms.form import Form
from bot.slack.forms.form_input import make_draft
from bot.slack.forms.opt_out import OptOutForm
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.lists.home import DoThenRedraw
from bot.slack.respond import Responder
from bot.slack.threads import in_thread
from bot.storage.requests import RequestStore
from bot.text import show_name

_OPENING = (COMPOSE_AGAIN, MESSAGE_AGAIN, EDIT, OPT_OUT)  # a form
_DECIDING = (CANCEL, CHECK_AGAIN, SEND_ANYWAY, MARK_SENT)
BUTTONS = (*_DECIDING, *_OPENING)
_ERASED = N_("This customer's data was erased, so there's nothing left to do here.")
_LATE = N_("That button is out of date; see the card.")


class Buttons:
    """Listens to the buttons of cards."""

    def __init__(
        self,
        requests: RequestStore,
        decisions: Decisions,
        reconciler: Reconciler,
        form: Form,
        edit_form: EditForm,
        opt_out: OptOutForm,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
        *,
        database_threads: Executor,
        default_country: str | None,
        do_then_redraw: DoThenRedraw,
    ) -> None:
        """``do_then_redraw`` does a decision, and shows the person what that has changed."""
        self._requests = requests
        self._form = form
        self._edit_form = edit_form
        self._opt_out = opt_out
        self._responder = responder
        self._errors = errors
        self._gate = gate
        self._database_threads = database_threads
        self._country = default_country
        self._do_then_redraw = do_then_redraw
        self._decisions = {
            CANCEL: decisions.cancel,
            CHECK_AGAIN: reconciler.check_again,
            SEND_ANYWAY: decisions.send_anyway,
            MARK_SENT: decisions.mark_sent,
        }

    async def click(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Do what a button says after the ack, if this person may and the request still can."""
        await ack()
        work = self._do(interaction)
        is_decision = interaction.action_id in _DECIDING
        self._errors.start(
            self._do_then_redraw(work, interaction) if is_decision else work, interaction
        )

    async def _do(self, click: Interaction) -> None:
        if not await self._gate.admit(click, request_id=click.request_id):
            return
        request = await in_thread(self._database_threads, self._requests.load, click.request_id)
        is_theirs = click.user_id == request.agent_id or click.action_id == OPT_OUT
        if not is_theirs and not await self._gate.is_lead(click.user_id):
            told = _("Only {agent} or a lead can do this.").format(
                agent=show_name(request.agent_name)
            )
            await self._gate.refuse(click, NOT_YOURS, told=told, request_id=click.request_id)
            return
        if request.erased_at:
            await self._responder.answer(click, show_notice(_(_ERASED)))
        elif click.action_id == COMPOSE_AGAIN:
            await self._open_again(request, click)
        elif click.action_id == MESSAGE_AGAIN:
            await self._message_again(request, click)
        elif click.action_id == EDIT:
            await self._edit(request, click)
        elif click.action_id == OPT_OUT:
            name = show_name(request.customer_name) if request.customer_name else ""
            await self._opt_out.open(click, request.identity, request.contact_ids, name=name)
        else:
            await self._decide(request, click)

    async def _decide(self, request: Request, click: Interaction) -> None:
        request_id = request.request_id
        decide = self._decisions[click.action_id]
        # Only the agent's own: a lead mustn't see what's meant for the agent.
        url = click.place.response_url if click.user_id == request.agent_id else ""
        decision = Decision(
            request_id, request.decisions, click.user_id, self._gate.name_of(click), url
        )
        # Cards of 0.1 don't say it.
        is_next = (click.decision_number or "0") == str(request.decisions)
        if not (is_next and await in_thread(self._database_threads, decide, decision)):
            request = await in_thread(self._database_threads, self._requests.load, request_id)
            # With the buttons that count now: this click may come from the only ones there are.
            await self._responder.answer(click, show_where_it_stands(request, _(_LATE)))
        elif click.is_in_list:
            request = await in_thread(self._database_threads, self._requests.load, request_id)
            await self._responder.answer(click, show_where_it_stands(request))

    async def _edit(self, request: Request, click: Interaction) -> None:
        if request.state in EDITABLE and click.decision_number == str(request.decisions):
            await self._edit_form.open(request, click)
        else:
            await self._responder.answer(click, show_where_it_stands(request, _(_LATE)))

    async def _message_again(self, request: Request, click: Interaction) -> None:
        place = replace(request.place, response_url=click.place.response_url)
        draft = make_draft(place, request.identity.value, "", self._country)
        chosen = replace(draft, chosen_contact_id=request.chosen_contact_id)
        await self._form.open(chosen, click)

    async def _open_again(self, request: Request, click: Interaction) -> None:
        # The response URL of the first time has expired after half an hour.
        place = replace(request.place, response_url=click.place.response_url)
        draft = replace(
            make_draft(place, request.identity.value, request.text, self._country),
            chosen_contact_id=request.chosen_contact_id,
            into_open=request.into_open_conversation,
            when_ended=request.after_conversation is not None,
            send_at=request.planned_at,
            send_before=request.send_before,
            template_before=request.template,
        )
        await self._form.open(draft, click, request.text)
