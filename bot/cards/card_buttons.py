"""The buttons of a card: which decisions its state allows. Pure.

A click is checked again where it's answered (`bot/slack/buttons.py`, `bot/slack/approvals.py`).
"""

from __future__ import annotations

from typing import Any

from bot.cards.blocks import Block, plain
from bot.request import REACHED, Request, State
from bot.text import clip_units, show_name, visible

CANCEL, CHECK_AGAIN, SEND_ANYWAY = "cancel", "check_again", "send_anyway"
COMPOSE_AGAIN, OPT_OUT = "compose_again", "opt_out"
APPROVE, DECLINE, REVIEW = "approve", "decline", "review"
_MOST = 300  # characters in a dialog that asks whether somebody is sure
_MOST_OF_NAME = 120


def decision_buttons(request: Request) -> list[Block]:
    """Return the buttons with which people decide what becomes of a request."""
    if request.erased_at:
        return []
    if request.state in (State.CHECKING, State.SCHEDULED):
        return [_button(CANCEL, "Undo", request)]
    if request.state is State.UNAPPROVED:
        return [*approval_buttons(request), _button(CANCEL, "Cancel", request)]
    if request.state is State.UNCERTAIN:
        return _uncertain_buttons(request)
    if request.state in (State.REFUSED, State.FAILED, State.EXPIRED, State.CANCELLED):
        return [_button(COMPOSE_AGAIN, "Open it again", request)]
    return []


def card_buttons(request: Request, *, is_opted_out: bool = False) -> list[Block]:
    """Return all buttons of a card: a customer who has read the message may want no other one."""
    if request.state in REACHED and not request.erased_at and not is_opted_out:
        return [_button(OPT_OUT, "Don't contact again", request)]
    return decision_buttons(request)


def approval_buttons(request: Request, *, is_public: bool = True) -> list[Block]:
    """Return the buttons of those who may approve a request that waits for it.

    Unless it ``is_public``, they first have to open the message, which only they see then.
    """
    if request.erased_at or request.state is not State.UNAPPROVED:
        return []
    if not is_public:
        return [_button(REVIEW, "Read it", request), _button(DECLINE, "Decline", request)]
    sure = {
        "title": plain("Send this message?"),
        "text": plain(_what_is_approved(request)),
        "confirm": plain("Approve"),
        "deny": plain("Not now"),
    }
    return [
        _button(APPROVE, "Approve", request, style="primary", confirm=sure),
        _button(DECLINE, "Decline", request),
    ]


def _what_is_approved(request: Request) -> str:
    """Repeat the customer and the message; a long one is on the card in full."""
    masked = request.identity.masked
    named = f"{show_name(request.customer_name)}, {masked}" if request.customer_name else masked
    text = " ".join(visible(request.text).split())
    return clip_units(f"To {clip_units(named, _MOST_OF_NAME)}: {text}", _MOST)


def _uncertain_buttons(request: Request) -> list[Block]:
    doubt = (
        "Nobody knows whether the first message was sent: Genesys Cloud's answer was lost, and "
        "I can't find the message there. If it was sent after all, the customer gets it twice."
    )
    sure = {
        "title": plain("Send it again?"),
        "text": plain(doubt),
        "confirm": plain("Send anyway"),
        "deny": plain("Leave it"),
    }
    return [
        _button(CHECK_AGAIN, "Check again", request),
        _button(SEND_ANYWAY, "Send anyway", request, style="danger", confirm=sure),
    ]


def _button(action: str, label: str, request: Request, **more: Any) -> Block:
    return {
        "type": "button",
        "action_id": action,
        "text": plain(label),
        "value": f"{request.request_id}:{request.decisions}",
        **more,
    }
