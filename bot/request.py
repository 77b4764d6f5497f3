"""A Request and its history, as they're stored and shown. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.state import FINAL, FOLLOWABLE, REACHED, State
from genesys import Identity


class Stuck(StrEnum):
    """Why a request isn't moving, where its state doesn't say."""

    NO = ""
    PAUSED = "paused"
    UNAVAILABLE = "unavailable"  # Genesys Cloud doesn't answer
    QUOTA = "quota"  # Genesys Cloud takes no more calls now
    SLACK = "slack"  # it doesn't say who may send this
    ANSWER_LOST = "answer lost"  # while it was being sent
    CONVERSATION = "conversation"  # it goes out when the customer's conversation has ended


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
    SENT_CONFIRMED = "sent confirmed"
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
    AWAITS_END = "awaits end"
    EDITED = "edited"


LONGEST_HOLD = timedelta(hours=24)  # that a request without a deadline waits for Genesys
COUNTDOWN = timedelta(minutes=1)  # what is sent later than that after it was asked for is planned

# What a message that's due may wait for, apart from the end of a pause.
HOLDS = frozenset({Stuck.UNAVAILABLE, Stuck.QUOTA, Stuck.SLACK, Stuck.CONVERSATION})

# Kept in the history, not shown in the thread.
QUIET = frozenset({Event.ASKED, Event.SENDING, Event.NOT_TAKEN})


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

    ``send_at``: it isn't sent before this time. ``send_before``: it's never sent after it.
    ``planned_at``: the time that the agent picked; ``send_at`` may be later, to leave time for
    Undo. ``decisions``: how many decisions people have made about it. ``card_state``: the
    ``state_to_show`` that the card shows. ``override_reason``: why a lead sends it although the
    rules ``overridden`` forbid it. ``approval_for``: why it needs an approval, which
    ``approver_id`` gave to exactly what ``approved_digest`` says. ``rules_version``: of the rules
    that it was last judged by. ``template``: the source, id and version of the template that the
    text came from, even if the agent changed it. ``erased_at``: since then, nothing private is
    left. ``after_conversation``: until when it may wait for the end of the conversation that's
    open, ``open_conversation_id``, instead of being refused; calculated again when such a wait
    begins.
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
    is_followed: bool = False
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
    template: str = ""
    template_name: str = field(default="", repr=False)
    erased_at: datetime | None = None
    after_conversation: datetime | None = None
    open_conversation_id: str = ""

    def same_intention(self, other: Request) -> bool:
        """Return whether ``other`` asks for the same words to the same customer."""
        return (self.identity, self.text) == (other.identity, other.text)

    def is_late(self, now: datetime) -> bool:
        """Return whether the deadline has passed, or the request has waited for too long."""
        if self.state is State.UNAPPROVED and self.approval_until is not None:
            return now >= self.approval_until
        if self.send_before is not None:
            return now >= self.send_before
        return now - self._begins > LONGEST_HOLD

    @property
    def is_planned(self) -> bool:
        """Return whether it's to be sent later, rather than after the countdown for undo.

        The end of a pause changes ``send_at``, so that doesn't tell whether a request that waits
        for something else was planned.
        """
        if self.send_at is None or (self.stuck in HOLDS and self.planned_at is None):
            return False
        return self.send_at - self.created_at > COUNTDOWN

    @property
    def awaits_end(self) -> bool:
        """Return whether it waits for the end of a conversation, also while all is paused."""
        is_known = self.stuck is Stuck.CONVERSATION or bool(self.open_conversation_id)
        return is_known and self.after_conversation is not None

    @property
    def gives_up_at(self) -> datetime:
        """Return until when the bot keeps trying to send it."""
        if self.stuck is Stuck.CONVERSATION and self.after_conversation is not None:
            return self.after_conversation
        return self.send_before or self._begins + LONGEST_HOLD

    @property
    def awaits_end_until(self) -> datetime:
        """Return until when it may await the end: 24 hours after its time, or its deadline."""
        latest = self._begins + LONGEST_HOLD
        return min(latest, self.send_before or latest)

    @property
    def _begins(self) -> datetime:
        return max(self.created_at, self.send_at or self.created_at)

    @property
    def state_to_show(self) -> str:
        """Return what the card must show: state, number of decisions, and what holds it up."""
        if self.stuck:
            return f"{self.state} {self.decisions} {self.stuck}"
        return f"{self.state} {self.decisions}" if self.decisions else self.state.value

    def as_shown(self, known: str) -> Request:
        """Return the request as it was when ``known`` was its ``state_to_show``."""
        state, _, rest = known.partition(" ")
        decisions, _, stuck = rest.partition(" ")
        return replace(self, state=State(state), decisions=int(decisions or 0), stuck=Stuck(stuck))

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
        """Return whether nothing more will become known of the request."""
        return self.state in FINAL or (self.state in FOLLOWABLE and not self.is_followed)

    @property
    def is_untracked(self) -> bool:
        """Return whether it went out, but nobody will learn whether it reached the customer."""
        return self.state in FOLLOWABLE - REACHED and not self.is_followed


@dataclass(frozen=True)
class HistoryLine:
    """One event of a request as its thread shows it; ``posted_ts`` is empty until it does.

    ``user_id``: who decided; ``detail`` is that person's name then, which they can change.
    ``said``: the customer's words. ``link`` leads to Genesys Cloud, or to another message's card:
    one by the agent named ``whose`` or, if ``is_own``, by the same agent. Those two aren't stored.
    """

    line_id: int
    event: Event
    at: datetime
    detail: str = field(repr=False)
    link: str = ""
    posted_ts: str = ""
    user_id: str = ""
    whose: str = field(default="", repr=False)
    said: str = field(default="", repr=False)
    is_own: bool = False


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
