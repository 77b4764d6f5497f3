"""What Slack sends: messages and views as JSON, and the payloads of people's actions."""

from __future__ import annotations

from typing import Any

from .config import JSON, Shortcut, ShortcutType
from .state import State
from .views import View
from .wire_text import escape_plain_text
from .workspace import (
    APP_ID,
    BOT_ID,
    BOT_USER,
    ENTERPRISE_ID,
    ENTERPRISE_NAME,
    OTHER_TEAM_DOMAIN,
    SLACKBOT,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Message,
)

# Slack still sends this deprecated token; apps check the signature.
VERIFICATION_TOKEN = "not-a-secret-verification-token"


def render_message(state: State, message: Message) -> JSON:
    """Return a message as the Web API and payloads have it, without absent fields."""
    rendered: JSON = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": state.workspace.users[message.user].team_id,
        "blocks": message.blocks or None,
        "attachments": message.attachments or None,
        "metadata": message.metadata,
        "username": message.username,
    }
    if message.is_broadcast:
        rendered["subtype"] = "thread_broadcast"
    if message.is_tombstone:
        rendered |= {"subtype": "tombstone", "hidden": True, "user": SLACKBOT}
    elif message.user == BOT_USER:
        rendered |= {
            "bot_id": BOT_ID,
            "app_id": APP_ID,
            "bot_profile": {
                "id": BOT_ID,
                "app_id": APP_ID,
                "name": state.manifest.bot_name,
                "team_id": TEAM_ID,
            },
        }
    if message.edited_ts:
        rendered["edited"] = {"user": message.user, "ts": message.edited_ts}
    replies = state.workspace.replies(message)
    if replies:
        rendered |= {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "latest_reply": replies[-1].ts,
        }
    if message.thread_ts:
        parent = state.workspace.message(message.channel, message.thread_ts)
        rendered["thread_ts"] = message.thread_ts
        rendered["parent_user_id"] = parent.user if parent else None
    return {name: value for name, value in rendered.items() if value is not None}


def render_view(view: View) -> JSON:
    """Return a view as the Web API and payloads have it."""
    definition = view.definition
    is_modal = definition["type"] == "modal"
    titled = {"title": definition["title"]} if is_modal else {}
    return {
        "id": view.id,
        "team_id": TEAM_ID,
        "type": definition["type"],
        "blocks": definition["blocks"],
        "private_metadata": definition.get("private_metadata", ""),
        "callback_id": definition.get("callback_id", ""),
        "state": {"values": view.values},
        "hash": view.hash,
        **titled,
        "clear_on_close": definition.get("clear_on_close", False),
        "notify_on_close": definition.get("notify_on_close", False),
        "close": definition.get("close"),
        "submit": definition.get("submit"),
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": APP_ID,
        "external_id": view.external_id,
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }


def slash_command(
    state: State, user: str, channel: Channel, command: str, text: str
) -> dict[str, str]:
    """Build the form that a slash command sends."""
    named = "directmessage" if channel.dm_with else channel.name
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": "privategroup" if channel.is_private and not channel.dm_with else named,
        "user_id": user,
        "user_name": state.workspace.users[user].name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "true" if state.settings.org_wide else "false",
        "response_url": state.issue_response_url(user, channel.id),
        "trigger_id": state.triggers.issue(user),
    }


def shortcut(state: State, user: str, pressed: Shortcut, message: Message | None) -> JSON:
    """Build the payload of a global shortcut, or of a message shortcut on a message."""
    payload = {
        **_head(state, "shortcut", user),
        "callback_id": pressed.callback_id,
        "trigger_id": state.triggers.issue(user),
        "action_ts": state.workspace.next_ts(),
    }
    if pressed.type is ShortcutType.GLOBAL or message is None:
        return payload
    return {
        **payload,
        "type": "message_action",
        "message_ts": message.ts,
        "message": _carried(state, message),
        "channel": _place(state, message.channel),
        "response_url": state.issue_response_url(user, message.channel, message),
    }


def view_submission(state: State, view: View) -> JSON:
    """Build the payload of a submission."""
    return {
        **_head(state, "view_submission", view.user, in_view=True),
        "trigger_id": state.triggers.issue(view.user, view.id),
        "view": render_view(view),
        "response_urls": [],
    }


def view_closed(state: State, view: View, *, is_cleared: bool) -> JSON:
    """Build the payload of a closed view."""
    return {
        **_head(state, "view_closed", view.user, in_view=True),
        "view": render_view(view),
        "is_cleared": is_cleared,
    }


def block_actions(state: State, user: str, source: View | Message, action: JSON) -> JSON:
    """Build the payload of an action on an element of a view or message."""
    view_id = source.id if isinstance(source, View) else None
    payload = {
        **_head(state, "block_actions", user, in_view=isinstance(source, View)),
        **_source(state, source),
        "trigger_id": state.triggers.issue(user, view_id),
        "actions": [escape_plain_text({**action, "action_ts": state.workspace.next_ts()})],
    }
    if isinstance(source, Message):
        payload["state"] = {"values": {}}
        payload["response_url"] = state.issue_response_url(user, source.channel, source)
    return payload


def block_suggestion(state: State, user: str, source: View | Message, asked: JSON) -> JSON:
    """Build the payload of a request for options; `asked` has block_id, action_id and value."""
    head = _head(state, "block_suggestion", user, in_view=isinstance(source, View))
    return {**head, **_source(state, source), **asked}


def _head(state: State, kind: str, user_id: str, *, in_view: bool = False) -> JSON:
    user, org_wide = state.workspace.users[user_id], state.settings.org_wide
    team = {"id": TEAM_ID, "domain": TEAM_DOMAIN}
    if in_view and user.is_outsider:  # only the view says then whose app it is
        team = {"id": user.team_id, "domain": OTHER_TEAM_DOMAIN}
    enterprise = {"id": ENTERPRISE_ID, "name": ENTERPRISE_NAME}
    return {
        "type": kind,
        "team": None if org_wide else team,
        "user": {
            "id": user.id,
            "username": user.name,
            "name": user.name,
            "team_id": user.team_id,
        },
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "enterprise": enterprise if org_wide else None,
        "is_enterprise_install": org_wide,
    }


def _source(state: State, source: View | Message) -> JSON:
    if isinstance(source, View):
        return {
            "container": {"type": "view", "view_id": source.id},
            "view": render_view(source),
        }
    container: dict[str, Any] = {
        "type": "message",
        "message_ts": source.ts,
        "channel_id": source.channel,
        "is_ephemeral": bool(source.ephemeral_to),
    }
    if source.thread_ts:
        container["thread_ts"] = source.thread_ts
    where = {"container": container, "channel": _place(state, source.channel)}
    # Slack doesn't store ephemeral messages, so it can't send them.
    return where if source.ephemeral_to else {**where, "message": _carried(state, source)}


def _carried(state: State, message: Message) -> JSON:
    rendered: JSON = escape_plain_text(render_message(state, message))
    return rendered


def _place(state: State, channel_id: str) -> JSON:
    channel = state.workspace.channels[channel_id]
    named = "directmessage" if channel.dm_with else channel.name
    return {"id": channel.id, "name": named}
