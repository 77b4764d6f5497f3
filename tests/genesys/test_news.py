"""Delivery and replies of many messages, with as few calls as possible."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from genesys import (
    DeliveryStatus,
    Followed,
    GenesysCloud,
    MissingPermission,
    OutboundMessage,
    read_news,
    send_once,
)
from tests.conftest import wait_until

DETAILS = "conversations/details/query"


def _send(local: Any, cloud: GenesysCloud, email: str, **more: Any) -> Followed:
    to = local.find(cloud, email)
    message = OutboundMessage(to.send_to_id, local.genesys.deployment_id, "Hello.", **more)
    receipt = send_once(cloud, message)
    return Followed(
        receipt.message_id, receipt.conversation_id, to.contact_ids, receipt.accepted_at
    )


def _news(cloud: GenesysCloud, *followed: Followed) -> Any:
    news = read_news(cloud, followed, now=datetime.now(UTC))
    assert set(news) == {one.message_id for one in followed}
    return [news[one.message_id] for one in followed]


def _say(local: Any, email: str, text: str = "Thank you!") -> Any:
    return local.ask("POST", f"/customers/{local.customer(email)['id']}/answer", {"text": text})


def _reaches(cloud: GenesysCloud, followed: Followed, status: DeliveryStatus) -> None:
    wait_until(lambda: _news(cloud, followed)[0].status is status, f"the message is {status}")
    assert _news(cloud, followed)[0].reply is None


def test_no_messages_cost_no_calls(local: Any, cloud: GenesysCloud) -> None:
    assert read_news(cloud, [], now=datetime.now(UTC)) == {}
    assert local.calls() == []


@pytest.mark.parametrize("email", ["jane@example.com", "mia@example.com"])
def test_a_message_to_a_customer_on_the_page_is_delivered_then_read(
    local: Any, cloud: GenesysCloud, email: str
) -> None:
    sent = _send(local, cloud, email)
    _reaches(cloud, sent, DeliveryStatus.DELIVERED)
    local.ask("POST", f"/customers/{local.customer(email)['id']}/read")
    _reaches(cloud, sent, DeliveryStatus.READ)


def test_a_message_to_an_absent_customer_waits_until_they_are_back(
    local: Any, cloud: GenesysCloud
) -> None:
    sent = _send(local, cloud, "amir@example.com")
    _reaches(cloud, sent, DeliveryStatus.AWAY)
    local.ask("POST", "/customers/amir/presence", {"present": True})
    _reaches(cloud, sent, DeliveryStatus.DELIVERED)


def test_a_message_that_failed_for_good_has_failed(local: Any, cloud: GenesysCloud) -> None:
    sent = _send(local, cloud, "amir@example.com")
    _reaches(cloud, sent, DeliveryStatus.AWAY)
    local.ask("POST", f"/control/genesys/messages/{sent.message_id}/fail", {"code": "DataFiltered"})
    _reaches(cloud, sent, DeliveryStatus.FAILED)
    assert _news(cloud, sent)[0].reason == "DataFiltered"


def test_what_analytics_does_not_show_yet_is_unknown(local: Any, cloud: GenesysCloud) -> None:
    local.set(analytics_delay_seconds=60)
    sent = _send(local, cloud, "jane@example.com")
    _say(local, "jane@example.com")
    [news] = _news(cloud, sent)
    assert (news.status, news.reply) == (None, None)
    assert not local.calls(sent.conversation_id), (
        "while analytics lags behind, we don't read conversations one by one"
    )
    local.set(analytics_delay_seconds=0)
    [news] = _news(cloud, sent)
    assert news.status is not None and news.reply is not None


def test_a_reply_in_the_messages_own_conversation_is_found(local: Any, cloud: GenesysCloud) -> None:
    sent = _send(local, cloud, "jane@example.com")
    _say(local, "jane@example.com")
    [news] = _news(cloud, sent)
    assert news.reply.conversation_id == sent.conversation_id
    assert sent.sent_at <= news.reply.at <= datetime.now(UTC)
    assert news.status is DeliveryStatus.READ


@pytest.mark.parametrize("email", ["jane@example.com", "mia@example.com"])
def test_a_reply_in_a_newer_conversation_is_found(
    local: Any, cloud: GenesysCloud, email: str
) -> None:
    sent = _send(local, cloud, email)
    local.set(answers_open_new_conversation=True)
    answer = _say(local, email)
    assert answer["conversation_id"] != sent.conversation_id
    [news] = _news(cloud, sent)
    assert news.reply.conversation_id == answer["conversation_id"]


def test_what_the_customer_wrote_before_is_not_a_reply(local: Any, cloud: GenesysCloud) -> None:
    """A chat on the same day that ended just before the send."""
    _say(local, "jane@example.com", "Hello?")
    local.ask("POST", "/customers/jane/end")
    sent = _send(local, cloud, "jane@example.com")
    assert _news(cloud, sent)[0].reply is None


def test_two_messages_before_one_reply_both_get_it(local: Any, cloud: GenesysCloud) -> None:
    first = _send(local, cloud, "jane@example.com")
    second = _send(local, cloud, "jane@example.com")
    other = _send(local, cloud, "amir@example.com")
    _say(local, "jane@example.com")
    later = _send(local, cloud, "jane@example.com", into_open_conversation=True)
    of_first, of_second, of_other, of_later = _news(cloud, first, second, other, later)
    assert of_first.reply == of_second.reply
    assert of_first.reply.conversation_id == second.conversation_id
    assert of_other.reply is None, "another customer's reply is not theirs"
    assert of_later.reply is None, "an earlier reply never counts"


def test_the_first_of_several_replies_counts(local: Any, cloud: GenesysCloud) -> None:
    sent = _send(local, cloud, "jane@example.com")
    _say(local, "jane@example.com", "One")
    [before] = _news(cloud, sent)
    local.ask("POST", "/customers/jane/end")
    _say(local, "jane@example.com", "Two")
    assert _news(cloud, sent)[0].reply == before.reply


def test_a_message_in_an_open_conversation_is_followed(local: Any, cloud: GenesysCloud) -> None:
    """Analytics doesn't show further messages there, so we read the conversation itself."""
    sent = _send(local, cloud, "olga@example.com", into_open_conversation=True)
    _reaches(cloud, sent, DeliveryStatus.DELIVERED)
    _say(local, "olga@example.com")
    [news] = _news(cloud, sent)
    assert news.reply.conversation_id == sent.conversation_id
    assert news.reply.at > sent.sent_at
    assert not local.ask("GET", "/control/genesys/faults")["faults"]


