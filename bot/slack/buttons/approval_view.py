"""The modals in which a second person reads a message and approves it, or says why not. Pure."""

from __future__ import annotations

from slack_sdk.models.blocks import RichTextBlock

from bot.cards.blocks import fill, literal
from bot.cards.card import show_card
from bot.cards.card_state import Notes
from bot.language import _
from bot.request import Place, Request
from bot.slack.reason_form import build_reason_form, write_metadata
from bot.slack.view import modal
from bot.slack.view_state import View
from bot.text import show_name

APPROVAL_FORM, DECLINE_FORM = "approval", "decline"


def build_decline(request: Request, place: Place) -> View:
    """Build the modal that asks why a message is declined."""
    about = fill(
        _("The message to {customer} won't be sent. {agent} sees why."),
        customer=literal(request.identity.masked, bold=True),
        agent=show_name(request.agent_name),
    )
    metadata = _metadata(DECLINE_FORM, request, place)
    title, submit, label = _("Decline message"), _("Decline"), _("Why?")
    return build_reason_form(DECLINE_FORM, title, submit, about, label, metadata)


def build_approval(request: Request, place: Place) -> View:
    """Build the modal that shows all that will be sent, and asks for the approval."""
    card = show_card(request, Notes(approvers=_("You")))
    return modal(
        APPROVAL_FORM,
        _("Send this message?"),
        [block for block in card.blocks if isinstance(block, RichTextBlock)],
        submit=_("Approve"),
        close=_("Not now"),
        metadata=_metadata(APPROVAL_FORM, request, place),
    )


def _metadata(form: str, request: Request, place: Place) -> str:
    number = str(request.decisions)
    return write_metadata((form, request.request_id, number, place.response_url))
