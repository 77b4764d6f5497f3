"""Posting to Slack when an answer may be lost: a post is tried once, or recognised.

Promises: a post whose first try may have worked is looked for by its metadata before it is tried
again, and a repeated one is removed. Needs the optional ``…:history`` scopes for that; without
them, and in direct messages, a doubtful post is posted again. Does not: know what is posted, or
remember it.
https://docs.slack.dev/messaging/message-metadata
"""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web import WebClient

from bot.card import Post

log = logging.getLogger(__name__)

POST_TIMEOUT = 5
SETTLED_AFTER = (
    POST_TIMEOUT + 1.0
)  # by then, a try of a process that died has arrived or never will
EVENT_TYPE = "proactive_post"
_CLOCKS = 60.0  # how far Slack's clock and ours may be apart
_PAGE = 200
_MAY_NOT_LOOK = ("missing_scope", "not_in_channel", "channel_not_found", "thread_not_found")


class NotSettled(Exception):
    """An earlier try of this post may still be on its way to Slack. Look again in a moment."""


@dataclass(frozen=True)
class Spot:
    """A channel, and a thread in it or ""."""

    channel: str
    thread_ts: str = ""


class SlackPosting:
    """Posts messages that carry the name of what they are; blocking."""

    def __init__(self, token: str, api_url: str) -> None:
        self.client = WebClient(
            token=token,
            base_url=api_url,
            timeout=POST_TIMEOUT,
            ssl=ssl.create_default_context(),  # else the CA bundle is read anew for every call
            retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=3)],  # a 429 is not posted
        )

    def post(self, spot: Spot, post: Post, name: str, since: datetime | None) -> tuple[str, str]:
        """Post, or find what an earlier try since ``since`` has posted; return channel and ts.

        ``name`` says which post of which request this is. Raises SlackApiError, and NotSettled
        while an earlier try may still arrive.
        """
        if since is None:
            return self._post(spot, post, name)
        found = self._find(spot, name, since)
        if found:
            return spot.channel, found
        if (datetime.now(UTC) - since).total_seconds() < SETTLED_AFTER:
            raise NotSettled
        channel, ts = self._post(spot, post, name)
        return channel, self._find(spot, name, since) or ts

    def _post(self, spot: Spot, post: Post, name: str) -> tuple[str, str]:
        answer = self.client.chat_postMessage(
            channel=spot.channel,
            thread_ts=spot.thread_ts or None,
            text=post.text,
            blocks=post.blocks,
            mrkdwn=False,
            unfurl_links=False,
            unfurl_media=False,
            # Seen by everybody in the workspace: an opaque name, nothing of the customer.
            metadata={"event_type": EVENT_TYPE, "event_payload": {"name": name}},
        )
        return str(answer["channel"]), str(answer["ts"])

    def _find(self, spot: Spot, name: str, since: datetime) -> str:
        """Return the ts of the first post of this name, having removed any later ones; or ""."""
        oldest = f"{since.timestamp() - _CLOCKS:.6f}"
        asked: dict[str, Any] = {
            "channel": spot.channel,
            "oldest": oldest,
            "include_all_metadata": True,
            "limit": _PAGE,
        }
        try:
            if spot.thread_ts:
                pages = self.client.conversations_replies(ts=spot.thread_ts, **asked)
            else:
                pages = self.client.conversations_history(**asked)
            found = sorted(
                message["ts"]
                for page in pages
                for message in page.get("messages", [])
                if _name_of(message) == name
            )
        except SlackApiError as error:
            if error.response.get("error") not in _MAY_NOT_LOOK:
                raise
            log.warning("may not look for an earlier post (%s)", error.response.get("error"))
            return ""
        for repeated in found[1:]:
            self.client.chat_delete(channel=spot.channel, ts=repeated)
        return found[0] if found else ""

    def update(self, channel: str, ts: str, post: Post) -> None:
        """Show something else in a message that stands there."""
        self.client.chat_update(
            channel=channel,
            ts=ts,
            text=post.text,
            blocks=post.blocks,
            parse="none",  # chat.update parses by default, unlike chat.postMessage
        )

    def permalink(self, channel: str, ts: str) -> str:
        """Return the address of a message."""
        answer = self.client.chat_getPermalink(channel=channel, message_ts=ts)
        return str(answer["permalink"])


def _name_of(message: dict[str, Any]) -> str:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return ""
    return str((metadata.get("event_payload") or {}).get("name", ""))
