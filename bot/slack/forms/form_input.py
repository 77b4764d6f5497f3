"""Reads what an agent has typed into the form, and checks what needs no look-up.

A choice that was made for one customer never counts for another: its block id names the customer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.language import N_, _, ngettext, say_number
from bot.request import Place
from bot.rules.address import BadAddress, read_identity
from bot.rules.address_search import find_leading_address
from bot.slack.forms.template_choice import TEMPLATE, TemplateChoice
from bot.slack.markup import unlink
from bot.slack.view_state import (
    View,
    find_field,
    read_metadata,
    read_option,
    read_text,
    read_time,
)
from bot.text import sendable
from genesys import Identity

CUSTOMER, MESSAGE, CANDIDATE, OPEN = "customer", "message", "candidate", "open_conversation"
SEND_AT, SEND_BEFORE, OVERRIDE = "send_at", "send_before", "override"
WRITE_INTO, LEAVE, WHEN_ENDED = "write", "leave", "ended"
LATEST = timedelta(days=90)  # how far ahead a message can be planned
STILL_NOW = timedelta(minutes=1)  # a time that passed while the form was open still means now
SEND_AT_LABEL, SEND_BEFORE_LABEL = N_("Send later"), N_("Don't send after")
_PASSED = N_("That time has passed. Pick a later one or clear it.")


@dataclass(frozen=True)
class Draft:
    """What an agent has typed so far, and where they were.

    ``identity`` is None as long as the customer can't be read; ``problem`` then says why.
    ``stray_address``: another address near the start of the message, perhaps left there by mistake.
    ``send_at_block``: the block id of Send later, which is another one when the bot has set the
    time. ``override_reason``: why the rules named in ``overriding`` shouldn't count.
    ``message_block``: that of the message, for the same reason. ``templates`` is None where agents
    have none to choose from. ``agent_name``: as it was known when the form was opened.
    ``template_before``: the reference of the template of a message that's to be sent again.
    ``origin``: the list from which the form was opened.
    """

    place: Place
    customer: str = field(repr=False)
    message: str = field(repr=False)
    identity: Identity | None
    problem: str = field(default="", repr=False)
    stray_address: str = field(default="", repr=False)
    chosen_contact_id: str = ""
    into_open: bool = False
    when_ended: bool = False
    send_at: datetime | None = None
    send_before: datetime | None = None
    send_at_block: str = SEND_AT
    override_reason: str = field(default="", repr=False)
    overriding: tuple[str, ...] = ()
    message_block: str = MESSAGE
    templates: TemplateChoice | None = None
    agent_name: str = field(default="", repr=False)
    template_before: str = ""
    origin: str = ""

    @property
    def text(self) -> str:
        """Return exactly what the customer will get."""
        return self.templates.fill(self.message) if self.templates else self.message

    @property
    def text_block(self) -> str:
        """Return the block id under which something about the text belongs."""
        return TEMPLATE if self.templates and self.templates.is_fixed else self.message_block

    @property
    def owner(self) -> str:
        """Return what tells the customer apart from others in this form; it isn't the address."""
        if self.identity is None:
            return ""
        return f"{name_for(CUSTOMER, self.identity)}:{self.chosen_contact_id}"


def make_draft(place: Place, customer: str, message: str, default_country: str | None) -> Draft:
    """Make a draft of a typed customer and message."""
    found = find_leading_address(message, default_country)
    try:
        identity = read_identity(unlink(customer), default_country)
    except BadAddress as problem:
        return Draft(place, customer, message, None, str(problem), found)
    stray = "" if found == identity.value else found
    return Draft(place, customer, message, identity, stray_address=stray)


