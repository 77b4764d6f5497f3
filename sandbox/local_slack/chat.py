"""The chat methods: where the bot may post, and what it may change.

Each function returns the fields of the answer, or raises SlackError with the error that Slack
documents for the case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .config import JSON
from .content import LONGEST_EDITED_TEXT, Content, read_content
from .errors import SlackError
from .payloads import render_message
from .state import State
from .workspace import BOT_USER, Channel, Message

Arguments = Mapping[str, Any]
_TS = re.compile(r"\d{1,10}\.\d{6}\Z")


def post_message(state: State, arguments: Arguments) -> JSON:
    """Post a message as the bot (chat.postMessage)."""
    channel = find_destination(state, arguments["channel"])
    _require_may_post(state, channel)
    _require_own_looks(state, arguments)
    content = read_content(arguments)
    thread_ts = _read_thread(state, channel, arguments)
    message = Message(state.workspace.next_ts(), channel.id, BOT_USER, "", thread_ts=thread_ts)
    message.username = arguments.get("username")
    message.is_broadcast = message.is_reply and bool(arguments.get("reply_broadcast"))
    content.put_on(message)
    _count_message(state, channel)
    state.workspace.add(message)
    return _answer(state, message, content)


def update_message(state: State, arguments: Arguments) -> JSON:
    """Change one of the bot's messages (chat.update).

    Text without blocks removes the old blocks; metadata stays unless the call has some. A message
    with blocks isn't marked as edited.
    """
    channel = find_by_id(state, arguments["channel"])
    if channel.is_archived:
        raise SlackError("is_inactive")
    message = _find_message(state, channel, arguments["ts"])
    _require_own(message, "cant_update_message")
    content = read_content(arguments, parse="client", longest=LONGEST_EDITED_TEXT)
    if content.blocks and _has_rich_text(message.blocks) and not _has_rich_text(content.blocks):
        raise SlackError("block_mismatch")
    content.put_on(message)
    message.is_broadcast |= message.is_reply and bool(arguments.get("reply_broadcast"))
    message.edited_ts = None if message.blocks else state.workspace.next_ts()
    state.workspace.changed()
    return {"text": message.text, **_answer(state, message, content)}


def delete_message(state: State, arguments: Arguments) -> JSON:
    """Delete one of the bot's messages (chat.delete); its replies stay."""
    channel = find_by_id(state, arguments["channel"])
    message = _find_message(state, channel, arguments["ts"])
    _require_own(message, "cant_delete_message")
    state.workspace.remove(message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(state: State, arguments: Arguments) -> JSON:
    """Show a message to one member of a channel (chat.postEphemeral)."""
    channel = find_destination(state, arguments["channel"])
    if channel.is_archived:
        raise SlackError("is_archived")
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    _require_own_looks(state, arguments)
    if arguments["user"] not in channel.members:
        raise SlackError("user_not_in_channel")
    content = read_content(arguments, longest=LONGEST_EDITED_TEXT)
    thread_ts = _read_thread(state, channel, arguments)
    message = Message(state.workspace.next_ts(), channel.id, BOT_USER, "", thread_ts=thread_ts)
    message.ephemeral_to = arguments["user"]
    content.put_on(message).metadata = None
    state.workspace.add(message)
    return {"message_ts": message.ts}


def get_permalink(state: State, arguments: Arguments) -> JSON:
    """Return the URL of a message (chat.getPermalink)."""
    channel = find_by_id(state, arguments["channel"])
    message = _find_message(state, channel, arguments["message_ts"])
    link = f"{state.team_url}archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def find_destination(state: State, wanted: str) -> Channel:
    """Find the channel to post to by its id or name, or by a person's id."""
    user = state.workspace.users.get(wanted)
    if user is not None:
        direct = state.workspace.direct_channel(user.id)
        if direct is None:
            raise SlackError("cannot_dm_bot" if user.is_bot else "channel_not_found")
        return direct
    name = wanted.removeprefix("#")
    for channel in state.workspace.channels.values():
        if name and name == channel.name and is_visible(channel):
            return channel
    return find_by_id(state, wanted)


def is_visible(channel: Channel) -> bool:
    """Return whether the bot can see that the channel exists."""
    return not channel.is_private or BOT_USER in channel.members


def find_by_id(state: State, channel_id: str) -> Channel:
    """Find a conversation that the bot can see. Raises SlackError."""
    channel = state.workspace.channels.get(channel_id)
    if channel is None or not is_visible(channel):
        raise SlackError("channel_not_found")
    return channel


def _find_message(state: State, channel: Channel, ts: str) -> Message:
    message = state.workspace.message(channel.id, ts)
    if message is None or message.ephemeral_to or message.is_tombstone:
        raise SlackError("message_not_found")
    return message


def _require_own(message: Message, error: str) -> None:
    if message.user != BOT_USER:
        raise SlackError(error)


def _require_may_post(state: State, channel: Channel) -> None:
    if channel.is_archived:
        raise SlackError("is_archived")
    if channel.dm_with and not state.manifest.messages_tab:
        raise SlackError("messages_tab_disabled")
    if BOT_USER not in channel.members and "chat:write.public" not in state.scopes:
        raise SlackError("not_in_channel")
    if channel.posting_restricted:
        raise SlackError("restricted_action")


def _require_own_looks(state: State, arguments: Arguments) -> None:
    if arguments.get("as_user"):
        raise SlackError("as_user_not_supported")
    customised = any(arguments.get(name) for name in ("username", "icon_emoji", "icon_url"))
    if customised and "chat:write.customize" not in state.scopes:
        raise SlackError("missing_scope", needed="chat:write.customize")


def _read_thread(state: State, channel: Channel, arguments: Arguments) -> str | None:
    thread_ts = arguments.get("thread_ts")
    if not thread_ts:
        return None
    if not _TS.match(thread_ts):
        raise SlackError("invalid_thread_ts", ["[ERROR] thread_ts is not a message timestamp"])
    parent = state.workspace.message(channel.id, thread_ts)
    if parent is None:
        raise SlackError("thread_not_found")
    if parent.is_reply or parent.ephemeral_to:
        raise SlackError("cannot_reply_to_message")
    return str(thread_ts)


def _has_rich_text(blocks: list[JSON]) -> bool:
    return any(block["type"] == "rich_text" for block in blocks)


def _count_message(state: State, channel: Channel) -> None:
    wait = state.rates.count_message(channel.id, strict=state.settings.strict_rates)
    if wait is not None:
        raise SlackError("ratelimited", retry_after=wait)


def _answer(state: State, message: Message, content: Content) -> JSON:
    answer: JSON = {
        "channel": message.channel,
        "ts": message.ts,
        "message": render_message(state, message),
    }
    if content.warnings:
        answer["warning"] = ",".join(content.warnings)
        answer["response_metadata"] = {"warnings": list(content.warnings)}
    return answer
