"""The windows of the details query, and parsing its pages."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from genesys import Conversation, UnexpectedAnswer
from genesys.details import Window, split_windows
from genesys.history import parse_page

NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
TIMES = st.datetimes(
    datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.timezones(), allow_imaginary=False
)


@example(datetime(2020, 10, 25, 2, tzinfo=ZoneInfo("Europe/Ljubljana")), 1, 1)
@given(
    now=TIMES,
    history_days=st.integers(1, 400),
    window_days=st.integers(1, 31),
)
def test_windows_cover_the_history_once_newest_first(
    now: datetime, history_days: int, window_days: int
) -> None:
    windows = list(split_windows(now, history_days=history_days, window_days=window_days))
    assert windows[0].end == now.astimezone(UTC)  # a repeated hour equals no time of another zone
    assert windows[-1].start == now.astimezone(UTC) - timedelta(days=history_days)
    assert all(newer.start == older.end for newer, older in pairwise(windows))
    assert all(timedelta(0) < one.end - one.start <= timedelta(days=window_days) for one in windows)
    assert len(windows) == -(-history_days // window_days)


@given(now=TIMES)
def test_an_interval_is_two_utc_times_of_at_most_31_days(now: datetime) -> None:
    for window in split_windows(now, history_days=90, window_days=31):
        written = window.interval.split("/")
        assert all(len(time) == len("2026-11-22T12:00:00.123Z") for time in written)
        start, end = map(datetime.fromisoformat, written)
        assert end - start <= timedelta(days=31)
        assert abs(end - window.end) < timedelta(milliseconds=1)


def test_an_interval_is_written_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    window = Window(datetime(2026, 11, 1, 1, 0, tzinfo=east), NOW)
    assert window.interval == "2026-10-31T23:00:00.000Z/2026-11-22T12:00:00.123Z"


def _conversation(number: int) -> dict[str, Any]:
    session = {
        "mediaType": "message",
        "messageType": "webmessaging",
        "direction": "inbound",
        "addressFrom": f"guest-{number}",
        "addressTo": "ours",
        "metrics": [{"name": "nConnected", "value": 1, "emitDate": "2026-11-20T10:00:00.000Z"}] * 9,
        "segments": [{"segmentStart": "2026-11-20T10:00:00.000Z", "conference": False}] * 5,
    }
    return {
        "conversationId": f"conversation-{number}",
        "conversationStart": "2026-11-20T10:00:00.000Z",
        "conversationEnd": "2026-11-20T10:30:00.000Z",
        "customerParticipation": True,
        "divisionIds": ["division"],
        "participants": [
            {"purpose": "workflow", "sessions": [session]},
            {"purpose": "customer", "externalContactId": f"c-{number}", "sessions": [session] * 3},
            {"purpose": "agent", "userId": "agent", "sessions": [session]},
        ],
    }


def test_a_page_of_a_hundred_conversations_is_parsed() -> None:
    page = parse_page({"conversations": [_conversation(n) for n in range(100)]}, "ours")
    assert len(page) == 100
    assert page[7] == Conversation(
        conversation_id="conversation-7",
        started_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
        ended_at=datetime(2026, 11, 20, 10, 30, tzinfo=UTC),
        deployment_id="ours",
        customer_wrote=True,
        contact_id="c-7",
    )


def test_no_conversations_at_all_is_an_empty_page() -> None:
    assert parse_page({}, "ours") == []
    assert parse_page({"totalHits": 0}, "ours") == []


def test_a_minimal_conversation_is_parsed() -> None:
    bare = {"conversationId": "x", "conversationStart": "2026-11-20T10:00:00Z"}
    [read] = parse_page({"conversations": [bare]}, "ours")
    assert read == Conversation(
        "x", datetime(2026, 11, 20, 10, tzinfo=UTC), None, None, False, None
    )


@pytest.mark.parametrize(
    ("sessions", "used"),
    [
        ([{"direction": "inbound", "addressFrom": "guest", "addressTo": "other"}], "other"),
        ([{"direction": "outbound", "addressFrom": "other", "addressTo": "guest"}], "other"),
        ([{"direction": "outbound", "addressFrom": "guest", "addressTo": "ours"}], "ours"),
        ([{"direction": "inbound", "addressTo": "other"}, {"addressTo": "ours"}], "ours"),
        ([{"messageType": "WebMessaging", "addressTo": "other"}], "other"),
        ([{"messageType": "sms", "addressTo": "+1"}], None),
        ([{}], None),
    ],
)
def test_the_deployment_is_at_our_end_of_the_customers_session(
    sessions: list[dict[str, Any]], used: str | None
) -> None:
    told = [{"messageType": "webmessaging", **session} for session in sessions]
    conversation = _conversation(1) | {"participants": [{"purpose": "external", "sessions": told}]}
    [read] = parse_page({"conversations": [conversation]}, "ours")
    assert read.deployment_id == used


@pytest.mark.parametrize(
    "answer",
    [
        {"conversations": {}},
        {"conversations": ["x"]},
        {"conversations": [{"conversationId": "x"}]},
        {"conversations": [{"conversationStart": "2026-11-20T10:00:00Z"}]},
        {"conversations": [_conversation(1) | {"conversationStart": "yesterday"}]},
        {"conversations": [_conversation(1) | {"conversationEnd": 5}]},
        {"conversations": [_conversation(1) | {"customerParticipation": "yes"}]},
        {
            "conversations": [
                _conversation(1) | {"participants": [{"purpose": "customer", "sessions": 1}]}
            ]
        },
    ],
)
def test_a_malformed_page_is_unexpected(answer: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer) as caught:
        parse_page(answer, "ours")
    assert str(caught.value) == str(UnexpectedAnswer()), "what's wrong is for the log"
