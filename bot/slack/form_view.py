"""Draws the form: a Draft and a Verdict become a Slack view. Pure.

Block and action ids stay the same from one update to the next, because Slack keeps what the agent
has typed only then. Texts by people and from Genesys Cloud are never formatted.
https://docs.slack.dev/surfaces/modals#updating_views
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.cards.blocks import Block, plain
from bot.rules.address import LONGEST_ADDRESS
from bot.rules.verdict import SHOWN_CANDIDATES, Verdict
from bot.slack.evidence_view import Note, Review, draw_evidence
from bot.slack.form_input import (
    CANDIDATE,
    CUSTOMER,
    LEAVE,
    MESSAGE,
    OPEN,
    OVERRIDE,
    SEND_AT,
    SEND_BEFORE,
    WRITE_INTO,
    Draft,
    name_for,
    name_override,
    write_place,
)
from bot.slack.interaction import View
from bot.text import clip, show_name, visible
from genesys import Identity, Several

FORM = "compose"  # the form's callback id
INPUT_LENGTH = 3_000  # Slack's limit; web messaging takes less, but a long paste isn't cut
OPTION_LENGTH = 75  # Slack's limit for an option's text and description
REASON_LENGTH = 200
_NONE_WRONG: Mapping[str, str] = {}

LOOKING_UP = Note("Looking the customer up in Genesys Cloud…")
ASK_FOR_CUSTOMER = Note(
    "Type the customer's email address or phone number and press Enter to see who it is."
)


def build_form(
    draft: Draft,
    shown: Note | Verdict | Review = ASK_FOR_CUSTOMER,
    several: Several | None = None,
    wrong_times: Mapping[str, str] = _NONE_WRONG,
) -> View:
    """Draw the form for a draft, with a note, a verdict or a review as evidence.

    ``several``: contacts that stay in view after one of them was chosen. ``wrong_times``: what
    ``check_times`` says; Slack itself shows errors only when the agent presses Send.
    """
    if isinstance(shown, Verdict):
        shown = Review(shown)
    if isinstance(shown, Review):
        several = _several_of(shown) or several
    blocks = [_customer_input(draft)]
    if several is not None:
        blocks.append(_candidate_input(several, draft.chosen_contact_id))
    blocks += draw_evidence(shown)
    if isinstance(shown, Review):
        blocks += _own_inputs(draft, shown)
    blocks.append(_message_input(draft))
    hint = wrong_times.get(draft.send_at_block, "Empty: at once.")
    send_at = _time_input(SEND_AT, "Send later", hint, draft.send_at)
    blocks.append({**send_at, "block_id": draft.send_at_block})
    hint = "Empty: as soon as it can be. Past this time it is never sent."
    hint = wrong_times.get(SEND_BEFORE, hint)
    blocks.append(_time_input(SEND_BEFORE, "Not after", hint, draft.send_before))
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": plain("Message a customer"),
        "submit": plain("Send"),
        "close": plain("Cancel"),
        "private_metadata": write_place(draft.place),
        "blocks": blocks,
    }


def _several_of(review: Review) -> Several | None:
    found = review.verdict.found
    return found if isinstance(found, Several) else review.several


def _own_inputs(draft: Draft, review: Review) -> list[Block]:
    """Draw the fields that are about this customer only."""
    verdict, inputs = review.verdict, []
    if verdict.customer and verdict.customer.open:
        inputs.append(_open_input(verdict.identity, draft.into_open))
    if review.may_override:
        inputs.append(_override_input(draft, verdict))
    return inputs


def _override_input(draft: Draft, verdict: Verdict) -> Block:
    rules = tuple(dict.fromkeys(finding.rule.value for finding in verdict.blocks))
    element: Block = {"type": "plain_text_input", "max_length": REASON_LENGTH}
    if draft.override_reason and draft.overriding == rules:
        element["initial_value"] = draft.override_reason[:REASON_LENGTH]
    hint = f"Only needed to override: {', '.join(rules)}. The reason is shown in the thread."
    override = _input(OVERRIDE, "Reason to send anyway", element, hint=plain(hint), optional=True)
    return {**override, "block_id": name_override(verdict.identity, rules)}


def _customer_input(draft: Draft) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "placeholder": plain("jane@example.com or +44 20 7946 0018"),
        "max_length": LONGEST_ADDRESS,
        "focus_on_load": not draft.customer,
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    if draft.customer:
        element["initial_value"] = draft.customer[:LONGEST_ADDRESS]
    hint = "Email address or phone number. Press Enter to look the customer up."
    return _input(CUSTOMER, "Customer", element, hint=plain(hint), dispatch_action=True)


def _message_input(draft: Draft) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "multiline": True,
        "max_length": INPUT_LENGTH,
        "focus_on_load": bool(draft.customer),
    }
    if draft.message:
        element["initial_value"] = draft.message[:INPUT_LENGTH]
    hint = "Up to 2,000 characters. The customer sees exactly this text."
    if draft.stray_address:
        hint = (
            f"⚠ This message has an address in it: {clip(draft.stray_address, LONGEST_ADDRESS)}. "
            f"If it isn't meant for the customer to see, remove it. {hint}"
        )
    return _input(MESSAGE, "Message", element, hint=plain(hint))


def _time_input(action_id: str, label: str, hint: str, chosen: datetime | None) -> Block:
    element: Block = {"type": "datetimepicker"}
    if chosen is not None:
        element["initial_date_time"] = int(chosen.timestamp())
    return _input(action_id, label, element, hint=plain(hint), optional=True)


def _candidate_input(several: Several, chosen: str) -> Block:
    options = [
        {
            "text": plain(clip(show_name(candidate.name), OPTION_LENGTH)),
            "description": plain(
                clip(visible(candidate.hint) or candidate.contact_type.value, OPTION_LENGTH)
            ),
            "value": candidate.contact_id,
        }
        for candidate in several.candidates[:SHOWN_CANDIDATES]
    ]
    element: Block = {"type": "radio_buttons", "options": options}
    picked = [option for option in options if option["value"] == chosen]
    if picked:
        element["initial_option"] = picked[0]
    label = "Several contacts share this address. Which one?"
    return _input(CANDIDATE, label, element, several.identity, dispatch_action=True)


def _open_input(identity: Identity, into_open: bool) -> Block:
    leave = {"text": plain("Don't send while it's open"), "value": LEAVE}
    write = {"text": plain("Write into the open conversation"), "value": WRITE_INTO}
    element: Block = {
        "type": "radio_buttons",
        "options": [leave, write],
        "initial_option": write if into_open else leave,
    }
    return _input(OPEN, "A conversation is open now", element, identity, dispatch_action=True)


def _input(
    action_id: str, label: str, element: Block, owner: Identity | None = None, **more: Any
) -> Block:
    """Put an element into an input block; the block id of a customer's own field names them."""
    return {
        "type": "input",
        "block_id": name_for(action_id, owner) if owner else action_id,
        "label": plain(label),
        "element": {"action_id": action_id, **element},
        **more,
    }
