"""Opens a small form in which somebody decides something."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from bot.cards.answers import translated
from bot.cards.card import show_notice
from bot.cards.errors import SlackError
from bot.slack.interaction import Interaction, View
from bot.slack.metadata import MetadataSigner
from bot.slack.reason_form import NOT_OPENED
from bot.slack.respond import Responder

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
    signed = signer.sign(view["private_metadata"], interaction.user_id)
    try:
        with translated():
            await open_view(
                trigger_id=interaction.trigger_id, view={**view, "private_metadata": signed}
            )
    except SlackError as error:
        log.warning("the form %s did not open: %s", view["callback_id"], error)
        url = interaction.place.response_url
        await responder.respond(url, interaction.user_id, show_notice(NOT_OPENED))
