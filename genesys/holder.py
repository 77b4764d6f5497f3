"""Find out who has a conversation now, and the link that opens it in Genesys Cloud."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote, urlsplit

from genesys.client import Connection, GenesysCloud
from genesys.conversations import read_conversation
from genesys.details import CUSTOMER
from genesys.rate_limit import Priority
from genesys.sdk import api_host
from genesys.shape import Json, moment, nested, nested_list, text

_EARLY = datetime.min.replace(tzinfo=UTC)
_GONE = ("disconnected", "terminated")
_ANSWERED = ("connected", "parked")  # an agent whose phone is still ringing doesn't have it yet


class HolderKind(StrEnum):
    """What kind of holder it is; NOBODY: the customer is there, but nothing serves them."""

    QUEUE = "queue"
    FLOW = "flow"
    AGENT = "agent"
    NOBODY = "nobody"


# The first of these has the conversation: a queue keeps it until an agent answers.
_PURPOSES = (
    (HolderKind.AGENT, ("agent", "user")),
    (HolderKind.QUEUE, ("acd", "group")),
    (HolderKind.FLOW, ("workflow", "botflow", "ivr")),
)
_ENTITY = {HolderKind.AGENT: "user", HolderKind.QUEUE: "queue"}


@dataclass(frozen=True)
class Holder:
    """Who has a conversation; `name` is an id if Genesys gives no name."""

    kind: HolderKind
    name: str

    def __repr__(self) -> str:
        name = "•••" if self.kind is HolderKind.AGENT else self.name
        return f"Holder({self.kind.value}, {name})"


def read_holder(cloud: GenesysCloud, conversation_id: str) -> Holder | None:
    """Read who has the conversation now: agent before queue before flow.

    Returns None if it has ended or doesn't exist. Raises GenesysError.
    """
    return find_holder(read_conversation(cloud, conversation_id, Priority.BACKGROUND))


def find_holder(read: Json) -> Holder | None:
    """Find in a conversation who has it now; None if it has ended or is {}."""
    present = [one for one in nested_list(read, "participants") if _is_present(one)]
    for kind, purposes in _PURPOSES:
        holding = [one for one in present if text(one, "purpose") in purposes]
        if kind is HolderKind.AGENT:
            holding = [one for one in holding if text(one, "state") in _ANSWERED]
        if holding:
            latest = max(holding, key=lambda one: moment(one, "connectedTime") or _EARLY)
            return Holder(kind, _name(kind, latest))
    if any(text(one, "purpose") in CUSTOMER for one in present):
        return Holder(HolderKind.NOBODY, "")
    return None


def conversation_link(connection: Connection, conversation_id: str) -> str:
    """Return the URL that opens the conversation in Genesys Cloud.

    It's at "//apps." if the API is at "//api.", else at the same host (for a stand-in). Raises
    ValueError for an unknown region.
    """
    api = urlsplit(connection.api_url or api_host(connection.region))
    host = f"{api.scheme}://{api.netloc}".replace("//api.", "//apps.")
    return f"{host}/directory/#/engage/admin/interactions/{quote(conversation_id, safe='')}"


def _is_present(participant: Json) -> bool:
    return not text(participant, "endTime") and text(participant, "state") not in _GONE


def _name(kind: HolderKind, participant: Json) -> str:
    """Return the entity's name, else the participant's, else an id."""
    entity = nested(participant, _ENTITY.get(kind, ""))
    names = text(entity, "name"), text(participant, "name"), text(entity, "id")
    return next(filter(None, names), text(participant, "id"))
