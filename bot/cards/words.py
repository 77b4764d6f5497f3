"""The words of a request's states and events. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot.language import N_, _
from bot.request import Event, HistoryLine, Request, Stuck
from bot.state import State
from bot.text import clip, escape, show_name, visible

REASON_LENGTH = 900

STATE_WORDS: dict[State, str] = {
    State.CHECKING: N_("⏳ Checking the customer…"),
    State.UNAPPROVED: N_("✋ Waiting for approval"),
    State.REFUSED: N_("⛔ Not sent"),
    State.SCHEDULED: N_("⏳ Sending in a few seconds"),
    State.SENDING: N_("⏳ Sending…"),
    State.ACCEPTED: N_("☑️ Sent"),
    State.WAITING: N_("⏳ Customer is offline; they'll see it when they're back"),
    State.PUSHED: N_("📲 Phone notification sent"),
    State.DELIVERED: N_("✅ Delivered"),
    State.READ: N_("✅ Read"),
    State.REPLIED: N_("💬 Customer replied"),
    State.FAILED: N_("❌ Not delivered"),
    State.UNCERTAIN: N_("❔ Uncertain: it may or may not have been sent"),
    State.EXPIRED: N_("⌛ Expired, not sent"),
    State.CANCELLED: N_("🚫 Cancelled, not sent"),
}
PLANNED = N_("⏳ Scheduled")
STUCK_WORDS: dict[Stuck, str] = {
    Stuck.UNAVAILABLE: N_("⏳ Waiting for Genesys Cloud"),
    Stuck.QUOTA: N_("⏳ Waiting for Genesys Cloud"),
    Stuck.SLACK: N_("⏳ Waiting for Slack"),
    Stuck.CONVERSATION: N_("⏳ Waiting for the conversation to end"),
    Stuck.ANSWER_LOST: N_("⏳ Checking whether it was sent"),
}
WHY_STUCK: dict[Stuck, str] = {
    Stuck.UNAVAILABLE: N_("Genesys Cloud isn't answering. It goes out as soon as it does."),
    Stuck.QUOTA: N_(
        "Genesys Cloud takes no more calls this minute. It goes out as soon as it does."
    ),
    Stuck.CONVERSATION: N_("They're in a live conversation. It goes out when that has ended."),
    Stuck.SLACK: N_("Slack can't confirm who may send this. It goes out as soon as it does."),
    Stuck.ANSWER_LOST: N_(
        "Connection lost while sending. Checking whether it went out; it won't be sent twice."
    ),
}

LINE_WORDS: dict[Event, str] = {
    Event.ASKED: N_("Requested."),
    Event.FOUND: N_("Customer found."),
    Event.HELD: N_("Waiting to send."),
    Event.REFUSED: N_("Not sent."),
    Event.CANCELLED: N_("{who} cancelled it. It wasn't sent."),
    Event.EXPIRED: N_("The deadline passed, so it wasn't sent."),
    Event.SENDING: N_("Sending."),
    Event.NOT_TAKEN: N_("Not accepted yet; retrying."),
    Event.ACCEPTED: N_("Sent."),
    Event.FAILED: N_("Not delivered."),
    Event.FATE_UNKNOWN: WHY_STUCK[Stuck.ANSWER_LOST],
    Event.UNCERTAIN: N_(
        "Couldn't find it in Genesys Cloud. Check the conversation, then choose above."
    ),
    Event.STILL_UNCERTAIN: N_("Checked again: still not found."),
    Event.EDITED: N_("{who} edited it."),
    Event.CHECK_ASKED: N_("{who} asked to check again."),
    Event.SEND_DECIDED: N_("{who} resent it (possible duplicate)."),
    Event.SENT_CONFIRMED: N_("{who} confirmed that it was sent. Tracking stopped."),
    Event.WAITING: N_("Customer is offline. They'll see it when they're back."),
    Event.PUSHED: N_("A notification went to their phone."),
    Event.DELIVERED: N_("Delivered."),
    Event.READ: N_("Read."),
    Event.REPLIED: N_("The customer replied."),
    Event.WATCH_ENDED: N_("Tracking stopped."),
    Event.ELSEWHERE: N_("Only you can see this:"),
    Event.OVERRIDDEN: N_("{who} overrode a rule"),
    Event.APPROVAL_ASKED: N_("Needs approval."),
    Event.APPROVED: N_("{who} approved it."),
    Event.APPROVAL_LOST: N_("The approval no longer counts. Needs a new one."),
    Event.DECLINED: N_("{who} declined it, so it wasn't sent. The card says why."),
    Event.OPTED_OUT: N_("This customer doesn't want to be contacted, so it wasn't sent."),
    Event.POSTPONED: N_("It's quiet hours for the customer. Waiting until they end"),
    Event.PAUSED: N_("⏸ All sending is paused. Waiting."),
    Event.RESUMED: N_("Sending resumed."),
    Event.AWAITS_END: WHY_STUCK[Stuck.CONVERSATION],
}
_BY_A_PERSON = frozenset(
    {
        *(Event.CANCELLED, Event.CHECK_ASKED, Event.SEND_DECIDED, Event.SENT_CONFIRMED),
        *(Event.APPROVED, Event.DECLINED, Event.EDITED),
    }
)
_DETAIL_IS_NO_TEXT = _BY_A_PERSON | {Event.POSTPONED}
_WITH_DETAIL: dict[Event, str] = {
    Event.OVERRIDDEN: N_("{who} overrode {said}"),
    Event.APPROVAL_ASKED: N_("Needs approval: {said}."),
    Event.APPROVAL_LOST: N_("The approval no longer counts. Needs a new one: {said}."),
    Event.WATCH_ENDED: N_("No update for {said}. Tracking stopped."),
    Event.ELSEWHERE: N_("Only you can see this: {said}."),
}
_ENDS = (".", "…", "。")


def say_state(request: Request) -> str:
    """Say where a request stands, or what it waits for there."""
    if request.stuck in STUCK_WORDS and request.state is not State.UNAPPROVED:
        return _(STUCK_WORDS[request.stuck])
    is_planned = request.state is State.SCHEDULED and request.is_planned
    return _(PLANNED if is_planned else STATE_WORDS[request.state])


def state_in_words(request: Request) -> str:
    """Say where a request stands in a few words, also that it's paused there."""
    if request.stuck is not Stuck.PAUSED:
        return say_state(request)
    if request.state is State.SCHEDULED and not (request.is_planned or request.awaits_end):
        return _("⏸ Waiting until sending resumes")
    state = _(STUCK_WORDS[Stuck.CONVERSATION]) if request.awaits_end else say_state(request)
    return _("{state} (⏸ paused)").format(state=state)


