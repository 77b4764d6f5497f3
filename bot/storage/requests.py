"""Requests and their history: the one writer of what the bot remembers.

Promises: a request and the work it asks for are written in one transaction; a state changes only
by compare-and-set along the transition table, together with its history line and the work that
follows. Does not: decide, or speak to anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.request import QUIET, Event, Request, State, sources
from bot.storage.tables import (
    create_tables,
    history,
    insert_new,
    requests,
    to_columns,
    to_request,
    to_row,
)

Ask = Callable[[sa.Connection], None]  # asks the engine for work, inside our transaction
LONGEST_LOOK = timedelta(minutes=30)  # ahead of now, no next look is so far
NEAR_LOOKS = 4  # as many looks as have been had where the next one is still near
NOT_SHOWN = "-"  # stands for a thread line's ts where no line is meant to be


def no_work(_: sa.Connection) -> None:
    """Ask for nothing: for a change that nothing follows."""


class RequestStore:
    """Every method is one short transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        create_tables(engine)

    def is_reachable(self) -> bool:
        """Tell whether the database answers."""
        try:
            with self._engine.connect() as connection:
                return connection.execute(sa.select(1)).scalar() == 1
        except sa.exc.SQLAlchemyError:
            return False

    def record(self, request: Request, ask: Ask) -> Request:
        """Write a new request with its first line and ask for its delivery, all or nothing.

        Returns the request that is stored under this id: an earlier one when it was there.
        """
        with self._engine.begin() as connection:
            if not insert_new(connection, requests, to_row(request)):
                return _load(connection, request.request_id)
            add_line(connection, request.request_id, Event.ASKED, at=request.created_at)
            ask(connection)
            return request

    def load(self, request_id: str) -> Request:
        """Return one request; raise LookupError when there is none."""
        with self._engine.connect() as connection:
            return _load(connection, request_id)

    def move(
        self,
        request_id: str,
        state: State,
        event: Event,
        detail: str = "",
        *,
        ask: Ask = no_work,
        link: str = "",
        since: State | None = None,
        **values: Any,
    ) -> bool:
        """Move a request to ``state`` if the table allows it from where it stands.

        One compare-and-set, with the history line and the work that follows; ``since`` narrows
        it to one state. Returns whether it moved: False means that somebody else was first, or
        that the news came too late.
        """
        allowed = sources(state) if since is None else {since}
        with self._engine.begin() as connection:
            moved = connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request_id, requests.c.state.in_(allowed))
                .values(state=state, **to_columns(values))
            )
            if not moved.rowcount:
                return False
            add_line(connection, request_id, event, detail, link=link)
            ask(connection)
            return True

    def add_line(
        self,
        request_id: str,
        event: Event,
        detail: str = "",
        *,
        ask: Ask = no_work,
        once: bool = False,
    ) -> None:
        """Add a line to a request's history without moving it; ``once``: unless it has one."""
        with self._engine.begin() as connection:
            if not (once and _has_line(connection, request_id, event)):
                add_line(connection, request_id, event, detail)
            ask(connection)

    def ask(self, ask: Ask) -> None:
        """Ask the engine for work that goes with no change of ours."""
        with self._engine.begin() as connection:
            ask(connection)

    def count_states(self) -> dict[State, int]:
        """Return how many requests stand in each state."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(requests.c.state, sa.func.count()).group_by(requests.c.state)
            )
            return {State(state): count for state, count in rows}

    def known_message_ids(self, contact_id: str) -> frozenset[str]:
        """Return the Genesys message ids that requests to this contact already claim."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(requests.c.message_id).where(
                    requests.c.contact_id == contact_id, requests.c.message_id != ""
                )
            )
            return frozenset(row.message_id for row in rows)

    def claim_watched(self, now: datetime, lease: timedelta, most: int) -> tuple[Request, ...]:
        """Claim the requests whose outcome is due for a look, for the time of ``lease``.

        No other process gets them meanwhile; when this one dies, they are due again. What would be
        due much later than any wait is due, too: the clock was set back since.
        """
        due = (
            sa.select(requests.c.request_id)
            .where(
                sa.or_(
                    requests.c.next_look_at <= now.timestamp(),
                    requests.c.next_look_at > (now + LONGEST_LOOK).timestamp(),
                )
            )
            .order_by(requests.c.next_look_at)
            .limit(most)
            .with_for_update(skip_locked=True)
            .cte("due")
            .prefix_with("MATERIALIZED", dialect="postgresql")  # else it may be read twice
        )
        with self._engine.begin() as connection:
            rows = connection.execute(
                sa.update(requests)
                .where(requests.c.request_id.in_(sa.select(due.c.request_id)))
                .values(next_look_at=(now + lease).timestamp())
                .returning(requests)
            )
            return tuple(map(to_request, rows))

    def watched_conversations(self, most: int) -> tuple[str, ...]:
        """Return the conversations whose outcome is looked at soonest."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(requests.c.conversation_id)
                .where(requests.c.next_look_at.is_not(None))
                .group_by(requests.c.conversation_id)
                .order_by(sa.func.min(requests.c.next_look_at))
                .limit(most)
            )
            return tuple(row.conversation_id for row in rows)

    def look_again(self, request_id: str, at: datetime | None, looks: int) -> None:
        """Set when a request's outcome is looked at next; None ends the watch."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request_id, requests.c.next_look_at.is_not(None))
                .values(next_look_at=at.timestamp() if at else None, looks=looks)
            )

    def hasten_look(self, conversation_id: str, now: datetime) -> None:
        """Make the look at a conversation's requests due now: something happened there."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(requests)
                .where(
                    requests.c.conversation_id == conversation_id,
                    requests.c.next_look_at > now.timestamp(),
                )
                .values(
                    next_look_at=now.timestamp(),
                    # Analytics may lag behind the hint, so that the looks after this one are near.
                    looks=sa.case(
                        (requests.c.looks > NEAR_LOOKS, NEAR_LOOKS), else_=requests.c.looks
                    ),
                )
            )

    def end_watch(self, request_id: str, ask: Ask) -> None:
        """End the watch of a request that is not over, and say so in its history."""
        with self._engine.begin() as connection:
            ended = connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request_id, requests.c.next_look_at.is_not(None))
                .values(next_look_at=None)
            )
            if ended.rowcount:
                add_line(connection, request_id, Event.WATCH_ENDED)
                ask(connection)


def add_line(
    connection: sa.Connection,
    request_id: str,
    event: Event,
    detail: str = "",
    *,
    link: str = "",
    at: datetime | None = None,
) -> None:
    """Write a line of a request's history inside a caller's transaction."""
    connection.execute(
        sa.insert(history).values(
            request_id=request_id,
            event=event,
            at=(at or datetime.now(UTC)).timestamp(),
            detail=detail,
            link=link,
            posted_ts=NOT_SHOWN if event in QUIET else "",
        )
    )


def _has_line(connection: sa.Connection, request_id: str, event: Event) -> bool:
    found = sa.select(history.c.line_id).where(
        history.c.request_id == request_id, history.c.event == event
    )
    return connection.execute(found.limit(1)).first() is not None


def _load(connection: sa.Connection, request_id: str) -> Request:
    row = connection.execute(
        sa.select(requests).where(requests.c.request_id == request_id)
    ).one_or_none()
    if row is None:
        raise LookupError(f"there is no request {request_id}")
    return to_request(row)
