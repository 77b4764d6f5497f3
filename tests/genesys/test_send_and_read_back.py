"""Sending a message at most once, and finding out afterwards whether it was sent."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from genesys import (
    CHANNEL_TEXT_LIMIT,
    BadRequest,
    Conflict,
    Customer,
    FateUnknown,
    GenesysCloud,
    NotFound,
    OutboundMessage,
    Receipt,
    find_sent,
    send_once,
)
from genesys.messaging import request_body

OURS = "our-deployment"


def _message(local: Any, to: Customer, text: str = "Your parcel is here.", **more: Any) -> Any:
    return OutboundMessage(to.send_to_id, local.genesys.deployment_id, text, **more)


def _look(cloud: GenesysCloud, message: Any, to: Customer, **more: Any) -> Receipt | None:
    now = datetime.now(UTC)
    more = {"since": now - timedelta(seconds=2), "now": now, **more}
    return find_sent(cloud, message, contact_ids=to.contact_ids, **more)


def _sent(local: Any, email: str) -> list[dict[str, Any]]:
    conversations = local.customer(email)["conversations"]
    messages = [one for chat in conversations for one in chat["messages"]]
    return [
        one for one in messages if one["direction"] == "outbound" and "parcel is" in one["text"]
    ]


@pytest.mark.parametrize("email", ["jane@example.com", "amir@example.com", "mia@example.com"])
def test_a_message_goes_out_once(local: Any, cloud: GenesysCloud, email: str) -> None:
    receipt = send_once(cloud, _message(local, local.find(cloud, email)))
    [message] = _sent(local, email)
    assert message["id"] == receipt.message_id
    assert abs(datetime.now(UTC) - receipt.accepted_at) < timedelta(seconds=5)


def test_an_open_conversation_is_a_conflict_unless_written_into(
    local: Any, cloud: GenesysCloud
) -> None:
    olga = local.find(cloud, "olga@example.com")
    assert olga.open is not None
    with pytest.raises(Conflict) as caught:
        send_once(cloud, _message(local, olga))
    assert caught.value.definite
    receipt = send_once(cloud, _message(local, olga, into_open_conversation=True))
    assert receipt.conversation_id == olga.open.conversation_id


def test_a_contact_without_a_session_is_not_found(local: Any, cloud: GenesysCloud) -> None:
    with pytest.raises(NotFound):
        send_once(cloud, _message(local, local.find(cloud, "nils@example.com")))


def test_genesys_refuses_a_text_that_is_too_long(local: Any, cloud: GenesysCloud) -> None:
    jane = local.find(cloud, "jane@example.com")
    with pytest.raises(BadRequest) as caught:
        send_once(cloud, _message(local, jane, "x" * 2001))
    assert caught.value.code and caught.value.vendor_message and caught.value.correlation_id


@pytest.mark.parametrize("text", ["😀" * 1000, "<!channel> *x* ‮ payload &amp; \n\ttab", "é"])
def test_any_text_arrives_as_it_was_written(local: Any, cloud: GenesysCloud, text: str) -> None:
    send_once(cloud, _message(local, local.find(cloud, "jane@example.com"), text))
    assert local.customer("jane@example.com")["conversations"][-1]["messages"][-1]["text"] == text


def test_the_text_stays_out_of_logs(local: Any, cloud: GenesysCloud) -> None:
    assert "parcel" not in repr(_message(local, local.find(cloud, "jane@example.com")))


@pytest.mark.parametrize("email", ["jane@example.com", "amir@example.com", "mia@example.com"])
def test_a_message_whose_answer_was_lost_is_found_again(
    local: Any, cloud: GenesysCloud, email: str
) -> None:
    customer = local.find(cloud, email)
    message = _message(local, customer)
    local.order("agentless", "cut_after", times=1)
    with pytest.raises(FateUnknown):
        send_once(cloud, message)
    found = _look(cloud, message, customer)
    assert found is not None
    assert [found.message_id] == [one["id"] for one in _sent(local, email)]


def test_a_message_that_was_not_sent_is_not_found(local: Any, cloud: GenesysCloud) -> None:
    jane = local.find(cloud, "jane@example.com")
    local.order("agentless", "cut_before", times=1)
    with pytest.raises(FateUnknown):
        send_once(cloud, _message(local, jane))
    assert _look(cloud, _message(local, jane), jane) is None
    assert _sent(local, "jane@example.com") == []
    assert len(local.calls("agentless")) == 1, "looking never sends"


def test_a_message_written_into_an_open_conversation_is_found(
    local: Any, cloud: GenesysCloud
) -> None:
    olga = local.find(cloud, "olga@example.com")
    message = _message(local, olga, into_open_conversation=True)
    receipt = send_once(cloud, message)
    assert _look(cloud, message, olga) == receipt


def test_a_message_of_another_request_is_not_ours(local: Any, cloud: GenesysCloud) -> None:
    jane = local.find(cloud, "jane@example.com")
    message = _message(local, jane)
    other = send_once(cloud, message)
    another_text = _message(local, jane, "Your parcel is late.")
    assert _look(cloud, another_text, jane) is None
    assert _look(cloud, message, jane, known_message_ids=frozenset({other.message_id})) is None
    ours = send_once(cloud, message)
    assert _look(cloud, message, jane, known_message_ids=frozenset({other.message_id})) == ours


def test_an_earlier_message_is_not_ours(local: Any, cloud: GenesysCloud) -> None:
    jane = local.find(cloud, "jane@example.com")
    message = _message(local, jane)
    sent_at = send_once(cloud, message).accepted_at
    assert _look(cloud, message, jane, since=sent_at + timedelta(seconds=4)) is not None
    assert _look(cloud, message, jane, since=sent_at + timedelta(seconds=6)) is None


def test_while_analytics_lags_behind_the_message_is_not_found(
    local: Any, cloud: GenesysCloud
) -> None:
    jane = local.find(cloud, "jane@example.com")
    message = _message(local, jane)
    local.set(analytics_delay_seconds=60)
    receipt = send_once(cloud, message)
    assert _look(cloud, message, jane) is None
    local.set(analytics_delay_seconds=0)
    assert _look(cloud, message, jane) == receipt


def test_what_the_customer_wrote_is_not_ours(local: Any, cloud: GenesysCloud) -> None:
    jane = local.find(cloud, "jane@example.com")
    text = "Your parcel is here."
    local.ask(
        "POST", f"/customers/{local.customer('jane@example.com')['id']}/answer", {"text": text}
    )
    assert _look(cloud, _message(local, jane, text), jane) is None


def test_an_old_open_conversation_is_searched(
    raw: Any, connect: Callable[..., GenesysCloud]
) -> None:
    """Only the query for open conversations in an older window shows it."""
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    started = now - timedelta(days=70)
    sent = now.isoformat()
    read = {
        "messages/c1": {
            "participants": [
                {
                    "purpose": "customer",
                    "messages": [{"messageId": "in", "messageStatus": "received"}],
                },
                {
                    "purpose": "api",
                    "messages": [
                        {"messageId": "early", "messageTime": started.isoformat()},
                        {"messageId": "gone", "messageTime": sent, "messageStatus": "sent"},
                        {"messageId": "m1", "messageTime": sent, "messageStatus": "sent"},
                    ],
                },
            ]
        },
        "messages/m1/details": {
            "direction": "outbound",
            "timestamp": sent,
            "normalizedMessage": {"type": "Text", "text": "Line one\nLine two"},
        },
    }

    def answer(asked: Any) -> Any:
        if asked.method == "GET":
            found = next((body for path, body in read.items() if asked.path.endswith(path)), None)
            return raw.reply(found) if found else raw.reply({}, 404)
        start, end = map(datetime.fromisoformat, asked.json["interval"].split("/"))
        only_open = "conversationFilters" in asked.json
        assert only_open == (end < now), (
            "all windows but the newest ask only for open conversations"
        )
        one = {"conversationId": "c1", "conversationStart": started.isoformat()}
        return raw.reply({"conversations": [one] if start <= started < end else []})

    raw.api = answer
    message = OutboundMessage("c", OURS, "Line one\r\nLine two \n")
    found = find_sent(connect(raw.url), message, contact_ids=("c",), since=now, now=now)
    assert found == Receipt("m1", "c1", now)
    assert not raw.requests("messages/in/") and not raw.requests("messages/early/")


@pytest.mark.parametrize("into_open", [False, True])
def test_the_request_names_the_contact_and_no_address(into_open: bool) -> None:
    message = OutboundMessage("c", "d", "Hello", into_open_conversation=into_open)
    assert request_body(message) == {
        "fromAddress": "d",
        "externalContactId": "c",
        "toAddressMessengerType": "webmessaging",
        "textBody": "Hello",
        "useExistingActiveConversation": into_open,
    }


def test_a_receipt_without_a_time_was_accepted_now(
    raw: Any, connect: Callable[..., GenesysCloud]
) -> None:
    raw.api = lambda _: raw.reply({"id": "m", "conversationId": "c"}, 202)
    before = datetime.now(UTC)
    receipt = send_once(connect(raw.url), OutboundMessage("c", "d", "Hello"))
    assert (receipt.message_id, receipt.conversation_id) == ("m", "c")
    assert before <= receipt.accepted_at <= datetime.now(UTC)


SINCE = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SKEW = timedelta(seconds=5)


@pytest.mark.parametrize(
    ("change", "is_ours"),
    [
        ({}, True),
        ({"ended": SINCE - SKEW}, True),
        ({"ended": SINCE - SKEW - timedelta(seconds=1)}, False),
        ({"listed": SINCE - SKEW}, True),
        ({"listed": SINCE - SKEW - timedelta(seconds=1)}, False),
        ({"listed": None}, True),
        ({"listed_status": "received"}, False),
        ({"sent": SINCE - SKEW}, True),
        ({"sent": SINCE - SKEW - timedelta(seconds=1)}, False),
        ({"direction": "inbound"}, False),
        ({"text": "Line one\r\nLine two  "}, True),
        ({"text": "Line one Line two"}, False),
        ({"text": ""}, False),
    ],
)
def test_a_message_is_ours_by_its_text_direction_and_time(
    raw: Any, connect: Callable[..., GenesysCloud], change: dict[str, Any], is_ours: bool
) -> None:
    what = {
        "ended": SINCE,
        "listed": SINCE,
        "listed_status": "sent",
        "sent": SINCE,
        "direction": "outbound",
        "text": "Line one\nLine two",
        **change,
    }
    listed = {"messageId": "m", "messageStatus": what["listed_status"]}
    if what["listed"] is not None:
        listed["messageTime"] = what["listed"].isoformat()

    def answer(asked: Any) -> Any:
        if asked.path.endswith("/m/details"):
            normalized = {"type": "Text", "text": what["text"]}
            return raw.reply(
                {
                    "direction": what["direction"],
                    "timestamp": what["sent"].isoformat(),
                    "normalizedMessage": normalized,
                }
            )
        if asked.method == "GET":
            return raw.reply({"participants": [{"purpose": "api", "messages": [listed]}]})
        conversation = {
            "conversationId": "c1",
            "conversationStart": (SINCE - timedelta(hours=1)).isoformat(),
            "conversationEnd": what["ended"].isoformat(),
        }
        return raw.reply({"conversations": [conversation]})

    raw.api = answer
    found = find_sent(
        connect(raw.url),
        OutboundMessage("c", OURS, "Line one\nLine two"),
        contact_ids=("c",),
        since=SINCE,
        now=SINCE + timedelta(minutes=1),
    )
    assert found == (Receipt("m", "c1", what["sent"]) if is_ours else None)


def test_the_search_goes_back_ninety_days_in_windows_of_31(
    raw: Any, connect: Callable[..., GenesysCloud]
) -> None:
    raw.api = lambda _: raw.reply({})
    message = OutboundMessage("c", OURS, "Hello")
    find_sent(connect(raw.url), message, contact_ids=("c",), since=SINCE, now=SINCE)
    intervals = [
        tuple(map(datetime.fromisoformat, one.json["interval"].split("/")))
        for one in raw.requests("details/query")
    ]
    days = [(SINCE - end, SINCE - start) for start, end in intervals]
    assert days == [
        (timedelta(days=newest), timedelta(days=oldest))
        for newest, oldest in [(0, 31), (31, 62), (62, 90)]
    ]


def test_genesys_takes_a_text_up_to_the_limit_and_none_longer(
    local: Any, cloud: GenesysCloud
) -> None:
    jane = local.find(cloud, "jane@example.com")
    assert send_once(cloud, _message(local, jane, "x" * CHANNEL_TEXT_LIMIT)).message_id
    with pytest.raises(BadRequest):
        send_once(
            cloud,
            _message(local, jane, "x" * (CHANNEL_TEXT_LIMIT + 1), into_open_conversation=True),
        )


def test_a_newer_conversation_that_ended_before_does_not_hide_ours(
    raw: Any, connect: Callable[..., GenesysCloud]
) -> None:
    """The message went into an older one that is still open."""
    ended = {
        "conversationId": "ended",
        "conversationStart": (SINCE - timedelta(hours=1)).isoformat(),
        "conversationEnd": (SINCE - timedelta(minutes=30)).isoformat(),
    }
    still_open = {
        "conversationId": "open",
        "conversationStart": (SINCE - timedelta(hours=2)).isoformat(),
    }
    sent = {"direction": "outbound", "timestamp": SINCE.isoformat()}

    def answer(asked: Any) -> Any:
        if asked.path.endswith("/m/details"):
            return raw.reply({**sent, "normalizedMessage": {"type": "Text", "text": "Hello"}})
        if asked.method == "GET":
            listed = {"messageId": "m", "messageStatus": "queued"}
            return raw.reply({"participants": [{"purpose": "api", "messages": [listed]}]})
        return raw.reply({"conversations": [ended, still_open]})

    raw.api = answer
    message = OutboundMessage("c", OURS, "Hello")
    found = find_sent(connect(raw.url), message, contact_ids=("c",), since=SINCE, now=SINCE)
    assert found == Receipt("m", "open", SINCE)
