"""The stand-in's state: records, settings, tokens, faults and calls.

Everything is in memory and used only from the event loop that serves it, so there are no locks.
Times are aware UTC datetimes from the world's clock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.faults import Faults
from sandbox.local_genesys.channels import Channels
from sandbox.local_genesys.records import (
    Contact,
    Conversation,
    Customer,
    Deployment,
    Message,
    Response,
)


@dataclass
class Settings:
    """What a test or the page may change while the stand-in runs."""

    analytics_delay_seconds: float = 0.0
    calls_per_minute: int = 300
    token_seconds: int = 86_400
    missing_permissions: frozenset[str] = frozenset()
    deployment_status: str = "Active"
    threading_timeline_minutes: float = 0.0
    answers_open_new_conversation: bool = False
    heartbeat_seconds: float = 30.0
    session_duration_seconds: int = 30 * 86_400
    messenger_enabled: bool = True
    conversations_enabled: bool = True
    disconnect_type: str = "Send"
    push_content: str = ""
    pushes_reach_phones: bool = False
    resolves_identities: bool = True


class Changes:
    """Tells the open pages that something changed; it may combine several changes."""

    def __init__(self) -> None:
        self._followers: set[asyncio.Event] = set()

    def announce(self) -> None:
        """Wake every follower."""
        for follower in self._followers:
            follower.set()

    @contextmanager
    def follow(self) -> Iterator[asyncio.Event]:
        """Yield an event that is set on each change while the block runs."""
        follower = asyncio.Event()
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)


@dataclass
class World:
    """Everything that the stand-in remembers."""

    clock: Callable[[], datetime]
    step_seconds: float
    settings: Settings = field(default_factory=Settings)
    contacts: dict[str, Contact] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    responses: dict[str, Response] = field(default_factory=dict)
    tokens: dict[str, datetime] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    calls: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=5000))
    changes: Changes = field(default_factory=Changes)
    channels: Channels = field(default_factory=Channels)
    _by_contact: dict[str, list[Conversation]] = field(default_factory=dict)
    _customer_by_contact: dict[str, Customer] = field(default_factory=dict)

    def forget(self) -> None:
        """Remove everything and restore the default settings; open pages stay connected."""
        self.settings = Settings()
        for memory in (self.contacts, self.deployments, self.customers, self.conversations):
            memory.clear()
        self._by_contact.clear()
        self._customer_by_contact.clear()
        self.messages.clear()
        self.responses.clear()
        self.tokens.clear()
        self.faults.clear()
        self.calls.clear()
        self.channels.forget()

    def add_customer(self, customer: Customer) -> None:
        """Add a visitor of the web page."""
        self.customers[customer.id] = customer
        self._customer_by_contact[customer.contact_id] = customer

    def add_conversation(self, conversation: Conversation) -> None:
        """Add a conversation and its messages, or the new messages of a known one."""
        if conversation.id not in self.conversations:
            self._by_contact.setdefault(conversation.contact_id, []).append(conversation)
        self.conversations[conversation.id] = conversation
        self.messages.update({message.id: message for message in conversation.messages})

    def conversations_of(self, contact_id: str) -> list[Conversation]:
        """List a contact's conversations of every kind, in any order."""
        return list(self._by_contact.get(contact_id, ()))

    def web_conversations(self, contact_id: str, deployment_id: str) -> list[Conversation]:
        """List a contact's web messaging conversations on a deployment, oldest first."""
        found = [
            conversation
            for conversation in self.conversations_of(contact_id)
            if conversation.deployment_id == deployment_id
        ]
        return sorted(found, key=lambda conversation: conversation.started_at)

    def customer_of(self, contact_id: str) -> Customer | None:
        """Find the customer whose guest session has this contact id."""
        return self._customer_by_contact.get(contact_id)

    def within_timeline(self, conversation: Conversation) -> bool:
        """Return whether an ended conversation may still be continued."""
        if conversation.ended_at is None:
            return True
        window = timedelta(minutes=self.settings.threading_timeline_minutes)
        return self.clock() - conversation.ended_at < window


def utcnow() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def as_iso(moment: datetime) -> str:
    """Format a time as Genesys Cloud does: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
