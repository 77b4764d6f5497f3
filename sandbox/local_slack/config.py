"""The installed app: its secrets, its address and its manifest.

This is the only module that reads the manifest's JSON. It doesn't validate what Slack's manifest
schema validates: a wrong manifest only grants fewer scopes or declares fewer commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

JSON = dict[str, Any]


class ShortcutType(StrEnum):
    """Where Slack offers a shortcut."""

    GLOBAL = "global"
    MESSAGE = "message"


@dataclass(frozen=True)
class SlackConfig:
    """The installed app, as its settings page would show it; repr hides the secrets."""

    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    events_url: str
    manifest: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Command:
    """A slash command of the app."""

    command: str
    description: str
    usage_hint: str


@dataclass(frozen=True)
class Shortcut:
    """A shortcut of the app."""

    name: str
    callback_id: str
    type: ShortcutType


@dataclass(frozen=True)
class AppManifest:
    """The parts of a manifest that change how Slack treats the app."""

    name: str
    bot_name: str
    commands: tuple[Command, ...]
    shortcuts: tuple[Shortcut, ...]
    scopes: frozenset[str]
    interactive: bool
    options_url: str | None
    home_tab: bool
    events: frozenset[str]
    messages_tab: bool
    messages_tab_read_only: bool


def read_manifest(manifest: Mapping[str, Any]) -> AppManifest:
    """Read a version 2 app manifest.

    `bot_optional` scopes count as granted. Over HTTP, Slack asks for options and tells events only
    if the manifest has a URL for that; Socket Mode doesn't need one, so we assume it there.
    """
    features = manifest.get("features") or {}
    app_home = features.get("app_home") or {}
    settings = manifest.get("settings") or {}
    interactivity = settings.get("interactivity") or {}
    scopes = (manifest.get("oauth_config") or {}).get("scopes") or {}
    name = str((manifest.get("display_information") or {}).get("name") or "App")
    options_url = interactivity.get("message_menu_options_url")
    subscriptions = settings.get("event_subscriptions") or {}
    hears_events = bool(subscriptions.get("request_url"))
    if settings.get("socket_mode_enabled"):
        options_url = options_url or "socket"
        hears_events = True
    return AppManifest(
        name=name,
        bot_name=str((features.get("bot_user") or {}).get("display_name") or name),
        commands=tuple(_read_command(raw) for raw in features.get("slash_commands") or ()),
        shortcuts=tuple(_read_shortcut(raw) for raw in features.get("shortcuts") or ()),
        scopes=frozenset(scopes.get("bot") or ()) | frozenset(scopes.get("bot_optional") or ()),
        interactive=bool(interactivity.get("is_enabled")),
        options_url=options_url,
        home_tab=bool(app_home.get("home_tab_enabled")),
        events=frozenset(subscriptions.get("bot_events") or ()) if hears_events else frozenset(),
        messages_tab=app_home.get("messages_tab_enabled") is not False,
        messages_tab_read_only=bool(app_home.get("messages_tab_read_only_enabled")),
    )


def _read_command(raw: Mapping[str, Any]) -> Command:
    return Command(
        command=str(raw.get("command", "")),
        description=str(raw.get("description", "")),
        usage_hint=str(raw.get("usage_hint", "")),
    )


def _read_shortcut(raw: Mapping[str, Any]) -> Shortcut:
    return Shortcut(
        name=str(raw.get("name", "")),
        callback_id=str(raw.get("callback_id", "")),
        type=ShortcutType(raw.get("type", "message")),
    )
