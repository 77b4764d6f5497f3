"""Draws a request in Slack: its card, and the posts about it in other places. Pure.

Addresses are masked. What a person or Genesys wrote is literal rich text, so it formats nothing
and pings nobody. `bot/cards/card_state.py` draws where it stands, `bot/cards/line.py` the thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    RichTextElement,
    SectionBlock,
)

from bot.cards.blocks import fill, link, literal, plain, preformatted, quote, rich_text, section
from bot.cards.card_buttons import approval_buttons, card_buttons, decision_buttons
from bot.cards.card_state import NO_NOTES, Notes, decline_in_words, where_it_stands, why_it_waits
from bot.cards.line import draw_line, quote_reply
from bot.cards.post import Post
from bot.cards.words import STATE_WORDS, event_in_short, say_about, state_in_words
from bot.language import _
from bot.request import HistoryLine, Request
from bot.state import State
from bot.text import clip, escape, show_name, split, visible

PREVIEW_LENGTH = 300
PART_LENGTH = 3_000


def show_card(request: Request, notes: Notes = NO_NOTES) -> Post:
    """Draw a request's card in its current state."""
    if request.erased_at:
        return _show_erased(request)
    lines = section(*_heading(request)), _quote(request), *where_it_stands(request, notes)
    buttons = card_buttons(request, is_opted_out=notes.is_opted_out)
    card = rich_text(*lines, block_id="card")
    return _post(request, state_in_words(request), card, *_actions(buttons))


def show_approval(request: Request, notes: Notes, url: str, *, is_public: bool = True) -> Post:
    """Draw a request that waits for approval, or did, for those who may approve it.

    Unless it ``is_public``, it shows neither the customer's name nor the message.
    """
    if request.erased_at:
        return _show_erased(request)
    heading = _heading(request if is_public else replace(request, customer_name=""))
    said = _approval_in_words(request, notes)
    words = [literal(said, bold=True)]
    if url:
        words += [literal("  "), link(url, _("The card"))]
    lines = [
        section(*heading),
        *([_quote(request)] if is_public else []),
        section(*words),
        *why_it_waits(request, replace(notes, look_at="")),  # whoever decides about it has the card
    ]
    buttons = approval_buttons(request, is_public=is_public)
    return _post(request, said, rich_text(*lines, block_id="card"), *_actions(buttons))


def _approval_in_words(request: Request, notes: Notes) -> str:
    if request.approver_id and request.state is not State.UNAPPROVED:
        return _("👍 Approved by {who}").format(who=show_name(request.approver_name))
    return decline_in_words(notes) or state_in_words(request)


def _show_erased(request: Request) -> Post:
    """Draw what may stay of a request whose customer was erased."""
    heading = _("Message to {customer} from {agent}").format(
        customer=request.identity.masked, agent=_agent(request)
    )
    words = _("{state} (erased)").format(state=_(STATE_WORDS[request.state]))
    line = section(*_with_state(heading, words))
    return _post(request, words, rich_text(line, block_id="card"))


def _agent(request: Request) -> str:
    return show_name(request.agent_name) if request.agent_name else request.agent_id


def _heading(request: Request) -> list[RichTextElement]:
    who = show_name(request.customer_name) if request.customer_name else ""
    customer = [
        literal(who or request.identity.masked, bold=True),
        *([literal(f" ({request.identity.masked})")] if who else []),
    ]
    sentence = _("Message to {customer} from {agent}")
    return fill(sentence, customer=customer, agent=show_name(request.agent_name))


def _with_state(heading: str | list[RichTextElement], state: str) -> list[RichTextElement]:
    return fill(_("{heading}: {state}"), heading=heading, state=literal(state, bold=True))


def _quote(request: Request) -> RichTextElement:
    """Quote the message; all of it, where somebody has to approve it."""
    most = PART_LENGTH if request.state is State.UNAPPROVED else PREVIEW_LENGTH
    return quote(clip(visible(request.text), most))


def show_news(request: Request, lines: Sequence[HistoryLine], known: str = "") -> Post:
    """Draw lines for somebody who reads them outside of the card's thread.

    So it names the request, and has its buttons, unless those of the ``known`` state are the same.
    """
    if request.erased_at:
        return _show_erased(request)
    state = state_in_words(request)
    title = section(*_with_state(_heading(request), state))
    told = [
        drawn
        for line in lines
        for drawn in (
            draw_line(line, request.agent_id, request.agent_name),
            *quote_reply(line),
        )
    ]
    buttons = decision_buttons(request)
    if known and buttons == decision_buttons(request.as_shown(known)):
        buttons = []
    said = event_in_short(lines[0], request.agent_name) if len(lines) == 1 else state
    return _post(request, said, rich_text(title, *told), *_actions(buttons))


def show_where_it_stands(request: Request, sentence: str = "") -> Post:
    """Draw a request's state with the buttons that count now, below a sentence if there's one.

    Somebody may approve it with these, so it shows all of the message then.
    """
    news = show_news(request, ())
    blocks = news.blocks
    if request.state is State.UNAPPROVED and not request.erased_at:
        blocks = [blocks[0], rich_text(_quote(request)), *blocks[1:]]
    if not sentence:
        return Post(news.text, blocks)
    notice = show_notice(sentence)
    return Post(notice.text, [*notice.blocks, *blocks])


def show_elsewhere(request: Request, why: str, url: str) -> Post:
    """Say where the agent was that the card is in a direct message, with a link to it.

    ``why`` it isn't where they were, unless that's as it should be.
    """
    sentence = _("{card} of your message to {customer} is in our direct messages.")
    if why:
        sentence = _(
            "{card} of your message to {customer} is in your direct messages with me, "
            "because {reason}."
        )
    card = link(url, _("The card")) if url else literal(_("The card"))
    said = fill(sentence, card=card, customer=request.identity.masked, reason=why)
    return Post(
        say_about(request, _("the card is in our direct messages.")), [rich_text(section(*said))]
    )


def show_outcome(request: Request, url: str) -> Post:
    """Draw the one line about a request's outcome for the outcomes channel. It pings nobody."""
    if request.erased_at:
        return _show_erased(request)
    state = _(STATE_WORDS[request.state])
    sentence, why = _("{heading}: {state}"), ""
    if request.state is State.FAILED and request.reason:
        sentence = _("{heading}: {state}. {reason}")
        why = clip(visible(request.reason), PREVIEW_LENGTH)
    shown = literal(state, bold=True)
    nodes = fill(sentence, heading=_heading(request), state=shown, reason=why)
    if url:
        nodes += [literal("  "), link(url, _("Thread"))]
    return _post(request, state, rich_text(section(*nodes)))


def show_notice(sentence: str) -> Post:
    """Draw a sentence of the bot's own, such as why something didn't work."""
    return Post(escape(sentence), [SectionBlock(text=plain(sentence))])


def show_given_back(sentence: str, typed: str) -> Post:
    """Draw a sentence and below it all that the agent had typed, so that it isn't lost."""
    post = show_notice(sentence)
    if visible(typed).strip():
        parts = split(visible(typed), PART_LENGTH)
        post.blocks.append(rich_text(*map(preformatted, parts)))
    return post


def _actions(buttons: list[ButtonElement]) -> list[Block]:
    return [ActionsBlock(block_id="decide", elements=buttons)] if buttons else []


def _post(request: Request, said: str, *blocks: Block) -> Post:
    return Post(say_about(request, said), list(blocks))
