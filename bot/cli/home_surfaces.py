"""The Home tab, the lists and the form for edits: every state, hostile values, and the limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bot.cli.card_surfaces import sample_request
from bot.cli.sample_texts import HOSTILE, LONGEST, NAMES, NOW, PLACE, Surface
from bot.language import _
from bot.request import Request
from bot.slack.buttons.edit_view import build_edit
from bot.slack.lists.home import NO_DATABASE, say_health
from bot.slack.lists.home_view import HomeContent, HomeState, build_home, build_plain_home
from bot.slack.lists.list_view import say_how_many, show_list
from bot.slack.lists.request_rows import Reader, Rows
from bot.state import State
from bot.storage.facts import ByWhom
from bot.storage.my_requests import MOST_COUNTED, PAGE_SIZE, Filter, Page

_READERS = (
    Reader("U0ADA"),
    Reader("U0LEO", is_lead=True, is_approver=True),
    Reader("U0BEN", is_approver=True),
)
_THREAD = "https://workspace.slack.com/archives/C0SUPPORT/p1790000000000100"


def home_surfaces() -> Iterator[Surface]:
    """Yield each Home tab, list and form for edits."""
    for which in Filter:
        yield f"home empty {which}", "home", build_home(_content(HomeState(which), Rows()))
        said = say_how_many(which, Page(()))
        post = show_list(Rows(), _READERS[0], "Your messages: recent", said)
        yield f"list empty {which}", "message", post.payload
    for sentence in (_(NO_DATABASE), HOSTILE, LONGEST):
        for may_refresh in (False, True):
            view = build_plain_home(sentence, at=NOW, may_refresh=may_refresh)
            yield "home plain", "home", view
    for state in State:
        for text in ("Your order is ready", HOSTILE, LONGEST):
            for name in NAMES:
                yield from _about(sample_request(state, text, name))


def _about(request: Request) -> Iterator[Surface]:
    planned = replace(request, send_at=NOW + timedelta(days=1), planned_at=NOW)
    erased = replace(planned, erased_at=NOW, text="", reason="", customer_name="")
    kinds = (request, planned, erased)
    requests = tuple(
        replace(kinds[number % len(kinds)], request_id=f"V{number:09}{'x' * 50}")
        for number in range(PAGE_SIZE)
    )
    rows = Rows(requests, {one.request_id: _THREAD for one in requests[:2]})
    state = HomeState(Filter.RECENT, 3, is_team=True)
    for reader in _READERS:
        content = replace(_content(state, rows), reader=reader, health=_paused(request))
        yield f"home {request.state.value}", "home", build_home(content)
        said = say_how_many(Filter.RECENT, Page(requests, has_next=True))
        post = show_list(rows, reader, "Your messages: recent", said, has_more=True)
        yield f"list {request.state.value}", "message", post.payload
    yield "edit form", "modal", build_edit(planned, PLACE)


def _content(state: HomeState, rows: Rows) -> HomeContent:
    counts = dict.fromkeys(Filter, MOST_COUNTED + 1)
    health = say_health("no answer", None)
    return HomeContent(state, _READERS[1], rows, True, counts, health, NOW, "/proactive")


def _paused(request: Request) -> str:
    by = ByWhom("U0LEO", request.agent_name, NOW, request.text[:200])
    return say_health("ok", by)
