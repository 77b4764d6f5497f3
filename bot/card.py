"""How a request looks in Slack: its card, the lines of its thread, and what its buttons say. Pure.

Promises: state in words, addresses masked, every text of a person or of Genesys as literal
rich text, so that nobody is pinged and nothing is formatted. Does not: post (``thread``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.addresses import visible
from bot.request import Event, HistoryLine, Request, State
from bot.wording import clip, show_name

Block = dict[str, Any]

PREVIEW_LENGTH = 300
REASON_LENGTH = 900
CHECK_AGAIN, SEND_ANYWAY, COMPOSE_AGAIN = "check_again", "send_anyway", "compose_again"

STATE_WORDS: dict[State, str] = {
    State.CHECKING: "⏳ Checking who this is and whether a message may go out",
    State.REFUSED: "⛔ Not sent",
    State.SCHEDULED: "⏳ About to be sent",
    State.SENDING: "⏳ Being handed to Genesys Cloud",
    State.ACCEPTED: "☑️ Accepted by Genesys Cloud",
    State.WAITING: "⏳ Waiting for the customer to come back",
    State.DELIVERED: "✅ Delivered",
    State.READ: "✅ Read",
    State.REPLIED: "💬 The customer replied",
    State.FAILED: "❌ Failed: Genesys Cloud did not take the message",
    State.UNCERTAIN: "❔ Uncertain: it may or may not have been sent",
    State.EXPIRED: "⌛ Expired before it was sent",
    State.CANCELLED: "🚫 Cancelled before it was sent",
}

_LINE_WORDS: dict[Event, str] = {
    Event.ASKED: "Asked for.",
    Event.FOUND: "Customer found.",
    Event.REFUSED: "Not sent.",
    Event.SENDING: "Handed to Genesys Cloud.",
    Event.ACCEPTED: "Genesys Cloud has accepted the message.",
    Event.FAILED: "Genesys Cloud did not take the message.",
    Event.FATE_UNKNOWN: (
        "Genesys Cloud's answer was lost, so nobody knows yet whether the message was taken. "
        "It is not sent again; the bot is looking for it in Genesys Cloud."
    ),
    Event.UNCERTAIN: (
        "The message is not to be found in Genesys Cloud, which may still be late in showing it. "
        "Look at the customer's conversations there, then decide with the buttons above."
    ),
    Event.STILL_UNCERTAIN: "Looked again: the message is still not to be found in Genesys Cloud.",
    Event.ELSEWHERE: "Shown to you only, because",
    Event.CHECK_ASKED: "asked to look again.",
    Event.SEND_DECIDED: "decided to send it again, knowing that the customer may get it twice.",
}
_NAMES_A_PERSON = frozenset({Event.CHECK_ASKED, Event.SEND_DECIDED})


@dataclass(frozen=True)
class Post:
    """What to post: blocks, and the plain sentence for notifications and screen readers."""

    text: str
    blocks: list[Block]


def show_card(request: Request) -> Post:
    """Draw a request's card in its present state."""
    state = STATE_WORDS[request.state]
    who = show_name(request.customer_name) if request.customer_name else ""
    heading = [
        _text("Message to "),
        _text(who or request.identity.masked, bold=True),
        *([_text(f" ({request.identity.masked})")] if who else []),
        _text(f" from {show_name(request.agent_name)}"),
    ]
    quote = clip(visible(request.text), PREVIEW_LENGTH)
    elements: list[Block] = [
        {"type": "rich_text_section", "elements": heading},
        {"type": "rich_text_quote", "elements": [_text(quote)]},
        {"type": "rich_text_section", "elements": [_text(state, bold=True)]},
    ]
    if request.reason:
        why = _text(clip(visible(request.reason), REASON_LENGTH))
        elements.append({"type": "rich_text_section", "elements": [why]})
    blocks: list[Block] = [{"type": "rich_text", "block_id": "card", "elements": elements}]
    buttons = _buttons(request)
    if buttons:
        blocks.append({"type": "actions", "block_id": "decide", "elements": buttons})
    return Post(f"Message to a customer: {state}", blocks)


def _buttons(request: Request) -> list[Block]:
    if request.state is State.UNCERTAIN:
        return [
            _button(CHECK_AGAIN, "Check again", request),
            _button(
                SEND_ANYWAY,
                "Send anyway",
                request,
                style="danger",
                confirm={
                    "title": _plain("Send it again?"),
                    "text": _plain(
                        "Nobody knows whether the first message was sent: Genesys Cloud's answer "
                        "was lost and the message is not to be found there. If it was sent after "
                        "all, the customer gets it twice."
                    ),
                    "confirm": _plain("Send anyway"),
                    "deny": _plain("Leave it"),
                },
            ),
        ]
    if request.state in (State.REFUSED, State.FAILED):
        return [_button(COMPOSE_AGAIN, "Open it again", request)]
    return []


def show_line(line: HistoryLine) -> Post:
    """Draw one line of a request's thread, with the time in each reader's own time zone."""
    words = _LINE_WORDS[line.event]
    detail = clip(visible(line.detail), REASON_LENGTH)
    if line.event in _NAMES_A_PERSON:
        sentence = f"{show_name(line.detail)} {words}"
    else:
        sentence = f"{words} {detail}".strip()
    section = {"type": "rich_text_section", "elements": [_time(line.at), _text(f"  {sentence}")]}
    return Post(
        f"Message to a customer: {line.event.value}", [{"type": "rich_text", "elements": [section]}]
    )


def show_notice(sentence: str) -> Post:
    """Draw sentences of the bot's own, such as why something did not work."""
    return Post(sentence, [{"type": "section", "text": _plain(sentence)}])


def show_given_back(sentence: str, typed: str) -> Post:
    """Draw a sentence with what the agent had typed under it, so that nothing typed is lost."""
    post = show_notice(sentence)
    if typed.strip():
        quote = {"type": "rich_text_preformatted", "elements": [_text(visible(typed)[:3_000])]}
        post.blocks.append({"type": "rich_text", "elements": [quote]})
    return post


def _time(at: datetime) -> Block:
    return {
        "type": "date",
        "timestamp": int(at.timestamp()),
        "format": "{time_secs}",
        "fallback": at.strftime("%H:%M:%S UTC"),
    }


def _text(text: str, *, bold: bool = False) -> Block:
    node: Block = {"type": "text", "text": text}
    if bold:
        node["style"] = {"bold": True}
    return node


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _button(action: str, label: str, request: Request, **more: Any) -> Block:
    return {
        "type": "button",
        "action_id": action,
        "text": _plain(label),
        "value": request.request_id,
        **more,
    }
