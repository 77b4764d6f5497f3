"""Draws the form: a Draft and a Verdict become a Slack view. Pure.

Block and action ids stay the same from one update to the next, because Slack keeps what the agent
has typed only then. Texts by people and from Genesys Cloud are never formatted.
https://docs.slack.dev/surfaces/modals#updating_views
"""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import (
    InputBlock,
    Option,
    PlainTextInputElement,
    RadioButtonsElement,
)

from bot.cards.blocks import plain
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
    SEND_AT_LABEL,
    SEND_BEFORE,
    SEND_BEFORE_LABEL,
    WHEN_ENDED,
    WRITE_INTO,
    Draft,
    name_for,
    name_override,
    write_context,
)
from bot.slack.interaction import View
from bot.slack.template_view import asks_for_name, draw_preview, draw_template, with_name
from bot.slack.view import ON_ENTER, modal, time_input
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
    blocks, asks_name = [_customer_input(draft), *draw_evidence(shown)], False
    if several is not None:
        blocks.append(_candidate_input(several, draft.chosen_contact_id))
    if isinstance(shown, Review):
        blocks += _own_inputs(draft, shown)
        asks_name = asks_for_name(draft, shown.verdict)
        draft = with_name(draft, shown.verdict.customer)
    blocks += draw_template(draft, asks_name=asks_name)
    if not (draft.templates and draft.templates.is_fixed):
        blocks.append(_message_input(draft))
    blocks += draw_preview(draft)
    hint = wrong_times.get(draft.send_at_block, "Leave empty to send now.")
    send_at = time_input(SEND_AT, SEND_AT_LABEL, draft.send_at, hint, block_id=draft.send_at_block)
    hint = wrong_times.get(SEND_BEFORE, "If it can't go out by then, it's cancelled.")
    blocks += [send_at, time_input(SEND_BEFORE, SEND_BEFORE_LABEL, draft.send_before, hint)]
    return modal(
        FORM,
        "Message a customer",
        blocks,
        submit="Send",
        close="Cancel",
        metadata=write_context(draft),
    )


def _several_of(review: Review) -> Several | None:
    found = review.verdict.found
    return found if isinstance(found, Several) else review.several


def _own_inputs(draft: Draft, review: Review) -> list[InputBlock]:
    """Draw the fields that are about this customer only."""
    verdict, inputs = review.verdict, []
    if verdict.customer and verdict.customer.open:
        inputs.append(_open_input(verdict.identity, draft))
    if review.may_override:
        inputs.append(_override_input(draft, verdict))
    return inputs


def _override_input(draft: Draft, verdict: Verdict) -> InputBlock:
    rules = tuple(dict.fromkeys(finding.rule.value for finding in verdict.blocks))
    typed = draft.override_reason[:REASON_LENGTH] if draft.overriding == rules else ""
    element = PlainTextInputElement(
        action_id=OVERRIDE, max_length=REASON_LENGTH, initial_value=typed or None
    )
    hint = f"Only to override: {', '.join(rules)}. The thread shows the reason."
    return InputBlock(
        block_id=name_override(verdict.identity, rules),
        label=plain("Reason to send anyway"),
        element=element,
        hint=plain(hint),
        optional=True,
    )


def _customer_input(draft: Draft) -> InputBlock:
    element = PlainTextInputElement(
        action_id=CUSTOMER,
        placeholder=plain("jane@example.com or +44 20 7946 0018"),
        max_length=LONGEST_ADDRESS,
        focus_on_load=not draft.customer,
        dispatch_action_config=ON_ENTER,
        initial_value=draft.customer[:LONGEST_ADDRESS] or None,
    )
    return InputBlock(
        block_id=CUSTOMER,
        label=plain("Customer"),
        element=element,
        hint=plain("Email or phone. Press Enter to look them up."),
        dispatch_action=True,
    )


def _message_input(draft: Draft) -> InputBlock:
    element = PlainTextInputElement(
        action_id=MESSAGE,
        multiline=True,
        max_length=INPUT_LENGTH,
        focus_on_load=bool(draft.customer),
        initial_value=draft.message[:INPUT_LENGTH] or None,
    )
    hint = "Up to 2,000 characters. The customer sees exactly this text."
    if draft.templates and draft.templates.chosen:
        hint = "Up to 2,000 characters when it's filled in. Below is what the customer gets."
    if draft.stray_address:
        hint = (
            f"⚠ The text includes {clip(draft.stray_address, LONGEST_ADDRESS)}. Remove it if the "
            f"customer shouldn't see it. {hint}"
        )
    return InputBlock(
        block_id=draft.message_block, label=plain("Message"), element=element, hint=plain(hint)
    )


def _candidate_input(several: Several, chosen: str) -> InputBlock:
    options = [
        Option(
            text=plain(clip(show_name(candidate.name), OPTION_LENGTH)),
            description=plain(_describe(candidate, several.searched_days)),
            value=candidate.contact_id,
        )
        for candidate in several.candidates[:SHOWN_CANDIDATES]
    ]
    picked = next((option for option in options if option.value == chosen), None)
    element = RadioButtonsElement(action_id=CANDIDATE, options=options, initial_option=picked)
    label = "Several contacts match. Which one?"
    return _choice(CANDIDATE, label, element, several.identity)


def _describe(candidate: Candidate, searched_days: int) -> str:
    """Say what tells a contact from the others, and when they last chatted if that's known."""
    chatted = ""
    if candidate.chatted is not None:
        chatted = f" · last chat {plural_days(candidate.chatted)}"
    elif searched_days:
        chatted = f" · no chat in {plural(searched_days, 'day')}"
    what = visible(candidate.hint) or candidate.contact_type.value
    return f"{clip(what, OPTION_LENGTH - len(chatted))}{chatted}"


def _open_input(identity: Identity, draft: Draft) -> InputBlock:
    leave = Option(text=plain("Don't send"), value=LEAVE)
    ended = Option(text=plain("Send when it ends, within 24 hours"), value=WHEN_ENDED)
    write = Option(text=plain("Send into the open conversation"), value=WRITE_INTO)
    chosen = ended if draft.when_ended else leave
    element = RadioButtonsElement(
        action_id=OPEN,
        options=[leave, ended, write],
        initial_option=write if draft.into_open else chosen,
    )
    return _choice(OPEN, "Live conversation", element, identity)


def _choice(name: str, label: str, element: RadioButtonsElement, owner: Identity) -> InputBlock:
    """Put a choice into an input block, whose id names the customer whom it's about."""
    return InputBlock(
        block_id=name_for(name, owner), label=plain(label), element=element, dispatch_action=True
    )
