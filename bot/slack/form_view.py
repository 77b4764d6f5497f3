"""Draws the form: a Draft and a Verdict become a Slack view. Pure.

Block and action ids stay the same from one update to the next, because Slack keeps what the agent
has typed only then. Texts by people and from Genesys Cloud are never formatted.
https://docs.slack.dev/surfaces/modals#updating_views
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.cards.blocks import Block, plain
from bot.rules.address import LONGEST_ADDRESS
from bot.rules.verdict import SHOWN_CANDIDATES, Verdict
from bot.slack.evidence_view import Note, Review, draw_evidence, draw_stop, list_stops
from bot.slack.form_input import (
    BELOW_A_FIELD,
    CANDIDATE,
    CUSTOMER,
    LEAVE,
    MESSAGE,
    OPEN,
    OVERRIDE,
    SEND_AT,
    SEND_AT_LABEL,
    SEND_BEFORE,
    SEND_BEFORE_LABEL,
    WHEN_ENDED,
    WRITE_INTO,
    Draft,
    field_of,
    name_for,
    name_override,
    write_context,
)
from bot.slack.interaction import View
from bot.slack.template_choice import one_line
from bot.slack.template_view import draw_preview, draw_template
from bot.text import clip, plural, plural_days, show_name, visible
from genesys import Candidate, Identity, Several

FORM = "compose"  # the form's callback id
INPUT_LENGTH = 3_000  # Slack's limit; web messaging takes less, but a long paste isn't cut
OPTION_LENGTH = 75  # Slack's limit for an option's text and description
REASON_LENGTH = 200
_NONE_WRONG: Mapping[str, str] = {}

LOOKING_UP = Note("Looking them up…")
ASK_FOR_CUSTOMER = Note("Enter an email or phone number to find the customer.")


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
    blocks = [_customer_input(draft), *draw_evidence(shown)]
    if several is not None:
        blocks.append(_candidate_input(several, draft.chosen_contact_id))
    if isinstance(shown, Review):
        blocks += _own_inputs(draft, shown)
    draft, asks_name = _with_name(draft, shown)
    blocks += draw_template(draft, asks_name=asks_name)
    if not (draft.templates and draft.templates.is_fixed):
        blocks.append(_message_input(draft))
    blocks += draw_preview(draft)
    hint = wrong_times.get(draft.send_at_block, "Leave empty to send now.")
    send_at = _time_input(SEND_AT, SEND_AT_LABEL, hint, draft.send_at)
    blocks.append({**send_at, "block_id": draft.send_at_block})
    hint = "If it can't go out by then, it's cancelled."
    hint = wrong_times.get(SEND_BEFORE, hint)
    blocks.append(_time_input(SEND_BEFORE, SEND_BEFORE_LABEL, hint, draft.send_before))
    if isinstance(shown, Review):
        blocks = _with_stops(blocks, draft, shown)
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": plain("Message a customer"),
        "submit": plain("Send"),
        "close": plain("Cancel"),
        "private_metadata": write_context(draft),
        "blocks": blocks,
    }


def _with_name(draft: Draft, shown: Note | Review) -> tuple[Draft, bool]:
    """Note the customer's name for templates; or say that only the agent can tell it."""
    if draft.templates is None or isinstance(shown, Note):
        return draft, False
    customer = shown.verdict.customer
    if customer is None:
        return draft, shown.verdict.is_away and not draft.templates.customer_name
    name = one_line(customer.name)
    choice = replace(draft.templates, customer_name=name, owner=draft.owner)
    return replace(draft, templates=choice), not name


