"""What several views have in common: their frames, and the field for a time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models import views
from slack_sdk.models.blocks import Block, DateTimePickerElement, InputBlock
from slack_sdk.models.blocks.basic_components import DispatchActionConfig

from bot.cards.blocks import plain, to_json
from bot.slack.view_state import View
from bot.text import clip

LONGEST_TITLE = 24  # https://docs.slack.dev/reference/views/modal-views
INPUT_LENGTH = 3_000  # Slack's limit; web messaging takes less, but a long paste isn't cut
OPTION_LENGTH = 75  # Slack's limit for an option's text and description

# So that Slack tells what somebody typed before they press the form's own button.
ON_ENTER = DispatchActionConfig(trigger_actions_on=["on_enter_pressed"])


def modal(
    form: str, title: str, blocks: Sequence[Block], *, submit: str, close: str, metadata: str
) -> View:
    """Return a modal as Slack gets it; ``form`` is its callback id.

    A title that's too long in some language is cut, because Slack wouldn't open the modal.
    """
    return to_json(
        views.View(
            type="modal",
            callback_id=form,
            title=plain(clip(title, LONGEST_TITLE)),
            submit=plain(clip(submit, LONGEST_TITLE)),
            close=plain(clip(close, LONGEST_TITLE)),
            private_metadata=metadata,
            blocks=blocks,
        )
    )


def home_tab(form: str, blocks: Sequence[Block], *, metadata: str) -> View:
    """Return a Home tab as Slack gets it."""
    return to_json(
        views.View(type="home", callback_id=form, private_metadata=metadata, blocks=blocks)
    )


def time_input(
    action_id: str, label: str, chosen: datetime | None, hint: str, *, block_id: str = ""
) -> InputBlock:
    """Return a field for a time, which may stay empty."""
    seconds = int(chosen.timestamp()) if chosen is not None else None
    return InputBlock(
        block_id=block_id or action_id,
        label=plain(label),
        element=DateTimePickerElement(action_id=action_id, initial_date_time=seconds),
        hint=plain(hint),
        optional=True,
    )
