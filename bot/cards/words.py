"""The words of a request's states and events. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot.request import Event, HistoryLine, Request, Stuck
from bot.state import State
from bot.text import clip, escape, show_name, visible

REASON_LENGTH = 900

STATE_WORDS: dict[State, str] = {
    State.CHECKING: "⏳ Checking the customer…",
    State.UNAPPROVED: "✋ Waiting for approval",
    State.REFUSED: "⛔ Not sent",
    State.SCHEDULED: "⏳ Sending in a few seconds",
    State.SENDING: "⏳ Sending…",
    State.ACCEPTED: "☑️ Sent",
    State.WAITING: "⏳ Customer is offline; they'll see it when they're back",
    State.PUSHED: "📲 Phone notification sent",
    State.DELIVERED: "✅ Delivered",
    State.READ: "✅ Read",
    State.REPLIED: "💬 Customer replied",
    State.FAILED: "❌ Not delivered",
    State.UNCERTAIN: "❔ Uncertain: it may or may not have been sent",
    State.EXPIRED: "⌛ Expired, not sent",
    State.CANCELLED: "🚫 Cancelled, not sent",
}
PLANNED = "⏳ Scheduled"
STUCK_WORDS: dict[Stuck, str] = {
    Stuck.UNAVAILABLE: "⏳ Waiting for Genesys Cloud",
    Stuck.QUOTA: "⏳ Waiting for Genesys Cloud",
    Stuck.SLACK: "⏳ Waiting for Slack",
    Stuck.CONVERSATION: "⏳ Waiting for the conversation to end",
    Stuck.ANSWER_LOST: "⏳ Checking whether it was sent",
}
WHY_STUCK: dict[Stuck, str] = {
    Stuck.UNAVAILABLE: "Genesys Cloud isn't answering. It goes out as soon as it does",
    Stuck.QUOTA: "Genesys Cloud takes no more calls this minute. It goes out as soon as it does",
    Stuck.CONVERSATION: "They're in a live conversation. It goes out when that has ended",
    Stuck.SLACK: "Slack can't confirm who may send this. It goes out as soon as it does",
    Stuck.ANSWER_LOST: (
        "Connection lost while sending. Checking whether it went out; it won't be sent twice."
    ),
}

LINE_WORDS: dict[Event, str] = {
    Event.ASKED: "Requested.",
    Event.FOUND: "Customer found.",
    Event.HELD: "Waiting to send.",
    Event.REFUSED: "Not sent.",
    Event.CANCELLED: "cancelled it. It wasn't sent.",
    Event.EXPIRED: "The deadline passed, so it wasn't sent.",
    Event.SENDING: "Sending.",
    Event.NOT_TAKEN: "Not accepted yet; retrying.",
    Event.ACCEPTED: "Sent.",
    Event.FAILED: "Not delivered.",
    Event.FATE_UNKNOWN: WHY_STUCK[Stuck.ANSWER_LOST],
    Event.UNCERTAIN: (
        "Couldn't find it in Genesys Cloud. Check the conversation, then choose above."
    ),
    Event.STILL_UNCERTAIN: "Checked again: still not found.",
    Event.EDITED: "edited it.",
    Event.CHECK_ASKED: "asked to check again.",
    Event.SEND_DECIDED: "resent it (possible duplicate).",
    Event.SENT_CONFIRMED: "confirmed that it was sent. Tracking stopped.",
    Event.WAITING: "Customer is offline. They'll see it when they're back.",
    Event.PUSHED: "A notification went to their phone.",
    Event.DELIVERED: "Delivered.",
    Event.READ: "Read.",
    Event.REPLIED: "The customer replied.",
    Event.WATCH_ENDED: "Tracking stopped.",
    Event.ELSEWHERE: "Only you can see this:",
    Event.OVERRIDDEN: "overrode",
    Event.APPROVAL_ASKED: "Needs approval:",
    Event.APPROVED: "approved it.",
    Event.APPROVAL_LOST: "The approval no longer counts. Needs a new one:",
    Event.DECLINED: "declined it, so it wasn't sent. The card says why.",
    Event.OPTED_OUT: "This customer doesn't want to be contacted, so it wasn't sent.",
    Event.POSTPONED: "It's quiet hours for the customer. Waiting until they end",
    Event.PAUSED: "⏸ All sending is paused. Waiting",
    Event.RESUMED: "Sending resumed.",
    Event.AWAITS_END: "They're in a live conversation. It goes out when that has ended.",
}
_BY_A_PERSON = frozenset(
    {
        *(Event.CANCELLED, Event.CHECK_ASKED, Event.SEND_DECIDED, Event.SENT_CONFIRMED),
        *(Event.APPROVED, Event.DECLINED, Event.EDITED),
    }
)
_ENDS_WITH_ITS_DETAIL = frozenset({Event.APPROVAL_ASKED, Event.APPROVAL_LOST})


def say_state(request: Request) -> str:
    """Say where a request stands, or what it waits for there."""
    if request.stuck in STUCK_WORDS and request.state is not State.UNAPPROVED:
        return STUCK_WORDS[request.stuck]
    is_planned = request.state is State.SCHEDULED and request.is_planned
    return PLANNED if is_planned else STATE_WORDS[request.state]


def state_in_words(request: Request) -> str:
    """Say where a request stands in a few words, also that it's paused there."""
    if request.stuck is not Stuck.PAUSED:
        return say_state(request)
    if request.awaits_end:
        return f"{STUCK_WORDS[Stuck.CONVERSATION]} (⏸ paused)"
    if request.state is State.SCHEDULED and not request.is_planned:
        return "⏸ Waiting until sending resumes"
    return f"{say_state(request)} (⏸ paused)"


def event_in_words(line: HistoryLine, agent_name: str) -> str:
    """Say what a line of the history says."""
    words, said = LINE_WORDS[line.event], clip(visible(line.detail), REASON_LENGTH)
    event = line.event
    if event in _BY_A_PERSON:
        return f"{_person(line.detail)} {words}"
    if event is Event.OVERRIDDEN:
        return f"{_person(agent_name)} {words} {said or 'a rule'}"
    if event in _ENDS_WITH_ITS_DETAIL:
        return f"{words} {said}." if said else f"{words[:-1]}."
    if event is Event.HELD and line.detail in WHY_STUCK:
        return f"{WHY_STUCK[Stuck(line.detail)]}."
    if event is Event.PAUSED:
        return f"{words}. {said}".strip()
    if event is Event.WATCH_ENDED:
        return f"No update for {said}. {words}" if said else words
    if event is Event.POSTPONED:
        return words
    if event is Event.ELSEWHERE and said:
        return f"{words} {said[0].upper()}{said[1:]}."
    return f"{words} {said}".strip()


def event_in_short(line: HistoryLine, agent_name: str) -> str:
    """Say the same without what a rule, an agent or Genesys Cloud added, for a notification."""
    if line.event in _BY_A_PERSON:
        return event_in_words(line, agent_name)
    return event_in_words(replace(line, detail=""), agent_name)


def say_about(request: Request, said: str) -> str:
    """Say something about a request in one sentence that can be read without its card."""
    end = "" if said.endswith((".", "…")) else "."
    return escape(f"Message to {request.identity.masked}: {said}{end}")


def _person(name: str) -> str:
    return show_name(name) if name else "Somebody"
