"""Check that a private answer goes to Slack and nowhere else.

A response URL comes with each command and click, and the database keeps it with its request.
https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from bot.cards.errors import SlackRefused
from genesys import is_loopback

_SLACK = "slack.com"  # response URLs are at https://hooks.slack.com
_FOREIGN = "foreign_response_url"


def check_response_url(response_url: str, api_url: str) -> None:
    """Raise SlackRefused unless the bot may post there.

    ``api_url`` is the Web API's base URL. With another one than Slack's, such as a gateway's or the
    sandbox's, the response URLs may be anywhere too, but not unencrypted on another machine.
    """
    parts = _split(response_url)
    if parts is None:
        raise SlackRefused(_FOREIGN)
    host = parts.hostname or ""
    if parts.scheme == "https" and _is_slack_host(host):
        return
    api = _split(api_url)
    is_slack = api is None or _is_slack_host(api.hostname or "")
    if is_slack or not (parts.scheme == "https" or is_loopback(host)):
        raise SlackRefused(_FOREIGN)


def _split(url: str) -> SplitResult | None:
    """Split a URL; None for one that programs may read in different ways, or not at all."""
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in "\\ @"):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname else None


def _is_slack_host(host: str) -> bool:
    return host == _SLACK or host.endswith(f".{_SLACK}")
