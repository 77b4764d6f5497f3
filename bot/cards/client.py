"""Posting to Slack when an answer may be lost: what a post needs to be recognised.

Promises: a post is tried once, and what comes back says whether it certainly does not stand there;
one that may is found by its metadata, and a repeated one is removed. Needs the optional
``…:history`` scopes for that. Does not: know what was tried, or remember it (``posts`` does).
https://docs.slack.dev/messaging/message-metadata
"""

from __future__ import annotations

import logging
import re
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web import WebClient

from bot.cards.card import Post

log = logging.getLogger(__name__)

POST_TIMEOUT = 5
# By then, a try has arrived or never will, also that of a process that died.
SETTLED_AFTER = timedelta(seconds=POST_TIMEOUT + 1)
EVENT_TYPE = "proactive_post"
_CLOCKS = 60.0  # how far Slack's clock and ours may be apart
_PAGE = 200
_MAY_NOT_LOOK = ("missing_scope", "not_in_channel", "channel_not_found", "thread_not_found")
_MAY_NOT_REMOVE = (
    "message_not_found",
    "cant_delete_message",
    "compliance_exports_prevent_deletion",
)
# "It's possible some aspect of the operation succeeded before the error was raised", and the like.
# https://docs.slack.dev/reference/methods/chat.postMessage#errors
_PERHAPS_POSTED = ("fatal_error", "internal_error", "service_unavailable", "request_timeout")
_LONGEST_WAIT = 30.0  # after a 429; then another one says how much longer
_OK, _TOO_MANY = 200, 429
_WORD = re.compile(r"[a-z0-9_]+")
_PEOPLE = ("U", "W")  # how the ids of people begin; those of direct messages begin with D


@dataclass(frozen=True)
class Spot:
    """A channel, and a thread in it or ""."""

    channel: str
    thread_ts: str = ""


class SlackClient:
    """Posts messages that carry the name of what they are; blocking."""

    def __init__(self, token: str, api_url: str, tls: ssl.SSLContext) -> None:
        """Make it; without ``tls`` the SDK would read the CA bundle anew for every call."""
        self.client = WebClient(
            token=token,
            base_url=api_url,
            timeout=POST_TIMEOUT,
            ssl=tls,
            retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=3)],
        )
        # A post is never repeated here: when it was tried is written down before each try.
        self._once = WebClient(
            token=token, base_url=api_url, timeout=POST_TIMEOUT, ssl=tls, retry_handlers=[]
        )

    def post(self, spot: Spot, post: Post, name: str) -> tuple[str, str]:
        """Try to post; return channel and ts.

        ``name`` says which post of which request this is. Raises SlackApiError (see
        ``is_refusal``), after a rate limit when that is over, and OSError.
        """
        try:
            return self._post(spot, post, name)
        except SlackApiError as error:
            if error.response.status_code == _TOO_MANY:
                time.sleep(_wait_of(error))
            raise

    def _post(self, spot: Spot, post: Post, name: str) -> tuple[str, str]:
        answer = self._once.chat_postMessage(
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

    def find(self, spot: Spot, name: str, since: datetime) -> str:
        """Return the ts of the first post of this name, having removed any later ones; or "".

        ``since``: when it was first tried. A person's id names a direct message, in which nothing
        is found: the channel's own id is told by the answer to a post alone.
        """
        if spot.channel.startswith(_PEOPLE):
            return ""
        begun = min(since, datetime.now(UTC))  # the clock may have been set back since
        oldest = f"{begun.timestamp() - _CLOCKS:.6f}"
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
            self._remove(spot.channel, repeated)
        return found[0] if found else ""

    def _remove(self, channel: str, ts: str) -> None:
        try:
            self.client.chat_delete(channel=channel, ts=ts)
        except SlackApiError as error:
            if error.response.get("error") not in _MAY_NOT_REMOVE:
                raise
            log.warning("a repeated post cannot be removed (%s)", error.response.get("error"))

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


def is_refusal(error: SlackApiError) -> bool:
    """Tell whether Slack says for certain that it did not post.

    A rate limit does, and so does a word for what is wrong; a server error, an answer that is not
    Slack's, and Slack's words for its own breakdowns do not.
    """
    status, word = error.response.status_code, str(error.response.get("error", ""))
    if status == _TOO_MANY:
        return True
    return status == _OK and bool(_WORD.fullmatch(word)) and word not in _PERHAPS_POSTED


def _wait_of(error: SlackApiError) -> float:
    """Return for how long a rate limit lasts, in seconds."""
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    try:
        return min(_LONGEST_WAIT, max(0.0, float(headers["retry-after"])))
    except (KeyError, ValueError):
        return 1.0


def _name_of(message: dict[str, Any]) -> str:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return ""
    return str((metadata.get("event_payload") or {}).get("name", ""))
