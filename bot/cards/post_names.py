"""The names of a request's posts, and how the database tells that one is posted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.request import HistoryLine, Request
from bot.storage.tables import history, posts, requests

CARD, OUTCOME = "card", "outcome"
REPEAT = "repeat"  # of any post, by a process that was frozen
UNCERTAIN = "uncertain "  # prefix of these posts' names
CLOSED = " closed"  # suffix of the names of posts that aren't edited any more
_APPROVAL, _LINE = "approval ", "line "
_MOST_OF_ID = 12  # characters, so that a name fits into its column


def line_key(line: HistoryLine) -> str:
    """Name a thread line among the posts of its request."""
    return f"{_LINE}{line.line_id}"


def approval_key(request: Request, user_id: str = "") -> str:
    """Name the post that asks for the approval that a request waits for now.

    ``user_id``: whom it asks in a direct message.
    """
    return f"{_APPROVAL}{request.decisions} {user_id[-_MOST_OF_ID:]}".rstrip()


def uncertain_key(request: Request) -> str:
    """Name the post that tells the outcomes channel that this send is uncertain."""
    began = request.sending_at or request.created_at
    return f"{UNCERTAIN}{int(began.timestamp() * 1000)}"


def asks_for(request: Request, what: str) -> bool:
    """Return whether this post asks for the approval that a request waits for now."""
    key = approval_key(request)
    return what == key or what.startswith(f"{key} ")


def closed_key(what: str) -> str:
    """Name the same post when it asks no more, or tells the end."""
    return f"{what}{CLOSED}"


def is_open_approval(what: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Select the posts that still ask for an approval."""
    return sa.and_(what.startswith(_APPROVAL), ~what.endswith(CLOSED))


def is_open_uncertain(what: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Select the posts about an uncertain send that don't tell yet what became of it."""
    return sa.and_(what.startswith(UNCERTAIN), ~what.endswith(CLOSED))


def find_noted(request_id: str, what: str) -> sa.Select[Any]:
    """Select where a post is; it isn't posted yet if that finds nothing or ""."""
    if what == CARD:
        return sa.select(requests.c.card_channel).where(requests.c.request_id == request_id)
    if what == OUTCOME:
        return sa.select(requests.c.outcome_ts).where(requests.c.request_id == request_id)
    if what.startswith((_APPROVAL, UNCERTAIN)):
        return (
            sa.select(posts.c.ts)
            .where(posts.c.request_id == request_id, posts.c.what.in_([what, closed_key(what)]))
            .order_by(posts.c.ts)
        )
    line_id = int(what.removeprefix(_LINE))
    return sa.select(history.c.posted_ts).where(history.c.line_id == line_id)