def test_a_conversation_that_we_may_not_read_does_not_stop_the_others(
    local: Any, cloud: GenesysCloud
) -> None:
    into_open = _send(local, cloud, "olga@example.com", into_open_conversation=True)
    sent = _send(local, cloud, "jane@example.com")
    local.order(into_open.conversation_id, "status", status=403)
    wait_until(lambda: _news(cloud, sent, into_open)[0].status is DeliveryStatus.DELIVERED)
    assert _news(cloud, sent, into_open)[1].status is DeliveryStatus.DELIVERED


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500, 503])
def test_a_conversation_that_genesys_refuses_does_not_stop_the_others(
    local: Any, connect: Callable[..., GenesysCloud], status: int
) -> None:
    """It would stop them for days, because it's asked for again and again."""
    local.set(calls_per_minute=100_000)
    cloud = connect(local.machine_url, patience=0.5)
    into_open = _send(local, cloud, "olga@example.com", into_open_conversation=True)
    sent = _send(local, cloud, "jane@example.com")
    local.order(into_open.conversation_id, "status", status=status)
    wait_until(lambda: _news(cloud, sent, into_open)[0].status is DeliveryStatus.DELIVERED)
    assert _news(cloud, sent, into_open)[1].status is DeliveryStatus.DELIVERED


@pytest.mark.parametrize(("status", "asked"), [(403, 5), (500, 5), (503, 3)])
def test_in_trouble_that_others_would_meet_as_well_no_more_is_asked(
    raw: Any, connect: Callable[..., GenesysCloud], status: int, asked: int
) -> None:
    """Each question may take a call's whole patience, and other processes wait for this one."""

    def answer(call: Any) -> Any:
        return raw.reply({}, status) if call.method == "GET" else raw.reply({})

    raw.api = answer
    sent = [Followed(f"m{number}", f"c{number}", ("c",), SENT - MINUTE) for number in range(5)]
    news = read_news(connect(raw.url, patience=0.0), sent, now=NOW)
    assert {one.status for one in news.values()} == {None}
    assert len(raw.requests("conversations/messages")) == asked


def test_a_missing_permission_is_raised(local: Any, cloud: GenesysCloud) -> None:
    sent = _send(local, cloud, "jane@example.com")
    local.set(missing_permissions=["analytics:conversationDetail:view"])
    with pytest.raises(MissingPermission) as caught:
        _news(cloud, sent)
    assert "analytics:conversationDetail:view" in caught.value.hint


