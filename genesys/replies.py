"""Read what a customer replied, and who has their conversation now."""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from genesys.client import GenesysCloud
from genesys.conversations import read_conversation, read_message_details
from genesys.details import CUSTOMER
from genesys.errors import GenesysError
from genesys.holder import Holder, find_holder
from genesys.rate_limit import Priority
from genesys.shape import Json, moment, nested, nested_list, text

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answered:
    """Who has the conversation, None if it has ended; and what the customer wrote, or ""."""

    holder: Holder | None
    said: str = field(repr=False)


def read_reply(
    cloud: GenesysCloud,
    conversation_id: str,
    *,
    since: datetime,
    with_text: bool,
) -> Answered:
    """Read the conversation, and `with_text` the first message of the customer after `since`.

    If only the text can't be read, it's "". The text needs conversation:message:view. Raises
    GenesysError.
    """
    read = read_conversation(cloud, conversation_id, Priority.BACKGROUND)
    holder = find_holder(read)
    message_id = _first_reply(read, since) if with_text else ""
    if not message_id:
        return Answered(holder, "")
    try:
        message = read_message_details(cloud, message_id, Priority.BACKGROUND)
        is_inbound = text(message, "direction") == "inbound"
        said = text(nested(message, "normalizedMessage"), "text") if is_inbound else ""
    except GenesysError as fault:
        _log.info("can't read a reply's text (%r)", fault)
        said = ""
    return Answered(holder, said)


def _first_reply(conversation: Json, since: datetime) -> str:
    """Return the id of the first message that the customer wrote after `since`, or ""."""
    found: list[tuple[datetime, str]] = []
    for participant in nested_list(conversation, "participants"):
        if text(participant, "purpose") in CUSTOMER:
            for message in nested_list(participant, "messages"):
                at = moment(message, "messageTime")
                if text(message, "messageStatus") == "received" and at is not None and at > since:
                    found.append((at, text(message, "messageId")))
    return min(found, default=(since, ""))[1]
