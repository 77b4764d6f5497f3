"""Read from the details query what happened to messages in a conversation, and when.

Analytics doesn't list messages. It has each session's delivery status, whether the customer wrote
at all, and who served the conversation and when. A flow, queue or agent starts to serve an idle
conversation because the customer wrote, so the start of each service tells when they did. While
it's being served, further messages leave no trace; then news.py reads the conversation itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from genesys.details import CUSTOMER, WEB_MESSAGING
from genesys.errors import UnexpectedAnswer
from genesys.outcome import DeliveryStatus, meaning
from genesys.shape import Json, flag, identifier, moment, nested_list, text

CLOCK_SKEW = timedelta(seconds=5)  # between our clock and Genesys's, or two of Genesys's
_SERVING = ("workflow", "botflow", "ivr", "acd", "agent", "user", "group")
_NEVER = datetime.max.replace(tzinfo=UTC)
_HANDING_OVER = timedelta(seconds=5)  # between the end of a flow and the start of a queue


@dataclass(frozen=True)
class Span:
    """A time of service, or part of one; an open end lies in the far future."""

    start: datetime
    end: datetime

    def covers(self, time: datetime) -> bool:
        """Whether it includes that time."""
        return self.start <= time < self.end


@dataclass(frozen=True)
class Delivery:
    """An outbound session: when it began, its message's status, and when that last changed."""

    began_at: datetime
    status: DeliveryStatus
    changed_at: datetime


@dataclass(frozen=True)
class Trace:
    """One conversation. `written_at`: times at which the customer wrote, oldest first."""

    conversation_id: str
    contact_ids: frozenset[str]
    started_at: datetime
    ended_at: datetime
    begun_by_customer: bool
    customer_wrote: bool
    written_at: tuple[datetime, ...]
    service: tuple[Span, ...]
    deliveries: tuple[Delivery, ...]

    def holds_only(self, sent_at: datetime) -> bool:
        """Whether the message sent then started it, so that all the customer wrote is a reply."""
        older = self.begun_by_customer or any(at < sent_at for at in self.written_at)
        return not older and self.started_at >= sent_at - CLOCK_SKEW

    def was_served(self, time: datetime) -> bool:
        """Whether it may have been served then, so that a reply leaves no trace."""
        spans = self.service or (Span(self.started_at, self.ended_at),)
        return any(span.covers(time) for span in spans)

    def delivery_of(self, sent_at: datetime) -> Delivery | None:
        """Return the delivery of the message sent then; of several, the one closest to it."""
        earliest = sent_at - CLOCK_SKEW
        ours = [
            one for one in self.deliveries if one.began_at >= earliest or one.changed_at >= earliest
        ]
        return min(ours, key=lambda one: abs(one.began_at - sent_at), default=None)


def read_trace(read: Json) -> Trace:
    """Parse a conversation of the details query. Raises UnexpectedAnswer."""
    started = moment(read, "conversationStart")
    if started is None:
        raise UnexpectedAnswer.because("A conversation has no start.")
    ended = moment(read, "conversationEnd") or _NEVER
    participants = nested_list(read, "participants")
    customers = [one for one in participants if text(one, "purpose") in CUSTOMER]
    inbound = [
        span.start
        for session in _sessions(customers)
        if text(session, "direction") == "inbound"
        for span in _spans(session, ended)
    ]
    service = _joined(
        span
        for session in _sessions(one for one in participants if text(one, "purpose") in _SERVING)
        for span in _spans(session, ended)
    )
    by_customer = text(read, "conversationInitiator") in CUSTOMER
    wrote = flag(read, "customerParticipation") or by_customer
    # Without the flag, only a session that the customer opened later counts: the first one may
    # be reported as inbound even if we began the conversation.
    wrote = wrote or any(start > started + CLOCK_SKEW for start in inbound)
    written = {*inbound, *(span.start for span in service), *([started] if by_customer else [])}
    return Trace(
        conversation_id=identifier(read, "conversationId"),
        contact_ids=frozenset(filter(None, (text(one, "externalContactId") for one in customers))),
        started_at=started,
        ended_at=ended,
        begun_by_customer=by_customer,
        customer_wrote=wrote,
        written_at=tuple(sorted(written)) if wrote else (),
        service=service,
        deliveries=tuple(_deliveries(participants, started, ended)),
    )


def _deliveries(
    participants: Iterable[Json], started: datetime, ended: datetime
) -> Iterator[Delivery]:
    for session in _sessions(participants):
        status = meaning(text(session, "deliveryStatus"))
        if status is not None and text(session, "direction") == "outbound":
            began = min((span.start for span in _spans(session, ended)), default=started)
            changed = moment(session, "deliveryStatusChangeDate") or began
            yield Delivery(began, status, changed)


def _sessions(participants: Iterable[Json]) -> Iterator[Json]:
    for participant in participants:
        for session in nested_list(participant, "sessions"):
            if text(session, "messageType").lower() == WEB_MESSAGING:
                yield session


def _spans(session: Json, ended: datetime) -> Iterator[Span]:
    """Read a session's segments, without the agent's work after the contact ("wrapup")."""
    for segment in nested_list(session, "segments"):
        start = moment(segment, "segmentStart")
        if start is not None and text(segment, "segmentType") != "wrapup":
            yield Span(start, moment(segment, "segmentEnd") or ended)


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Join spans that follow each other without a break, oldest first."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if joined and span.start - _HANDING_OVER <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)
