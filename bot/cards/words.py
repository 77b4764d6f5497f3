"""The words of a request's states and events. Pure."""

from __future__ import annotations

from bot.request import Event, HistoryLine, Request, State, Stuck
from bot.text import clip, show_name, visible

REASON_LENGTH = 900

STATE_WORDS: dict[State, str] = {
    State.CHECKING: "⏳ Checking who this is and whether a message may go out",
    State.UNAPPROVED: "✋ Waiting for approval",
    State.REFUSED: "⛔ Not sent",
    State.SCHEDULED: "⏳ To be sent",
    State.SENDING: "⏳ Being handed to Genesys Cloud",
    State.ACCEPTED: "☑️ Accepted by Genesys Cloud",
    State.WAITING: "⏳ Waiting for the customer to come back to the page",
    State.PUSHED: "📲 A push notification went to their phone",
    State.DELIVERED: "✅ Delivered",
    State.READ: "✅ Read",
    State.REPLIED: "💬 The customer replied",
    State.FAILED: "❌ Failed: the message didn't reach the customer",
    State.UNCERTAIN: "❔ Uncertain: it may or may not have been sent",
    State.EXPIRED: "⌛ Expired: it wasn't sent",
    State.CANCELLED: "🚫 Cancelled: it wasn't sent",
}

LINE_WORDS: dict[Event, str] = {
    Event.ASKED: "Asked for.",
    Event.FOUND: "Customer found.",
    Event.HELD: "The message waits, and goes out as soon as it can.",
    Event.REFUSED: "Not sent.",
    Event.CANCELLED: "cancelled it before it was sent.",
    Event.EXPIRED: "Its time is over, so it wasn't sent.",
    Event.SENDING: "Handed to Genesys Cloud.",
    Event.NOT_TAKEN: "Genesys Cloud hasn't taken it yet.",
    Event.ACCEPTED: "Genesys Cloud has accepted the message.",
    Event.FAILED: "The message didn't reach the customer.",
    Event.FATE_UNKNOWN: (
        "Genesys Cloud's answer was lost, so nobody knows yet whether the message was taken. "
        "I'm looking for it in Genesys Cloud, and won't send it again."
    ),
    Event.UNCERTAIN: (
        "I can't find the message in Genesys Cloud, which may still be late in showing it. "
        "Look at the customer's conversations there, then decide with the buttons."
    ),
    Event.STILL_UNCERTAIN: "I looked again, and I still can't find the message in Genesys Cloud.",
    Event.CHECK_ASKED: "asked to look again.",
    Event.SEND_DECIDED: "decided to send it again, knowing that the customer may get it twice.",
    Event.WAITING: "The customer isn't on the page. The message waits there for them.",
    Event.PUSHED: "A push notification went to their phone.",
    Event.DELIVERED: "Delivered to the customer's page.",
    Event.READ: "Read by the customer.",
    Event.REPLIED: "The customer replied.",
    Event.WATCH_ENDED: "No more news in all this time, so I no longer look for any.",
    Event.ELSEWHERE: "Shown to you only, because",
    Event.OVERRIDDEN: "overrode",
    Event.APPROVAL_ASKED: "A second person must approve it:",
    Event.APPROVED: "approved it.",
    Event.APPROVAL_LOST: "The approval doesn't count any more, so it waits for a new one:",
    Event.DECLINED: "declined it, so it wasn't sent. The card says why.",
    Event.OPTED_OUT: "This customer must not be contacted, so it wasn't sent.",
    Event.POSTPONED: "The customer has quiet hours now. The message waits for their end",
    Event.PAUSED: "⏸ All sending is paused, so the message waits",
    Event.RESUMED: "Sending goes on.",
}
_BY_A_PERSON = frozenset(
    {
        *(Event.CANCELLED, Event.CHECK_ASKED, Event.SEND_DECIDED),
        *(Event.APPROVED, Event.DECLINED),
    }
)
_ENDS_WITH_ITS_DETAIL = frozenset({Event.APPROVAL_ASKED, Event.APPROVAL_LOST})


def state_in_words(request: Request) -> str:
    """Say where a request stands, or that it's paused there."""
    words = STATE_WORDS[request.state]
    return f"{words} (⏸ paused)" if request.stuck is Stuck.PAUSED else words


def event_in_words(line: HistoryLine, agent_id: str, agent_name: str) -> str:
    """Say what a line of the history says.

    An id in brackets is no mention, which would ping that person.
    """
    words, said = LINE_WORDS[line.event], clip(visible(line.detail), REASON_LENGTH)
    event = line.event
    if event in _BY_A_PERSON:
        return f"{_person(line.detail, line.user_id)} {words}"
    if event is Event.OVERRIDDEN:
        return f"{_person(agent_name, agent_id)} {words} {said or 'a rule'}"
    if event in _ENDS_WITH_ITS_DETAIL:
        return f"{words} {said}." if said else f"{words[:-1]}."
    if event is Event.PAUSED:
        return f"{words}. {said}".strip()
    if event is Event.POSTPONED:
        return words
    return f"{words} {said}".strip()


def _person(name: str, user_id: str) -> str:
    return (show_name(name) if name else "Somebody") + (f" ({user_id})" if user_id else "")
