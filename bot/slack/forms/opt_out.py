"""The modal in which somebody says why nobody may contact a customer any more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.blocks import fill, literal
from bot.language import _
from bot.request import Place
from bot.slack.do_not_contact import DoNotContact, say_whom
from bot.slack.errors import ErrorHandler
from bot.slack.forms.evidence import Evidence
from bot.slack.forms.form_input import Draft
from bot.slack.forms.open_form import OpenForm
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.metadata import ForeignForm, MetadataSigner
from bot.slack.modal import open_modal
from bot.slack.origin import read_origin
from bot.slack.reason_form import (
    FOREIGN,
    REASON,
    build_reason_form,
    check_reason,
    read_reason,
    write_metadata,
)
from bot.slack.respond import Responder
from bot.slack.view_state import View
from bot.storage.facts import ByWhom
from bot.storage.opt_outs import OptOut
from genesys import Identity, IdentityKind

OPT_OUT_FORM = "opt_out"


class FormBelow(NamedTuple):
    """The form on which the modal was opened, and its draft.

    The modal keeps no more of the draft than it takes to draw the form again: Slack keeps what was
    typed. https://docs.slack.dev/surfaces/modals#updating_views
    ``can_be_drawn`` is False if that isn't enough, because the form is about templates too.
    """

    form: OpenForm
    draft: Draft
    can_be_drawn: bool = True


class OptOutForm:
    """Opens the modal and takes it in. The caller of ``open`` has let the person in."""

    def __init__(
        self,
        client: AsyncWebClient,
        do_not_contact: DoNotContact,
        evidence: Evidence,
        signer: MetadataSigner,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
    ) -> None:
        self._client = client
        self._do_not_contact = do_not_contact
        self._evidence = evidence
        self._signer = signer
        self._responder = responder
        self._errors = errors
        self._gate = gate

    async def open(
        self,
        interaction: Interaction,
        identity: Identity,
        contact_ids: tuple[str, ...],
        below: FormBelow | None = None,
        name: str = "",
    ) -> None:
        """Open it; ``below``: on top of this form."""
        view = build_opt_out_form(identity, contact_ids, interaction.place, below, name)
        open_view = self._client.views_push if below else self._client.views_open
        await open_modal(open_view, view, interaction, self._signer, self._responder)

    async def submit(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Ack, put the customer on the list and say what that did; or say what's wrong."""
        try:
            metadata = self._signer.check(
                interaction.metadata, interaction.user_id, interaction.view_id
            )
            identity, contact_ids, place = read_opt_out_form(metadata, interaction.place.team_id)
            below = read_form_below(metadata, interaction.user_id, identity, place)
            name = json.loads(metadata)[5]
        except ForeignForm:
            await ack(response_action="errors", errors={REASON: _(FOREIGN)})
            return
        reason = read_reason(interaction)
        if errors := check_reason(reason):
            await ack(response_action="errors", errors=errors)
            return
        await ack()
        by = ByWhom(interaction.user_id, "", datetime.now(UTC), reason)
        wanted = OptOut(identity, contact_ids, by, interaction.own_team_id)
        self._errors.start(self._opt_out(wanted, interaction, place, below, name), interaction)

    async def _opt_out(
        self,
        wanted: OptOut,
        interaction: Interaction,
        place: Place,
        below: FormBelow | None,
        customer_name: str,
    ) -> None:
        if await self._gate.admit(interaction, place):
            name = self._gate.name_of(interaction)  # now it's known
            wanted = replace(wanted, by=replace(wanted.by, user_name=name))
            post = await self._do_not_contact.opt_out(wanted, customer_name)
            if below and below.can_be_drawn:
                origin = read_origin(self._signer, interaction)
                draft = replace(below.draft, agent_name=name, origin=origin)
                await self._evidence.show_stops(below.form, draft)
            await self._responder.respond(place.response_url, interaction.user_id, post)


def build_opt_out_form(
    identity: Identity,
    contact_ids: tuple[str, ...],
    place: Place,
    below: FormBelow | None = None,
    name: str = "",
) -> View:
    """Build the modal; its metadata says about whom it is, and what's below."""
    said = _(
        "Nobody will be able to message {customer} any more, at any of their addresses. Waiting "
        "messages are cancelled."
    )
    sentence = fill(said, customer=literal(say_whom(identity, name), bold=True))
    kind, value = identity.kind.value, identity.value
    fixed = (OPT_OUT_FORM, kind, value, place.response_url, _write_below(below), name)
    metadata = write_metadata(fixed, contact_ids)
    title, submit = _("Don't contact again"), _("Don't contact")
    return build_reason_form(OPT_OUT_FORM, title, submit, sentence, _("Why?"), metadata)


def read_opt_out_form(metadata: str, team_id: str) -> tuple[Identity, tuple[str, ...], Place]:
    """Read whom the modal is about, and where to answer; raise ForeignForm.

    In which channel it was opened doesn't matter: customers may be kept safe everywhere.
    """
    try:
        form, kind, value, response_url, __, __, *contact_ids = json.loads(metadata)
        identity = Identity(IdentityKind(kind), value)
    except ValueError:
        raise ForeignForm from None
    if form != OPT_OUT_FORM:
        raise ForeignForm
    return identity, tuple(contact_ids), Place(team_id, "", "", response_url)


def read_form_below(
    metadata: str, user_id: str, identity: Identity, place: Place
) -> FormBelow | None:
    """Read which form is below the modal, if one is; raise ForeignForm."""
    below = json.loads(metadata)[4]
    if not below:
        return None
    try:
        view_id, version, channel_id, thread_ts, *choices = json.loads(below)
        send_at_block, chosen_contact_id, into_open, can_be_drawn = choices
    except ValueError:
        raise ForeignForm from None
    draft = Draft(
        replace(place, channel_id=channel_id, thread_ts=thread_ts),
        identity.value,
        "",
        identity,
        chosen_contact_id=chosen_contact_id,
        into_open=bool(into_open),
        send_at_block=send_at_block,
    )
    form = OpenForm(view_id, user_id, version, newest_until=0.0)
    return FormBelow(form, draft, bool(can_be_drawn))


def _write_below(below: FormBelow | None) -> str:
    if below is None:
        return ""
    form, draft = below.form, below.draft
    place = draft.place
    values = (form.view_id, form.version, place.channel_id, place.thread_ts)
    choices = (draft.send_at_block, draft.chosen_contact_id, "yes" if draft.into_open else "")
    can_be_drawn = "" if draft.templates else "yes"
    return json.dumps([*values, *choices, can_be_drawn])
