"""Draws a request in Slack: its card, the lines of its thread, and its buttons. Pure.

Addresses are masked. What a person or Genesys wrote is literal rich text, so it formats nothing
and pings nobody. Only the agent who asked is mentioned: when the customer replied, and when the
message failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.cards.blocks import Block, literal, plain, section
from bot.cards.post import Post
from bot.request import Event, HistoryLine, Request, State
from bot.text import clip, show_name, split, visible

PREVIEW_LENGTH = 300
REASON_LENGTH = 900
PART_LENGTH = 3_000
CANCEL, CHECK_AGAIN, SEND_ANYWAY = "cancel", "check_again", "send_anyway"
COMPOSE_AGAIN = "compose_again"

STATE_WORDS: dict[State, str] = {
    State.CHECKING: "⏳ Checking who this is and whether a message may go out",
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

_LINE_WORDS: dict[Event, str] = {
    Event.ASKED: "Asked for.",
    Event.FOUND: "Customer found.",
    Event.HELD: "Genesys Cloud doesn't answer. The request waits and goes on when it does.",
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
}
_BY_A_PERSON = frozenset({Event.CANCELLED, Event.CHECK_ASKED, Event.SEND_DECIDED})
_PINGS_THE_AGENT = frozenset({Event.REPLIED, Event.FAILED})


def show_card(request: Request) -> Post:
    """Draw a request's card in its current state."""
    state = STATE_WORDS[request.state]
    quote = clip(visible(request.text), PREVIEW_LENGTH) or "…"
    status = [literal(state, bold=True), *_when(request)]
    elements: list[Block] = [
        section(*_heading(request)),
        {"type": "rich_text_quote", "elements": [literal(quote)]},
        section(*status),
    ]
    if request.reason:
        elements.append(section(literal(clip(visible(request.reason), REASON_LENGTH) or "…")))
    blocks: list[Block] = [{"type": "rich_text", "block_id": "card", "elements": elements}]
    buttons = _buttons(request)
    if buttons:
        blocks.append({"type": "actions", "block_id": "decide", "elements": buttons})
    return Post(f"Message to a customer: {state}", blocks)


def _heading(request: Request) -> list[Block]:
    who = show_name(request.customer_name) if request.customer_name else ""
    return [
        literal("Message to "),
        literal(who or request.identity.masked, bold=True),
        *([literal(f" ({request.identity.masked})")] if who else []),
        literal(f" from {show_name(request.agent_name)}"),
    ]


def _when(request: Request) -> list[Block]:
    """Say when an unsent request will be sent, and until when it may be."""
    if request.state not in (State.CHECKING, State.SCHEDULED):
        return []
    nodes: list[Block] = []
    if request.send_at is not None:
        nodes += [literal(": "), _time(request.send_at, "{date_short_pretty} at {time_secs}")]
    if request.send_before is not None:
        before = _time(request.send_before, "{date_short_pretty} at {time}")
        nodes += [literal(", not after "), before]
    return nodes


def _buttons(request: Request) -> list[Block]:
    if request.state in (State.CHECKING, State.SCHEDULED):
        return [_button(CANCEL, "Undo", request)]
    if request.state is State.UNCERTAIN:
        doubt = (
            "Nobody knows whether the first message was sent: Genesys Cloud's answer was lost, and "
            "I can't find the message there. If it was sent after all, the customer gets it twice."
        )
        sure = {
            "title": plain("Send it again?"),
            "text": plain(doubt),
            "confirm": plain("Send anyway"),
            "deny": plain("Leave it"),
        }
        return [
            _button(CHECK_AGAIN, "Check again", request),
            _button(SEND_ANYWAY, "Send anyway", request, style="danger", confirm=sure),
        ]
    if request.state in (State.REFUSED, State.FAILED, State.EXPIRED, State.CANCELLED):
        return [_button(COMPOSE_AGAIN, "Open it again", request)]
    return []


def show_line(line: HistoryLine, agent_id: str) -> Post:
    """Draw one line of a request's thread. Slack shows the time in each reader's time zone."""
    return Post(
        f"Message to a customer: {line.event.value}",
        [{"type": "rich_text", "elements": [_line(line, agent_id)]}],
    )


def show_news(request: Request, lines: Sequence[HistoryLine], known: str = "") -> Post:
    """Draw lines for somebody who reads them outside of the card's thread.

    So it names the request, and has its buttons, unless those of the ``known`` state are the same.
    """
    state = STATE_WORDS[request.state]
    title = section(*_heading(request), literal(": "), literal(state, bold=True))
    told = [_line(line, request.agent_id) for line in lines]
    blocks: list[Block] = [{"type": "rich_text", "elements": [title, *told]}]
    buttons = _buttons(request)
    if buttons and not (known and buttons == _buttons(_as_shown(request, known))):
        blocks.append({"type": "actions", "block_id": "decide", "elements": buttons})
    said = lines[0].event.value if len(lines) == 1 else state
    return Post(f"Message to a customer: {said}", blocks)


def _as_shown(request: Request, known: str) -> Request:
    """Return the request as it was when this was its ``state_to_show``."""
    state, _, decisions = known.partition(" ")
    return replace(request, state=State(state), decisions=int(decisions or 0))


def _line(line: HistoryLine, agent_id: str) -> Block:
    words = _LINE_WORDS[line.event]
    detail = clip(visible(line.detail), REASON_LENGTH)
    if line.event in _BY_A_PERSON:
        user_id = f" ({line.user_id})" if line.user_id else ""  # a mention would ping them
        sentence = f"{show_name(line.detail)}{user_id} {words}"
    else:
        sentence = f"{words} {detail}".strip()
    nodes = [_time(line.at, "{time_secs}"), literal(f"  {sentence}")]
    if line.event in _PINGS_THE_AGENT:
        nodes.insert(1, literal("  "))
        nodes.insert(2, {"type": "user", "user_id": agent_id})
    if line.link:
        link = {"type": "link", "url": line.link, "text": "Open it in Genesys Cloud"}
        nodes += [literal(" "), link]
    return section(*nodes)


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
    state = STATE_WORDS[request.state]
    nodes = [*_heading(request), literal(": "), literal(state, bold=True)]
    if link:
        nodes += [literal("  "), {"type": "link", "url": link, "text": "Thread"}]
    return Post(
        f"Message to a customer: {state}", [{"type": "rich_text", "elements": [section(*nodes)]}]
    )


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


def _time(at: datetime, form: str) -> Block:
    return {
        "type": "date",
        "timestamp": int(at.timestamp()),
        "format": form,
        "fallback": at.strftime("%Y-%m-%d %H:%M:%S UTC"),
    }


def _button(action: str, label: str, request: Request, **more: Any) -> Block:
    return {
        "type": "button",
        "action_id": action,
        "text": plain(label),
        "value": f"{request.request_id}:{request.decisions}",
        **more,
    }
