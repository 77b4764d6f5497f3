"""Draws a request in Slack: its card, and the posts about it in other places. Pure.

Addresses are masked. What a person or Genesys wrote is literal rich text, so it formats nothing
and pings nobody. `bot/cards/line.py` draws the thread, `bot/cards/words.py` has the words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.cards.blocks import Block, date_node, literal, plain, section
from bot.cards.card_buttons import approval_buttons, card_buttons, decision_buttons
from bot.cards.line import draw_line
from bot.cards.post import Post
from bot.cards.words import REASON_LENGTH, STATE_WORDS, state_in_words
from bot.request import UNSENT, HistoryLine, Request, State, Stuck
from bot.storage.facts import ByWhom
from bot.text import clip, show_name, split, visible

PREVIEW_LENGTH = 300
PART_LENGTH = 3_000
_DAY_AND_TIME = "{date_short_pretty} at {time}"
_TO_THE_SECOND = "{date_short_pretty} at {time_secs}"


@dataclass(frozen=True)
class Notes:
    """What a card says that isn't in its request: who paused all sending, and who may approve."""

    paused: ByWhom | None = None
    approvers: str = field(default="A second person", repr=False)


NO_NOTES = Notes()


def show_card(request: Request, notes: Notes = NO_NOTES) -> Post:
    """Draw a request's card in its current state."""
    if request.erased_at:
        return _show_erased(request)
    elements: list[Block] = [
        section(*_heading(request)),
        _quote(request),
        section(literal(STATE_WORDS[request.state], bold=True), *_when(request)),
        *_why_it_waits(request, notes),
    ]
    if request.reason:
        elements.append(section(literal(clip(visible(request.reason), REASON_LENGTH) or "…")))
    blocks: list[Block] = [{"type": "rich_text", "block_id": "card", "elements": elements}]
    return _post(state_in_words(request), _with_buttons(blocks, card_buttons(request)))


def show_approval(request: Request, notes: Notes, link: str, *, is_public: bool = True) -> Post:
    """Draw a request that waits for approval, or did, for those who may approve it.

    Unless it ``is_public``, it shows neither the customer's name nor the message.
    """
    if request.erased_at:
        return _show_erased(request)
    heading = _heading(request if is_public else replace(request, customer_name=""))
    words = [literal(_approval_in_words(request), bold=True)]
    if link:
        words += [literal("  "), {"type": "link", "url": link, "text": "The card"}]
    elements = [
        section(*heading),
        *([_quote(request)] if is_public else []),
        section(*words),
        *_why_it_waits(request, notes),
    ]
    blocks: list[Block] = [{"type": "rich_text", "block_id": "card", "elements": elements}]
    buttons = approval_buttons(request, is_public=is_public)
    return _post(_approval_in_words(request), _with_buttons(blocks, buttons))


def _approval_in_words(request: Request) -> str:
    if request.approver_id and request.state is not State.UNAPPROVED:
        return f"👍 Approved by {show_name(request.approver_name)} ({request.approver_id})"
    return state_in_words(request)


def _show_erased(request: Request) -> Post:
    """Draw what may stay of a request whose customer was erased."""
    who = f"Message to {request.identity.masked} from {_agent(request)}: "
    words = f"{STATE_WORDS[request.state]} (erased)"
    elements = [section(literal(who), literal(words, bold=True))]
    return _post(words, [{"type": "rich_text", "block_id": "card", "elements": elements}])


def _agent(request: Request) -> str:
    return show_name(request.agent_name) if request.agent_name else request.agent_id


def _heading(request: Request) -> list[Block]:
    who = show_name(request.customer_name) if request.customer_name else ""
    return [
        literal("Message to "),
        literal(who or request.identity.masked, bold=True),
        *([literal(f" ({request.identity.masked})")] if who else []),
        literal(f" from {show_name(request.agent_name)}"),
    ]


def _quote(request: Request) -> Block:
    """Quote the message; all of it, where somebody has to approve it."""
    most = PART_LENGTH if request.state is State.UNAPPROVED else PREVIEW_LENGTH
    quoted = clip(visible(request.text), most) or "…"
    return {"type": "rich_text_quote", "elements": [literal(quoted)]}


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


