"""Draws the Home tab: an agent's messages, or the team's. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, HeaderBlock

from bot.cards.blocks import DAY_AND_TIME, date_node, literal, plain, rich_text, section
from bot.slack.interaction import View
from bot.slack.request_rows import Reader, Rows, draw_rows
from bot.slack.view import home_tab
from bot.storage.my_requests import MOST_COUNTED, Filter

HOME = "home"  # the view's callback id
SHOW = "home_show"  # what the action ids of the buttons begin with that show something else
_LABELS = {
    Filter.ATTENTION: "Needs attention",
    Filter.PLANNED: "Planned",
    Filter.OPEN: "Open",
    Filter.RECENT: "Recent",
}
_NOTHING = {
    Filter.ATTENTION: "Nothing needs your attention.",
    Filter.PLANNED: "Nothing is planned.",
    Filter.OPEN: "No message is on its way.",
    Filter.RECENT: "No messages yet.",
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
    which, _, rest = written.partition(":")
    page, _, whose = rest.partition(":")
    if which not in list(Filter) or not (page.isascii() and page.isdecimal() and len(page) < 5):
        return HomeState()
    return HomeState(Filter(which), int(page), whose == _TEAM)


def write_metadata(state: HomeState) -> str:
    """Write the state into private metadata."""
    return json.dumps([HOME, state.write()])


def read_metadata(metadata: str) -> HomeState:
    """Read the state from private metadata whose signature was checked."""
    values = json.loads(metadata)
    return read_state(values[1]) if len(values) == 2 and values[0] == HOME else HomeState()


def build_home(content: HomeContent) -> View:
    """Draw the Home tab."""
    state, rows = content.state, list(draw_rows(content.rows, content.reader))
    nothing = _text(_NOTHING[state.which], "nothing")
    hint = f"Message a customer with {content.command}."
    blocks = [
        HeaderBlock(text=plain("Team messages" if state.is_team else "My messages")),
        _text(content.health, "health"),
        ActionsBlock(block_id="filters", elements=_filters(content)),
        *(rows or [nothing]),
        ActionsBlock(block_id="pages", elements=_pages(content)),
        _stamp(content.updated_at, hint),
    ]
    return _view(blocks, state)


def build_plain_home(sentence: str, *, at: datetime, may_refresh: bool) -> View:
    """Draw a Home tab that shows nothing but a sentence, for example why it's empty."""
    blocks = [HeaderBlock(text=plain("My messages")), _text(sentence, "nothing")]
    if may_refresh:
        refresh = _button("refresh", "Refresh", HomeState())
        blocks.append(ActionsBlock(block_id="pages", elements=[refresh]))
    return _view([*blocks, _stamp(at)], HomeState())


def _view(blocks: list[Block], state: HomeState) -> View:
    return home_tab(HOME, blocks, metadata=write_metadata(state))


def _filters(content: HomeContent) -> list[ButtonElement]:
    state = content.state
    buttons = []
    for which, label in _LABELS.items():
        count = content.counts.get(which, 0)
        shown = f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)
        wanted = replace(state, which=which, page=0)
        style = "primary" if which is state.which else None
        buttons.append(_button(which, f"{label} ({shown})" if count else label, wanted, style))
    if content.reader.is_lead:
        other = replace(state, page=0, is_team=not state.is_team)
        buttons.append(_button("whose", "Show mine" if state.is_team else "Show team", other))
    return buttons


def _pages(content: HomeContent) -> list[ButtonElement]:
    state, buttons = content.state, []
    if state.page:
        buttons.append(_button("previous", "Previous", replace(state, page=state.page - 1)))
    if content.has_next:
        buttons.append(_button("next", "Next", replace(state, page=state.page + 1)))
    return [*buttons, _button("refresh", "Refresh", state)]


def _button(name: str, label: str, state: HomeState, style: str | None = None) -> ButtonElement:
    return ButtonElement(
        action_id=f"{SHOW}:{name}", text=plain(label), value=state.write(), style=style
    )


def _text(sentence: str, block_id: str) -> Block:
    return rich_text(section(literal(sentence)), block_id=block_id)


def _stamp(at: datetime, hint: str = "") -> Block:
    nodes = [literal("Updated ", italic=True), date_node(at, DAY_AND_TIME), literal(".")]
    nodes += [literal(f" {hint}")] if hint else []
    return rich_text(section(*nodes), block_id="updated")
