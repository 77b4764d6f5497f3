"""The states of a request, and which may follow which. Pure.

One table has every transition. News that is late, repeated or out of order never moves a request
backwards.
"""

from __future__ import annotations

from enum import StrEnum


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
# Genesys accepted the message, so that there may be news of it.
FOLLOWABLE = frozenset({State.ACCEPTED, State.WAITING, State.PUSHED, State.DELIVERED, State.READ})


def sources(new: State) -> frozenset[State]:
    """Return every state from which ``new`` may be reached: the guard of a compare-and-set."""
    return frozenset(state for state, targets in TRANSITIONS.items() if new in targets)