def read_form(view: View, team_id: str, default_country: str | None) -> Draft:
    """Read the draft in a form that Slack delivers."""
    metadata = read_metadata(view)
    message_block, send_at_block = find_field(view, MESSAGE), find_field(view, SEND_AT)
    draft = make_draft(
        read_place(metadata, team_id),
        read_text(view, CUSTOMER, CUSTOMER),
        sendable(read_text(view, message_block, MESSAGE)),
        default_country,
    )
    draft = replace(
        draft,
        send_at=read_time(view, send_at_block, SEND_AT),
        send_at_block=send_at_block,
        send_before=read_time(view, SEND_BEFORE, SEND_BEFORE),
        message_block=message_block,
        agent_name=_read_agent(metadata),
    )
    if draft.identity is None:
        return draft
    override = find_field(view, name_for(OVERRIDE, draft.identity))
    way = read_option(view, name_for(OPEN, draft.identity), OPEN)
    return replace(
        draft,
        chosen_contact_id=read_option(view, name_for(CANDIDATE, draft.identity), CANDIDATE),
        into_open=way == WRITE_INTO,
        when_ended=way == WHEN_ENDED,
        override_reason=sendable(read_text(view, override, OVERRIDE)).strip(),
        overriding=_read_overriding(override),
    )


def plan(draft: Draft, at: datetime) -> Draft:
    """Set Send later to a time.

    Slack shows a time that the bot sets only in a block with an id that the form doesn't have yet.
    """
    block = f"{SEND_AT}:{int(at.timestamp())}"
    if block == draft.send_at_block:
        block += ":again"
    return replace(draft, send_at=at, send_at_block=block)


def name_for(block: str, identity: Identity) -> str:
    """Return the block id of one customer's own field; it doesn't show the address."""
    return f"{block}:{hashlib.sha256(identity.value.encode()).hexdigest()[:16]}"


def name_override(identity: Identity, rules: Iterable[str]) -> str:
    """Return the block id of the override, which counts for this customer and these rules only."""
    return f"{name_for(OVERRIDE, identity)}:{','.join(rules)}"


def check_times(draft: Draft, now: datetime) -> dict[str, str]:
    """Return what's wrong with the times of a draft, by the field's block id."""
    errors: dict[str, str] = {}
    if draft.send_at is not None and draft.send_at > now + LATEST:
        sentence = ngettext(
            "Choose a time within the next {count} day.",
            "Choose a time within the next {count} days.",
            LATEST.days,
        )
        errors[draft.send_at_block] = sentence.format(count=say_number(LATEST.days))
    elif draft.send_at is not None and draft.send_at < now - STILL_NOW:
        errors[draft.send_at_block] = _(_PASSED)
    if draft.send_before is not None and draft.send_before <= now:
        errors[SEND_BEFORE] = _(_PASSED)
    elif draft.send_before and draft.send_at and draft.send_before <= draft.send_at:
        sentence = _('"{deadline}" must be later than "{start}".')
        labels = {"deadline": _(SEND_BEFORE_LABEL), "start": _(SEND_AT_LABEL)}
        errors[SEND_BEFORE] = sentence.format(**labels)
    return errors


def write_context(draft: Draft) -> str:
    """Write what the form's state doesn't say into its private metadata.

    That's where the agent was, the template that the form shows, with the customer's name in it,
    and the agent's name, for a process that hasn't met this agent yet.
    """
    place, choice = draft.place, draft.templates or TemplateChoice()
    context = [place.channel_id, place.thread_ts, place.response_url]
    key = choice.chosen.key if choice.chosen else ""
    agent = choice.agent_name or draft.agent_name
    return json.dumps([*context, key, choice.owner, choice.customer_name, agent])


def read_place(metadata: str, team_id: str) -> Place:
    """Read where the agent was from what ``write_context`` wrote."""
    channel_id, thread_ts, response_url = json.loads(metadata)[:3]
    return Place(team_id, channel_id, thread_ts, response_url)


def _read_agent(metadata: str) -> str:
    """Read the agent's name; forms that were opened before an upgrade may not have it."""
    return "".join(json.loads(metadata)[6:7])


def _read_overriding(block: str) -> tuple[str, ...]:
    rules = block.split(":", 2)[2:]
    return tuple(rules[0].split(",")) if rules else ()
