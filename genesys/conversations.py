"""A conversation and its messages as Genesys holds them now; the details query may lag behind.

What is not there (yet) reads as {}, so that every reader takes absence as it takes an absent
field. What it means is for readback.py, outcome.py, news.py and holder.py.
"""

from urllib.parse import quote

from genesys.budget import Priority
from genesys.client import GenesysCloud
from genesys.errors import NotFound
from genesys.shape import Json

_MESSAGES = "/api/v2/conversations/messages"


def read_conversation(cloud: GenesysCloud, conversation_id: str, priority: Priority) -> Json:
    """Read a conversation with its participants and the state of their messages (no texts).

    By the documents it needs no permission; for one who takes no part that is not confirmed.
    """
    return _read(cloud, f"{_MESSAGES}/{quote(conversation_id, safe='')}", priority)


def read_message_details(cloud: GenesysCloud, message_id: str, priority: Priority) -> Json:
    """Read a message with its text and its receipts. Needs conversation:message:view."""
    return _read(cloud, f"{_MESSAGES}/{quote(message_id, safe='')}/details", priority)


def _read(cloud: GenesysCloud, path: str, priority: Priority) -> Json:
    try:
        return cloud.call("GET", path, priority=priority)
    except NotFound:
        return {}