def _with_stops(blocks: list[Block], draft: Draft, review: Review) -> list[Block]:
    """Draw each stop below the field that it's about; the evidence has the customer's."""
    below: dict[str, list[Block]] = {}
    for stop in list_stops(review):
        if stop.rule in BELOW_A_FIELD:
            field = field_of(stop, draft, {"blocks": blocks})
            below.setdefault(field, []).append(draw_stop(stop, review))
    drawn = []
    for block in blocks:
        drawn.append(block)
        if stops := below.get(block["block_id"]):
            stop_id = f"stop:{block['block_id']}"
            drawn.append({"type": "rich_text", "block_id": stop_id, "elements": stops})
    return drawn


def _several_of(review: Review) -> Several | None:
    found = review.verdict.found
    return found if isinstance(found, Several) else review.several


def _own_inputs(draft: Draft, review: Review) -> list[Block]:
    """Draw the fields that are about this customer only."""
    verdict, inputs = review.verdict, []
    if verdict.customer and verdict.customer.open:
        inputs.append(_open_input(verdict.identity, draft))
    if review.may_override:
        inputs.append(_override_input(draft, verdict))
    return inputs


def _override_input(draft: Draft, verdict: Verdict) -> Block:
    rules = tuple(dict.fromkeys(finding.rule.value for finding in verdict.blocks))
    element: Block = {"type": "plain_text_input", "max_length": REASON_LENGTH}
    if draft.override_reason and draft.overriding == rules:
        element["initial_value"] = draft.override_reason[:REASON_LENGTH]
    hint = f"Only to override: {', '.join(rules)}. The thread shows the reason."
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
    hint = "Email or phone. Press Enter to look them up."
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
    if draft.templates and draft.templates.chosen:
        hint = "Up to 2,000 characters when it's filled in. Below is what the customer gets."
    if draft.stray_address:
        hint = (
            f"⚠ The text includes {clip(draft.stray_address, LONGEST_ADDRESS)}. Remove it if the "
            f"customer shouldn't see it. {hint}"
        )
    message = _input(MESSAGE, "Message", element, hint=plain(hint))
    return {**message, "block_id": draft.message_block}


def _time_input(action_id: str, label: str, hint: str, chosen: datetime | None) -> Block:
    element: Block = {"type": "datetimepicker"}
    if chosen is not None:
        element["initial_date_time"] = int(chosen.timestamp())
    return _input(action_id, label, element, hint=plain(hint), optional=True)


def _candidate_input(several: Several, chosen: str) -> Block:
    options = [
        {
            "text": plain(clip(show_name(candidate.name), OPTION_LENGTH)),
            "description": plain(_describe(candidate, several.searched_days)),
            "value": candidate.contact_id,
        }
        for candidate in several.candidates[:SHOWN_CANDIDATES]
    ]
    element: Block = {"type": "radio_buttons", "options": options}
    picked = [option for option in options if option["value"] == chosen]
    if picked:
        element["initial_option"] = picked[0]
    label = "Several contacts match. Which one?"
    return _input(CANDIDATE, label, element, several.identity, dispatch_action=True)


def _describe(candidate: Candidate, searched_days: int) -> str:
    """Say what tells a contact from the others, and when they last chatted if that's known."""
    chatted = ""
    if candidate.chatted is not None:
        chatted = f" · last chat {plural_days(candidate.chatted)}"
    elif searched_days:
        chatted = f" · no chat in {plural(searched_days, 'day')}"
    what = visible(candidate.hint) or candidate.contact_type.value
    return f"{clip(what, OPTION_LENGTH - len(chatted))}{chatted}"


def _open_input(identity: Identity, draft: Draft) -> Block:
    leave = {"text": plain("Don't send"), "value": LEAVE}
    ended = {"text": plain("Send when it ends, within 24 hours"), "value": WHEN_ENDED}
    write = {"text": plain("Send into the open conversation"), "value": WRITE_INTO}
    chosen = ended if draft.when_ended else leave
    element: Block = {
        "type": "radio_buttons",
        "options": [leave, ended, write],
        "initial_option": write if draft.into_open else chosen,
    }
    return _input(OPEN, "Live conversation", element, identity, dispatch_action=True)


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
