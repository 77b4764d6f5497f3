"""Calls to Slack's Web API: each is one attempt, and its error says whether Slack did it.

A post carries its name as metadata, so that it can be found when the answer to it was lost. That
needs the optional ``…:history`` scopes. https://docs.slack.dev/messaging/message-metadata
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.cards.answers import check_response, read_header, translated
from bot.cards.errors import SlackRefused
from bot.cards.post import Post
from bot.cards.response_url import check_response_url
from bot.cards.web_api import WebApi
from genesys import read_date

log = logging.getLogger(__name__)

CALL_SECONDS = 5
EVENT_TYPE = "proactive_post"
CLOCK_SKEW = 60.0  # seconds that Slack's clock and ours may differ
_PAGE = 200
_USER_PREFIXES = ("U", "W")


@dataclass(frozen=True)
class Spot:
    """A channel (or a user, for a direct message), and a thread in it or ""."""

    channel: str
    thread_ts: str = ""


@dataclass(frozen=True)
class TokenInfo:
    """What Slack says about the bot's token; ``scopes`` is empty when Slack doesn't list them.

    ``name`` is the workspace's. ``answered_at`` is Slack's time in whole seconds, if it tells it.
    """

    name: str
    scopes: frozenset[str]
    answered_at: datetime | None = None


class SlackClient:
    """Blocking and thread-safe. Every method raises SlackError.

    Each makes one call, except for ``find``: it reads up to 20 pages, and removes repeated posts.
    """

    def __init__(self, token: str, api_url: str) -> None:
        """Prepare the calls without connecting."""
        self._api_url = api_url
        # No retries here: each attempt to post is written down first, and a job never waits.
        self._client = WebApi(token, api_url, CALL_SECONDS)

    def check_token(self) -> TokenInfo:
        """Return what Slack says about the token."""
        with translated():
            answer = self._client.auth_test()
        scopes = read_header(answer.headers, "x-oauth-scopes").split(",")
        return TokenInfo(
            str(answer.get("team")),
            frozenset(filter(None, map(str.strip, scopes))),
            read_date(answer.headers),
        )

    def read(self, method: str, **arguments: str) -> Mapping[str, Any]:
        """Call a method that changes nothing, such as "users.info"; return Slack's answer."""
        with translated():
            answer: Any = self._client.api_call(method, params=arguments).data
            return dict(answer)

    def check_app_token(self, app_token: str) -> None:
        """Ask where to open a socket, as Socket Mode does, but open none."""
        with translated():
            self._client.apps_connections_open(app_token=app_token)

    def post(self, spot: Spot, post: Post, name: str) -> tuple[str, str]:
        """Post once; return channel and ts. ``name`` says which post of which request this is."""
        with translated():
            answer = self._client.chat_postMessage(
                channel=spot.channel,
                thread_ts=spot.thread_ts or None,
                **post.message_fields(),
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
            with translated():
                found = self._search(spot, name, since)
        except SlackRefused as refusal:
            log.warning("can't look for an earlier post (%s)", refusal.code)
            return ""
        for repeated in found[1:]:
            self.remove(spot.channel, repeated)
        return found[0] if found else ""

    def _search(self, spot: Spot, name: str, since: datetime) -> list[str]:
        oldest = min(since, datetime.now(UTC))  # the clock may have been set back since
        arguments: dict[str, Any] = {
            "channel": spot.channel,
            "oldest": f"{oldest.timestamp() - CLOCK_SKEW:.6f}",
            "include_all_metadata": True,
            "limit": _PAGE,
        }
        if spot.thread_ts:
            method, arguments = "conversations.replies", {**arguments, "ts": spot.thread_ts}
        else:
            method = "conversations.history"
        return sorted(
            str(message["ts"])
            for page in self._client.read_pages(method, arguments)
            for message in page.get("messages", [])
            if _name_of(message) == name
        )

    def delete(self, channel: str, ts: str) -> None:
        """Delete a post of ours; the replies to it stay."""
        with translated():
            self._client.chat_delete(channel=channel, ts=ts)

    def remove(self, channel: str, ts: str) -> None:
        """Remove a repeated post of ours, if Slack allows that."""
        try:
            self.delete(channel, ts)
        except SlackRefused as refusal:
            log.warning("can't remove a repeated post (%s)", refusal.code)

    def update(self, channel: str, ts: str, post: Post) -> None:
        """Replace what a message shows."""
        with translated():
            self._client.chat_update(
                channel=channel,
                ts=ts,
                text=post.text,
                blocks=post.payload,
                parse="none",  # chat.update parses by default, unlike chat.postMessage
            )

    def permalink(self, channel: str, ts: str) -> str:
        """Return the URL of a message."""
        with translated():
            answer = self._client.chat_getPermalink(channel=channel, message_ts=ts)
            return str(answer["permalink"])

    def respond(self, response_url: str, post: Post) -> None:
        """Show a post to the agent alone, through the response URL of their command or click.

        Raises SlackRefused also for a URL that isn't Slack's.
        https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
        """
        check_response_url(response_url, self._api_url)
        with translated():
            answer = self._client.respond(response_url, post.response_fields())
        check_response(answer.status, answer.headers)


def _name_of(message: dict[str, Any]) -> str:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return ""
    return str((metadata.get("event_payload") or {}).get("name", ""))
