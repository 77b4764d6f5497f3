"""Draws requests as rows of a list, in the Home tab and in private answers. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, RichTextElement

from bot.cards.blocks import (
    DAY_AND_TIME,
    date_node,
    fill,
    link,
    literal,
    quote,
    rich_text,
    section,
)
from bot.cards.card_buttons import (
    APPROVE,
    DECLINE,
    OPT_OUT,
    REVIEW,
    approval_buttons,
    card_buttons,
)
from bot.cards.words import state_in_words
from bot.language import _
from bot.request import Request
from bot.slack.interaction import ROW
from bot.state import UNSENT, State
from bot.text import clip, show_name, visible

_NOT_HERE = (APPROVE, DECLINE, REVIEW, OPT_OUT)  # of a card's buttons
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
    """Requests to list, with the addresses of their threads by request id.

    ``opted_out``: the ids of those whose customer nobody may message.
    """

    requests: tuple[Request, ...] = field(default=(), repr=False)
    links: Mapping[str, str] = field(default_factory=dict, repr=False)
    opted_out: Container[str] = ()


def draw_rows(rows: Rows, reader: Reader) -> Iterable[Block]:
    """Draw each request with its buttons: two blocks at most."""
    for request in rows.requests:
        yield _draw_text(request, reader, rows.links.get(request.request_id, ""))
        is_opted_out = request.request_id in rows.opted_out
        if buttons := row_buttons(request, reader, is_opted_out=is_opted_out):
            yield ActionsBlock(block_id=f"{ROW}{request.request_id}", elements=buttons)


def row_buttons(
    request: Request, reader: Reader, *, is_opted_out: bool = False
) -> list[ButtonElement]:
    """Return the buttons of a row: those with which this reader could do something.

    A row shows only the beginning of a message, so nobody approves one before they have read it.
    """
    is_own = request.agent_id == reader.user_id
    buttons = approval_buttons(request, is_public=False)
    shown = buttons if reader.is_approver and not is_own else []
    if reader.is_lead or is_own:
        of_card = card_buttons(request, is_opted_out=is_opted_out)
        shown += [button for button in of_card if button.action_id not in _NOT_HERE]
    return shown


def _draw_text(request: Request, reader: Reader, url: str) -> Block:
    masked = request.identity.masked
    name = show_name(request.customer_name) if request.customer_name else ""
    who = [literal(name or masked, bold=True), *([literal(f" ({masked})")] if name else [])]
    if request.agent_id != reader.user_id:
        agent = show_name(request.agent_name or request.agent_id)
        who = fill(_("{customer} from {agent}"), customer=who, agent=agent)
    stands = _where_it_stands(request)
    if request.state in _EXPLAINED and request.reason:
        stands.append(literal(f" · {clip(visible(request.reason), _WHY)}"))
    if url:
        stands += [literal("  "), link(url, _("Thread"))]
    lines = [section(*who, literal("\n"), *stands)]
    preview = " ".join(visible(request.text).split())
    if preview:
        lines.append(quote(clip(preview, _PREVIEW)))
    return rich_text(*lines, block_id=f"row:{request.request_id}")


def _where_it_stands(request: Request) -> list[RichTextElement]:
    """Say where a message stands, and when it goes out, or did, or was asked for."""
    said = state_in_words(request)
    state = literal(_("{state} (erased)").format(state=said) if request.erased_at else said)
    if request.state in UNSENT:
        at = request.planned_at or (request.send_at if request.is_planned else None)
        if at is None:
            return [state]
        return fill(_("{state} for {time}"), state=state, time=date_node(at, DAY_AND_TIME))
    at = request.sending_at or request.created_at
    return [state, literal(" · "), date_node(at, DAY_AND_TIME)]
