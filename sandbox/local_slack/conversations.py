"""The small methods: auth.test, conversations.open and .info, users.info, team.info."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .chat import is_visible
from .config import JSON
from .errors import SlackError
from .state import State
from .workspace import (
    APP_ID,
    BOT_ID,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    TEAM_NAME,
    Channel,
)

Arguments = Mapping[str, Any]


def test_auth(state: State, _arguments: Arguments) -> JSON:
    """Return whom the token belongs to (auth.test)."""
    return {
        "url": state.team_url,
        "team": TEAM_NAME,
        "user": state.workspace.users[BOT_USER].name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "app_name": state.manifest.name,
        "is_enterprise_install": False,
    }


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
    """Describe a conversation (conversations.info)."""
    channel = state.workspace.channels.get(arguments["channel"])
    if channel is None or not is_visible(channel):
        raise SlackError("channel_not_found")
    private = "groups:read" if channel.is_private else "channels:read"
    state.require_scope("im:read" if channel.dm_with else private)
    shown = _render(channel)
    if arguments.get("include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def read_user(state: State, arguments: Arguments) -> JSON:
    """Describe a person (users.info); the email address only with users:read.email."""
    user = state.workspace.users.get(arguments["user"])
    if user is None:
        raise SlackError("user_not_found")
    profile = {"real_name": user.real_name, "display_name": user.name, "team": TEAM_ID}
    if "users:read.email" in state.scopes and user.email:
        profile["email"] = user.email
    return {
        "user": {
            "id": user.id,
            "team_id": TEAM_ID,
            "name": user.name,
            "real_name": user.real_name,
            "deleted": False,
            "tz": user.tz,
            "tz_label": "Greenwich Mean Time",
            "tz_offset": user.tz_offset,
            "profile": profile,
            "is_admin": user.is_admin,
            "is_owner": False,
            "is_restricted": user.is_guest,
            "is_ultra_restricted": user.is_guest,
            "is_bot": user.is_bot,
            "is_app_user": False,
            **({"locale": "en-GB"} if arguments.get("include_locale") else {}),
        }
    }


def read_team(_state: State, arguments: Arguments) -> JSON:
    """Describe the workspace (team.info)."""
    if arguments.get("team") not in (None, "", TEAM_ID):
        raise SlackError("team_not_found")
    return {
        "team": {
            "id": TEAM_ID,
            "name": TEAM_NAME,
            "domain": TEAM_DOMAIN,
            "email_domain": "",
            "icon": {"image_default": True},
        }
    }


def _render(channel: Channel) -> JSON:
    if channel.dm_with:
        return {"id": channel.id, "is_im": True, "user": channel.dm_with, "is_open": True}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": BOT_USER in channel.members,
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "context_team_id": TEAM_ID,
    }
