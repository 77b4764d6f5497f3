"""What a person can see, as JSON: the workspace, messages, their open modals, their Home tab."""

from __future__ import annotations

from .actions import ActionError, find_channel, find_user
from .config import JSON
from .mentions import list_pings
from .payloads import render_view
from .state import State
from .workspace import BOT_USER, TEAM_ID, TEAM_NAME, Message, read_moment


def show_workspace(state: State, user_id: str) -> JSON:
    """Describe the workspace: people, the person's channels, the app's commands and shortcuts."""
    user = find_user(state, user_id)
    manifest, workspace = state.manifest, state.workspace
    channels = (c for c in workspace.channels.values() if user.id in c.members)
    return {
        "stand_in": True,
        "team": {"id": TEAM_ID, "name": TEAM_NAME},
        "me": user.id,
        "bot": {"id": BOT_USER, "name": manifest.bot_name, "app_name": manifest.name},
        "users": [
            {"id": u.id, "handle": u.name, "name": u.shown_name, "is_bot": u.is_bot}
            | {"is_guest": u.is_restricted, "is_admin": u.is_admin}
            | {"is_outsider": u.is_outsider, "is_deleted": u.is_deleted}
            for u in workspace.users.values()
        ],
        "channels": [
            {
                "id": channel.id,
                "name": channel.name or manifest.bot_name,
                "is_private": channel.is_private,
                "is_archived": channel.is_archived,
                "is_ext_shared": channel.is_ext_shared,
                "is_im": channel.dm_with is not None,
                "posting_restricted": channel.posting_restricted,
                "bot_is_member": BOT_USER in channel.members,
            }
            for channel in channels
        ],
        "commands": [vars(c) for c in manifest.commands if not user.is_outsider],
        "shortcuts": [vars(s) for s in manifest.shortcuts if not user.is_outsider],
    }


def list_messages(state: State, user_id: str, channel_id: str, since: str | None) -> JSON:
    """List a channel's messages, including replies, oldest first.

    With `since`, a ts, only messages that were posted later; an edited message keeps its ts.
    Raises ActionError.
    """
    user = find_user(state, user_id).id
    channel = find_channel(state, user, channel_id)
    after = read_moment(since) if since else -1
    if after is None:
        raise ActionError("since must be a message timestamp.")
    visible = (
        message
        for message in state.workspace.messages(channel.id, after)
        if message.ephemeral_to in (None, user)
    )
    return {"messages": [_render(state, message) for message in visible]}


def list_views(state: State, user_id: str) -> JSON:
    """List a person's open modals, newest last, with Slack's errors about each."""
    user = find_user(state, user_id).id
    return {
        "views": [
            {**render_view(view), "errors": view.errors, "trouble": view.trouble}
            for view in state.views.shown_to(user)
        ]
    }


def show_home(state: State, user_id: str) -> JSON:
    """Return a person's Home tab; ``view`` is None until the app has published one."""
    home = state.homes.of(find_user(state, user_id).id)
    view = {**render_view(home), "trouble": home.trouble} if home else None
    return {"has_home": state.manifest.home_tab, "view": view}


def _render(state: State, message: Message) -> JSON:
    user = state.workspace.users[message.user]
    if message.pings is None:
        message.pings = list_pings(message)
    return {
        "ts": message.ts,
        "user": user.id,
        "name": message.username or user.shown_name,
        "is_bot": user.is_bot,
        "text": message.text,
        "mrkdwn": message.is_mrkdwn,
        "blocks": message.blocks,
        "thread_ts": message.thread_ts,
        "reply_count": len(state.workspace.replies(message)),
        "broadcast": message.is_broadcast,
        "edited": message.edited_ts is not None,
        "deleted": message.is_tombstone,
        "ephemeral": message.ephemeral_to is not None,
        "pings": message.pings,
        "metadata": message.metadata,
    }