def _why_it_waits(request: Request, notes: Notes) -> list[Block]:
    """Say who paused all sending, why the message needs an approval, and who may give it."""
    sections = []
    if request.state is State.UNAPPROVED:
        why = clip(visible(request.approval_for), REASON_LENGTH)
        sentence = f"{why[:1].upper()}{why[1:]}. " if why else ""
        nodes = [literal(f"{sentence}{notes.approvers} can approve this")]
        if request.approval_until is not None:
            nodes += [literal(" until "), date_node(request.approval_until, _DAY_AND_TIME)]
        sections.append(section(*nodes, literal(".")))
    if request.stuck is Stuck.PAUSED and request.state in UNSENT:
        sections.append(section(literal(_pause_in_words(notes.paused))))
    return sections


def _pause_in_words(paused: ByWhom | None) -> str:
    if paused is None:
        return "⏸ All sending is paused: the message waits."
    reason = f" ({clip(visible(paused.reason), REASON_LENGTH)})" if paused.reason else ""
    return f"⏸ Paused by {show_name(paused.user_name)}{reason}: the message waits."


def show_news(request: Request, lines: Sequence[HistoryLine], known: str = "") -> Post:
    """Draw lines for somebody who reads them outside of the card's thread.

    So it names the request, and has its buttons, unless those of the ``known`` state are the same.
    """
    if request.erased_at:
        return _show_erased(request)
    state = state_in_words(request)
    title = section(*_heading(request), literal(": "), literal(state, bold=True))
    told = [draw_line(line, request.agent_id, request.agent_name) for line in lines]
    blocks: list[Block] = [{"type": "rich_text", "elements": [title, *told]}]
    buttons = decision_buttons(request)
    if known and buttons == decision_buttons(_as_shown(request, known)):
        buttons = []
    said = lines[0].event.value if len(lines) == 1 else state
    return _post(said, _with_buttons(blocks, buttons))


def _as_shown(request: Request, known: str) -> Request:
    """Return the request as it was when this was its ``state_to_show``."""
    state, decisions, *_ = [*known.split(), "0"]
    return replace(request, state=State(state), decisions=int(decisions))


def show_elsewhere(request: Request, why: str, link: str) -> Post:
    """Say where the agent was that the card is in a direct message, with a link to it."""
    sentence = literal(f" is in your direct messages with me, because {why}.")
    where = {"type": "link", "url": link, "text": "The card"} if link else literal("The card")
    about = literal(f" of your message to {request.identity.masked}")
    return Post(
        "The card of your message is in your direct messages with me.",
        [{"type": "rich_text", "elements": [section(where, about, sentence)]}],
    )


def show_outcome(request: Request, link: str) -> Post:
    """Draw the one line about a request's outcome for the outcomes channel. It pings nobody."""
    if request.erased_at:
        return _show_erased(request)
    state = STATE_WORDS[request.state]
    nodes = [*_heading(request), literal(": "), literal(state, bold=True)]
    if link:
        nodes += [literal("  "), {"type": "link", "url": link, "text": "Thread"}]
    return _post(state, [{"type": "rich_text", "elements": [section(*nodes)]}])


def show_notice(sentence: str) -> Post:
    """Draw a sentence of the bot's own, such as why something didn't work."""
    return Post(sentence, [{"type": "section", "text": plain(sentence)}])


def show_given_back(sentence: str, typed: str) -> Post:
    """Draw a sentence and below it all that the agent had typed, so that it isn't lost."""
    post = show_notice(sentence)
    if visible(typed).strip():
        elements = [
            {"type": "rich_text_preformatted", "elements": [literal(part)]}
            for part in split(visible(typed), PART_LENGTH)
        ]
        post.blocks.append({"type": "rich_text", "elements": elements})
    return post


def _with_buttons(blocks: list[Block], buttons: list[Block]) -> list[Block]:
    if buttons:
        blocks.append({"type": "actions", "block_id": "decide", "elements": buttons})
    return blocks


def _post(said: str, blocks: list[Block]) -> Post:
    return Post(f"Message to a customer: {said}", blocks)
