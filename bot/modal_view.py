"""Step 2, its pure half: a Draft and a Verdict become a modal, and a modal's values a Draft.

Promises: block and action ids stay the same from one update to the next, so that what the agent
has typed survives; a choice made for one customer never counts for another (its block id names
the customer); texts of people and of Genesys are literal. Does not: call anything.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

from bot.addresses import BadAddress, read_identity, sendable, visible
from bot.preflight import Finding, Level, Rule, Verdict
from bot.request import Place
from bot.wording import clip, show_name
from genesys import Identity, Several

View = dict[str, Any]
Block = dict[str, Any]

COMPOSE = "compose"  # the modal's callback id
CUSTOMER, MESSAGE, CANDIDATE, OPEN = "customer", "message", "candidate", "open_conversation"
EVIDENCE = "evidence"
WRITE_INTO, LEAVE = "write", "leave"
INPUT_LENGTH = 3_000  # Slack's own limit: longer than the channel's, so that a paste is not cut
_LEVEL_WORDS = {Level.PASS: "✓ OK", Level.WARN: "⚠ Note", Level.BLOCK: "✗ Stop"}


@dataclass(frozen=True)
class Draft:
    """What an agent has typed so far, and where they were.

    ``identity`` is None while the customer field holds none; ``problem`` then says why.
    """

    place: Place
    customer: str = field(repr=False)
    message: str = field(repr=False)
    identity: Identity | None
    problem: str = ""
    chosen_contact_id: str = ""
    into_open: bool = False


def make_draft(place: Place, customer: str, message: str, default_country: str | None) -> Draft:
    """Read a typed customer and keep the sentence that says why it cannot be read."""
    try:
        identity = read_identity(customer, default_country)
    except BadAddress as problem:
        return Draft(place, customer, message, None, str(problem))
    return Draft(place, customer, message, identity)


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
    return {
        "type": "modal",
        "callback_id": COMPOSE,
        "title": _plain("Message a customer"),
        "submit": _plain("Send"),
        "close": _plain("Cancel"),
        "private_metadata": _write_place(draft.place),
        "blocks": blocks,
    }


def build_sorry(sentence: str) -> View:
    """Draw a modal that only says what went wrong."""
    return {
        "type": "modal",
        "callback_id": "sorry",
        "title": _plain("Something went wrong"),
        "close": _plain("Close"),
        "blocks": [{"type": "section", "text": _plain(sentence)}],
    }


def read_modal(view: View, team_id: str, default_country: str | None) -> Draft:
    """Read the draft out of a view that Slack delivers (submission or action)."""
    values = view["state"]["values"]
    draft = make_draft(
        _read_place(view["private_metadata"], team_id),
        _value(values, CUSTOMER, CUSTOMER).get("value") or "",
        sendable(_value(values, MESSAGE, MESSAGE).get("value") or ""),
        default_country,
    )
    if draft.identity is None:
        return draft
    candidate = _value(values, _of(CANDIDATE, draft.identity), CANDIDATE).get("selected_option")
    into_open = _value(values, _of(OPEN, draft.identity), OPEN).get("selected_option")
    return replace(
        draft,
        chosen_contact_id=(candidate or {}).get("value", ""),
        into_open=(into_open or {}).get("value") == WRITE_INTO,
    )


def field_of(finding: Finding, draft: Draft, view: View) -> str:
    """Return the block id of the field under which a finding's sentence belongs."""
    present = {block["block_id"] for block in view["blocks"]}
    wanted = CUSTOMER
    if draft.identity and finding.rule is Rule.CONVERSATION:
        wanted = _of(OPEN, draft.identity)
    elif draft.identity and finding.rule is Rule.CONTACT:
        wanted = _of(CANDIDATE, draft.identity)
    return wanted if wanted in present else CUSTOMER


def _of(block: str, identity: Identity) -> str:
    """Name a block so that it belongs to one customer; the id does not give the address away."""
    return f"{block}:{hashlib.sha256(identity.value.encode()).hexdigest()[:16]}"


def _value(values: dict[str, Any], block_id: str, action_id: str) -> dict[str, Any]:
    found = values.get(block_id, {}).get(action_id)
    return found if isinstance(found, dict) else {}


def _write_place(place: Place) -> str:
    return json.dumps([place.channel_id, place.thread_ts, place.response_url])


def _read_place(metadata: str, team_id: str) -> Place:
    channel_id, thread_ts, response_url = json.loads(metadata)
    return Place(team_id, channel_id, thread_ts, response_url)


def _customer_input(draft: Draft) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": CUSTOMER,
        "placeholder": _plain("jane@example.com or +44 20 7946 0018"),
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
        "label": _plain("Customer"),
        "hint": _plain("E-mail address or phone number. Press Enter to look the customer up."),
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
        "label": _plain("Message"),
        "hint": _plain("Up to 2,000 characters. The customer sees exactly this text."),
        "element": element,
    }


def _candidate_input(several: Several, chosen: str) -> Block:
    options = [
        {
            "text": _plain(clip(show_name(candidate.name), 75)),
            "description": _plain(
                clip(visible(candidate.hint) or candidate.contact_type.value, 75)
            ),
            "value": candidate.contact_id,
        }
        for candidate in several.candidates[:10]
    ]
    element: Block = {"type": "radio_buttons", "action_id": CANDIDATE, "options": options}
    picked = [option for option in options if option["value"] == chosen]
    if picked:
        element["initial_option"] = picked[0]
    return {
        "type": "input",
        "block_id": _of(CANDIDATE, several.identity),
        "dispatch_action": True,
        "label": _plain("Several contacts share this address. Which one?"),
        "element": element,
    }


def _open_input(identity: Identity, into_open: bool) -> Block:
    leave = {"text": _plain("Do not send while it is open"), "value": LEAVE}
    write = {"text": _plain("Write into the open conversation"), "value": WRITE_INTO}
    return {
        "type": "input",
        "block_id": _of(OPEN, identity),
        "dispatch_action": True,
        "label": _plain("A conversation is open now"),
        "element": {
            "type": "radio_buttons",
            "action_id": OPEN,
            "options": [leave, write],
            "initial_option": write if into_open else leave,
        },
    }


def _evidence(shown: Note | Verdict) -> Block:
    if isinstance(shown, Note):
        elements = [_section(_text(shown.sentence, italic=True))]
    else:
        elements = [_section(*_headline(shown)), *map(_finding, shown.findings)]
    return {"type": "rich_text", "block_id": EVIDENCE, "elements": elements}


def _headline(verdict: Verdict) -> list[Block]:
    address = verdict.identity.value
    word = "Cannot be sent" if verdict.blocks else "Ready to send"
    customer = verdict.customer
    if customer is None:
        return [_text(f"{word}: ", bold=True), _text(address)]
    return [
        _text(f"{word}: ", bold=True),
        _text(show_name(customer.name), bold=True),
        _text(f" · {address} · {customer.contact_type.value.lower()} contact"),
    ]


def _finding(finding: Finding) -> Block:
    level = _text(f"{_LEVEL_WORDS[finding.level]}: ", bold=finding.level is not Level.PASS)
    return _section(level, _text(visible(finding.sentence)))


def _section(*nodes: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(nodes)}


def _text(text: str, *, bold: bool = False, italic: bool = False) -> Block:
    style = {key: True for key, wanted in (("bold", bold), ("italic", italic)) if wanted}
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
