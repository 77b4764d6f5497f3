"""Tells from which list somebody opened a form, so that what they do is shown there."""

from __future__ import annotations

from bot.slack.interaction import Interaction
from bot.slack.metadata import ForeignForm, MetadataSigner

ANSWERED = "list"  # a private answer with rows, which nobody draws again


def read_origin(signer: MetadataSigner, interaction: Interaction) -> str:
    """Return ``ANSWERED``, or the state of the Home tab, or "" if it was from elsewhere.

    A form on top of another one was opened from where that was.
    """
    if interaction.is_in_list:
        return ANSWERED
    try:
        return signer.read_origin(interaction.metadata, interaction.user_id, interaction.view_id)
    except ForeignForm:
        return ""
