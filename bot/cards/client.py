"""Calls to Slack's Web API: each is one attempt, and its error says whether Slack did it.

A post carries its name as metadata, so that it can be found when the answer to it was lost. That
needs the optional ``…:history`` scopes. https://docs.slack.dev/messaging/message-metadata
"""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import WebClient
from slack_sdk.webhook import WebhookClient

from bot.cards.card import Post
from bot.cards.errors import SlackError, SlackRateLimited, SlackRefused, SlackUnavailable

log = logging.getLogger(__name__)

CALL_SECONDS = 5
EVENT_TYPE = "proactive_post"
_CLOCK_SKEW = 60.0  # seconds that Slack's clock and ours may differ
_PAGE = 200
_CANNOT_LOOK = ("missing_scope", "not_in_channel", "channel_not_found", "thread_not_found")
_CANNOT_REMOVE = (
    "message_not_found",
    "cant_delete_message",
    "compliance_exports_prevent_deletion",
)
# "It's possible some aspect of the operation succeeded before the error was raised."
# https://docs.slack.dev/reference/methods/chat.postMessage#errors
_BREAKDOWNS = ("fatal_error", "internal_error", "service_unavailable", "request_timeout")
_TOO_OFTEN = ("ratelimited", "rate_limited")
_LONGEST_WAIT = 30.0  # seconds after a 429; a longer limit answers the next call with a 429 again
_OK, _RATE_LIMITED, _SERVER_ERROR = 200, 429, 500
_CODE = re.compile(r"[a-z0-9_]+")
_USER_PREFIXES = ("U", "W")


@dataclass(frozen=True)
class Spot:
    """A channel, or a user for a direct message; and a thread in it or ""."""

    channel: str
    thread_ts: str = ""


@dataclass(frozen=True)
class Workspace:
    """What Slack says about the bot's token; ``scopes`` is empty when Slack doesn't list them."""

    name: str
    scopes: frozenset[str]


class SlackClient:
    """Blocking and thread-safe. Every method raises SlackError, and waits for one call at most."""

    def __init__(self, token: str, api_url: str, tls: ssl.SSLContext) -> None:
        """Make it; without ``tls`` the SDK would read the CA bundle anew for every call."""
        self._tls = tls
        # No retries here: each attempt to post is written down first, and a job never waits.
        self._client = WebClient(
            token=token, base_url=api_url, timeout=CALL_SECONDS, ssl=tls, retry_handlers=[]
        )

    def check_token(self) -> Workspace:
        """Return the workspace that the token belongs to."""
        with _translated():
            answer = self._client.auth_test()
        scopes = _header(answer.headers, "x-oauth-scopes").split(",")
        return Workspace(str(answer.get("team")), frozenset(filter(None, map(str.strip, scopes))))

    def post(self, spot: Spot, post: Post, name: str) -> tuple[str, str]:
        """Post once; return channel and ts. ``name`` says which post of which request this is."""
        with _translated():
            answer = self._client.chat_postMessage(
                channel=spot.channel,
                thread_ts=spot.thread_ts or None,
                text=post.text,
                blocks=post.blocks,
                mrkdwn=False,
                unfurl_links=False,
                unfurl_media=False,
                # Everybody in the workspace can read it, so it says nothing about the customer.
                metadata={"event_type": EVENT_TYPE, "event_payload": {"name": name}},
            )
            return str(answer["channel"]), str(answer["ts"])

    def find(self, spot: Spot, name: str, since: datetime) -> str:
        """Return the ts of the first post with this name, or ""; remove any later ones.

        ``since`` is when it was first tried. Nothing is found in a direct message that's given as
        a user: only the answer to a post tells that channel's id.
        """
        if spot.channel.startswith(_USER_PREFIXES):
            return ""
        try:
            with _translated():
                found = self._search(spot, name, since)
        except SlackRefused as refusal:
            if refusal.code not in _CANNOT_LOOK:
                raise
            log.warning("can't look for an earlier post (%s)", refusal.code)
            return ""
        for repeated in found[1:]:
            self.remove(spot.channel, repeated)
        return found[0] if found else ""

    def _search(self, spot: Spot, name: str, since: datetime) -> list[str]:
        oldest = min(since, datetime.now(UTC))  # the clock may have been set back since
        options: dict[str, Any] = {
            "channel": spot.channel,
            "oldest": f"{oldest.timestamp() - _CLOCK_SKEW:.6f}",
            "include_all_metadata": True,
            "limit": _PAGE,
        }
        if spot.thread_ts:
            pages = self._client.conversations_replies(ts=spot.thread_ts, **options)
        else:
            pages = self._client.conversations_history(**options)
        return sorted(
            str(message["ts"])
            for page in pages
            for message in page.get("messages", [])
            if _name_of(message) == name
        )

    def remove(self, channel: str, ts: str) -> None:
        """Remove a repeated post of ours, if Slack allows that."""
        try:
            with _translated():
                self._client.chat_delete(channel=channel, ts=ts)
        except SlackRefused as refusal:
            if refusal.code not in _CANNOT_REMOVE:
                raise
            log.warning("can't remove a repeated post (%s)", refusal.code)

    def update(self, channel: str, ts: str, post: Post) -> None:
        """Replace what a message shows."""
        with _translated():
            self._client.chat_update(
                channel=channel,
                ts=ts,
                text=post.text,
                blocks=post.blocks,
                parse="none",  # chat.update parses by default, unlike chat.postMessage
            )

    def permalink(self, channel: str, ts: str) -> str:
        """Return the address of a message."""
        with _translated():
            answer = self._client.chat_getPermalink(channel=channel, message_ts=ts)
            return str(answer["permalink"])

    def respond(self, response_url: str, post: Post) -> None:
        """Show a post to the agent alone, through the command's response URL.

        https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
        """
        webhook = WebhookClient(response_url, CALL_SECONDS, self._tls, retry_handlers=[])
        with _translated():
            answer = webhook.send(
                text=post.text,
                blocks=post.blocks,
                response_type="ephemeral",
                replace_original=False,
            )
        if answer.status_code == _RATE_LIMITED:
            raise SlackRateLimited(_retry_after(answer.headers))
        if answer.status_code >= _SERVER_ERROR:
            raise SlackUnavailable(f"HTTP {answer.status_code}")
        if answer.status_code != _OK:
            raise SlackRefused(f"http_{answer.status_code}")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the SDK's errors into ours."""
    try:
        yield
    except SlackApiError as error:
        raise _translate(error) from None
    except (SlackClientError, HTTPException, OSError) as error:
        raise SlackUnavailable(type(error).__name__) from None


def _translate(error: SlackApiError) -> SlackError:
    """Read an answer. Only a code that isn't about a breakdown says that nothing was done."""
    status, code = error.response.status_code, str(error.response.get("error", ""))
    if status == _RATE_LIMITED or code in _TOO_OFTEN:
        return SlackRateLimited(_retry_after(error.response.headers))
    if status == _OK and _CODE.fullmatch(code) and code not in _BREAKDOWNS:
        return SlackRefused(code)
    return SlackUnavailable(code if _CODE.fullmatch(code) else f"HTTP {status}")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds to wait after a rate limit, if Slack says so."""
    try:
        return min(_LONGEST_WAIT, max(0.0, float(_header(headers, "retry-after"))))
    except ValueError:
        return None


def _header(headers: Mapping[str, str], name: str) -> str:
    """Return a header, or "" if there's none; the SDK keeps the case that the server wrote."""
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _name_of(message: dict[str, Any]) -> str:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return ""
    return str((metadata.get("event_payload") or {}).get("name", ""))
