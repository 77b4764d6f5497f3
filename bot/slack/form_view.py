"""Step 2, what the agent sees: a Draft and a Verdict become a modal. Pure.

Promises: block and action ids stay the same from one update to the next, so that what the agent
has typed survives; texts of people and of Genesys are literal. Does not: call anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.cards.blocks import Block, literal, plain, section
from bot.rules.address import visible
from bot.rules.verdict import SHOWN_CANDIDATES, Finding, Level, Verdict
from bot.slack.form_input import (
    CANDIDATE,
    CUSTOMER,
    LEAVE,
    MESSAGE,
    OPEN,
    SEND_AT,
    SEND_BEFORE,
    WRITE_INTO,
    Draft,
    View,
    name_for,
    write_place,
)
from bot.text import clip, show_name
from genesys import Identity, Several

COMPOSE = "compose"  # the modal's callback id
EVIDENCE = "evidence"
INPUT_LENGTH = 3_000  # Slack's own limit: longer than the channel's, so that a paste is not cut
_LEVEL_WORDS = {Level.PASS: "✓ OK", Level.WARN: "⚠ Note", Level.BLOCK: "✗ Stop"}


@dataclass(frozen=True)
class Note:
    """A sentence in the evidence's place: something is under way, or is not right."""

    sentence: str = field(repr=False)


LOOKING_UP = Note("Looking the customer up in Genesys Cloud…")
ASK_FOR_CUSTOMER = Note(
    "Type the customer's e-mail address or phone number and press Enter to see who it is."
)


def build_modal(
    draft: Draft, shown: Note | Verdict = ASK_FOR_CUSTOMER, several: Several | None = None
) -> View:
    """Draw the modal for a draft, with a note or a verdict as evidence.

    ``several`` keeps the choice of contacts in view after one of them was chosen.
    """
    if isinstance(shown, Verdict) and isinstance(shown.found, Several):
        several = shown.found
    blocks = [_customer_input(draft)]
    if several is not None:
        blocks.append(_candidate_input(several, draft.chosen_contact_id))
    blocks.append(_evidence(shown))
    if isinstance(shown, Verdict) and shown.customer and shown.customer.open:
        blocks.append(_open_input(shown.identity, draft.into_open))
    blocks.append(_message_input(draft))
    blocks.append(_time_input(SEND_AT, "Send later", "Empty: at once.", draft.send_at))
    hint = "Empty: as soon as it can be. Past this time it is never sent."
    blocks.append(_time_input(SEND_BEFORE, "Not after", hint, draft.send_before))
    return {
        "type": "modal",
        "callback_id": COMPOSE,
        "title": plain("Message a customer"),
        "submit": plain("Send"),
        "close": plain("Cancel"),
        "private_metadata": write_place(draft.place),
        "blocks": blocks,
    }


def _customer_input(draft: Draft) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": CUSTOMER,
        "placeholder": plain("jane@example.com or +44 20 7946 0018"),
        "max_length": 320,
        "focus_on_load": not draft.customer,
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    if draft.customer:
        element["initial_value"] = draft.customer[:320]
    return {
        "type": "input",
        "block_id": CUSTOMER,
        "dispatch_action": True,
        "label": plain("Customer"),
        "hint": plain("E-mail address or phone number. Press Enter to look the customer up."),
        "element": element,
    }


def _message_input(draft: Draft) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": MESSAGE,
        "multiline": True,
        "max_length": INPUT_LENGTH,
        "focus_on_load": bool(draft.customer),
    }
    if draft.message:
        element["initial_value"] = draft.message[:INPUT_LENGTH]
    return {
        "type": "input",
        "block_id": MESSAGE,
        "label": plain("Message"),
        "hint": plain("Up to 2,000 characters. The customer sees exactly this text."),
        "element": element,
    }


def _time_input(block: str, label: str, hint: str, chosen: datetime | None) -> Block:
    element: Block = {"type": "datetimepicker", "action_id": block}
    if chosen is not None:
        element["initial_date_time"] = int(chosen.timestamp())
    return {
        "type": "input",
        "block_id": block,
        "optional": True,
        "label": plain(label),
        "hint": plain(hint),
        "element": element,
    }


def _candidate_input(several: Several, chosen: str) -> Block:
    options = [
        {
            "text": plain(clip(show_name(candidate.name), 75)),
            "description": plain(clip(visible(candidate.hint) or candidate.contact_type.value, 75)),
            "value": candidate.contact_id,
        }
        for candidate in several.candidates[:SHOWN_CANDIDATES]
    ]
    element: Block = {"type": "radio_buttons", "action_id": CANDIDATE, "options": options}
    picked = [option for option in options if option["value"] == chosen]
    if picked:
        element["initial_option"] = picked[0]
    return {
        "type": "input",
        "block_id": name_for(CANDIDATE, several.identity),
        "dispatch_action": True,
        "label": plain("Several contacts share this address. Which one?"),
        "element": element,
    }


def _open_input(identity: Identity, into_open: bool) -> Block:
    leave = {"text": plain("Do not send while it is open"), "value": LEAVE}
    write = {"text": plain("Write into the open conversation"), "value": WRITE_INTO}
    return {
        "type": "input",
        "block_id": name_for(OPEN, identity),
        "dispatch_action": True,
        "label": plain("A conversation is open now"),
        "element": {
            "type": "radio_buttons",
            "action_id": OPEN,
            "options": [leave, write],
            "initial_option": write if into_open else leave,
        },
    }


def _evidence(shown: Note | Verdict) -> Block:
    if isinstance(shown, Note):
        elements = [section(literal(shown.sentence, italic=True))]
    else:
        elements = [section(*_headline(shown)), *map(_finding, shown.findings)]
    return {"type": "rich_text", "block_id": EVIDENCE, "elements": elements}


def _headline(verdict: Verdict) -> list[Block]:
    address = verdict.identity.value
    word = "Cannot be sent" if verdict.blocks else "Ready to send"
    if verdict.is_away:
        word = "Not checked yet"
    customer = verdict.customer
    if customer is None:
        return [literal(f"{word}: ", bold=True), literal(address)]
    return [
        literal(f"{word}: ", bold=True),
        literal(show_name(customer.name), bold=True),
        literal(f" · {address} · {customer.contact_type.value.lower()} contact"),
    ]


def _finding(finding: Finding) -> Block:
    level = literal(f"{_LEVEL_WORDS[finding.level]}: ", bold=finding.level is not Level.PASS)
    return section(level, literal(visible(finding.sentence)))
