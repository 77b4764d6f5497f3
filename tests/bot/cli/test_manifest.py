"""The manifest is valid, matches what the bot listens to, and asks for no scope that isn't used."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from slack_sdk.web import WebClient

from bot.cli.manifest import OPTIONAL_SCOPES, SCOPES, build_manifest, install_link, manifest_as_yaml
from bot.slack.commands.command import SHORTCUT
from sandbox.local_slack.config import ShortcutType, read_manifest

ROOT = Path(__file__).resolve().parents[3]
URL = "https://bot.example.com"

# The scopes that Slack's reference names for each method: https://docs.slack.dev/reference/methods
# chat:write.public widens chat.postMessage to public channels that the bot has not joined.
HISTORY = {"channels:history", "groups:history", "im:history", "mpim:history"}
CONVERSATIONS = {"channels:read", "groups:read", "im:read", "mpim:read"}
METHOD_SCOPES: dict[str, set[str]] = {
    "apps_connections_open": set(),  # with the app-level token
    "auth_test": set(),
    "bots_info": {"users:read"},
    "chat_delete": {"chat:write"},
    "chat_getPermalink": set(),
    "chat_postMessage": {"chat:write", "chat:write.public"},
    "chat_update": {"chat:write"},
    "conversations_history": HISTORY,
    "conversations_info": CONVERSATIONS,
    "conversations_replies": HISTORY,
    "usergroups_list": {"usergroups:read"},
    "users_info": {"users:read"},
    "views_open": set(),
    "views_publish": set(),
    "views_update": set(),
}
# Bolt's registrations that need a scope: https://docs.slack.dev/reference/scopes/commands
LISTENER_SCOPES = {"command": {"commands"}, "shortcut": {"commands"}}


def _nodes() -> Iterator[ast.AST]:
    for file in (ROOT / "bot").rglob("*.py"):
        yield from ast.walk(ast.parse(file.read_text()))


def _calls() -> set[str]:
    """Return the names of all methods that are called on something in bot/."""
    return {
        node.func.attr
        for node in _nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


def _web_api_calls() -> set[str]:
    """Return the methods of the Web API that are called, or named as "conversations.history"."""
    methods = {name for name in vars(WebClient) if "_" in name and not name.startswith("_")}
    named = {
        node.value.replace(".", "_")
        for node in _nodes()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value
    }
    return (_calls() | named) & methods


def test_the_scopes_of_every_called_method_are_known() -> None:
    assert _web_api_calls() == set(METHOD_SCOPES)


def test_every_scope_is_needed_and_every_needed_scope_is_asked_for() -> None:
    needed = set().union(*(METHOD_SCOPES[name] for name in _web_api_calls()))
    needed |= set().union(*(LISTENER_SCOPES[n] for n in _calls() & set(LISTENER_SCOPES)))
    assert needed == {*SCOPES, *OPTIONAL_SCOPES}
    # An administrator may refuse them.
    optional = HISTORY | CONVERSATIONS | {"users:read", "usergroups:read"}
    assert set(OPTIONAL_SCOPES) == optional
    assert all(reason.strip() for reason in SCOPES.values())


def test_manifest_yml_is_the_module_s_output() -> None:
    assert (ROOT / "manifest.yml").read_text() == manifest_as_yaml()


def test_the_yaml_reads_back_as_the_manifest() -> None:
    for manifest in ("/proactive", ""), ("/acme", URL):
        assert yaml.safe_load(manifest_as_yaml(*manifest)) == build_manifest(*manifest)


VARIANTS = [
    pytest.param(build_manifest(), id="Socket Mode"),
    pytest.param(build_manifest(url=URL), id="HTTP"),
    pytest.param(build_manifest("/acme", URL + "/"), id="HTTP, own command"),
]


@pytest.mark.parametrize("manifest", VARIANTS)
def test_slack_reaches_the_bot_for_everything_in_the_same_way(manifest: dict[str, Any]) -> None:
    settings = manifest["settings"]
    is_socket = settings["socket_mode_enabled"]
    urls = [settings["interactivity"].get("request_url")]
    urls += [command.get("url") for command in manifest["features"]["slash_commands"]]
    assert settings["interactivity"]["is_enabled"]
    assert set(urls) == ({None} if is_socket else {f"{URL}/slack/events"})
    assert "event_subscriptions" not in settings or is_socket or settings["event_subscriptions"]


@pytest.mark.parametrize("manifest", VARIANTS)
def test_no_name_is_longer_than_slack_takes(manifest: dict[str, Any]) -> None:
    display, features = manifest["display_information"], manifest["features"]
    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert 4 <= len(display["background_color"]) <= 7
    assert set(features["bot_user"]["display_name"]) <= set(
        "abcdefghijklmnopqrstuvwxyz0123456789-_."
    )
    for command in features["slash_commands"]:
        assert command["command"].startswith("/")
        assert len(command["command"]) <= 32
        assert 0 < len(command["description"]) <= 2_000
        assert 0 < len(command["usage_hint"]) <= 1_000
    for shortcut in features["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150


@pytest.mark.parametrize("manifest", VARIANTS)
def test_the_manifest_declares_what_the_bot_listens_to(manifest: dict[str, Any]) -> None:
    read = read_manifest(manifest)
    assert read.interactive
    assert read.messages_tab  # else the bot could not write to an agent directly
    assert [(one.callback_id, one.type) for one in read.shortcuts] == [
        (SHORTCUT, ShortcutType.MESSAGE)
    ]
    assert read.scopes == {*SCOPES, *OPTIONAL_SCOPES}


@pytest.mark.parametrize("manifest", VARIANTS)
def test_no_token_is_asked_for_that_the_bot_could_not_renew(
    manifest: dict[str, Any],
) -> None:
    assert manifest["settings"]["token_rotation_enabled"] is False
    assert "user" not in manifest["oauth_config"]["scopes"]


@pytest.mark.parametrize("command", ["/proactive", "/notify-customer"])
def test_the_install_link_contains_the_whole_manifest(command: str) -> None:
    link = urlsplit(install_link(command))
    assert (link.scheme, link.netloc, link.path) == ("https", "api.slack.com", "/apps")
    query = parse_qs(link.query, strict_parsing=True)
    assert query["new_app"] == ["1"]
    assert yaml.safe_load(query["manifest_yaml"][0]) == build_manifest(command)
    assert install_link(command).isascii()
    assert " " not in install_link(command)


def test_slack_asks_for_a_menu_s_options_where_it_sends_everything_else() -> None:
    http = build_manifest(url=URL)["settings"]["interactivity"]
    assert http["message_menu_options_url"] == http["request_url"] == f"{URL}/slack/events"
    assert "message_menu_options_url" not in build_manifest()["settings"]["interactivity"]
