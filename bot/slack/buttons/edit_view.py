"""The form in which a message is edited that hasn't gone out. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from slack_sdk.models.blocks import InputBlock, PlainTextInputElement

from bot.cards.blocks import fill, literal, plain, rich_text, section
from bot.language import _
from bot.request import Place, Request
from bot.rules.verdict import Finding, Rule
from bot.slack.forms.form_input import (
    MESSAGE,
    SEND_AT,
    SEND_AT_LABEL,
    SEND_BEFORE,
    SEND_BEFORE_LABEL,
)
from bot.slack.reason_form import write_metadata
from bot.slack.view import INPUT_LENGTH, modal, time_input
from bot.slack.view_state import View
from bot.text import show_name, visible

EDIT_FORM = "edit_message"


def build_edit(request: Request, place: Place) -> View:
    """Build the form; ``place``: where somebody clicked, which says where to answer."""
    fixed = (EDIT_FORM, request.request_id, str(request.decisions), place.response_url)
    masked = request.identity.masked
    who = f"{show_name(request.customer_name)} ({masked})" if request.customer_name else masked
    text = PlainTextInputElement(
        action_id=MESSAGE,
        multiline=True,
        max_length=INPUT_LENGTH,
        focus_on_load=True,
        initial_value=request.text[:INPUT_LENGTH],
    )
    checked = _("The customer's quiet hours and your rules are checked again when you save.")
    at_once = " ".join((_("Leave empty to send now."), checked))
    too_late = _("If it can't go out by then, it's cancelled.")
    about = fill(_("Message to {customer}"), customer=literal(who, bold=True))
    blocks = [
        rich_text(section(*about), block_id="customer"),
        InputBlock(
            block_id=MESSAGE,
            label=plain(_("Message")),
            element=text,
            hint=plain(_("Up to 2,000 characters. The customer sees exactly this text.")),
            optional=False,
        ),
        time_input(SEND_AT, _(SEND_AT_LABEL), request.planned_at, at_once),
        time_input(SEND_BEFORE, _(SEND_BEFORE_LABEL), request.send_before, too_late),
    ]
    return modal(
        EDIT_FORM,
        _("Edit message"),
        blocks,
        submit=_("Save"),
        close=_("Don't save"),
        metadata=write_metadata(fixed),
    )


def place_findings(findings: Iterable[Finding]) -> dict[str, str]:
    """Return what the rules say, each under its field, by the field's block id."""
    errors: dict[str, str] = {}
    for finding in findings:
        block = SEND_AT if finding.rule is Rule.QUIET_HOURS else MESSAGE
        errors[block] = f"{errors.get(block, '')} {visible(finding.sentence)}".strip()
    return errors
