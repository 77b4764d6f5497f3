from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.local_slack import SlackConfig


@pytest.fixture
def change() -> dict:
    """The changes to a test's manifest, by dotted path."""
    return {}


@pytest.fixture
def manifest(manifest, change) -> dict:
    for path, value in change.items():
        *parents, name = path.split(".")
        place = manifest
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = value
    return manifest


READING = ["users:read", "users:read.email", "team:read", "channels:read", "im:read", "im:write"]


@pytest.mark.parametrize("change", [{"oauth_config.scopes.bot_optional": READING}])
def test_granted_scopes_open_the_reading_methods(slack) -> None:
    user = slack.client.users_info(user="U0ADA")["user"]
    assert user["real_name"] == "Ada Nowak" and user["profile"]["email"].endswith("example.com")
    slack.settings(missing_scopes=["users:read.email"])
    assert "email" not in slack.client.users_info(user="U0ADA")["user"]["profile"]
    assert slack.client.team_info()["team"]["id"] == "T0LOCAL"
    channel = slack.client.conversations_info(channel="C0GENERAL", include_num_members=True)
    assert channel["channel"]["is_member"] is False and channel["channel"]["num_members"] == 3
    assert slack.client.conversations_open(users="U0ADA")["channel"]["id"] == "D0ADA"
    with pytest.raises(SlackApiError, match="user_not_found"):
        slack.client.conversations_open(users="U0NONE")
    with pytest.raises(SlackApiError, match="channel_not_found"):
        slack.client.conversations_info(channel="C0VIP")


@pytest.mark.parametrize("change", [{"settings.interactivity.is_enabled": False}])
def test_without_interactivity_no_shortcut_reaches_the_bot(slack, bot) -> None:
    answer = slack.post("/people/shortcuts", callback_id="notify_anywhere")
    assert answer["status"] == 400 and "interactive" in answer["error"]
    assert bot.bodies == []


@pytest.mark.parametrize("change", [{"features.app_home.messages_tab_enabled": False}])
def test_without_a_messages_tab_there_are_no_direct_messages(slack) -> None:
    with pytest.raises(SlackApiError, match="messages_tab_disabled"):
        slack.client.chat_postMessage(channel="U0ADA", text="hello")


@pytest.mark.parametrize("change", [{"features.app_home.messages_tab_read_only_enabled": True}])
def test_people_cannot_post_to_a_read_only_messages_tab(slack) -> None:
    assert slack.post("/people/messages", channel="D0ADA", text="hello")["status"] == 400
    assert slack.client.chat_postMessage(channel="U0ADA", text="hello")["ok"]


@pytest.mark.parametrize("change", [{"settings.interactivity.message_menu_options_url": None}])
def test_over_http_options_need_their_own_url(slack, bot) -> None:
    picker = {"type": "external_select", "action_id": "pick", "min_query_length": 0}
    text = {"type": "plain_text", "text": "x"}
    block = {"type": "section", "block_id": "b", "text": text, "accessory": picker}
    ts = slack.client.chat_postMessage(channel="C0SUPPORT", text="x", blocks=[block])["ts"]
    ask = {"channel": "C0SUPPORT", "ts": ts, "block_id": "b", "action_id": "pick"}
    assert slack.post("/people/options", **ask, value="")["status"] == 400


def test_the_workspace_shows_what_the_manifest_declares(slack) -> None:
    workspace = slack.get("/people/workspace")
    assert workspace["stand_in"] is True and workspace["me"] == "U0ADA"
    assert [command["command"] for command in workspace["commands"]] == ["/proactive"]
    assert {shortcut["type"] for shortcut in workspace["shortcuts"]} == {"message", "global"}
    assert slack.get("/people/workspace?user=U0GUS")["channels"][0]["name"] == "support"
    assert slack.get("/people/workspace?user=U0NONE")["status"] == 400


def test_secrets_stay_out_of_repr() -> None:
    shown = repr(SlackConfig("xoxb-1", "xapp-1", "secret", "http://127.0.0.1/", {}))
    assert "xoxb-1" not in shown and "xapp-1" not in shown and "secret" not in shown