def test_a_hundred_messages_are_followed_with_two_queries(
    local: Any, connect: Callable[..., GenesysCloud]
) -> None:
    local.set(calls_per_minute=100_000)
    cloud = connect(local.machine_url, calls_per_minute=100_000)
    emails = local.ask("POST", "/control/genesys/customers", {"count": 100})["emails"]
    sent = [_send(local, cloud, email) for email in emails]
    for number in (3, 60, 99):
        local.ask("POST", f"/customers/bulk-{number + 1:04}/answer", {"text": "Yes?"})
    arrived = {DeliveryStatus.DELIVERED, DeliveryStatus.READ}
    wait_until(lambda: all(news.status in arrived for news in _news(cloud, *sent)))
    local.ask("DELETE", "/control/genesys/calls")
    news = _news(cloud, *sent)
    assert [call["path"].endswith("details/query") for call in local.calls()] == [True, True]
    assert [number for number, one in enumerate(news) if one.reply] == [3, 60, 99]


def test_pages_are_read_to_the_end(local: Any, connect: Callable[..., GenesysCloud]) -> None:
    local.set(calls_per_minute=100_000)
    cloud = connect(local.machine_url, calls_per_minute=100_000)
    sent = [_send(local, cloud, "jane@example.com") for _ in range(101)]
    wait_until(lambda: all(one.status is DeliveryStatus.DELIVERED for one in _news(cloud, *sent)))
    local.ask("DELETE", "/control/genesys/calls")
    _news(cloud, *sent)
    asked = [call["body"]["paging"] for call in local.calls(DETAILS)]
    assert asked == [{"pageSize": 100, "pageNumber": 1}, {"pageSize": 100, "pageNumber": 2}]


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def _session(start: datetime, direction: str = "inbound", **more: Any) -> dict[str, Any]:
    end = more.pop("end", None)
    segment = {"segmentStart": start.isoformat(), "segmentType": "interact"}
    if end is not None:
        segment["segmentEnd"] = end.isoformat()
    return {
        "messageType": "webmessaging",
        "direction": direction,
        "segments": [segment],
        **more,
    }


def _party(purpose: str, *sessions: Any, **more: Any) -> dict[str, Any]:
    return {"purpose": purpose, "sessions": list(sessions), **more}


def _told(start: datetime, *parties: Any, **more: Any) -> dict[str, Any]:
    guest = _party("customer", externalContactId="c")
    return {
        "conversationId": "own",
        "conversationStart": start.isoformat(),
        "conversationInitiator": "api",
        "participants": [guest, *parties],
        **more,
    }


@pytest.fixture
def analytics(raw: Any, connect: Callable[..., GenesysCloud]) -> Any:
    """Poll for one message, sent an hour ago, with a given answer from analytics."""

    def poll(*conversations: Any, direct: Any = None, sent_at: datetime | None = None) -> Any:
        def answer(asked: Any) -> Any:
            if asked.method == "GET":
                return raw.reply(direct) if direct else raw.reply({}, 404)
            first, last = (datetime.fromisoformat(one) for one in asked.json["interval"].split("/"))
            found = [
                one
                for one in conversations
                if first.date() <= datetime.fromisoformat(one["conversationStart"]).date()
                and datetime.fromisoformat(one["conversationStart"]) < last
            ]
            return raw.reply({"conversations": found})

        raw.api = answer
        at = sent_at or NOW - timedelta(hours=1)
        return read_news(connect(raw.url), [Followed("m", "own", ("c",), at)], now=NOW)["m"]

    return poll


SENT = NOW - timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("Queued", DeliveryStatus.PENDING),
        ("Sent", DeliveryStatus.PENDING),
        ("Published", DeliveryStatus.PENDING),
        ("DeliveryPushed", DeliveryStatus.PUSHED),
        ("DeliveryFailed", DeliveryStatus.AWAY),
        ("DeliverySuccess", DeliveryStatus.DELIVERED),
        ("Read", DeliveryStatus.READ),
        ("Failed", DeliveryStatus.FAILED),
        ("Received", None),
        ("SomethingNew", None),
        (None, None),
    ],
)
def test_every_delivery_status_has_its_meaning(
    analytics: Any, told: str | None, status: DeliveryStatus | None
) -> None:
    api = _party("api", _session(SENT, "outbound", deliveryStatus=told))
    assert analytics(_told(SENT, api)).status is status


def test_of_several_messages_the_closest_in_time_is_ours(analytics: Any) -> None:
    def sent(at: datetime, status: str) -> Any:
        return _party("api", _session(at, "outbound", deliveryStatus=status))

    day_ago = SENT - timedelta(days=1)
    old = sent(day_ago, "Read")
    assert analytics(_told(day_ago, old)).status is None, "only an older message is shown"
    old["sessions"][0]["deliveryStatusChangeDate"] = (SENT + MINUTE).isoformat()
    both = _told(day_ago, old, sent(SENT + MINUTE / 60, "Failed"), sent(SENT + MINUTE, "Sent"))
    assert analytics(both).status is DeliveryStatus.FAILED


