"""Reading messages back: conversations.history and conversations.replies.

The bot must be a member of the conversation, even of a public one, and its token needs the history
scope for that kind of conversation. Slack doesn't store ephemeral messages, so they're never here.
Times are whole microseconds; a span includes both its ends.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice, takewhile
from typing import Any

from .chat import find_by_id
from .config import JSON
from .errors import SlackError
from .payloads import render_message
from .state import State
from .workspace import BOT_USER, Channel, Message, read_moment

Arguments = Mapping[str, Any]
_CURSOR = re.compile(r"next_ts:(\d{1,17})\Z")
_END_OF_TIME = 10**17
_HISTORY_PAGE, _LARGEST_HISTORY_PAGE = 100, 999
_THREAD_PAGE = 1000


@dataclass(frozen=True)
class _Span:
    first: int
    last: int

    def holds(self, message: Message) -> bool:
        return self.first <= message.moment <= self.last


def read_history(state: State, arguments: Arguments) -> JSON:
    """Return a page of a conversation's messages, newest first (conversations.history).

    Of the replies, it has only those that were also sent to the channel.
    """
    channel = _find_readable(state, arguments["channel"])
    limit = _read_limit(arguments, _HISTORY_PAGE, _LARGEST_HISTORY_PAGE)
    span = _read_span(arguments)
    cursor = _read_cursor(arguments)
    if cursor is not None:
        span = replace(span, last=min(span.last, cursor))
    not_too_old = takewhile(
        lambda message: message.moment >= span.first, state.workspace.newest_first(channel.id)
    )
    shown = (
        message
        for message in not_too_old
        if span.holds(message)
        and not message.ephemeral_to
        and (message.is_broadcast or not message.is_reply)
    )
    extra = {name: arguments[name] for name in ("oldest", "latest") if arguments.get(name)}
    counts = {"pin_count": 0, "channel_actions_ts": None, "channel_actions_count": 0}
    return {**_page(state, arguments, shown, limit), **counts, **extra}


def read_replies(state: State, arguments: Arguments) -> JSON:
    """Return a page of a thread, the parent first, then oldest to newest (conversations.replies).

    The first page always has the parent, whatever the span is; later pages don't. The ts of a
    reply returns only that reply.
    """
    channel = _find_readable(state, arguments["channel"])
    limit = _read_limit(arguments, _THREAD_PAGE, _THREAD_PAGE)
    span = _read_span(arguments)
    cursor = _read_cursor(arguments)
    parent = state.workspace.message(channel.id, arguments["ts"])
    if parent is None or parent.ephemeral_to:
        raise SlackError("thread_not_found")
    if cursor is not None:
        span = replace(span, first=max(span.first, cursor))
    replies = (reply for reply in state.workspace.replies(parent) if span.holds(reply))
    head = [parent] if cursor is None else []
    return _page(state, arguments, chain(head, replies), limit)


def _find_readable(state: State, channel_id: str) -> Channel:
    channel = find_by_id(state, channel_id)
    kind = "im" if channel.dm_with else "groups" if channel.is_private else "channels"
    state.require_scope(f"{kind}:history")
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _page(state: State, arguments: Arguments, messages: Iterable[Message], limit: int) -> JSON:
    found = list(islice(messages, limit + 1))
    with_metadata = bool(arguments.get("include_all_metadata"))
    rendered = [render_message(state, message) for message in found[:limit]]
    if not with_metadata:
        for message in rendered:
            message.pop("metadata", None)
    answer: JSON = {"messages": rendered, "has_more": len(found) > limit}
    if answer["has_more"]:
        after = f"next_ts:{found[limit].moment}"
        cursor = base64.b64encode(after.encode()).decode()
        answer["response_metadata"] = {"next_cursor": cursor}
    return answer


def _read_span(arguments: Arguments) -> _Span:
    beside = 0 if arguments.get("inclusive") else 1
    ends = {}
    for name, default in (("oldest", -1), ("latest", _END_OF_TIME)):
        given = arguments.get(name)
        found = read_moment(given) if given else default
        if found is None:
            raise SlackError(f"invalid_ts_{name}", [f"[ERROR] {name} is not a timestamp"])
        ends[name] = found
    return _Span(ends["oldest"] + beside, ends["latest"] - beside)


def _read_cursor(arguments: Arguments) -> int | None:
    given = arguments.get("cursor")
    if not given:
        return None
    try:
        decoded = base64.b64decode(given, validate=True).decode("ascii")
    except (binascii.Error, UnicodeError):
        raise SlackError("invalid_cursor") from None
    found = _CURSOR.match(decoded)
    if found is None:
        raise SlackError("invalid_cursor")
    return int(found[1])


def _read_limit(arguments: Arguments, default: int, most: int) -> int:
    limit: int = arguments.get("limit", default)
    if not 1 <= limit <= most:
        raise SlackError("invalid_arguments", [f"[ERROR] limit must be from 1 to {most}"])
    return limit
