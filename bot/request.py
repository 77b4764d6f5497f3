"""A Request, its states, and which state may follow which. Pure.

One table has every transition. News that is late, repeated or out of order never moves a request
backwards.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from genesys import Identity


class State(StrEnum):
    """Where a request stands, in words that a person may read."""

    CHECKING = "checking"
    UNAPPROVED = "unapproved"
    REFUSED = "refused"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    ACCEPTED = "accepted"
    WAITING = "waiting"
    PUSHED = "pushed"
    DELIVERED = "delivered"
    READ = "read"
    REPLIED = "replied"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_NEVER_SENT = frozenset({State.REFUSED, State.EXPIRED, State.CANCELLED})
_NEWS = frozenset({State.DELIVERED, State.READ, State.REPLIED, State.FAILED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.CHECKING: _NEVER_SENT | {State.UNAPPROVED, State.SCHEDULED},
    State.UNAPPROVED: _NEVER_SENT | {State.SCHEDULED},
    # Back to UNAPPROVED when the approval no longer holds: what it was given for has changed.
    State.SCHEDULED: _NEVER_SENT | {State.UNAPPROVED, State.SENDING},
    # FAILED and SCHEDULED only when Genesys certainly did not take it (refused for good, or not
    # reached: then it waits); what is less certain is read back first.
    State.SENDING: frozenset({State.ACCEPTED, State.FAILED, State.UNCERTAIN, State.SCHEDULED}),
    State.UNCERTAIN: frozenset({State.ACCEPTED, State.SCHEDULED}),  # scheduled: a person decided
    State.ACCEPTED: _NEWS | {State.WAITING, State.PUSHED},
    State.WAITING: _NEWS | {State.PUSHED},
    State.PUSHED: _NEWS,
    State.DELIVERED: frozenset({State.READ, State.REPLIED}),
    State.READ: frozenset({State.REPLIED}),
    State.REPLIED: frozenset(),
    State.REFUSED: frozenset(),
    State.FAILED: frozenset(),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset(),
}

FINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)
# The message went out, or may have. ``failed`` isn't here: it never reached the customer.
SENT = frozenset(
    {
        *(State.SENDING, State.UNCERTAIN, State.ACCEPTED, State.WAITING, State.PUSHED),
        *(State.DELIVERED, State.READ, State.REPLIED),
    }
)
REACHED = frozenset({State.DELIVERED, State.READ, State.REPLIED})
UNSENT = frozenset({State.CHECKING, State.UNAPPROVED, State.SCHEDULED})  # and may still be sent
WATCHED = frozenset({State.ACCEPTED, State.WAITING, State.PUSHED, State.DELIVERED, State.READ})


def sources(new: State) -> frozenset[State]:
    """Return every state from which ``new`` may be reached: the guard of a compare-and-set."""
    return frozenset(state for state, targets in TRANSITIONS.items() if new in targets)


class Stuck(StrEnum):
    """Why an unsent request doesn't go on, as far as the card says so."""

    NO = ""
    PAUSED = "paused"


class Event(StrEnum):
    """What a line of a request's history says."""

    ASKED = "asked"
    FOUND = "found"
    HELD = "held"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SENDING = "sending"
    NOT_TAKEN = "not taken"
    ACCEPTED = "accepted"
    FAILED = "failed"
    FATE_UNKNOWN = "fate unknown"
    UNCERTAIN = "uncertain"
    STILL_UNCERTAIN = "still uncertain"
    CHECK_ASKED = "check asked"
    SEND_DECIDED = "send decided"
    WAITING = "waiting"
    PUSHED = "pushed"
    DELIVERED = "delivered"
    READ = "read"
    REPLIED = "replied"
    WATCH_ENDED = "watch ended"
    ELSEWHERE = "elsewhere"
    OVERRIDDEN = "overridden"
    APPROVAL_ASKED = "approval asked"
    APPROVED = "approved"
    APPROVAL_LOST = "approval lost"
    DECLINED = "declined"
    OPTED_OUT = "opted out"
    POSTPONED = "postponed"
    PAUSED = "paused"
    RESUMED = "resumed"


LONGEST_HOLD = timedelta(hours=24)  # that a request without a deadline waits for Genesys

QUIET = frozenset(  # kept in the history, not shown in the thread
    {Event.ASKED, Event.SENDING, Event.NOT_TAKEN}
)


