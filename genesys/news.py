"""Find out what became of many messages, with as few calls as Genesys allows.

One details query covers 50 contacts. It returns each message's own conversation and newer ones,
because a reply may come in another conversation. Three kinds of messages need more calls: those
in a conversation that began on an earlier day (one query per 50); those in a conversation that was
being served when they were sent, because analytics doesn't show replies there (one read each); and
those that failed, because analytics doesn't say why (one read each). Analytics lags behind, so
status None means "not shown yet".
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from genesys.client import GenesysCloud
from genesys.conversations import read_conversation
from genesys.details import (
    CUSTOMER,
    Window,
    details_query,
    id_groups,
    query_by_id,
    read_details,
    windows_between,
)
from genesys.errors import GenesysError, RateLimitExhausted, TimedOut
from genesys.outcome import (
    DeliveryStatus,
    News,
    Reply,
    error_explanation,
    error_info,
    meaning,
)
from genesys.rate_limit import Priority
from genesys.shape import Json, moment, nested_list, text
from genesys.traces import Trace, read_trace

_WINDOW_DAYS = 31
_BEYOND_NOW = timedelta(minutes=1)  # a conversation may begin "after now", on the next day
_LONGEST_LAG = timedelta(hours=1)  # what analytics doesn't show by then, it never shows
_MOST_FAULTS = 3  # in one poll, each of which may take a call's whole patience
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Followed:
    """A message that Genesys accepted; `contact_ids` is the customer's whole merge set."""

    message_id: str
    conversation_id: str
    contact_ids: tuple[str, ...]
    sent_at: datetime


class _Conversations:
    """Reads conversations themselves, each once. One that can't be read now counts as empty.

    So it doesn't stop the others. But after some faults that others would meet as well, it asks no
    more.
    """

    def __init__(self, cloud: GenesysCloud, priority: Priority) -> None:
        self._cloud = cloud
        self._priority = priority
        self._faults = 0
        self._known: dict[str, Json] = {}

    def read(self, conversation_id: str) -> Json:
        """Return a conversation with its messages; {} if it can't be read."""
        if conversation_id not in self._known:
            self._known[conversation_id] = self._ask(conversation_id)
        return self._known[conversation_id]

    def _ask(self, conversation_id: str) -> Json:
        if self._faults >= _MOST_FAULTS:
            return {}
        try:
            return read_conversation(self._cloud, conversation_id, self._priority)
        except GenesysError as fault:
            _log.info("can't read a message's conversation (%r)", fault)
            self._faults += fault.transient or isinstance(fault, TimedOut | RateLimitExhausted)
            return {}


@dataclass(frozen=True)
class _Poll:
    """What one poll found."""

    now: datetime
    by_id: dict[str, Trace] = field(repr=False)
    by_contact: dict[str, list[Trace]] = field(repr=False)
    conversations: _Conversations = field(repr=False)


def read_news(
    cloud: GenesysCloud,
    followed: Sequence[Followed],
    *,
    now: datetime,
    priority: Priority = Priority.BACKGROUND,
) -> dict[str, News]:
    """Read the delivery status and the first reply of each message, by message id.

    A reply is whatever the customer wrote after the message was sent, in any conversation. If two
    messages were sent before it, both get it. `now` is aware. Needs
    analytics:conversationDetail:view. Raises GenesysError.
    """
    if not followed:
        return {}
    traces = _read_traces(cloud, followed, now, priority)
    by_contact: dict[str, list[Trace]] = defaultdict(list)
    for trace in traces.values():
        for contact_id in trace.contact_ids:
            by_contact[contact_id].append(trace)
    poll = _Poll(now, traces, by_contact, _Conversations(cloud, priority))
    return {one.message_id: _news(one, poll) for one in followed}


