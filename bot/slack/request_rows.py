"""Draws requests as rows of a list, in the Home tab and in private answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, RichTextElement

from bot.cards.blocks import DAY_AND_TIME, date_node, link, literal, quote, rich_text, section
from bot.cards.card_buttons import APPROVE, DECLINE, OPT_OUT, REVIEW, card_buttons
from bot.cards.words import state_in_words
from bot.request import Request
from bot.slack.interaction import ROW
from bot.state import UNSENT, State
from bot.text import clip, show_name, visible

_APPROVAL = (APPROVE, DECLINE, REVIEW)
_PREVIEW, _WHY = 120, 200  # characters
_EXPLAINED = (State.FAILED, State.REFUSED, State.EXPIRED)


@dataclass(frozen=True)
class Reader:
    """Who reads a list, and what they may do about others' requests."""

    user_id: str
    is_lead: bool = False
    is_approver: bool = False


@dataclass(frozen=True)
class Rows:
    """Requests to list, with the addresses of their threads by request id."""

    requests: tuple[Request, ...] = field(default=(), repr=False)
    links: Mapping[str, str] = field(default_factory=dict, repr=False)


def draw_rows(rows: Rows, reader: Reader) -> Iterable[Block]:
    """Draw each request with its buttons: two blocks at most."""
    for request in rows.requests:
        yield _draw_text(request, reader, rows.links.get(request.request_id, ""))
        if buttons := row_buttons(request, reader):
            yield ActionsBlock(block_id=f"{ROW}{request.request_id}", elements=buttons)


def row_buttons(request: Request, reader: Reader) -> list[ButtonElement]:
    """Return the buttons of a row: those with which this reader could do something."""
    is_own = request.agent_id == reader.user_id
    may_approve = reader.is_approver and not is_own
    may_decide = reader.is_lead or is_own

    def is_for_them(action: str | None) -> bool:
        return may_approve if action in _APPROVAL else may_decide and action != OPT_OUT

    return [button for button in card_buttons(request) if is_for_them(button.action_id)]


def _draw_text(request: Request, reader: Reader, url: str) -> Block:
    masked = request.identity.masked
    name = show_name(request.customer_name) if request.customer_name else ""
    who = [literal(name or masked, bold=True), *([literal(f" ({masked})")] if name else [])]
    if request.agent_id != reader.user_id:
        who.append(literal(f" from {show_name(request.agent_name or request.agent_id)}"))
    state = state_in_words(request) + (" (erased)" if request.erased_at else "")
    stands = [literal(state), *_when(request)]
    if request.state in _EXPLAINED and request.reason:
        stands.append(literal(f" · {clip(visible(request.reason), _WHY)}"))
    if url:
        stands += [literal("  "), link(url, "Thread")]
    lines = [section(*who, literal("\n"), *stands)]
    preview = " ".join(visible(request.text).split())
    if preview:
        lines.append(quote(clip(preview, _PREVIEW)))
    return rich_text(*lines, block_id=f"row:{request.request_id}")


def _when(request: Request) -> list[RichTextElement]:
    """Say when a message goes out, or did, or was asked for."""
    if request.state in UNSENT:
        at = request.planned_at or (request.send_at if request.is_planned else None)
        return [literal(" for "), date_node(at, DAY_AND_TIME)] if at else []
    at = request.sending_at or request.created_at
    return [literal(" · "), date_node(at, DAY_AND_TIME)]
