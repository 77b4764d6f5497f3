"""Notifications tell where to look, recover by themselves, and stay off if they must."""

import inspect
import json
import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from genesys import (
    GenesysCloud,
    Notifications,
)
from genesys.notifications import pause_after
from tests.conftest import wait_until


class Listener:
    """Opens notifications and records what they report."""

    def __init__(self, local: Any, cloud: GenesysCloud) -> None:
        self.heard: list[str] = []
        self._local, self._cloud = local, cloud
        self._opened: list[Notifications] = []

    def listen(self, *conversation_ids: str, **timing: float) -> Notifications:
        deployment_id = self._local.genesys.deployment_id
        timing = {"pause": 0.01, "settling": 0.01, **timing}
        notifications = Notifications(self._cloud, deployment_id, self.heard.append, **timing)
        self._opened.append(notifications)
        notifications.subscribe(conversation_ids)
        notifications.start()
        return notifications

    def channels(self) -> list[dict[str, Any]]:
        """List the channels that are connected and subscribed."""
        told: list[dict[str, Any]] = self._local.ask("GET", "/control/genesys/notifications")[
            "channels"
        ]
        return [channel for channel in told if channel["connected"] and channel["topics"]]

    def close(self) -> None:
        for notifications in self._opened:
            notifications.close()


@pytest.fixture
def listener(local: Any, cloud: GenesysCloud) -> Iterator[Listener]:
    listener = Listener(local, cloud)
    yield listener
    listener.close()


def _answer(local: Any, key: str) -> None:
    local.ask("POST", f"/customers/{key}/answer", {"text": "Thanks"})


def test_an_undelivered_message_is_reported(
    local: Any, cloud: GenesysCloud, listener: Listener
) -> None:
    listener.listen()
    wait_until(listener.channels)
    sent = local.send(cloud, "amir@example.com")
    wait_until(lambda: listener.heard == [sent.conversation_id])