def event_in_words(line: HistoryLine, agent_name: str) -> str:
    """Say what a line of the history says."""
    event, said = line.event, clip(visible(line.detail), REASON_LENGTH)
    if event is Event.HELD and line.detail in WHY_STUCK:
        return _(WHY_STUCK[Stuck(line.detail)])
    who = _person(agent_name if event is Event.OVERRIDDEN else line.detail)
    if event is Event.ELSEWHERE:
        said = capitalize(_(said))  # one of these reasons is stored in English
    if said and event in _WITH_DETAIL:
        return _(_WITH_DETAIL[event]).format(who=who, said=said)
    words = _(LINE_WORDS[event]).format(who=who)
    return words if event in _DETAIL_IS_NO_TEXT else f"{words} {said}".strip()


def event_in_short(line: HistoryLine, agent_name: str) -> str:
    """Say what a line of the history says, for a notification.

    It leaves out what a rule, an agent or Genesys Cloud added.
    """
    if line.event in _BY_A_PERSON:
        return event_in_words(line, agent_name)
    return event_in_words(replace(line, detail=""), agent_name)


def say_about(request: Request, said: str) -> str:
    """Say something about a request in one sentence that can be read without its card."""
    sentence = _("Message to {customer}: {said}.")
    if said.endswith(_ENDS):
        sentence = _("Message to {customer}: {said}")
    return escape(sentence.format(customer=request.identity.masked, said=said))


def capitalize(text: str) -> str:
    """Begin a text with a capital letter."""
    return f"{text[:1].upper()}{text[1:]}"


def _person(name: str) -> str:
    return show_name(name) if name else _("Somebody")
