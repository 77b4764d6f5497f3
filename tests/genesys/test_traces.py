"""Reading from one conversation of the details query what became of a message in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from genesys import DeliveryStatus, UnexpectedAnswer
from genesys.traces import Delivery, Span, Trace, read_trace

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
NEVER = datetime.max.replace(tzinfo=UTC)
TRACE = Trace(
    conversation_id="c",
    contact_ids=frozenset(),
    started_at=START,
    ended_at=START + 30 * MINUTE,
    begun_by_customer=False,
    customer_wrote=True,
    written_at=(),
    service=(),
    deliveries=(),
)


def at(minutes: float) -> datetime:
    return START + minutes * MINUTE


def segment(start: float, end: float | None = None, kind: str = "interact") -> dict[str, Any]:
    times = {"segmentStart": at(start).isoformat()}
    if end is not None:
        times["segmentEnd"] = at(end).isoformat()
    return {**times, "segmentType": kind}


def session(*segments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messageType": "webmessaging", "segments": list(segments), **more}


def conversation(*participants: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "conversationId": "c",
        "conversationStart": START.isoformat(),
        "participants": list(participants),
        **more,
    }


def party(purpose: str, *sessions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"purpose": purpose, "sessions": list(sessions), **more}


def test_a_minimal_conversation_is_read() -> None:
    trace = read_trace({"conversationId": "c", "conversationStart": START.isoformat()})
    assert trace == replace(TRACE, ended_at=NEVER, customer_wrote=False)


def test_a_whole_conversation_is_read() -> None:
    outbound = {"direction": "outbound", "deliveryStatus": "DeliverySuccess"}
    trace = read_trace(
        conversation(
            party("customer", session(segment(0, 20), direction="inbound"), externalContactId="a"),
            party("external", externalContactId="b"),
            party("workflow", session(segment(1, 3))),
            party("acd", session(segment(3, 5))),
            party(
                "agent", session(segment(12, 15), segment(15, 16, "wrapup")), externalContactId="x"
            ),
            party(
                "api", session(segment(8), deliveryStatusChangeDate=at(9).isoformat(), **outbound)
            ),
            conversationEnd=at(20).isoformat(),
            conversationInitiator="customer",
        )
    )
    assert trace == Trace(
        conversation_id="c",
        contact_ids=frozenset({"a", "b"}),
        started_at=START,
        ended_at=at(20),
        begun_by_customer=True,
        customer_wrote=True,
        written_at=(START, at(1), at(12)),
        service=(Span(at(1), at(5)), Span(at(12), at(15))),
        deliveries=(Delivery(at(8), DeliveryStatus.DELIVERED, at(9)),),
    )


@pytest.mark.parametrize("missing", ["conversationId", "conversationStart"])
def test_a_conversation_without_an_id_or_a_start_is_unexpected(missing: str) -> None:
    read = conversation()
    del read[missing]
    with pytest.raises(UnexpectedAnswer) as caught:
        read_trace(read)
    assert str(caught.value) == str(UnexpectedAnswer()), "what's missing is for the log"
    assert caught.value.hint != UnexpectedAnswer.hint


@pytest.mark.parametrize(
    ("participant", "more", "wrote"),
    [
        (party("customer"), {}, False),
        (party("customer"), {"customerParticipation": True}, True),
        (party("customer"), {"conversationInitiator": "customer"}, True),
        (party("customer"), {"conversationInitiator": "external"}, True),
        (party("customer"), {"conversationInitiator": "agent"}, False),
        # A session that the customer opened more than five seconds after the start.
        (party("customer", session(segment(5 / 60), direction="inbound")), {}, False),
        (party("customer", session(segment(6 / 60), direction="inbound")), {}, True),
        (party("external", session(segment(6 / 60), direction="inbound")), {}, True),
        (party("customer", session(segment(1), direction="outbound")), {}, False),
        (party("agent", session(segment(1), direction="inbound")), {}, False),
        (party("customer", session(segment(1), direction="inbound", messageType="sms")), {}, False),
    ],
)
def test_a_trace_tells_whether_the_customer_wrote(
    participant: dict[str, Any], more: dict[str, Any], wrote: bool
) -> None:
    trace = read_trace(conversation(participant, party("acd", session(segment(2))), **more))
    assert trace.customer_wrote is wrote
    assert bool(trace.written_at) is wrote


@pytest.mark.parametrize("purpose", ["workflow", "botflow", "ivr", "acd", "agent", "user", "group"])
def test_these_participants_serve_a_conversation(purpose: str) -> None:
    trace = read_trace(
        conversation(party(purpose, session(segment(1, 2), messageType="WebMessaging")))
    )
    assert trace.service == (Span(at(1), at(2)),)


@pytest.mark.parametrize(
    ("segments", "service"),
    [
        ([segment(1, 2), segment(2, 3)], [(1, 3)]),
        ([segment(4, 5), segment(1, 2)], [(1, 2), (4, 5)]),  # sorted
        ([segment(1, 2), segment(2 + 5 / 60, 3)], [(1, 3)]),  # a break of five seconds
        ([segment(1, 2), segment(2 + 6 / 60, 3)], [(1, 2), (2 + 6 / 60, 3)]),
        ([segment(1, 9), segment(2, 3)], [(1, 9)]),  # one inside the other
        ([segment(1, 2), segment(2, 4), segment(4, 5)], [(1, 5)]),
        ([segment(1, 2, "wrapup")], []),
        ([segment(1)], [(1, 30)]),  # open until the conversation ends
        ([{"segmentEnd": at(2).isoformat()}], []),
    ],
)
def test_the_times_of_service_are_joined(segments: Any, service: list[tuple[float, float]]) -> None:
    read = conversation(
        *(party("agent", session(one)) for one in segments), conversationEnd=at(30).isoformat()
    )
    assert read_trace(read).service == tuple(Span(at(start), at(end)) for start, end in service)


@pytest.mark.parametrize(
    ("of_session", "deliveries"),
    [
        (session(segment(2), segment(1)), [(1, 1)]),
        (session(), [(0, 0)]),  # as long as the conversation
        (session(segment(2), deliveryStatusChangeDate=at(4).isoformat()), [(2, 4)]),
        (session(segment(2)) | {"direction": "inbound"}, []),
        (session(segment(2)) | {"deliveryStatus": "Received"}, []),
        (session(segment(2)) | {"messageType": "sms"}, []),
    ],
)
def test_outbound_sessions_are_deliveries(of_session: Any, deliveries: list[Any]) -> None:
    read = {"direction": "outbound", "deliveryStatus": "Read", **of_session}
    assert read_trace(conversation(party("api", read))).deliveries == tuple(
        Delivery(at(began), DeliveryStatus.READ, at(changed)) for began, changed in deliveries
    )


def test_a_span_includes_its_start_but_not_its_end() -> None:
    span = Span(at(1), at(2))
    inside = [span.covers(at(minute)) for minute in (0.99, 1, 1.99, 2)]
    assert inside == [False, True, True, False]


@pytest.mark.parametrize(
    ("trace", "sent_at", "only"),
    [
        (TRACE, START, True),
        (TRACE, START + 5 * SECOND, True),  # the clocks may differ by five seconds
        (TRACE, START + 6 * SECOND, False),
        (TRACE, START - MINUTE, True),
        (replace(TRACE, begun_by_customer=True), START, False),
        (replace(TRACE, written_at=(START,)), START, True),
        (replace(TRACE, written_at=(START, at(1))), START + SECOND, False),
    ],
)
def test_whether_a_message_started_the_conversation(
    trace: Trace, sent_at: datetime, only: bool
) -> None:
    assert trace.holds_only(sent_at) is only


def test_without_any_service_the_whole_conversation_counts_as_served() -> None:
    assert [TRACE.was_served(at(minute)) for minute in (-1, 0, 29, 30)] == [
        False,
        True,
        True,
        False,
    ]
    served = replace(TRACE, service=(Span(at(1), at(2)), Span(at(5), at(6))))
    assert [served.was_served(at(minute)) for minute in (0, 1, 3, 5, 6)] == [
        False,
        True,
        False,
        True,
        False,
    ]


def _delivery(began: float, status: DeliveryStatus, changed: float) -> Delivery:
    return Delivery(at(began), status, at(changed))


AWAY, READ = DeliveryStatus.AWAY, DeliveryStatus.READ


@pytest.mark.parametrize(
    ("deliveries", "status"),
    [
        ([], None),
        ([_delivery(10, READ, 10)], READ),
        ([_delivery(10 - 5 / 60, READ, 0)], READ),  # the clocks may differ by five seconds
        ([_delivery(10 - 6 / 60, READ, 10 - 6 / 60)], None),
        ([_delivery(0, READ, 10 - 5 / 60)], READ),  # an older session with newer news
        ([_delivery(0, READ, 12), _delivery(11, AWAY, 11)], AWAY),
        ([_delivery(12, READ, 12), _delivery(11, AWAY, 11)], AWAY),
        ([_delivery(10 - 5 / 60, READ, 10), _delivery(10 + 4 / 60, AWAY, 11)], AWAY),
    ],
)
def test_the_delivery_closest_to_the_send_counts(
    deliveries: list[Delivery], status: DeliveryStatus | None
) -> None:
    trace = replace(TRACE, deliveries=tuple(deliveries))
    found = trace.delivery_of(at(10))
    assert (found and found.status) is status
