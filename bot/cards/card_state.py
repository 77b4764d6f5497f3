"""Draws where a request stands, and why: the part of its card below the message. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from slack_sdk.models.blocks import RichTextElement

from bot.cards.blocks import DAY_AND_TIME, date_node, literal, section
from bot.cards.line import draw_links
from bot.cards.words import LINE_WORDS, REASON_LENGTH, WHY_STUCK, say_state
from bot.request import Event, Request, Stuck
from bot.rules.approvers import NOBODY_APPROVES
from bot.state import UNSENT, State
from bot.storage.facts import ByWhom
from bot.text import clip, show_name, visible

_UNCERTAIN = "I couldn't find it in Genesys Cloud. Check the conversation, then choose below."
_ALL_PAUSED = "⏸ All sending is paused."


@dataclass(frozen=True)
class Notes:
    """What a card says that isn't in its request.

    Who paused all sending, who may approve it ("" for nobody), who declined it, whether its
    customer must not be contacted any more, and where an uncertain one may be.
    """

    paused: ByWhom | None = None
    approvers: str = field(default="A second person", repr=False)
    declined_by: str = field(default="", repr=False)
    is_opted_out: bool = False
    look_at: str = field(default="", repr=False)


NO_NOTES = Notes()


def where_it_stands(request: Request, notes: Notes) -> list[RichTextElement]:
    """Say the state, and why. A pause is all that counts, as long as only that holds it up."""
    why = clip(visible(request.reason), REASON_LENGTH) or "…" if request.reason else ""
    declined = decline_in_words(notes)
    if declined:
        reason = [literal(f": {why}")] if why else []
        return [section(literal(declined, bold=True), *reason)]
    waits = why_it_waits(request, notes)
    is_held = request.stuck is Stuck.PAUSED and request.state in UNSENT
    if not is_held or request.state is State.UNAPPROVED:
        waits = [section(literal(say_state(request), bold=True), *_when(request)), *waits]
    return [*waits, *([section(literal(why))] if why else [])]


def _when(request: Request) -> list[RichTextElement]:
    """Say when an unsent request will be sent, and until when it may be."""
    if request.state not in UNSENT or request.stuck in WHY_STUCK:
        return []
    nodes = list[RichTextElement]()
    if request.state is State.UNAPPROVED:
        if request.planned_at is not None:
            nodes += [literal(", scheduled for "), date_node(request.planned_at, DAY_AND_TIME)]
    elif request.is_planned and request.send_at is not None:
        nodes += [literal(" for "), date_node(request.send_at, DAY_AND_TIME)]
    return [*nodes, *_deadline(request)]


def _deadline(request: Request) -> list[RichTextElement]:
    if request.send_before is None:
        return []
    return [literal(", not after "), date_node(request.send_before, DAY_AND_TIME)]


def why_it_waits(request: Request, notes: Notes) -> list[RichTextElement]:
    """Say what holds a request up, and what happens next."""
    sections = []
    if request.state is State.UNAPPROVED:
        sections.append(section(*_approval_in_words(request, notes)))
    if request.stuck is Stuck.PAUSED and request.state in UNSENT:
        sections.append(section(*_pause_in_words(request, notes.paused)))
    elif request.stuck is Stuck.ANSWER_LOST:
        sections.append(section(literal(WHY_STUCK[request.stuck])))
    elif request.stuck in WHY_STUCK and request.state in (State.CHECKING, State.SCHEDULED):
        until = date_node(request.gives_up_at, DAY_AND_TIME)
        how_long = "I wait" if request.stuck is Stuck.CONVERSATION else "I keep trying"
        nodes = literal(f"{WHY_STUCK[request.stuck]}; {how_long} until "), until, literal(".")
        sections.append(section(*nodes))
    elif request.state is State.UNCERTAIN:
        sections.append(section(literal(_UNCERTAIN), *draw_links(notes.look_at)))
    elif request.is_untracked:
        sections.append(section(literal(LINE_WORDS[Event.WATCH_ENDED])))
    return sections


def _approval_in_words(request: Request, notes: Notes) -> list[RichTextElement]:
    """Say why a message needs an approval, and who may give it until when."""
    why = clip(visible(request.approval_for), REASON_LENGTH)
    sentence = f"{why[:1].upper()}{why[1:]}. " if why else ""
    if not notes.approvers:
        return [literal(sentence + NOBODY_APPROVES)]
    nodes = [literal(f"{sentence}{notes.approvers} can approve it")]
    if request.approval_until is not None:
        nodes += [literal(" until "), date_node(request.approval_until, DAY_AND_TIME)]
    return [*nodes, literal(".")]


def _pause_in_words(request: Request, paused: ByWhom | None) -> list[RichTextElement]:
    """Say who paused all sending, why, and when the message goes out."""
    who = _ALL_PAUSED
    if paused is not None:
        reason = f" ({clip(visible(paused.reason), REASON_LENGTH)})" if paused.reason else ""
        who = f"⏸ Paused by {show_name(paused.user_name)}{reason}."
    if request.state is State.UNAPPROVED:
        return [literal(f"{who} Once it's approved, it goes out when sending resumes.")]
    ended = " and their conversation has ended" if request.awaits_end else ""
    nodes = [literal(f"{who} It goes out when sending resumes{ended}")]
    if request.planned_at is not None:
        nodes += [literal(", not before "), date_node(request.planned_at, DAY_AND_TIME)]
    return [*nodes, *_deadline(request), literal(".")]


def decline_in_words(notes: Notes) -> str:
    """Say who declined a message, or ""."""
    return f"⛔ Declined by {notes.declined_by}" if notes.declined_by else ""
