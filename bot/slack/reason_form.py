"""Small forms that ask somebody for a reason before a decision counts. Pure."""

from __future__ import annotations

import json

from bot.cards.blocks import Block, plain, section
from bot.slack.interaction import Interaction, View
from bot.text import clip, visible

REASON = "reason"
REASON_LENGTH = 200
METADATA_LENGTH = 2_850  # of Slack's 3,000, without the signature
NOT_OPENED = "The form didn't open, and nothing changed. Try again."
FOREIGN = "I can't verify this form; I may have been updated since. Close it and open a new one."
_NO_REASON = "Say why."


def build_reason_form(
    form: str, title: str, submit: str, about: tuple[Block, ...], label: str, metadata: str
) -> View:
    """Build a form; ``about``: the nodes of rich text above the field for the reason."""
    field = {
        "type": "plain_text_input",
        "action_id": REASON,
        "max_length": REASON_LENGTH,
        "focus_on_load": True,
    }
    return {
        "type": "modal",
        "callback_id": form,
        "title": plain(title),
        "submit": plain(submit),
        "close": plain("Cancel"),
        "private_metadata": metadata,
        "blocks": [
            {"type": "rich_text", "elements": [section(*about)]},
            {"type": "input", "block_id": REASON, "label": plain(label), "element": field},
        ],
    }


def read_reason(interaction: Interaction) -> str:
    """Return the reason that somebody typed."""
    typed = interaction.view["state"]["values"].get(REASON, {}).get(REASON) or {}
    return tidy_reason(typed.get("value") or "")


def tidy_reason(typed: str) -> str:
    """Return a reason as one short line."""
    return clip(" ".join(visible(typed.replace("\n", " ")).split()), REASON_LENGTH)


def check_reason(reason: str) -> dict[str, str]:
    """Return what's wrong with a reason, by the field's block id."""
    return {} if reason else {REASON: _NO_REASON}


def write_metadata(fixed: tuple[str, ...], more: tuple[str, ...] = ()) -> str:
    """Write texts into private metadata, with as many of ``more`` as there is room for."""
    values = list(fixed)
    for one in more:
        if len(json.dumps([*values, one])) > METADATA_LENGTH:
            break
        values.append(one)
    return json.dumps(values)
