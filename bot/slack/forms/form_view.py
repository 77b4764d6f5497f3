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
from bot.language import N_, _, ngettext, say_list, say_number
from bot.rules.address import LONGEST_ADDRESS
from bot.rules.verdict import SHOWN_CANDIDATES, Verdict
from bot.slack.forms.evidence_view import Note, Review, draw_evidence
from bot.slack.forms.form_input import (
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
from bot.slack.forms.template_view import asks_for_name, draw_preview, draw_template, with_name
from bot.slack.reason_form import REASON_LENGTH
from bot.slack.view import INPUT_LENGTH, ON_ENTER, OPTION_LENGTH, modal, time_input
from bot.slack.view_state import View
from bot.text import clip, say_days_ago, show_name, visible
from genesys import Candidate, ContactType, Identity, Several

FORM = "compose"  # the form's callback id
_NONE_WRONG: Mapping[str, str] = {}

LOOKING_UP = Note(N_("Looking them up…"), is_marked=True)
ASK_FOR_CUSTOMER = Note(N_("Enter an email or phone number to find the customer."), is_marked=True)
_CONTACT_TYPES = {
    ContactType.CURATED: N_("Curated"),
    ContactType.IDENTIFIED: N_("Identified"),
    ContactType.EPHEMERAL: N_("Ephemeral"),
    ContactType.UNKNOWN: N_("Unknown"),
}


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
    elif draft.identity and (draft.into_open or draft.when_ended):
        blocks.append(_open_input(draft.identity, draft))  # so that Send knows what they chose
    blocks += draw_template(draft, asks_name=asks_name)
    if not (draft.templates and draft.templates.is_fixed):
        blocks.append(_message_input(draft))
    blocks += draw_preview(draft)
    return modal(
        FORM,
        _("Message a customer"),
        [*blocks, *_time_inputs(draft, wrong_times)],
        submit=_("Send"),
        close=_("Cancel"),
        metadata=write_context(draft),
    )


def _time_inputs(draft: Draft, wrong_times: Mapping[str, str]) -> tuple[InputBlock, InputBlock]:
    block_id = draft.send_at_block
    at_once = wrong_times.get(block_id, _("Leave empty to send now."))
    too_late = wrong_times.get(SEND_BEFORE, _("If it can't go out by then, it's cancelled."))
    return (
        time_input(SEND_AT, _(SEND_AT_LABEL), draft.send_at, at_once, block_id=block_id),
        time_input(SEND_BEFORE, _(SEND_BEFORE_LABEL), draft.send_before, too_late),
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
    hint = _("Only to override: {rules}. The thread shows the reason.")
    return InputBlock(
        block_id=name_override(verdict.identity, rules),
        label=plain(_("Reason to send anyway")),
        element=element,
        hint=plain(hint.format(rules=say_list(map(_, rules)))),
        optional=True,
    )


def _customer_input(draft: Draft) -> InputBlock:
    element = PlainTextInputElement(
        action_id=CUSTOMER,
        placeholder=plain(_("jane@example.com or +44 20 7946 0018")),
        max_length=LONGEST_ADDRESS,
        focus_on_load=not draft.customer,
        dispatch_action_config=ON_ENTER,
        initial_value=draft.customer[:LONGEST_ADDRESS] or None,
    )
    return InputBlock(
        block_id=CUSTOMER,
        label=plain(_("Customer")),
        element=element,
        hint=plain(_("Email or phone. Press Enter to look them up.")),
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
    hint = _("Up to 2,000 characters. The customer sees exactly this text.")
    if draft.templates and draft.templates.chosen:
        hint = _("Up to 2,000 characters when it's filled in. Below is what the customer gets.")
    if draft.stray_address:
        warning = _("⚠ The text includes {address}. Remove it if the customer shouldn't see it.")
        address = clip(draft.stray_address, LONGEST_ADDRESS)
        hint = f"{warning.format(address=address)} {hint}"
    return InputBlock(
        block_id=draft.message_block, label=plain(_("Message")), element=element, hint=plain(hint)
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
    label = _("Several contacts match. Which one?")
    return _choice(CANDIDATE, label, element, several.identity)


def _describe(candidate: Candidate, searched_days: int) -> str:
    """Say what tells a contact from the others, and when they last chatted if that's known."""
    chatted = ""
    if candidate.chatted is not None:
        chatted = " · " + _("last chat {when}").format(when=say_days_ago(candidate.chatted))
    elif searched_days:
        none = ngettext("no chat in {count} day", "no chat in {count} days", searched_days)
        chatted = " · " + none.format(count=say_number(searched_days))
    what = visible(candidate.hint) or _(_CONTACT_TYPES[candidate.contact_type])
    return f"{clip(what, OPTION_LENGTH - len(chatted))}{chatted}"


def _open_input(identity: Identity, draft: Draft) -> InputBlock:
    leave = Option(text=plain(_("Don't send")), value=LEAVE)
    ended = Option(text=plain(_("Send when it ends, within 24 hours")), value=WHEN_ENDED)
    write = Option(text=plain(_("Send into the open conversation")), value=WRITE_INTO)
    chosen = ended if draft.when_ended else leave
    element = RadioButtonsElement(
        action_id=OPEN,
        options=[leave, ended, write],
        initial_option=write if draft.into_open else chosen,
    )
    return _choice(OPEN, _("Live conversation"), element, identity)


def _choice(name: str, label: str, element: RadioButtonsElement, owner: Identity) -> InputBlock:
    """Put a choice into an input block, whose id names the customer whom it's about."""
    return InputBlock(
        block_id=name_for(name, owner), label=plain(label), element=element, dispatch_action=True
    )
