"""The Home tab: what Slack takes, who is told that it was opened, and what clicks carry."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

EVENTS = {"bot_events": ["app_home_opened"], "request_url": "https://bot.example.com/events"}
TEXT = {"type": "plain_text", "text": "Hello"}
BUTTON = {"type": "button", "action_id": "act", "text": TEXT, "value": "one"}
HOME = {
    "type": "home",
    "callback_id": "home",
    "private_metadata": "page 1",
    "blocks": [{"type": "actions", "block_id": "row", "elements": [BUTTON]}],
}


@pytest.fixture
def manifest(manifest: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    manifest["features"]["app_home"] = {"home_tab_enabled": True}
    manifest["settings"]["event_subscriptions"] = dict(EVENTS)
    for name in getattr(request, "param", ()):
        manifest["settings"]["event_subscriptions"].pop(name, None)
        manifest["features"]["app_home"].pop(name, None)
    return manifest


def test_the_bot_is_told_whenever_a_person_enters_the_home_tab(slack, bot) -> None:
    entered: list[Any] = []

    @bot.app.event("app_home_opened")
    async def enter(body: Any) -> None:
        entered.append(body)

    answer = slack.post("/people/home", user="U0ADA")
    assert answer["ack"]["status"] == 200 and answer["view"] is None
    slack.client.views_publish(user_id="U0ADA", view=HOME)
    slack.post("/people/home", user="U0ADA")
    first, second = (body["event"] for body in entered)
    assert first["user"] == "U0ADA" and first["tab"] == "home" and "view" not in first
    assert second["view"]["private_metadata"] == "page 1"
    assert [body["type"] for body in entered] == ["event_callback"] * 2
    assert len({body["event_id"] for body in entered}) == 2


def test_a_home_tab_keeps_its_id_and_gets_a_new_version(slack) -> None:
    first = slack.client.views_publish(user_id="U0ADA", view=HOME)["view"]
    second = slack.client.views_publish(user_id="U0ADA", view=HOME, hash=first["hash"])["view"]
    assert (first["id"], first["type"]) == (second["id"], "home")
    with pytest.raises(SlackApiError, match="hash_conflict"):
        slack.client.views_publish(user_id="U0ADA", view=HOME, hash=first["hash"])
    assert slack.get("/people/home?user=U0ADA")["view"]["hash"] == second["hash"]
    assert slack.get("/people/home?user=U0BEN")["view"] is None


def test_a_click_carries_the_view_and_a_trigger_that_opens_a_modal(slack, bot) -> None:
    async def open_modal(ack: Any, body: Any, client: Any) -> None:
        await ack()
        modal = {"type": "modal", "title": TEXT, "blocks": [{"type": "divider"}]}
        await client.views_open(trigger_id=body["trigger_id"], view=modal)

    bot.on_action = open_modal
    view = slack.client.views_publish(user_id="U0ADA", view=HOME)["view"]
    act = {"view_id": view["id"], "block_id": "row", "action_id": "act"}
    assert slack.post("/people/actions", user="U0ADA", **act)["ack"]["status"] == 200
    (body,) = bot.bodies
    assert body["view"]["type"] == "home" and body["view"]["private_metadata"] == "page 1"
    assert body["container"] == {"type": "view", "view_id": view["id"]}
    assert body["actions"][0]["value"] == "one"
    assert "channel" not in body and "response_url" not in body
    assert len(slack.views()) == 1
    assert slack.post("/people/actions", user="U0BEN", **act)["status"] == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": TEXT},
        {"type": "modal"},
        {"blocks": []},
        {"blocks": [{"type": "divider"}] * 101},
        {"blocks": [{"type": "alert", "text": TEXT}]},
        {"private_metadata": "x" * 3001},
    ],
)
def test_what_no_home_tab_may_have_is_refused(slack, wrong: dict[str, Any]) -> None:
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        slack.client.views_publish(user_id="U0ADA", view={**HOME, **wrong})
    full = {**HOME, "blocks": [{"type": "divider"}] * 100}
    assert slack.client.views_publish(user_id="U0ADA", view=full)["ok"]


def test_there_is_a_home_tab_only_for_people_who_exist(slack) -> None:
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        slack.client.views_publish(user_id="U0NOBODY", view=HOME)


@pytest.mark.parametrize("manifest", [["home_tab_enabled"]], indirect=True)
def test_without_the_feature_there_is_no_home_tab(slack, bot) -> None:
    with pytest.raises(SlackApiError, match="not_enabled"):
        slack.client.views_publish(user_id="U0ADA", view=HOME)
    assert slack.get("/people/home?user=U0ADA")["has_home"] is False
    assert slack.post("/people/home", user="U0ADA")["status"] == 400


@pytest.mark.parametrize("manifest", [["bot_events"], ["request_url"]], indirect=True)
def test_without_a_subscription_the_bot_is_not_told(slack, bot) -> None:
    assert slack.post("/people/home", user="U0ADA")["ack"] is None
    assert bot.bodies == []


def test_socket_mode_delivers_the_event_too(slack, socket_bot) -> None:
    entered: list[Any] = []

    @socket_bot.app.event("app_home_opened")
    async def enter(body: Any) -> None:
        entered.append(body)

    answer = slack.post("/people/home", user="U0ADA")
    assert answer["ack"]["status"] == 200
    assert [body["event"]["user"] for body in entered] == ["U0ADA"]
