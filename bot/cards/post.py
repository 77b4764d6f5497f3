"""A Slack message, and the fields that Slack's calls take it in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.cards.blocks import Block


@dataclass(frozen=True)
class Post:
    """A Slack message: its blocks, and its text for notifications and screen readers."""

    text: str
    blocks: list[Block]

    def message_fields(self) -> dict[str, Any]:
        """Return the fields for chat.postMessage, so that it formats and unfurls nothing."""
        return {
            "text": self.text,
            "blocks": self.blocks,
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }

    def response_fields(self) -> dict[str, Any]:
        """Return the fields for a response URL, so that one person sees it and no card is lost."""
        return {
            "text": self.text,
            "blocks": self.blocks,
            "response_type": "ephemeral",
            "replace_original": False,
        }
