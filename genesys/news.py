"""The batched poll: what became of many messages, for as few calls as Genesys allows.

One details query covers 50 contacts, and tells of each message's own conversation as well as
of newer ones, because a reply may come in another conversation than the message. Two kinds of
messages need more: those written into a conversation that began on an earlier day (one query
for 50 of them), and those written into one that was being served, where analytics cannot see
a reply (one read for each). Analytics lags behind; status None then means "not shown yet".
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from genesys.budget import Priority
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
from genesys.errors import BadRequest, MissingPermission
from genesys.outcome import DeliveryStatus, News, Reply, meaning
from genesys.shape import Json, moment, nested_list, text
from genesys.traces import Trace, read_trace

_WINDOW_DAYS = 31
_CLOCK_SKEW = timedelta(minutes=1)  # a conversation may begin "after now", on the next day
_LONGEST_LAG = timedelta(hours=1)  # what analytics does not show by then, it will not show


@dataclass(frozen=True)
class Watched:
    """A message that was accepted; `contact_ids` is its customer's whole merge set."""

    message_id: str
    conversation_id: str
    contact_ids: tuple[str, ...]
    sent_at: datetime


@dataclass(frozen=True)
class _Sight:
    """All that one poll saw; `ask` reads a conversation itself, each only once."""

    now: datetime
    by_id: dict[str, Trace] = field(repr=False)
    by_contact: dict[str, list[Trace]] = field(repr=False)
    ask: Callable[[str], Json] = field(repr=False)


def read_news(
    cloud: GenesysCloud,
    watched: Sequence[Watched],
    *,
    now: datetime,
    priority: Priority = Priority.BACKGROUND,
) -> dict[str, News]:
    """Read what became of these messages, by message id: delivery, and the first reply.

    A reply is whatever the customer wrote after the message was sent, in its conversation or
    in another one; two messages that were both sent before it both get it. `now` is aware.
    Needs analytics:conversationDetail:view. Raises GenesysError.
    """
    if not watched:
        return {}
    traces = _read_traces(cloud, watched, now, priority)
    by_contact: dict[str, list[Trace]] = defaultdict(list)
    for trace in traces.values():
        for contact_id in trace.contact_ids:
            by_contact[contact_id].append(trace)
    sight = _Sight(now, traces, by_contact, cache(lambda one: _ask(cloud, one, priority)))
    return {one.message_id: _news(one, sight) for one in watched}


def _read_traces(
    cloud: GenesysCloud, watched: Sequence[Watched], now: datetime, priority: Priority
) -> dict[str, Trace]:
    """Read the contacts' conversations since the first message, then its older ones by id."""
    first = min(one.sent_at for one in watched).astimezone(UTC)
    since = first.replace(hour=0, minute=0, second=0, microsecond=0)
    until = max(first, now.astimezone(UTC)) + _CLOCK_SKEW
    contact_ids = list(dict.fromkeys(id_ for one in watched for id_ in one.contact_ids))
    queries = [
        details_query(window, some_ids)
        for window in windows_between(since, until, window_days=_WINDOW_DAYS)
        for some_ids in id_groups(contact_ids)
    ]
    traces = {one.conversation_id: one for one in _traces(cloud, queries, priority)}
    missing = {one.conversation_id for one in watched} - traces.keys()
    before = Window(since - timedelta(days=_WINDOW_DAYS), since)
    queries = [query_by_id(before, some_ids) for some_ids in id_groups(sorted(missing))]
    return {**traces, **{one.conversation_id: one for one in _traces(cloud, queries, priority)}}


def _traces(cloud: GenesysCloud, queries: Iterable[Json], priority: Priority) -> Iterator[Trace]:
    for query in queries:
        for answer in read_details(cloud, query, priority=priority):
            yield from map(read_trace, nested_list(answer, "conversations"))


def _news(watched: Watched, sight: _Sight) -> News:
    own = sight.by_id.get(watched.conversation_id)
    status = None if own is None else own.delivery_of(watched.sent_at)
    known = {
        trace.conversation_id: trace
        for contact_id in watched.contact_ids
        for trace in sight.by_contact.get(contact_id, ())
    }
    if own is not None:
        known[own.conversation_id] = own
    replies = [_reply_in(trace, watched, sight.now) for trace in known.values()]
    if _only_itself_knows(own, watched, sight.now):
        asked = sight.ask(watched.conversation_id)
        status = status or _status_in(asked, watched.message_id)
        replies += _replies_in(asked, watched)
    found = [one for one in replies if one is not None]
    return News(watched.message_id, status, "", min(found, key=lambda one: one.at, default=None))


def _reply_in(trace: Trace, watched: Watched, now: datetime) -> Reply | None:
    """Find the first moment after the message at which the customer wrote there.

    Where the moment is not told but all writing there is later than the message, it is now.
    """
    if not trace.customer_wrote:
        return None
    later = next((at for at in trace.written_at if at > watched.sent_at), None)
    is_own = trace.conversation_id == watched.conversation_id
    if later is None and (
        trace.started_at > watched.sent_at or (is_own and trace.holds_only(watched.sent_at))
    ):
        later = now
    return None if later is None else Reply(trace.conversation_id, later)


def _only_itself_knows(own: Trace | None, watched: Watched, now: datetime) -> bool:
    """Say whether analytics cannot tell, so that the conversation itself has to be asked."""
    if own is None:
        return now - watched.sent_at > _LONGEST_LAG
    if own.holds_only(watched.sent_at):
        return False
    return own.customer_wrote and own.was_served(watched.sent_at)


def _ask(cloud: GenesysCloud, conversation_id: str, priority: Priority) -> Json:
    """Read one conversation; {} rather than letting one that may not be read stop the others."""
    try:
        return read_conversation(cloud, conversation_id, priority)
    except (MissingPermission, BadRequest):
        return {}


def _status_in(conversation: Json, message_id: str) -> DeliveryStatus | None:
    listed = (message for _, message in _messages(conversation))
    found = (text(one, "messageStatus") for one in listed if text(one, "messageId") == message_id)
    return meaning(next(found, ""))


def _replies_in(conversation: Json, watched: Watched) -> Iterator[Reply]:
    for participant, message in _messages(conversation):
        at = moment(message, "messageTime")
        by_customer = text(participant, "purpose") in CUSTOMER
        received = by_customer and text(message, "messageStatus") == "received"
        if received and at is not None and at > watched.sent_at:
            yield Reply(watched.conversation_id, at)


def _messages(conversation: Json) -> Iterator[tuple[Json, Json]]:
    for participant in nested_list(conversation, "participants"):
        for message in nested_list(participant, "messages"):
            yield participant, message