@dataclass(frozen=True)
class Place:
    """Where in Slack an agent was: a channel and, from a message shortcut, a thread."""

    team_id: str
    channel_id: str
    thread_ts: str = ""
    response_url: str = field(default="", repr=False)


@dataclass(frozen=True)
class Request:
    """One intention of an agent to message one customer; its id is Slack's view id.

    ``send_at``: not before this time. ``send_before``: never after it. ``planned_at``: the time
    that the agent picked for ``send_at``, which later also waits for undo.
    ``decisions``: how many people have made about it with the card's buttons. ``card_state``: the
    ``state_to_show`` that the card shows. ``override_reason``: why a lead sends it although the
    rules ``overridden`` forbid it. ``approval_for``: why it needs an approval, which
    ``approver_id`` gave to exactly what ``approved_digest`` says. ``rules_version``: of the rules
    that it was last judged by. ``erased_at``: since then, nothing private is left of it.
    """

    request_id: str
    place: Place
    agent_id: str
    agent_name: str = field(repr=False)
    identity: Identity
    text: str = field(repr=False)
    into_open_conversation: bool
    chosen_contact_id: str
    created_at: datetime
    send_at: datetime | None = None
    send_before: datetime | None = None
    planned_at: datetime | None = None
    state: State = State.CHECKING
    reason: str = field(default="", repr=False)
    checked_at: datetime | None = None
    contact_id: str = ""
    contact_ids: tuple[str, ...] = ()
    send_to_id: str = ""
    customer_name: str = field(default="", repr=False)
    sending_at: datetime | None = None
    message_id: str = ""
    conversation_id: str = ""
    watch_until: datetime | None = None
    is_watched: bool = False
    looks: int = 0
    decisions: int = 0
    card_channel: str = ""
    card_ts: str = ""
    card_state: str = ""
    outcome_ts: str = ""
    stuck: Stuck = Stuck.NO
    override_reason: str = field(default="", repr=False)
    overridden: tuple[str, ...] = ()
    approval_for: str = ""
    approval_until: datetime | None = None
    approver_id: str = ""
    approver_name: str = field(default="", repr=False)
    approved_digest: str = ""
    rules_version: str = ""
    erased_at: datetime | None = None

    def same_intention(self, other: Request) -> bool:
        """Tell whether ``other`` asks for the same words to the same customer."""
        return (self.identity, self.text) == (other.identity, other.text)

    def is_late(self, now: datetime) -> bool:
        """Return whether the deadline has passed, or the request has waited for too long."""
        if self.state is State.UNAPPROVED and self.approval_until is not None:
            return now >= self.approval_until
        if self.send_before is not None:
            return now >= self.send_before
        return now - max(self.created_at, self.send_at or self.created_at) > LONGEST_HOLD

    @property
    def state_to_show(self) -> str:
        """Return what the card must show: the state, and the decisions that its buttons follow."""
        if self.stuck:
            return f"{self.state} {self.decisions} {self.stuck}"
        return f"{self.state} {self.decisions}" if self.decisions else self.state.value

    @property
    def approval_digest(self) -> str:
        """Return a digest of exactly what an approval is given for: customer, text and times."""
        times = [at and at.timestamp() for at in (self.planned_at, self.send_before)]
        approved = [
            *(self.identity.value, self.send_to_id, self.text, self.into_open_conversation),
            *times,
        ]
        return hashlib.sha256(json.dumps(approved).encode()).hexdigest()

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will become known of the request."""
        return self.state in FINAL or (self.state in WATCHED and not self.is_watched)


@dataclass(frozen=True)
class HistoryLine:
    """One event of a request as its thread shows it; ``posted_ts`` is empty until it does.

    ``user_id``: who decided; ``detail`` is that person's name then, which they can change.
    ``whose`` message ``link`` leads to, if not to Genesys Cloud; that isn't stored.
    """

    line_id: int
    event: Event
    at: datetime
    detail: str = field(repr=False)
    link: str = ""
    posted_ts: str = ""
    user_id: str = ""
    whose: str = field(default="", repr=False)


@dataclass(frozen=True)
class Decision:
    """What somebody decided with a button of a card that knew of ``number`` earlier decisions.

    ``response_url``: where the agent reads private news from now on, if the click was theirs.
    """

    request_id: str
    number: int
    user_id: str
    user_name: str = field(repr=False)
    response_url: str = field(default="", repr=False)
