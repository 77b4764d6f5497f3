"""Small forms that ask somebody for a reason before a decision counts. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from slack_sdk.models.blocks import InputBlock, PlainTextInputElement, RichTextElement

from bot.cards.blocks import plain, rich_text, section
from bot.language import N_, _
from bot.slack.interaction import Interaction
from bot.slack.view import modal
from bot.slack.view_state import View, read_text
from bot.text import clip, visible

REASON = "reason"
REASON_LENGTH = 200
METADATA_LENGTH = 2_850  # of Slack's 3,000, without the signature
NOT_OPENED = N_("The form didn't open, and nothing changed. Try again.")
FOREIGN = N_(
    "I can't verify this form; I may have been updated since. Close it and open a new one."
)


def build_reason_form(
    form: str,
    title: str,
    submit: str,
    about: Sequence[RichTextElement],
    label: str,
    metadata: str,
) -> View:
    """Build a form; ``about``: the nodes of rich text above the field for the reason."""
    field = PlainTextInputElement(action_id=REASON, max_length=REASON_LENGTH, focus_on_load=True)
    blocks = [
        rich_text(section(*about)),
        InputBlock(block_id=REASON, label=plain(label), element=field),
    ]
    return modal(form, title, blocks, submit=submit, close=_("Cancel"), metadata=metadata)


def read_reason(interaction: Interaction) -> str:
    """Return the reason that somebody typed."""
    return tidy_reason(read_text(interaction.view, REASON, REASON))


def tidy_reason(typed: str) -> str:
    """Return a reason as one short line."""
    return clip(" ".join(visible(typed.replace("\n", " ")).split()), REASON_LENGTH)


def check_reason(reason: str) -> dict[str, str]:
    """Return what's wrong with a reason, by the field's block id."""
    return {} if reason else {REASON: _("Say why.")}


def write_metadata(fixed: tuple[str, ...], more: tuple[str, ...] = ()) -> str:
    """Write texts into private metadata, with as many of ``more`` as there is room for."""
    values = list(fixed)
    for one in more:
        if len(json.dumps([*values, one])) > METADATA_LENGTH:
            break
        values.append(one)
    return json.dumps(values)
