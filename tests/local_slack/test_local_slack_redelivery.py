from __future__ import annotations

import pytest

from sandbox.local_slack.chat import post_message
from sandbox.local_slack.config import SlackConfig
from sandbox.local_slack.history import read_history, read_replies
from sandbox.local_slack.logs import CALLS_KEPT, Calls, Deliveries
from sandbox.local_slack.state import State
from sandbox.local_slack.workspace import Message, read_moment

BUTTON = {
    "type": "button",
    "action_id": "act",
    "text": {"type": "plain_text", "text": "Undo"},
    "value": "r1",
}
ACTIONS = {"type": "actions", "block_id": "row", "elements": [BUTTON]}


def test_a_command_can_come_twice(slack, bot) -> None:
    slack.command("jane@example.com")
    answer = slack.post("/control/slack/redeliver", count=2)
    assert [ack["status"] for ack in answer["acks"]] == [200, 200]
    first, second, third = bot.bodies
    assert first == second == third and first["text"] == "jane@example.com"


def test_an_earlier_interaction_can_come_late(slack, bot) -> None:
    ts = slack.client.chat_postMessage(channel="C0SUPPORT", text="x", blocks=[ACTIONS])["ts"]
    slack.post("/people/actions", channel="C0SUPPORT", ts=ts, block_id="row", action_id="act")
    slack.command()
    sent = slack.get("/control/slack/deliveries")["deliveries"]
    assert [delivery["type"] for delivery in sent] == ["block_actions", "/proactive"]
    for which in (0, -2):
        answer = slack.post("/control/slack/redeliver", which=which)
        assert answer["delivery"]["number"] == 0
    assert [body.get("type") for body in bot.bodies] == ["block_actions", None] + [
        "block_actions"
    ] * 2
    assert bot.bodies[0]["actions"][0]["action_ts"] == bot.bodies[3]["actions"][0]["action_ts"]
    assert len(slack.get("/control/slack/deliveries")["deliveries"]) == 2


def test_an_unacknowledged_payload_can_come_again(slack, bot) -> None:
    slack.settings(events_url="http://127.0.0.1:9/none", ack_seconds=1)
    assert slack.command()["ack"]["failure"]
    answer = slack.post("/control/slack/redeliver")
    assert answer["acks"][0]["failure"] == "dispatch_failed" and bot.bodies == []


def test_over_a_socket_each_repeat_has_a_new_envelope(slack, socket_bot) -> None:
    slack.command("hi")
    answer = slack.post("/control/slack/redeliver", count=3, at_once=True)
    assert [ack["status"] for ack in answer["acks"]] == [200] * 3
    assert len(socket_bot.bodies) == 4
    assert all(body == socket_bot.bodies[0] for body in socket_bot.bodies)


@pytest.mark.parametrize(
    "wanted", [{}, {"which": 7}, {"which": "first"}, {"count": 0}, {"count": 101}, {"count": True}]
)
def test_only_a_delivered_payload_can_come_again(slack, wanted) -> None:
    assert slack.post("/control/slack/redeliver", **wanted)["status"] == 400


def test_a_reset_forgets_the_deliveries(slack, bot) -> None:
    slack.command()
    slack.post("/control/slack/reset")
    assert slack.get("/control/slack/deliveries")["deliveries"] == []


def test_a_poller_reads_only_new_calls(slack) -> None:
    slack.client.auth_test()
    slack.client.chat_postMessage(channel="C0SUPPORT", text="x")
    calls = slack.get("/control/slack/calls")["calls"]
    assert [call["method"] for call in calls] == ["auth.test", "chat.postMessage"]
    slack.client.auth_test()
    path = f"/control/slack/calls?after={calls[-1]['number']}"
    assert [call["number"] for call in slack.get(path)["calls"]] == [2]
    assert slack.get(f"{path}&method=chat.postMessage")["calls"] == []
    slack.delete("/control/slack/calls")
    slack.client.auth_test()
    assert [call["number"] for call in slack.get(path)["calls"]] == [3]
    assert slack.get("/control/slack/calls?after=x")["status"] == 400


def test_the_logs_are_bounded() -> None:
    calls, deliveries = Calls(), Deliveries()
    for number in range(CALLS_KEPT + 10):
        calls.add(0.0, "auth.test", {"token": "secret"})
        deliveries.add(0.0, "interactive", {"type": str(number)})
    kept = calls.since(-1)
    assert len(kept) == CALLS_KEPT and kept[0]["number"] == 10
    assert kept[0]["arguments"] == {}
    last = deliveries.find(-1)
    assert last is not None and last.payload["type"] == str(CALLS_KEPT + 9)
    assert deliveries.find(0) is None


def test_a_poller_reads_only_new_messages(slack) -> None:
    slack.client.chat_postMessage(channel="C0SUPPORT", text="old")
    last = slack.messages()[-1]["ts"]
    path = f"/people/channels/C0SUPPORT/messages?since={last}"
    assert slack.get(path)["messages"] == []
    slack.client.chat_postMessage(channel="C0SUPPORT", text="new", thread_ts=last)
    assert [message["text"] for message in slack.get(path)["messages"]] == ["new"]
    assert slack.get("/people/channels/C0SUPPORT/messages?since=now")["status"] == 400


def test_the_last_of_500_threads_costs_no_more_than_the_second(manifest, monkeypatch) -> None:
    manifest["oauth_config"]["scopes"]["bot"].append("channels:history")
    now, looked_at, costs = [1_700_000_000.0], [0], []

    def look(message: Message) -> int | None:
        looked_at[0] += 1
        return read_moment(message.ts)

    monkeypatch.setattr(Message, "moment", property(look))
    state = State(SlackConfig("b", "a", "s", "http://127.0.0.1/", manifest), lambda: now[0])
    here = {"channel": "C0SUPPORT"}
    for request in range(500):
        now[0] += 10
        looked_at[0] = 0
        parent = post_message(state, {**here, "text": f"card {request}", "blocks": [ACTIONS]})["ts"]
        for line in range(4):
            post_message(state, {**here, "text": f"line {line}", "thread_ts": parent})
        recent = read_history(state, {**here, "oldest": parent, "inclusive": True})
        assert [message["ts"] for message in recent["messages"]] == [parent]
        assert len(read_replies(state, {**here, "ts": parent})["messages"]) == 5
        assert len(state.workspace.messages("C0SUPPORT", int(now[0] * 1e6) - 1)) == 5
        costs.append(looked_at[0])
    assert costs[-1] == costs[1]