def test_a_conversation_from_an_earlier_day_is_found_by_its_id(analytics: Any, raw: Any) -> None:
    start = SENT - timedelta(days=20)
    chat = _party("agent", _session(start, end=start + MINUTE))
    ours = _party("api", _session(SENT, "outbound", deliveryStatus="DeliverySuccess"))
    news = analytics(_told(start, chat, ours, customerParticipation=True))
    assert (news.status, news.reply) == (DeliveryStatus.DELIVERED, None)
    [_, older] = [one.json for one in raw.requests(DETAILS)]
    assert "own" in str(older["conversationFilters"])
    start, end = map(datetime.fromisoformat, older["interval"].split("/"))
    assert end - start == timedelta(days=31)
    assert not raw.requests("conversations/messages"), "nobody served it, so we needn't read it"


def test_a_conversation_that_analytics_never_shows_is_read_itself(analytics: Any, raw: Any) -> None:
    message = {"messageId": "m", "messageStatus": "delivery-failed"}
    answers = [
        {"messageStatus": "received", "messageTime": (SENT + n * MINUTE).isoformat()}
        for n in (-1, -0.5, 3, 2)
    ]
    minute_later = (SENT + MINUTE).isoformat()
    answers.append({"messageStatus": "queued", "messageTime": minute_later})
    theirs = {"messageStatus": "received", "messageTime": minute_later}
    parties = [
        {"purpose": "api", "messages": [message]},
        {"purpose": "agent", "messages": [theirs]},
        {"purpose": "customer", "messages": answers},
    ]
    direct = {"participants": parties}
    news = analytics(direct=direct)
    assert (news.status, news.reply) == (None, None)
    news = analytics(direct=direct, sent_at=SENT - MINUTE / 2)
    assert news.status is DeliveryStatus.AWAY
    assert (news.reply.conversation_id, news.reply.at) == ("own", SENT + 2 * MINUTE)


@pytest.mark.parametrize(
    ("error", "reason", "explanation"),
    [
        ({"code": "DataFiltered", "message": "A word."}, "DataFiltered: A word.", "A word."),
        ({"code": "DataFiltered"}, "DataFiltered", ""),
        ({"message": "A word."}, "A word.", "A word."),
        ({}, "", ""),
        (None, "", ""),
    ],
)
def test_why_a_message_failed_is_read_from_its_conversation(
    analytics: Any, error: dict[str, str] | None, reason: str, explanation: str
) -> None:
    other = {"messageId": "other", "errorInfo": {"code": "ServerError"}}
    listed = [other, {"messageId": "m", "messageStatus": "failed", "errorInfo": error}]
    direct = {"participants": [{"purpose": "api", "messages": listed}]}
    api = _party("api", _session(SENT, "outbound", deliveryStatus="Failed"))
    news = analytics(_told(SENT, api), direct=direct)
    assert (news.status, news.reason) == (DeliveryStatus.FAILED, reason)
    assert news.explanation == explanation
    assert "word" not in repr(news)


def _answered_directly(*minutes: float) -> dict[str, Any]:
    """Return the message's own conversation with the customer's answers, so long after it."""
    answers = [
        {"messageStatus": "received", "messageTime": (SENT + one * MINUTE).isoformat()}
        for one in minutes
    ]
    return {"participants": [{"purpose": "customer", "messages": answers}]}


BEFORE = SENT - 30 * MINUTE
IN_SERVICE = _told(
    BEFORE,
    _party("agent", _session(BEFORE, end=BEFORE + 5 * MINUTE)),
    _party("agent", _session(SENT - 5 * MINUTE)),
    conversationInitiator="customer",
)


def test_a_message_sent_in_the_second_period_of_service_is_asked_about(
    analytics: Any, raw: Any
) -> None:
    """An agent is still there, so the answer to the message begins no service."""
    news = analytics(IN_SERVICE, direct=_answered_directly(-4, 2))
    assert (news.reply.conversation_id, news.reply.at) == ("own", SENT + 2 * MINUTE)
    assert raw.requests("conversations/messages")


def test_a_message_sent_between_two_periods_of_service_needs_no_question(
    analytics: Any, raw: Any
) -> None:
    later = _party("agent", _session(SENT + 3 * MINUTE))
    earlier = _party("agent", _session(BEFORE, end=BEFORE + 5 * MINUTE))
    news = analytics(_told(BEFORE, earlier, later, conversationInitiator="customer"))
    assert news.reply.at == SENT + 3 * MINUTE
    assert not raw.requests("conversations/messages")


