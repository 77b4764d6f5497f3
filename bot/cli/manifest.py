"""The Slack app's manifest, for HTTP and for Socket Mode.

It asks only for scopes that the bot uses. ``manifest.yml`` is this module's output for Socket Mode.
https://docs.slack.dev/reference/app-manifest
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import yaml

from bot.slack.commands.command import SHORTCUT

# An administrator may refuse all of these.
# The bot recognises its own post when the answer was lost, in channels where it's a member; without
# these scopes it posts again.
HISTORY_SCOPES = ("channels:history", "groups:history", "im:history", "mpim:history")
# The rules about people, channels and groups. Where a rule needs one that's missing, the bot
# refuses; without such a rule it doesn't ask.
PEOPLE_SCOPE = "users:read"
CHANNEL_SCOPES = ("channels:read", "groups:read", "im:read", "mpim:read")
GROUP_SCOPE = "usergroups:read"
OPTIONAL_SCOPES = (*HISTORY_SCOPES, PEOPLE_SCOPE, *CHANNEL_SCOPES, GROUP_SCOPE)
SCOPES = {
    "commands": "the slash command and the message shortcut",
    "chat:write": "posts cards, their threads, and direct messages to the agent who asked",
    "chat:write.public": "posts them in public channels without being invited first",
}


def build_manifest(command: str = "/proactive", url: str = "") -> dict[str, Any]:
    """Return the manifest; ``url`` is the bot's public address, empty for Socket Mode."""
    events = f"{url.rstrip('/')}/slack/events" if url else ""
    slash = {
        "command": command,
        "description": "Message a customer first, on web messaging",
        "usage_hint": "[email or phone] [message]",
        "should_escape": False,
    }
    interactivity: dict[str, Any] = {"is_enabled": True}
    subscriptions: dict[str, Any] = {"bot_events": ["app_home_opened"]}
    if events:
        subscriptions["request_url"] = events
        slash["url"] = events
        interactivity["request_url"] = events
        interactivity["message_menu_options_url"] = events
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Proactive",
            "description": "Message a Genesys Cloud web messaging customer first",
            "background_color": "#1d3557",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "proactive", "always_online": True},
            "shortcuts": [
                {
                    "name": "Notify customer",
                    "type": "message",
                    "callback_id": SHORTCUT,
                    "description": "Message the customer whom this message names",
                }
            ],
            "slash_commands": [slash],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES), "bot_optional": list(OPTIONAL_SCOPES)}},
        "settings": {
            "event_subscriptions": subscriptions,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": not events,
            "token_rotation_enabled": False,
        },
    }


def manifest_as_yaml(command: str = "/proactive", url: str = "") -> str:
    """Return the manifest as YAML."""
    text: str = yaml.safe_dump(build_manifest(command, url), sort_keys=False, allow_unicode=True)
    return text


def install_link(command: str = "/proactive") -> str:
    """Return the link that creates the app for Socket Mode with one click."""
    return f"https://api.slack.com/apps?new_app=1&manifest_yaml={quote(manifest_as_yaml(command))}"
