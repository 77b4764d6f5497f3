"""Conversations: conversations.open and conversations.info."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .chat import is_visible
from .config import JSON
from .errors import SlackError
from .state import State
from .workspace import BOT_USER, OTHER_TEAM_ID, TEAM_ID, Channel

Arguments = Mapping[str, Any]


def open_conversation(state: State, arguments: Arguments) -> JSON:
    """Open the direct message with one person (conversations.open)."""
    wanted = [user.strip() for user in (arguments.get("users") or "").split(",") if user.strip()]
    channel = state.workspace.channels.get(arguments.get("channel") or "")
    if channel is None and arguments.get("channel"):
        raise SlackError("channel_not_found")
    if channel is None:
        if not wanted:
            raise SlackError("users_list_not_supplied")
        if any(user not in state.workspace.users for user in wanted):
            raise SlackError("user_not_found")
        if len(wanted) > 1:
            raise SlackError("method_not_supported_for_channel_type")
        channel = state.workspace.direct_channel(wanted[0])
    if channel is None or not channel.dm_with:
        raise SlackError("method_not_supported_for_channel_type")
    state.require_scope("im:write")
    shown = _render(channel) if arguments.get("return_im") else {"id": channel.id}
    return {"no_op": True, "already_open": True, "channel": shown}


def read_conversation(state: State, arguments: Arguments) -> JSON:
    """Describe a conversation (conversations.info).

    A private channel without the bot is channel_not_found, whatever scopes there are.
    """
    channel = state.workspace.channels.get(arguments["channel"])
    if channel is None or not is_visible(channel):
        raise SlackError("channel_not_found")
    state.require_scope(f"{_kind(channel)}:read")
    shown = _render(channel)
    if arguments.get("include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def _kind(channel: Channel) -> str:
    if channel.dm_with:
        return "im"
    if channel.is_mpim:
        return "mpim"
    return "groups" if channel.is_private else "channels"


def _render(channel: Channel) -> JSON:
    if channel.dm_with:
        # As in Slack's example, a direct message has only one of the flags about sharing.
        return {
            "id": channel.id,
            "created": 0,
            "is_im": True,
            "is_org_shared": False,
            "user": channel.dm_with,
            "is_open": True,
        }
    teams = [TEAM_ID, OTHER_TEAM_ID] if channel.is_ext_shared else [TEAM_ID]
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": channel.is_mpim,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": BOT_USER in channel.members,
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "is_frozen": False,
        "context_team_id": TEAM_ID,
        "shared_team_ids": teams,
        "pending_shared": [],
        "pending_connected_team_ids": [],
        **({"connected_team_ids": teams[1:]} if channel.is_ext_shared else {}),
    }