@pytest.mark.parametrize(
    ("here", "elsewhere", "where", "minutes"),
    [
        ((), 3.0, "another", 3.0),
        ((5.0,), 3.0, "another", 3.0),
        ((2.0, 9.0), 3.0, "own", 2.0),
        ((-4.0,), 3.0, "another", 3.0),
    ],
)
def test_a_reply_elsewhere_counts_even_if_the_messages_own_conversation_was_asked(
    analytics: Any, here: tuple[float, ...], elsewhere: float, where: str, minutes: float
) -> None:
    newer = _told(
        SENT + elsewhere * MINUTE, conversationId="another", conversationInitiator="customer"
    )
    news = analytics(IN_SERVICE, newer, direct=_answered_directly(*here))
    assert (news.reply.conversation_id, news.reply.at) == (where, SENT + minutes * MINUTE)


def test_a_conversation_that_returns_to_a_flow_is_a_reply(analytics: Any) -> None:
    """The customer answered in a conversation that had ended, so it went back to the flow."""
    start = SENT - timedelta(days=2)
    chat = _party("agent", _session(start, end=start + MINUTE))
    back = _party("workflow", _session(SENT + MINUTE, end=SENT + 2 * MINUTE))
    queue = _party("acd", _session(SENT + 2 * MINUTE))
    news = analytics(_told(start, chat, back, queue, customerParticipation=True))
    assert news.reply.at == SENT + MINUTE


@pytest.mark.parametrize(
    "conversation",
    [
        _told(SENT),
        _told(SENT, _party("customer", _session(SENT + MINUTE / 60))),
        _told(SENT, _party("agent", _session(SENT + MINUTE)), customerParticipation=False),
        _told(
            SENT - 5 * MINUTE,
            _party("workflow", _session(SENT - 5 * MINUTE, end=SENT - MINUTE)),
            _party("acd", _session(SENT - MINUTE, end=SENT + MINUTE)),
            _party("agent", _session(SENT + MINUTE)),
            conversationInitiator="customer",
            conversationId="another",
        ),
        _told(
            SENT - 5 * MINUTE,
            _party("agent", _session(SENT - 5 * MINUTE, end=SENT - 4 * MINUTE)),
            conversationInitiator="customer",
            conversationId="another",
            conversationEnd=(SENT - 4 * MINUTE).isoformat(),
        ),
        _told(SENT, conversationId="another", customerParticipation=True),
    ],
    ids=[
        *("nothing", "guest session", "agent alone", "served since before", "ended before"),
        "not later than the message",
    ],
)
def test_what_does_not_show_that_the_customer_answered_is_no_reply(
    analytics: Any, conversation: Any
) -> None:
    assert analytics(conversation).reply is None


@pytest.mark.parametrize(
    ("conversation", "at"),
    [
        (_told(SENT, customerParticipation=True), NOW),
        (_told(SENT, _party("botflow", _session(SENT + MINUTE)), customerParticipation=True), None),
        (_told(SENT, _party("external", _session(SENT + MINUTE))), None),
        (_told(SENT + MINUTE, conversationId="another", conversationInitiator="external"), None),
        (_told(SENT + MINUTE, conversationId="another", customerParticipation=True), NOW),
    ],
    ids=["unknown time", "bot", "inbound session", "newer", "answer to a newer message"],
)
def test_what_shows_that_the_customer_answered_is_a_reply(
    analytics: Any, conversation: Any, at: datetime | None
) -> None:
    reply = analytics(conversation).reply
    assert reply.conversation_id == conversation["conversationId"]
    assert reply.at == (at or SENT + MINUTE)


def test_an_old_message_is_searched_in_windows(analytics: Any, raw: Any) -> None:
    analytics(sent_at=NOW - timedelta(days=70))
    intervals = [
        tuple(map(datetime.fromisoformat, one.json["interval"].split("/")))
        for one in raw.requests(DETAILS)
    ]
    assert len(intervals) == 4, "three windows, and the conversation by its id"
    assert all(end - start <= timedelta(days=31) for start, end in intervals)
    assert min(start for start, _ in intervals[:3]).time() == datetime.min.time()


def test_what_begins_on_a_clock_ahead_of_ours_is_seen(analytics: Any) -> None:
    ahead = NOW + MINUTE / 2
    newer = _told(ahead, conversationId="another", conversationInitiator="external")
    assert analytics(newer).reply.at == ahead