def test_an_error_in_the_callback_does_not_end_it(
    local: Any,
    cloud: GenesysCloud,
    listener: Listener,
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[str] = []

    def fail_at_first(conversation_id: str) -> None:
        heard.append(conversation_id)
        if len(heard) == 1:
            raise OSError("the database is locked")

    notifications = Notifications(cloud, local.genesys.deployment_id, fail_at_first, pause=0.01)
    notifications.start()
    wait_until(listener.channels)
    first = local.send(cloud, "amir@example.com")
    wait_until(lambda: heard)
    second = local.send(cloud, "old@example.com")
    wait_until(lambda: heard == [first.conversation_id, second.conversation_id])
    notifications.close()
    assert "the database is locked" in caplog.text


def test_a_reply_in_a_subscribed_conversation_is_reported(
    local: Any, cloud: GenesysCloud, listener: Listener
) -> None:
    sent = local.send(cloud, "jane@example.com")
    local.send(cloud, "mia@example.com")
    listener.listen(sent.conversation_id)
    wait_until(listener.channels)
    _answer(local, "mia")
    _answer(local, "jane")
    wait_until(lambda: len(listener.heard) == 2)
    assert set(listener.heard) == {sent.conversation_id}, "its flow and its queue"


def test_conversations_can_be_subscribed_later(
    local: Any, cloud: GenesysCloud, listener: Listener
) -> None:
    notifications = listener.listen()
    wait_until(listener.channels)
    sent = local.send(cloud, "jane@example.com")
    notifications.subscribe([sent.conversation_id])
    wait_until(lambda: len(listener.channels()[0]["topics"]) == 4)
    _answer(local, "jane")
    wait_until(lambda: sent.conversation_id in listener.heard)


def test_a_channel_holds_no_more_than_a_thousand_topics(local: Any, listener: Listener) -> None:
    listener.listen(*(f"conversation-{number}" for number in range(500)))
    wait_until(listener.channels)
    [channel] = listener.channels()
    assert len(channel["topics"]) == 1000
    assert not any("conversation-333." in topic for topic in channel["topics"])


@pytest.mark.parametrize("disturbance", ["closing", "drop"])
def test_a_channel_that_ends_is_replaced(
    local: Any, cloud: GenesysCloud, listener: Listener, disturbance: str
) -> None:
    listener.listen()
    wait_until(listener.channels)
    [before] = listener.channels()
    local.ask("POST", "/control/genesys/notifications", {disturbance: True})
    wait_until(lambda: [one["id"] for one in listener.channels()] not in ([], [before["id"]]))
    sent = local.send(cloud, "amir@example.com")
    wait_until(lambda: listener.heard == [sent.conversation_id])


@pytest.mark.parametrize("timing", [{"life": 0.2}, {"silence": 0.2}])
def test_a_channel_that_gets_old_or_silent_is_replaced(
    local: Any, listener: Listener, timing: dict[str, float]
) -> None:
    listener.listen(**timing)
    wait_until(lambda: len(local.calls("notifications/channels")) >= 6)
    assert len(listener.channels()) <= 1


def test_heartbeats_keep_a_channel_open(local: Any, listener: Listener) -> None:
    local.set(heartbeat_seconds=0.05)
    listener.listen(silence=0.7, life=2.0)
    wait_until(lambda: len(local.calls("notifications/channels")) == 4)
    opened = [call for call in local.calls("channels") if call["method"] == "POST"]
    first, second = (datetime.fromisoformat(call["at"]) for call in opened)
    assert (second - first).total_seconds() >= 2.0, "its life ended, it wasn't silent"


@pytest.mark.parametrize(
    ("where", "fault"),
    [
        ("notifications/channels", {"kind": "status", "status": 500}),
        ("subscriptions", {"kind": "status", "status": 404}),
        ("subscriptions", {"kind": "cut_before"}),
    ],
)
def test_after_a_fault_at_the_start_it_tries_again(
    local: Any,
    cloud: GenesysCloud,
    listener: Listener,
    where: str,
    fault: dict[str, Any],
) -> None:
    local.order(where, times=2, **fault)
    listener.listen()
    wait_until(listener.channels)
    sent = local.send(cloud, "amir@example.com")
    wait_until(lambda: listener.heard == [sent.conversation_id])


BOTH = ["analytics:conversationDetail:view", "conversation:message:view"]


def test_without_any_permission_it_stays_off_and_says_so_once(
    local: Any, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    local.set(missing_permissions=BOTH)
    notifications = listener.listen("conversation-1")
    wait_until(lambda: "stay off" in caplog.text)
    notifications.close()
    assert len(local.calls("notifications/channels")) == 2, "one channel, one subscription"
    [told] = [record.getMessage() for record in caplog.records if record.name.startswith("genesys")]
    assert all(permission in told for permission in BOTH)
    assert "conversation-1" not in told
    assert listener.channels() == []


def test_with_a_channel_refused_it_stays_off(
    local: Any, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    local.order("POST /api/v2/notifications/channels", "status", status=403)
    listener.listen()
    wait_until(lambda: "stay off" in caplog.text)
    assert len(local.calls("notifications/channels")) == 1


def test_with_one_permission_it_reports_what_it_can(
    local: Any,
    cloud: GenesysCloud,
    listener: Listener,
    caplog: pytest.LogCaptureFixture,
) -> None:
    local.set(missing_permissions=BOTH[:1])
    listener.listen("conversation-1")
    wait_until(listener.channels)
    local.set(missing_permissions=[])
    sent = local.send(cloud, "amir@example.com")
    wait_until(lambda: listener.heard == [sent.conversation_id])
    assert BOTH[0] in caplog.text and "stay off" not in caplog.text


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        "{}",
        '{"topicName": "channel.metadata", "eventBody": {"message": "WebSocket Heartbeat"}}',
        '{"topicName": "v2.users.u.presence", "eventBody": {"conversationId": "c"}}',
        '{"topicName": "v2.detail.events.conversation.c.acd.start", "eventBody": null}',
    ],
)
def test_other_frames_are_ignored(listener: Listener, cloud: GenesysCloud, frame: str) -> None:
    notifications = Notifications(cloud, "d", listener.heard.append)
    assert notifications._handle(frame)
    assert listener.heard == []


def test_closing_is_quick_at_any_time(raw: Any, connect: Callable[..., GenesysCloud]) -> None:
    never_started = Notifications(connect(raw.url), "d", print)
    never_started.close()
    raw.api = lambda _: raw.reply({"id": "c", "connectUri": raw.url.replace("http", "ws")})
    notifications = Notifications(connect(raw.url), "d", print, pause=60.0)
    notifications.start()
    wait_until(lambda: raw.asked)
    notifications.close()
    assert not notifications._thread.is_alive()


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 2.0), (1, 4.0), (3, 16.0), (7, 256.0), (8, 300.0), (2_000_000_000, 300.0)],
)
def test_after_each_failure_in_a_row_it_waits_longer_up_to_five_minutes(
    failures: int, seconds: float
) -> None:
    assert pause_after(failures, 2.0) == seconds


def test_the_timing_follows_genesyss_documents() -> None:
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(Notifications).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    assert defaults == {"pause": 1.0, "life": 23 * 3600, "silence": 90.0, "settling": 10.0}


def test_a_subscription_names_its_topics_and_lets_genesys_refuse_single_ones(
    local: Any, listener: Listener
) -> None:
    listener.listen("c1", "c2", "c1")
    wait_until(listener.channels)
    [asked] = [call for call in local.calls("subscriptions") if call["method"] == "PUT"]
    undelivered = f"v2.webmessaging.deployments.{local.genesys.deployment_id}.undelivered.messages"
    starts = [
        f"v2.detail.events.conversation.{conversation_id}.{part}.start"
        for conversation_id in ("c1", "c2")
        for part in ("customer", "flow", "acd")
    ]
    assert [topic["id"] for topic in asked["body"]] == [undelivered, *starts]


@pytest.mark.parametrize(
    "topic", ["v2.system.socket_closing", "v2.system.no_longer_subscribed", "v2.system.token_rev"]
)
def test_a_channel_that_is_about_to_end_is_left(cloud: GenesysCloud, topic: str) -> None:
    notifications = Notifications(cloud, "d", print)
    assert not notifications._handle(json.dumps({"topicName": topic, "eventBody": {}}))
