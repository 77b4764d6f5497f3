"""The stand-in's notification service: topics, permissions, the socket and its events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from .conftest import Local

CHANNELS = "/api/v2/notifications/channels"
CONTROL = "/control/genesys"
EVENTS = "v2.detail.events.conversation.{}.{}.start"


def _undelivered(local: Local) -> str:
    return f"v2.webmessaging.deployments.{local.genesys.deployment_id}.undelivered.messages"


def _channel(local: Local) -> Any:
    answer = local.call("POST", CHANNELS)
    assert answer.status == 200
    return answer.json


def _subscribe(
    local: Local, channel: Any, *topics: str, method: str = "POST", query: str = ""
) -> Any:
    path = f"{CHANNELS}/{channel['id']}/subscriptions{query}"
    return local.call(method, path, [{"id": topic} for topic in topics])


def _topics(local: Local, channel: Any) -> list[str]:
    answer = local.call("GET", f"{CHANNELS}/{channel['id']}/subscriptions")
    return [topic["id"] for topic in answer.json["entities"]]


def _listen(channel: Any, do: Callable[[Any], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(channel["connectUri"]) as socket,
        ):
            return await asyncio.wait_for(do(socket), 5)

    return asyncio.run(run())


def test_topics_are_added_replaced_listed_and_cleared(local: Local) -> None:
    channel = _channel(local)
    assert channel["expires"] == "2026-04-01T12:00:00.000Z"
    one, two = EVENTS.format("c", "flow"), EVENTS.format("c", "acd")
    assert _subscribe(local, channel, one).json["entities"] == [{"id": one, "state": "Permitted"}]
    _subscribe(local, channel, two, one)
    assert _topics(local, channel) == [one, two]
    _subscribe(local, channel, two, method="PUT")
    assert _topics(local, channel) == [two]
    local.call("DELETE", f"{CHANNELS}/{channel['id']}/subscriptions")
    assert _topics(local, channel) == []


def test_one_bad_topic_refuses_all_unless_errors_are_ignored(local: Local) -> None:
    channel = _channel(local)
    good, bad = EVENTS.format("c", "flow"), "v2.users.u.conversations.messages"
    refused = _subscribe(local, channel, good, bad)
    assert (refused.status, refused.json["code"]) == (400, "notification.invalid.topic")
    assert _topics(local, channel) == []
    judged = _subscribe(local, channel, good, bad, query="?ignoreErrors=true").json["entities"]
    assert [topic["state"] for topic in judged] == ["Permitted", "Rejected"]
    assert _topics(local, channel) == [good]


def test_a_topic_without_its_permission_is_rejected(local: Local) -> None:
    local.settings(missing_permissions=["analytics:conversationDetail:view"])
    channel = _channel(local)
    topic = EVENTS.format("c", "acd")
    assert _subscribe(local, channel, topic).status == 403
    answer = _subscribe(local, channel, topic, _undelivered(local), query="?ignoreErrors=true")
    rejected, permitted = answer.json["entities"]
    assert rejected["missingPermissions"] == ["analytics:conversationDetail:view"]
    assert permitted["state"] == "Permitted"


@pytest.mark.parametrize(
    ("body", "query", "status"),
    [
        ({"id": "x"}, "", 400),
        (["x"], "", 400),
        ([{"name": "x"}], "", 400),
        ([{"id": "x", "color": "red"}], "", 400),
        ([], "?ignoreErrors=maybe", 400),
        ([{"id": EVENTS.format(n, "acd")} for n in range(1001)], "", 400),
        ([{"id": EVENTS.format(n, "acd")} for n in range(1000)], "", 200),
    ],
)
def test_subscriptions_are_as_strict_as_the_contract(
    local: Local, body: Any, query: str, status: int
) -> None:
    path = f"{CHANNELS}/{_channel(local)['id']}/subscriptions{query}"
    assert local.call("POST", path, body).status == status


def test_unknown_channels_are_404(local: Local) -> None:
    assert local.call("GET", f"{CHANNELS}/none/subscriptions").status == 404
    channel = _channel(local)
    local.clock.advance(hours=24)
    path = f"{CHANNELS}/{channel['id']}/subscriptions"
    assert local.call("GET", path, token=local.new_token()).status == 404
    with pytest.raises(aiohttp.WSServerHandshakeError):
        _listen(channel, lambda socket: socket.receive_json())


def test_the_21st_channel_ends_the_oldest(local: Local) -> None:
    first, second = _channel(local), _channel(local)
    for _ in range(19):
        _channel(local)
    assert local.call("GET", f"{CHANNELS}/{first['id']}/subscriptions").status == 404
    assert local.call("GET", f"{CHANNELS}/{second['id']}/subscriptions").status == 200


def test_the_socket_sends_heartbeats_and_answers_pings(local: Local) -> None:
    local.settings(heartbeat_seconds=0.02)

    async def talk(socket: Any) -> list[str]:
        said = [(await socket.receive_json())["eventBody"]["message"]]
        await socket.send_str("nonsense")
        await socket.send_json({"message": "ping"})
        while said[-1] != "pong":
            said.append((await socket.receive_json())["eventBody"]["message"])
        return said

    said = _listen(_channel(local), talk)
    assert said[0] == "WebSocket Heartbeat" and said[-1] == "pong"


def test_a_second_socket_ends_the_first(local: Local) -> None:
    channel = _channel(local)

    async def twice(first: Any) -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(channel["connectUri"]),
        ):
            return (await first.receive()).type

    assert _listen(channel, twice) is aiohttp.WSMsgType.CLOSE


def test_an_undelivered_message_is_published_for_its_deployment(local: Local) -> None:
    channel = _channel(local)
    _subscribe(local, channel, _undelivered(local))
    contact_id = local.contact_id("amir@example.com")

    async def send_and_hear(socket: Any) -> Any:
        sent = await asyncio.to_thread(local.send, contact_id)
        return sent.json, await socket.receive_json()

    sent, frame = _listen(channel, send_and_hear)
    assert frame["topicName"] == _undelivered(local)
    told = frame["eventBody"]
    assert told["conversationId"] == sent["conversationId"]
    assert told["externalContactId"] == contact_id
    assert [message["id"] for message in told["messages"]] == [sent["id"]]


def test_each_routing_step_of_an_answer_is_published(local: Local) -> None:
    channel = _channel(local)
    sent = local.send(local.contact_id("jane@example.com")).json
    conversation_id = sent["conversationId"]
    topics = [EVENTS.format(conversation_id, kind) for kind in ("flow", "acd", "user")]
    _subscribe(local, channel, *topics)

    async def hear(socket: Any) -> list[Any]:
        await asyncio.to_thread(local.people, "POST", "/customers/jane/answer", {"text": "Yes"})
        frames = [await socket.receive_json(), await socket.receive_json()]
        await asyncio.to_thread(local.people, "POST", "/customers/jane/agent", {"joins": True})
        return [*frames, await socket.receive_json()]

    frames = _listen(channel, hear)
    assert [frame["topicName"] for frame in frames] == topics
    assert {frame["eventBody"]["conversationId"] for frame in frames} == {conversation_id}
    keys = ("flowId", "queueId", "userId")
    assert all(key in frame["eventBody"] for key, frame in zip(keys, frames, strict=True))


@pytest.mark.parametrize("order", ["closing", "drop"])
def test_a_test_can_disturb_the_sockets(local: Local, order: str) -> None:
    async def be_disturbed(socket: Any) -> Any:
        await asyncio.to_thread(local.people, "POST", f"{CONTROL}/notifications", {order: True})
        return await socket.receive()

    told = _listen(_channel(local), be_disturbed)
    if order == "drop":
        assert told.type is aiohttp.WSMsgType.CLOSE
    else:
        assert told.json()["topicName"] == "v2.system.socket_closing"
