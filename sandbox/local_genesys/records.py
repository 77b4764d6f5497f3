"""The stand-in's records: contacts, conversations, and the people on the web page.

Times are aware UTC datetimes. No repr shows a name, an address or a text.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

WEB_MESSAGING = "webmessaging"


class Direction(StrEnum):
    """Who wrote: the customer (inbound) or the company (outbound)."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class MessageStatus(StrEnum):
    """The message states that this stand-in produces."""

    QUEUED = "queued"
    SENT = "sent"
    RECEIVED = "received"
    DELIVERED = "delivery-success"
    UNDELIVERED = "delivery-failed"
    READ = "read"
    FAILED = "failed"


@dataclass
class Message:
    """One message and its states, oldest first."""

    id: str
    conversation_id: str
    participant_id: str
    direction: Direction
    text: str = field(repr=False)
    at: datetime
    history: list[tuple[MessageStatus, datetime]]
    failure: tuple[str, str] | None = field(default=None, repr=False)  # a code and its sentence

    @property
    def status(self) -> MessageStatus:
        """The current state."""
        return self.history[-1][0]


@dataclass
class Participant:
    """One party of a conversation with its one session and segment."""

    purpose: str
    direction: Direction
    started_at: datetime
    address_from: str
    address_to: str
    ended_at: datetime | None = None
    media_type: str = "message"
    message_type: str | None = WEB_MESSAGING
    contact_id: str | None = None
    name: str = field(default="", repr=False)
    user_id: str | None = None
    queue_id: str | None = None
    flow_id: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    session_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Conversation:
    """One conversation of a contact; `deployment_id` is None if it isn't web messaging."""

    id: str
    deployment_id: str | None
    contact_id: str
    initiator: str
    direction: Direction
    started_at: datetime
    ended_at: datetime | None = None
    participants: list[Participant] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether the conversation hasn't ended."""
        return self.ended_at is None

    @property
    def customer(self) -> Participant:
        """The customer's participant."""
        return next(party for party in self.participants if party.purpose == "customer")

    def customer_wrote_by(self, moment: datetime) -> bool:
        """Return whether the customer had sent a message by then."""
        return any(
            message.direction is Direction.INBOUND and message.at <= moment
            for message in self.messages
        )


@dataclass(frozen=True)
class Contact:
    """One external contact; `merge_set` is empty if it was never merged."""

    id: str
    contact_type: str
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    claims_details: bool = True  # whether its email and phone are claimed identifiers
    organization: str | None = None
    canonical_id: str | None = None
    merge_set: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deployment:
    """A web messaging deployment."""

    id: str
    name: str
    status: str = "Active"


@dataclass
class Customer:
    """A visitor of the company's web page, with their guest session."""

    id: str
    contact_id: str
    name: str = field(repr=False)
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    story: str
    expects: str
    deployment_id: str
    present: bool = False

    @property
    def address(self) -> str:
        """The guest session's own address, as conversations show it."""
        return f"guest-{uuid.uuid5(uuid.NAMESPACE_URL, self.contact_id)}"


@dataclass(frozen=True)
class Response:
    """A text that an organisation keeps for its agents.

    `substitutions` has id, description and default of each placeholder. `response_type` and
    `interaction_type` are empty for a standard text for every channel.
    """

    id: str
    name: str
    library: str
    text: str = field(repr=False)
    version: int = 1
    substitutions: tuple[tuple[str, str, str], ...] = ()
    required: tuple[str, ...] = ()
    content_type: str = "text/plain"
    response_type: str = ""
    interaction_type: str = ""
