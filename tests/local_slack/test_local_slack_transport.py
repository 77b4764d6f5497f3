from __future__ import annotations

import time

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.conftest import wait_until


def deliver(slack, headers: dict | None = None, text: str = "hi") -> dict:
    body = {"command": "/proactive", "text": text, "user_id": "U0ADA", "team_id": "T0LOCAL"}
    return slack.post("/control/slack/deliver", kind="command", body=body, headers=headers or {})


def test_a_correct_signature_is_accepted(slack, bot) -> None:
    assert deliver(slack)["status"] == 200 and len(bot.bodies) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": "v0=bad"},
        {"X-Slack-Request-Timestamp": str(int(time.time()) - 4000)},
        {"X-Slack-Request-Timestamp": str(int(time.time()) + 4000)},
    ],
)
def test_a_test_can_forge_a_request(slack, bot, headers) -> None:
    assert deliver(slack, headers)["status"] == 401
    assert bot.bodies == []


def test_a_raw_body_is_sent_unchanged(slack, bot) -> None:
    raw = {"kind": "raw", "body": "ssl_check=1&token=x"}
    assert slack.post("/control/slack/deliver", **raw)["status"] == 200
    assert slack.post("/control/slack/deliver", kind="raw", body={})["status"] == 400


def test_everything_arrives_over_a_socket(slack, socket_bot) -> None:
    async def explain(ack) -> None:
        await ack("Usage")

    socket_bot.on_command = explain
    ack = slack.command("jane@example.com")["ack"]
    assert ack["status"] == 200 and ack["body"] == {"text": "Usage"}
    assert socket_bot.bodies[0]["text"] == "jane@example.com"
    assert slack.messages()[0]["text"] == "Usage"


def test_a_submission_is_answered_over_a_socket(slack, socket_bot) -> None:
    async def refuse(ack) -> None:
        await ack(response_action="errors", errors={"who": "No such customer."})

    slack.command()
    view = {
        "type": "modal",
        "callback_id": "modal",
        "title": {"type": "plain_text", "text": "T"},
        "submit": {"type": "plain_text", "text": "S"},
        "blocks": [
            {
                "type": "input",
                "block_id": "who",
                "optional": True,
                "label": {"type": "plain_text", "text": "L"},
                "element": {"type": "plain_text_input", "action_id": "typed"},
            }
        ],
    }
    trigger_id = socket_bot.bodies[-1]["trigger_id"]
    view_id = slack.client.views_open(trigger_id=trigger_id, view=view)["view"]["id"]
    socket_bot.on_submission = refuse
    answer = slack.post(f"/people/views/{view_id}/submit", values={})
    assert answer["result"] == "errors" and answer["errors"] == {"who": "No such customer."}


def test_no_ack_over_a_socket_is_a_timeout(slack, socket_bot, hang) -> None:
    socket_bot.on_command = hang
    slack.settings(ack_seconds=0.1)
    assert slack.command()["ack"]["failure"] == "operation_timeout"


@pytest.mark.parametrize("loss", ["drop_socket", "refresh_socket"])
def test_a_bot_reconnects_after_its_socket_ends(slack, socket_bot, loss) -> None:
    assert slack.settings(**{loss: True})["sockets"] == 0
    wait_until(lambda: slack.get("/control/slack/settings")["sockets"] == 1)
    assert slack.command()["ack"]["failure"] is None


def test_the_same_envelope_can_come_twice(slack, socket_bot) -> None:
    slack.command()
    envelope = {"type": "slash_commands", "envelope_id": "e1", "payload": socket_bot.bodies[0]}
    for _ in range(2):
        assert slack.post("/control/slack/deliver", kind="envelope", body=envelope)["ok"]
    assert len(socket_bot.bodies) == 3


def test_a_socket_needs_the_app_token_and_a_fresh_ticket(slack) -> None:
    client = WebClient(base_url=f"{slack.url}/api/")
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        client.apps_connections_open(app_token="xoxb-test")
    url = client.apps_connections_open(app_token="xapp-test")["url"]
    assert url.startswith("ws://127.0.0.1:") and "ticket=" in url
