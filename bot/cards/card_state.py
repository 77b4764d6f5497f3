"""Draws where a request stands, and why: the part of its card below the message. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from slack_sdk.models.blocks import RichTextElement

from bot.cards.blocks import DAY_AND_TIME, date_node, fill, literal, section
from bot.cards.line import draw_links
from bot.cards.words import LINE_WORDS, REASON_LENGTH, WHY_STUCK, capitalize, say_state
from bot.language import N_, _
from bot.request import Event, Request, Stuck
from bot.rules.approvers import NOBODY_APPROVES
from bot.state import UNSENT, State
from bot.storage.facts import ByWhom
from bot.text import clip, show_name, visible

_TRIES_UNTIL: dict[Stuck, str] = {
    Stuck.UNAVAILABLE: N_(
        "Genesys Cloud isn't answering. It goes out as soon as it does; I keep trying until {time}."
    ),
    Stuck.QUOTA: N_(
        "Genesys Cloud takes no more calls this minute. It goes out as soon as it does; I keep "
        "trying until {time}."
    ),
    Stuck.CONVERSATION: N_(
        "They're in a live conversation. It goes out when that has ended; I wait until {time}."
    ),
    Stuck.SLACK: N_(
        "Slack can't confirm who may send this. It goes out as soon as it does; I keep trying "
        "until {time}."
    ),
}
# By whether it awaits the end of a conversation, has a planned time, and has a deadline.
_GOES_OUT: dict[tuple[bool, bool, bool], str] = {
    (False, False, False): N_("It goes out when sending resumes."),
    (False, False, True): N_("It goes out when sending resumes, not after {deadline}."),
    (False, True, False): N_("It goes out when sending resumes, not before {time}."),
    (False, True, True): N_(
        "It goes out when sending resumes, not before {time}, not after {deadline}."
    ),
    (True, False, False): N_("It goes out when sending resumes and their conversation has ended."),
    (True, False, True): N_(
        "It goes out when sending resumes and their conversation has ended, not after {deadline}."
    ),
    (True, True, False): N_(
        "It goes out when sending resumes and their conversation has ended, not before {time}."
    ),
    (True, True, True): N_(
        "It goes out when sending resumes and their conversation has ended, not before {time}, "
        "not after {deadline}."
    ),
}


@dataclass(frozen=True)
class Notes:
    """What a card says that isn't in its request.

    Who paused all sending, who may approve it ("" for nobody, None if that isn't known), who
    declined it, whether its customer must not be contacted any more, and where an uncertain one
    may be.
    """

    paused: ByWhom | None = None
    approvers: str | None = field(default=None, repr=False)
    declined_by: str = field(default="", repr=False)
    is_opted_out: bool = False
    look_at: str = field(default="", repr=False)


NO_NOTES = Notes()


def where_it_stands(request: Request, notes: Notes) -> list[RichTextElement]:
    """Say the state, and why. A pause is all that counts, as long as only that holds it up."""
    why = clip(visible(request.reason), REASON_LENGTH) or "…" if request.reason else ""
    declined = decline_in_words(notes)
    if declined:
        state = literal(declined, bold=True)
        return [section(*fill(_("{state}: {reason}"), state=state, reason=why) if why else [state])]
    waits = why_it_waits(request, notes)
    is_held = request.stuck is Stuck.PAUSED and request.state in UNSENT
    if not is_held or request.state is State.UNAPPROVED:
        waits = [section(*_state_and_times(request)), *waits]
    return [*waits, *([section(literal(why))] if why else [])]


def _state_and_times(request: Request) -> list[RichTextElement]:
    """Say the state and, if it's unsent, when it will be sent, and until when it may be."""
    state = literal(say_state(request), bold=True)
    if request.state not in UNSENT or request.stuck in WHY_STUCK:
        return [state]
    time, deadline = request.send_at if request.is_planned else None, request.send_before
    sentences = _("{state} for {time}"), _("{state} for {time}, not after {deadline}")
    if request.state is State.UNAPPROVED:
        time = request.planned_at
        sentences = (
            _("{state}, scheduled for {time}"),
            _("{state}, scheduled for {time}, not after {deadline}"),
        )
    if time is None:
        sentences = "{state}", _("{state}, not after {deadline}")
    sentence = sentences[deadline is not None]
    return fill(sentence, state=state, time=_date(time), deadline=_date(deadline))


def _date(at: datetime | None) -> RichTextElement | str:
    return "" if at is None else date_node(at, DAY_AND_TIME)


def why_it_waits(request: Request, notes: Notes) -> list[RichTextElement]:
    """Say what holds a request up, and what happens next."""
    sections = []
    if request.state is State.UNAPPROVED:
        sections.append(section(*_approval_in_words(request, notes)))
    if request.stuck is Stuck.PAUSED and request.state in UNSENT:
        sections.append(section(*_pause_in_words(request, notes.paused)))
    elif request.stuck is Stuck.ANSWER_LOST:
        sections.append(section(literal(_(WHY_STUCK[request.stuck]))))
    elif request.stuck in WHY_STUCK and request.state in (State.CHECKING, State.SCHEDULED):
        until = date_node(request.gives_up_at, DAY_AND_TIME)
        sections.append(section(*fill(_(_TRIES_UNTIL[request.stuck]), time=until)))
    elif request.state is State.UNCERTAIN:
        words = _("I couldn't find it in Genesys Cloud. Check the conversation, then choose below.")
        sections.append(section(literal(words), *draw_links(notes.look_at)))
    elif request.is_untracked:
        sections.append(section(literal(_(LINE_WORDS[Event.WATCH_ENDED]))))
    return sections


def _approval_in_words(request: Request, notes: Notes) -> list[RichTextElement]:
    """Say why a message needs an approval, and who may give it until when."""
    why = capitalize(clip(visible(request.approval_for), REASON_LENGTH))
    begin = _("{reason}.").format(reason=why) + " " if why else ""
    if notes.approvers == "":
        return [literal(begin + _(NOBODY_APPROVES))]
    who = _("A second person") if notes.approvers is None else notes.approvers
    sentence = _("{approvers} can approve it.")
    if request.approval_until is not None:
        sentence = _("{approvers} can approve it until {time}.")
    until = _date(request.approval_until)
    return fill("{begin}" + sentence, begin=begin, approvers=who, time=until)


def _pause_in_words(request: Request, paused: ByWhom | None) -> list[RichTextElement]:
    """Say who paused all sending, why, and when the message goes out."""
    who = _say_who_paused(paused)
    if request.state is State.UNAPPROVED:
        goes_out = _("Once it's approved, it goes out when sending resumes.")
        return [literal(f"{who} {goes_out}")]
    time, deadline = request.planned_at, request.send_before
    goes_out = _(_GOES_OUT[request.awaits_end, time is not None, deadline is not None])
    return fill("{who} " + goes_out, who=who, time=_date(time), deadline=_date(deadline))


def _say_who_paused(paused: ByWhom | None) -> str:
    if paused is None:
        return _("⏸ All sending is paused.")
    who, reason = show_name(paused.user_name), clip(visible(paused.reason), REASON_LENGTH)
    if paused.reason:
        return _("⏸ Paused by {who} ({reason}).").format(who=who, reason=reason)
    return _("⏸ Paused by {who}.").format(who=who)


def decline_in_words(notes: Notes) -> str:
    """Say who declined a message, or ""."""
    if not notes.declined_by:
        return ""
    return _("⛔ Declined by {who}").format(who=notes.declined_by)
