"""Draws where a request stands, and why: the part of its card below the message. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.cards.blocks import Block, date_node, literal, section
from bot.cards.words import REASON_LENGTH, STATE_WORDS
from bot.request import UNSENT, Request, State, Stuck
from bot.rules.approvers import NOBODY_APPROVES
from bot.storage.facts import ByWhom
from bot.text import clip, show_name, visible

_DAY_AND_TIME = "{date_short_pretty} at {time}"
_TO_THE_SECOND = "{date_short_pretty} at {time_secs}"


@dataclass(frozen=True)
class Notes:
    """What a card says that isn't in its request.

    Who paused all sending, who may approve it ("" for nobody), who declined it, and whether its
    customer must not be contacted any more.
    """

    paused: ByWhom | None = None
    approvers: str = field(default="A second person", repr=False)
    declined_by: str = field(default="", repr=False)
    is_opted_out: bool = False


NO_NOTES = Notes()


def where_it_stands(request: Request, notes: Notes) -> list[Block]:
    """Say the state, and why. A pause is all that counts, as long as only that holds it up."""
    why = clip(visible(request.reason), REASON_LENGTH) or "…" if request.reason else ""
    declined = decline_in_words(notes)
    if declined:
        reason = [literal(f": {why}")] if why else []
        return [section(literal(declined, bold=True), *reason)]
    waits = why_it_waits(request, notes)
    is_held = request.stuck is Stuck.PAUSED and request.state in UNSENT
    if not is_held or request.state is State.UNAPPROVED:
        waits = [section(literal(STATE_WORDS[request.state], bold=True), *_when(request)), *waits]
    return [*waits, *([section(literal(why))] if why else [])]


def _when(request: Request) -> list[Block]:
    """Say when an unsent request will be sent, and until when it may be."""
    if request.state not in UNSENT:
        return []
    send_at, nodes = request.send_at, list[Block]()
    if request.state is State.UNAPPROVED:
        send_at = request.planned_at
    if send_at is not None:
        words = ", to be sent: " if request.state is State.UNAPPROVED else ": "
        nodes += [literal(words), date_node(send_at, _TO_THE_SECOND)]
    if request.send_before is not None:
        nodes += [literal(", not after "), date_node(request.send_before, _DAY_AND_TIME)]
    return nodes


def why_it_waits(request: Request, notes: Notes) -> list[Block]:
    """Say who paused all sending, why the message needs an approval, and who may give it."""
    sections = []
    if request.state is State.UNAPPROVED:
        why = clip(visible(request.approval_for), REASON_LENGTH)
        sentence = f"{why[:1].upper()}{why[1:]}. " if why else ""
        sections.append(section(literal(sentence + NOBODY_APPROVES)))
        if notes.approvers:
            nodes = [literal(f"{sentence}{notes.approvers} can approve it")]
            if request.approval_until is not None:
                nodes += [literal(" until "), date_node(request.approval_until, _DAY_AND_TIME)]
            sections = [section(*nodes, literal("."))]
    if request.stuck is Stuck.PAUSED and request.state in UNSENT:
        sections.append(section(*_pause_in_words(request, notes.paused)))
    return sections


def _pause_in_words(request: Request, paused: ByWhom | None) -> list[Block]:
    """Say who paused all sending, why, and when the message goes out."""
    who = "⏸ All sending is paused."
    if paused is not None:
        reason = f" ({clip(visible(paused.reason), REASON_LENGTH)})" if paused.reason else ""
        who = f"⏸ Paused by {show_name(paused.user_name)}{reason}."
    if request.state is State.UNAPPROVED:
        return [literal(f"{who} Once it's approved, it goes out when sending resumes.")]
    nodes = [literal(f"{who} It goes out when sending resumes")]
    if request.planned_at is not None:
        nodes += [literal(", not before "), date_node(request.planned_at, _DAY_AND_TIME)]
    if request.send_before is not None:
        nodes += [literal(", not after "), date_node(request.send_before, _DAY_AND_TIME)]
    return [*nodes, literal(".")]


def decline_in_words(notes: Notes) -> str:
    """Say who declined a message, or ""."""
    return f"⛔ Declined by {notes.declined_by}" if notes.declined_by else ""
