"""Answers what a person does in an open form before Send: a change, a choice, or a button."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from slack_bolt.async_app import AsyncAck

from bot.cards.card import show_notice
from bot.language import _
from bot.slack.errors import ErrorHandler
from bot.slack.forms.evidence import Evidence
from bot.slack.forms.evidence_view import read_opt_out
from bot.slack.forms.form_input import Draft, plan
from bot.slack.forms.form_reader import FOREIGN_DRAFT, FormReader, form_of
from bot.slack.forms.open_form import OpenForm
from bot.slack.forms.opt_out import FormBelow, OptOutForm
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.metadata import ForeignForm
from bot.slack.respond import Responder
from bot.text import show_name

_Answer = Callable[[OpenForm, Draft, Interaction], Awaitable[None]]


class FormActions:
    """Listens to the fields and buttons of the form. Each acks first."""

    def __init__(
        self,
        reader: FormReader,
        evidence: Evidence,
        opt_out: OptOutForm,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
    ) -> None:
        self._reader = reader
        self._evidence = evidence
        self._opt_out = opt_out
        self._responder = responder
        self._errors = errors
        self._gate = gate

    async def check(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Look up again after the agent has changed the customer or chosen something."""
        await ack()
        self._start(interaction, lambda form, draft, __: self._evidence.show(form, draft))

    async def choose_template(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Put the chosen template into the form, or show again what the customer will get."""
        await ack()
        self._start(interaction, lambda form, draft, __: self._choose_template(form, draft))

    async def list_templates(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Answer the menu with the templates that match what the agent has typed into it."""
        options: list[dict[str, object]] = []
        if self._gate.cached(interaction) in (None, ""):
            with suppress(ForeignForm):
                options = self._reader.suggest(interaction)
        await ack(options=options)

    async def _choose_template(self, form: OpenForm, draft: Draft) -> None:
        draft = self._reader.templates.choose(draft)
        if draft.identity and self._evidence.reviewer.recent(draft):
            await self._evidence.refresh(form, draft)
        else:
            await self._evidence.show(form, draft)

    async def send_then(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Set Send later to the time that the button says."""
        await ack()
        self._start(interaction, self._send_then)

    async def open_opt_out(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Open the modal in which the agent says why nobody may contact the customer."""
        await ack()
        self._start(interaction, self._open_opt_out)

    async def _send_then(self, form: OpenForm, draft: Draft, interaction: Interaction) -> None:
        at = datetime.fromtimestamp(int(interaction.action_value), UTC)
        await self._evidence.refresh(form, plan(draft, at))

    async def _open_opt_out(self, form: OpenForm, draft: Draft, interaction: Interaction) -> None:
        identity = draft.identity
        contact_ids = read_opt_out(interaction.action_value, identity) if identity else None
        if identity is None or contact_ids is None:  # they have typed another customer since
            await self._evidence.show(form, draft)
            return
        # A view doesn't say where it was opened.
        click = replace(interaction, place=draft.place)
        verdict = self._evidence.reviewer.recent(draft)
        customer = verdict.customer if verdict else None
        name = show_name(customer.name) if customer and customer.name else ""
        await self._opt_out.open(click, identity, contact_ids, FormBelow(form, draft), name)

    def _start(self, interaction: Interaction, answer: _Answer) -> None:
        form = form_of(interaction)
        try:
            draft = self._reader.read(interaction)
        except ForeignForm:
            told = self._responder.respond("", form.user_id, show_notice(_(FOREIGN_DRAFT)))
            self._errors.start(told, interaction)
            return
        self._errors.start(
            self._admit(form, draft, interaction, answer),
            interaction,
            partial(self._evidence.tell, form, draft),
        )

    async def _admit(
        self, form: OpenForm, draft: Draft, interaction: Interaction, answer: _Answer
    ) -> None:
        if await self._gate.admit(interaction, draft.place):
            await answer(form, draft, interaction)