def _read_traces(
    cloud: GenesysCloud, followed: Sequence[Followed], now: datetime, priority: Priority
) -> dict[str, Trace]:
    """Read the contacts' conversations since the first message, then older ones by id."""
    first = min(one.sent_at for one in followed).astimezone(UTC)
    since = first.replace(hour=0, minute=0, second=0, microsecond=0)
    until = max(first, now.astimezone(UTC)) + _BEYOND_NOW
    contact_ids = list(dict.fromkeys(id_ for one in followed for id_ in one.contact_ids))
    queries = [
        details_query(window, some_ids)
        for window in windows_between(since, until, window_days=_WINDOW_DAYS)
        for some_ids in id_groups(contact_ids)
    ]
    traces = {one.conversation_id: one for one in _traces(cloud, queries, priority)}
    missing = {one.conversation_id for one in followed} - traces.keys()
    before = Window(since - timedelta(days=_WINDOW_DAYS), since)
    queries = [query_by_id(before, some_ids) for some_ids in id_groups(sorted(missing))]
    return {**traces, **{one.conversation_id: one for one in _traces(cloud, queries, priority)}}


def _traces(cloud: GenesysCloud, queries: Iterable[Json], priority: Priority) -> Iterator[Trace]:
    for query in queries:
        for answer in read_details(cloud, query, priority=priority):
            yield from map(read_trace, nested_list(answer, "conversations"))


def _news(followed: Followed, poll: _Poll) -> News:
    own = poll.by_id.get(followed.conversation_id)
    delivery = None if own is None else own.delivery_of(followed.sent_at)
    status = None if delivery is None else delivery.status
    known = {
        trace.conversation_id: trace
        for contact_id in followed.contact_ids
        for trace in poll.by_contact.get(contact_id, ())
    }
    if own is not None:
        known[own.conversation_id] = own
    replies = [_reply_in(trace, followed, poll.now) for trace in known.values()]
    reason = explanation = ""
    if status is DeliveryStatus.FAILED or _must_ask(own, followed, poll.now):
        asked = poll.conversations.read(followed.conversation_id)
        listed = _find_message(asked, followed.message_id)
        status = status or meaning(text(listed, "messageStatus"))
        if status is DeliveryStatus.FAILED:
            reason, explanation = error_info(listed), error_explanation(listed)
        replies += _replies_in(asked, followed)
    found = [one for one in replies if one is not None]
    first = min(found, key=lambda one: one.at, default=None)
    changed_at = None if delivery is None else delivery.changed_at
    return News(followed.message_id, status, reason, first, changed_at, explanation)


def _reply_in(trace: Trace, followed: Followed, now: datetime) -> Reply | None:
    """Find when the customer first wrote there after the message.

    If analytics doesn't tell when, but everything there is newer than the message, use now.
    """
    if not trace.customer_wrote:
        return None
    later = next((at for at in trace.written_at if at > followed.sent_at), None)
    is_own = trace.conversation_id == followed.conversation_id
    if later is None and (
        trace.started_at > followed.sent_at or (is_own and trace.holds_only(followed.sent_at))
    ):
        later = now
    return None if later is None else Reply(trace.conversation_id, later)


def _must_ask(own: Trace | None, followed: Followed, now: datetime) -> bool:
    """Return whether analytics can't tell, so that we must read the conversation itself."""
    if own is None:
        return now - followed.sent_at > _LONGEST_LAG
    if own.holds_only(followed.sent_at):
        return False
    return own.customer_wrote and own.was_served(followed.sent_at)


def _find_message(conversation: Json, message_id: str) -> Json:
    listed = (message for _, message in _messages(conversation))
    return next((one for one in listed if text(one, "messageId") == message_id), {})


def _replies_in(conversation: Json, followed: Followed) -> Iterator[Reply]:
    for participant, message in _messages(conversation):
        at = moment(message, "messageTime")
        by_customer = text(participant, "purpose") in CUSTOMER
        received = by_customer and text(message, "messageStatus") == "received"
        if received and at is not None and at > followed.sent_at:
            yield Reply(followed.conversation_id, at)


def _messages(conversation: Json) -> Iterator[tuple[Json, Json]]:
    for participant in nested_list(conversation, "participants"):
        for message in nested_list(participant, "messages"):
            yield participant, message
