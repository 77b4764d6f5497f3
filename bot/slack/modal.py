"""Opens a small form in which somebody decides about a request, and reads what it was about."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from bot.cards.answers import translated
from bot.cards.card import show_notice
from bot.cards.errors import SlackError
from bot.language import _
from bot.slack.interaction import Interaction
from bot.slack.metadata import ForeignForm, MetadataSigner
from bot.slack.origin import read_origin
from bot.slack.reason_form import NOT_OPENED
from bot.slack.respond import Responder
from bot.slack.view_state import View

log = logging.getLogger(__name__)

OpenView = Callable[..., Coroutine[Any, Any, object]]


async def open_modal(
    open_view: OpenView,
    view: View,
    interaction: Interaction,
    signer: MetadataSigner,
    responder: Responder,
) -> None:
    """Sign a form's metadata and open it; if it doesn't open, tell the person.

    ``open_view``: views.open, or views.push for one on top of another.
    """
    origin = read_origin(signer, interaction)
    signed = signer.sign(view["private_metadata"], interaction.user_id, origin=origin)
    try:
        with translated():
            await open_view(
                trigger_id=interaction.trigger_id, view={**view, "private_metadata": signed}
            )
    except SlackError as error:
        log.warning("the form %s did not open: %s", view["callback_id"], error)
        await responder.answer(interaction, show_notice(_(NOT_OPENED)))


def read_modal(signer: MetadataSigner, submission: Interaction, form: str) -> tuple[str, str, str]:
    """Read what the bot wrote into ``form``, whose name comes first in its metadata.

    That's the request's id, how many decisions had been made about it, and where to answer. Raises
    ForeignForm.
    """
    metadata = signer.check(submission.metadata, submission.user_id, submission.view_id)
    try:
        signed_for, request_id, number, response_url = json.loads(metadata)
    except ValueError:
        raise ForeignForm from None
    if signed_for != form:
        raise ForeignForm
    return request_id, number, response_url
