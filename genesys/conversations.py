"""Read a conversation or a message itself, which is up to date; the details query lags behind.

If Genesys doesn't know it (yet), the answer is {}, so that readers treat it like absent fields.
"""

from urllib.parse import quote

from genesys.client import GenesysCloud
from genesys.errors import NotFound
from genesys.rate_limit import Priority
from genesys.shape import Json

_MESSAGES = "/api/v2/conversations/messages"


def read_conversation(cloud: GenesysCloud, conversation_id: str, priority: Priority) -> Json:
    """Read a conversation with its participants and the status of their messages, without texts.

    The SDK's docs name no permission. Whether that also holds for someone who isn't a participant
    is unconfirmed.
    """
    return _read(cloud, f"{_MESSAGES}/{quote(conversation_id, safe='')}", priority)


def read_message_details(cloud: GenesysCloud, message_id: str, priority: Priority) -> Json:
    """Read a message with its text and receipts. Needs conversation:message:view."""
    return _read(cloud, f"{_MESSAGES}/{quote(message_id, safe='')}/details", priority)


def _read(cloud: GenesysCloud, path: str, priority: Priority) -> Json:
    try:
        return cloud.call("GET", path, priority=priority)
    except NotFound:
        return {}
