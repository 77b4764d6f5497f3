"""Reads what Slack answers when a call fails, and turns the errors of its SDK into ours.

Only what's known to pass by itself is temporary. Any other code is final, documented or not: Slack
has more codes than its documentation, and adds new ones.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
import urllib3
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.cards.errors import (
    SlackError,
    SlackRateLimited,
    SlackRefused,
    SlackTokenRefused,
    SlackUnavailable,
)

log = logging.getLogger(__name__)

# https://docs.slack.dev/reference/methods/chat.postMessage#errors, and those of the other methods
_TEMPORARY = frozenset(
    {
        # "It's possible some aspect of the operation succeeded before the error was raised."
        *("fatal_error", "internal_error", "service_unavailable", "request_timeout"),
        "update_failed",
        # The workspace or the channel is being moved.
        *("team_added_to_org", "org_login_required", "external_channel_migrating"),
    }
)
_TOO_OFTEN = frozenset({"ratelimited", "rate_limited"})
_TOKEN = frozenset(
    {
        *("invalid_auth", "not_authed", "account_inactive", "token_expired", "token_revoked"),
        "not_allowed_token_type",
    }
)
_LONGEST_WAIT = 30.0  # seconds; if the limit lasts longer, the next call gets another 429
_OK, _RATE_LIMITED, _SERVER_ERROR = 200, 429, 500
_CODE = re.compile(r"[\w.:-]{1,100}", re.ASCII)
_NO_ANSWER = (SlackClientError, urllib3.exceptions.HTTPError, aiohttp.ClientError, OSError)
_UNNAMED = "no_code"  # Slack said no without saying why
_UNREADABLE_CODE = "unreadable_code"  # Slack said no with something that may not be logged
# The SDK looks for fields in whatever JSON or text it gets, such as a proxy's page.
_UNREADABLE = (AttributeError, ValueError)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the errors of Slack's SDK into ours, both the blocking and the asynchronous one's."""
    try:
        yield
    except SlackApiError as error:
        raise _translate(error.response) from None
    except _NO_ANSWER as error:
        raise SlackUnavailable(type(error).__name__) from None
    except _UNREADABLE:
        raise SlackUnavailable("not Slack's answer") from None


def check_response(status: int, headers: Mapping[str, str]) -> None:
    """Raise the SlackError that a response URL's answer stands for, unless it's a success."""
    if status == _RATE_LIMITED:
        raise SlackRateLimited(read_retry_after(headers))
    if status >= _SERVER_ERROR:
        raise SlackUnavailable(f"HTTP {status}")
    if status != _OK:
        raise SlackRefused(f"http_{status}")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds to wait after a rate limit, if Slack says so."""
    try:
        seconds = float(read_header(headers, "retry-after"))
    except ValueError:
        return None
    if math.isnan(seconds):
        return None
    if seconds > _LONGEST_WAIT:
        log.warning("Slack asks for a pause of %.0f seconds; the bot tries again sooner", seconds)
    return min(_LONGEST_WAIT, max(0.0, seconds))


def read_header(headers: Mapping[str, str], name: str) -> str:
    """Return a header, or "" if there's none; the SDK keeps the case that the server wrote."""
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _translate(response: Any) -> SlackError:
    """Read an answer. Only HTTP 200 and a no that isn't temporary say that nothing was done."""
    # The asynchronous SDK hands over the HTTP response itself if there's no JSON in it.
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    data = getattr(response, "data", None)
    content = data if isinstance(data, dict) else {}
    code = _read_code(content)
    if status == _RATE_LIMITED or code in _TOO_OFTEN:
        return SlackRateLimited(read_retry_after(response.headers))
    if status != _OK or code in _TEMPORARY or not code:
        return SlackUnavailable(code or f"HTTP {status}")
    if code in _TOKEN:
        return SlackTokenRefused(code)
    return SlackRefused(code, _read_details(content))


def _read_code(content: Mapping[str, Any]) -> str:
    """Return the code that Slack's no has, or one of ours; "" if the answer isn't a no."""
    if content.get("ok") is not False:
        return ""
    code = str(content.get("error") or _UNNAMED)
    return code if _CODE.fullmatch(code) else _UNREADABLE_CODE


def _read_details(content: Mapping[str, Any]) -> tuple[str, ...]:
    metadata = content.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    return tuple(map(str, messages)) if isinstance(messages, list) else ()
