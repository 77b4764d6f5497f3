"""A Slack message, and the fields that Slack's calls take it in. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from slack_sdk.models.blocks import Block

from bot.cards.blocks import Json, to_json


@dataclass(frozen=True)
class Post:
    """A Slack message: its blocks, and its text for notifications and screen readers."""

    text: str = field(repr=False)
    blocks: list[Block] = field(repr=False)

    @property
    def payload(self) -> list[Json]:
        """Return the blocks as Slack gets them."""
        return [to_json(block) for block in self.blocks]

    def message_fields(self) -> dict[str, Any]:
        """Return the fields for chat.postMessage, so that it formats and unfurls nothing."""
        return {
            "text": self.text,
            "blocks": self.payload,
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }

    def response_fields(self) -> dict[str, Any]:
        """Return the fields for a response URL, so that one person sees it and no card is lost."""
        return {
            "text": self.text,
            "blocks": self.payload,
            "response_type": "ephemeral",
            "replace_original": False,
        }
