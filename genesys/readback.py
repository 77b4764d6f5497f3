"""Find out whether a message was sent after its answer was lost. Never sends anything.

Genesys can't look up a message by its request, so we look through the contact's web messaging
conversations. The right one may have begun long ago, because Genesys continues a conversation
within its threading time (up to 72 hours after its end). Analytics lags behind, so None means
"not seen yet", and the caller should ask again later.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from genesys.client import GenesysCloud
from genesys.conversations import read_conversation, read_message_details
from genesys.details import Window, id_groups, split_windows
from genesys.history import Conversation, read_pages
from genesys.messaging import OutboundMessage, Receipt
from genesys.rate_limit import Priority
from genesys.shape import Json, identifier, moment, nested, nested_list, text
from genesys.traces import CLOCK_SKEW

_HISTORY_DAYS, _WINDOW_DAYS = 90, 31  # an open conversation that the send went into may be old


def find_sent(
    cloud: GenesysCloud,
    message: OutboundMessage,
    *,
    contact_ids: tuple[str, ...],
    since: datetime,
    now: datetime,
    known_message_ids: frozenset[str] = frozenset(),
    note: Callable[[Conversation], None] | None = None,
) -> Receipt | None:
    """Find the message in Genesys, or return None if it isn't there (yet).

    A message is ours if it was sent since `since`, or a few seconds before it (clocks differ), has
    the same text, and isn't in `known_message_ids`, the messages that other requests have receipts
    for. `contact_ids` is the
    whole merge set. `note` is told of each conversation that was found. Needs
    analytics:conversationDetail:view and conversation:message:view. Raises GenesysError.
    """
    earliest = since.astimezone(UTC) - CLOCK_SKEW
    windows = split_windows(now, history_days=_HISTORY_DAYS, window_days=_WINDOW_DAYS)
    for conversation in _conversations(cloud, message, contact_ids, windows):
        if note is not None:
            note(conversation)
        if conversation.ended_at is not None and conversation.ended_at < earliest:
            continue
        for message_id in _sent_since(cloud, conversation, earliest):
            if message_id not in known_message_ids:
                sent = read_message_details(cloud, message_id, Priority.BACKGROUND)
                at = _sent_at(sent, message)
                if at is not None and at >= earliest:
                    return Receipt(message_id, conversation.conversation_id, at)
    return None


def _conversations(
    cloud: GenesysCloud,
    message: OutboundMessage,
    contact_ids: tuple[str, ...],
    windows: Iterable[Window],
) -> Iterator[Conversation]:
    """Read the conversations it may be in: all of the newest window, and older open ones."""
    for number, window in enumerate(windows):
        for some_ids in id_groups(contact_ids):
            for page in read_pages(
                cloud,
                window,
                some_ids,
                deployment_id=message.deployment_id,
                only_open=number > 0,
                priority=Priority.BACKGROUND,
            ):
                yield from page


def _sent_since(
    cloud: GenesysCloud, conversation: Conversation, earliest: datetime
) -> Iterator[str]:
    """List the messages of a conversation that may be outbound and are new enough."""
    read = read_conversation(cloud, conversation.conversation_id, Priority.BACKGROUND)
    for participant in nested_list(read, "participants"):
        for listed in nested_list(participant, "messages"):
            at = moment(listed, "messageTime")
            is_new = at is None or at >= earliest
            if is_new and text(listed, "messageStatus") != "received":
                yield identifier(listed, "messageId")


def _sent_at(sent: Json, message: OutboundMessage) -> datetime | None:
    """Return when it was sent; None if it's inbound or has another text."""
    found = text(nested(sent, "normalizedMessage"), "text")
    if text(sent, "direction") != "outbound" or _comparable(found) != _comparable(message.text):
        return None
    return moment(sent, "timestamp")


def _comparable(written: str) -> str:
    """Remove what a message platform may change in a text: line ends and outer whitespace."""
    return "\n".join(written.splitlines()).strip()
