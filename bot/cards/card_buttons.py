"""The buttons of a card: which decisions its state allows. Pure.

A click is checked again where it's answered (`bot/slack/buttons`).
"""

from __future__ import annotations

from slack_sdk.models.blocks import ButtonElement, ConfirmObject

from bot.cards.blocks import plain
from bot.language import N_, _
from bot.request import Request
from bot.state import REACHED, State
from bot.text import clip_units, show_name, visible

CANCEL, CHECK_AGAIN, SEND_ANYWAY = "cancel", "check_again", "send_anyway"
MARK_SENT = "mark_sent"
COMPOSE_AGAIN, OPT_OUT = "compose_again", "opt_out"
EDIT, MESSAGE_AGAIN = "edit", "message_again"
APPROVE, DECLINE, REVIEW = "approve", "decline", "review"
_MOST = 300  # characters in a dialog that asks whether somebody is sure
_MOST_OF_NAME = 120
_SEND_AGAIN = N_("The first may have arrived; the customer could get it twice.")
_IT_WAS_SENT = N_(
    "Choose this if you saw it in the conversation. It won't be sent again, and I can't tell "
    "whether it's delivered."
)


def decision_buttons(request: Request) -> list[ButtonElement]:
    """Return the buttons with which people decide what becomes of a request."""
    if request.erased_at:
        return []
    if request.state in (State.CHECKING, State.SCHEDULED):
        is_countdown = not (request.is_planned or request.stuck)
        cancel = _button(CANCEL, _("Undo") if is_countdown else _("Cancel"), request)
        may_edit = request.state is State.SCHEDULED and request.is_planned
        return [_button(EDIT, _("Edit"), request), cancel] if may_edit else [cancel]
    if request.state is State.UNAPPROVED:
        own = [_button(EDIT, _("Edit"), request), _button(CANCEL, _("Cancel"), request)]
        return [*approval_buttons(request), *own]
    if request.state is State.UNCERTAIN:
        return _uncertain_buttons(request)
    if request.state in (State.REFUSED, State.FAILED, State.EXPIRED, State.CANCELLED):
        return [_button(COMPOSE_AGAIN, _("Edit and resend"), request)]
    return []


def card_buttons(request: Request, *, is_opted_out: bool = False) -> list[ButtonElement]:
    """Return a card's buttons, also to message the customer again or never again."""
    is_done = request.state in REACHED or request.is_untracked
    if is_done and not request.erased_at and not is_opted_out:
        again = _button(MESSAGE_AGAIN, _("Message again"), request)
        return [again, _button(OPT_OUT, _("Don't contact again"), request)]
    return decision_buttons(request)


def approval_buttons(request: Request, *, is_public: bool = True) -> list[ButtonElement]:
    """Return the buttons of those who may approve a request that waits for it.

    Unless it ``is_public``, they first have to open the message, which only they see then.
    """
    if request.erased_at or request.state is not State.UNAPPROVED:
        return []
    if not is_public:
        return [_button(REVIEW, _("Read it"), request), _button(DECLINE, _("Decline"), request)]
    sure = _ask(_("Send this message?"), _what_is_approved(request), _("Approve"), _("Not now"))
    return [
        _button(APPROVE, _("Approve"), request, style="primary", confirm=sure),
        _button(DECLINE, _("Decline"), request),
    ]


def _what_is_approved(request: Request) -> str:
    """Repeat the customer and the message; a long one is on the card in full."""
    masked = request.identity.masked
    named = f"{show_name(request.customer_name)}, {masked}" if request.customer_name else masked
    text = " ".join(visible(request.text).split())
    customer = clip_units(named, _MOST_OF_NAME)
    return clip_units(_("To {customer}: {text}").format(customer=customer, text=text), _MOST)


def _uncertain_buttons(request: Request) -> list[ButtonElement]:
    again = _ask(_("Send again?"), _(_SEND_AGAIN), _("Send again"), _("Don't send"))
    sent = _ask(_("Was it sent?"), _(_IT_WAS_SENT), _("It was sent"), _("Not sure"))
    return [
        _button(CHECK_AGAIN, _("Check again"), request),
        _button(SEND_ANYWAY, _("Send anyway"), request, style="danger", confirm=again),
        _button(MARK_SENT, _("It was sent"), request, confirm=sent),
    ]


def _ask(title: str, text: str, confirm: str, deny: str) -> ConfirmObject:
    """Build the dialog that asks whether somebody is sure."""
    return ConfirmObject(
        title=plain(title), text=plain(text), confirm=plain(confirm), deny=plain(deny)
    )


def _button(
    action: str,
    label: str,
    request: Request,
    *,
    style: str | None = None,
    confirm: ConfirmObject | None = None,
) -> ButtonElement:
    return ButtonElement(
        action_id=action,
        text=plain(label),
        value=f"{request.request_id}:{request.decisions}",
        style=style,
        confirm=confirm,
    )
