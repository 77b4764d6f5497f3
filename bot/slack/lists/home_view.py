"""Draws the Home tab: an agent's messages, or the team's. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, HeaderBlock

from bot.cards.blocks import DAY_AND_TIME, date_node, fill, literal, plain, rich_text, section
from bot.language import N_, _
from bot.slack.lists.request_rows import Reader, Rows, draw_rows
from bot.slack.view import home_tab
from bot.slack.view_state import View
from bot.storage.my_requests import MOST_COUNTED, Filter

HOME = "home"  # the view's callback id
SHOW = "home_show"  # prefix of the action ids of the buttons that show something else
_LABELS = {
    Filter.ATTENTION: N_("Needs attention"),
    Filter.PLANNED: N_("Planned"),
    Filter.OPEN: N_("Open"),
    Filter.RECENT: N_("Recent"),
}
_NOTHING = {
    Filter.ATTENTION: N_("Nothing needs your attention."),
    Filter.PLANNED: N_("Nothing is planned."),
    Filter.OPEN: N_("No message is on its way."),
    Filter.RECENT: N_("No messages yet."),
}
_TEAM, _MINE = "team", "mine"


@dataclass(frozen=True)
class HomeState:
    """What a Home tab shows: which list, which page of it, and whose."""

    which: Filter = Filter.ATTENTION
    page: int = 0
    is_team: bool = False

    def write(self) -> str:
        """Write it into a button's value."""
        return f"{self.which}:{self.page}:{_TEAM if self.is_team else _MINE}"


@dataclass(frozen=True)
class HomeContent:
    """What there is to show. ``health``: a line about the bot."""

    state: HomeState
    reader: Reader
    rows: Rows
    has_next: bool
    counts: Mapping[Filter, int]
    health: str = field(repr=False)
    updated_at: datetime
    command: str = "/proactive"


def read_state(written: str) -> HomeState:
    """Read what ``write`` wrote; anything else is the state in which a Home tab opens."""
    which, __, rest = written.partition(":")
    page, __, whose = rest.partition(":")
    if which not in list(Filter) or not (page.isascii() and page.isdecimal() and len(page) < 5):
        return HomeState()
    return HomeState(Filter(which), int(page), whose == _TEAM)


def build_home(content: HomeContent) -> View:
    """Draw the Home tab."""
    state, rows = content.state, list(draw_rows(content.rows, content.reader))
    nothing = _text(_(_NOTHING[state.which]), "nothing")
    hint = _("Message a customer with {command}.").format(command=content.command)
    blocks = [
        HeaderBlock(text=plain(_("Team messages") if state.is_team else _("My messages"))),
        _text(content.health, "health"),
        ActionsBlock(block_id="filters", elements=_filters(content)),
        *(rows or [nothing]),
        ActionsBlock(block_id="pages", elements=_pages(content)),
        _stamp(content.updated_at, hint),
    ]
    return _view(blocks)


def build_plain_home(sentence: str, *, at: datetime, may_refresh: bool) -> View:
    """Draw a Home tab that shows nothing but a sentence, for example why it's empty."""
    blocks = [HeaderBlock(text=plain(_("My messages"))), _text(sentence, "nothing")]
    if may_refresh:
        refresh = _button("refresh", _("Refresh"), HomeState())
        blocks.append(ActionsBlock(block_id="pages", elements=[refresh]))
    return _view([*blocks, _stamp(at)])


def _view(blocks: list[Block]) -> View:
    return home_tab(HOME, blocks, metadata=json.dumps([HOME]))


def _filters(content: HomeContent) -> list[ButtonElement]:
    state = content.state
    buttons = []
    for which, marked in _LABELS.items():
        label = _(marked)
        count = content.counts.get(which, 0)
        shown = f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)
        wanted = replace(state, which=which, page=0)
        style = "primary" if which is state.which else None
        buttons.append(_button(which, f"{label} ({shown})" if count else label, wanted, style))
    if content.reader.is_lead:
        other = replace(state, page=0, is_team=not state.is_team)
        label = _("Show mine") if state.is_team else _("Show team")
        buttons.append(_button("whose", label, other))
    return buttons


def _pages(content: HomeContent) -> list[ButtonElement]:
    state, buttons = content.state, []
    if state.page:
        buttons.append(_button("previous", _("Previous"), replace(state, page=state.page - 1)))
    if content.has_next:
        buttons.append(_button("next", _("Next"), replace(state, page=state.page + 1)))
    return [*buttons, _button("refresh", _("Refresh"), state)]


def _button(name: str, label: str, state: HomeState, style: str | None = None) -> ButtonElement:
    return ButtonElement(
        action_id=f"{SHOW}:{name}", text=plain(label), value=state.write(), style=style
    )


def _text(sentence: str, block_id: str) -> Block:
    return rich_text(section(literal(sentence)), block_id=block_id)


def _stamp(at: datetime, hint: str = "") -> Block:
    nodes = fill(_("Updated {when}."), when=date_node(at, DAY_AND_TIME))
    nodes += [literal(f" {hint}")] if hint else []
    return rich_text(section(*nodes), block_id="updated")
