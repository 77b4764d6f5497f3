"""Requests and their history.

A request changes its state only here, by compare-and-set along the transition table. The history
line and the jobs that follow are written in the same transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bot.job import Job
from bot.request import QUIET, Decision, Event, Request, State, sources
from bot.storage.database import Database, insert_new
from bot.storage.rows import to_columns, to_request, to_row
from bot.storage.tables import FOLLOWED, UNFINISHED, history, requests

NOT_SHOWN = "-"  # the ts of a history line that no thread shows

Enqueue = Callable[[sa.Connection, Job], None]


class RequestStore:
    """Reads and writes requests; each method is one short transaction."""

    def __init__(self, database: Database, enqueue: Enqueue) -> None:
        """Add jobs by ``enqueue``, which does it inside our transaction."""
        self._database = database
        self._enqueue = enqueue
        self.moves: Counter[State] = Counter()  # since this process started, by new state

    def is_reachable(self) -> bool:
        """Return whether the database answers."""
        try:
            with self._database.connect() as connection:
                return connection.execute(sa.select(1)).scalar() == 1
        except sa.exc.SQLAlchemyError:
            return False

    def add(self, request: Request, jobs: Sequence[Job]) -> Request:
        """Store a new request with its jobs; return what is stored under its id.

        That's an earlier request when the same view was submitted before.
        """
        with self._database.transaction(is_urgent=True) as connection:
            if not insert_new(connection, requests, to_row(request)):
                return _load(connection, request.request_id)
            add_line(connection, request.request_id, Event.ASKED, at=request.created_at)
            self._enqueue_all(connection, jobs)
        self.moves[request.state] += 1
        return request

    def load(self, request_id: str) -> Request:
        """Return one request; raise LookupError when there is none."""
        with self._database.connect() as connection:
            return _load(connection, request_id)

    def move(
        self,
        request_id: str,
        state: State,
        event: Event,
        detail: str = "",
        *,
        jobs: Sequence[Job] = (),
        link: str = "",
        since: State | None = None,
        of_send: datetime | None = None,
        decision: Decision | None = None,
        **values: Any,
    ) -> bool:
        """Move a request to ``state`` if the transition table allows it; return whether it moved.

        ``since`` allows the move from that state only, and ``of_send`` only while the send that
        began then is under way. ``decision`` counts only if it's the next one about the request.
        ``values`` are the request's other new values. False means that somebody else was first, or
        that the news came too late.
        """
        allowed = sources(state) if since is None else {since}
        current: sa.ColumnElement[bool] = requests.c.state.in_(allowed)
        if of_send is not None:
            sending = requests.c.state == State.SENDING
            current = sa.and_(sending, requests.c.sending_at == of_send.timestamp())
        if decision is not None:
            current = sa.and_(current, requests.c.decisions == decision.number)
            values["decisions"] = decision.number + 1
            if decision.response_url:
                values["response_url"] = decision.response_url
        with self._database.transaction() as connection:
            moved = connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request_id, current)
                .values(state=state, **to_columns(values))
            )
            if not moved.rowcount:
                return False
            add_line(connection, request_id, event, detail, link=link, decision=decision)
            self._enqueue_all(connection, jobs)
        if state is not since:
            self.moves[state] += 1
        return True

    def add_line(
        self,
        request_id: str,
        event: Event,
        detail: str = "",
        *,
        jobs: Sequence[Job] = (),
        once: bool = False,
    ) -> None:
        """Add a line to a request's history without moving it.

        ``once``: leave out the line, but not the jobs, if the history has such a line already.
        """
        with self._database.transaction() as connection:
            if not (once and _has_line(connection, request_id, event)):
                add_line(connection, request_id, event, detail)
            self._enqueue_all(connection, jobs)

    def enqueue(self, *jobs: Job) -> None:
        """Enqueue jobs that follow no change of a request."""
        with self._database.transaction() as connection:
            self._enqueue_all(connection, jobs)

    def known_message_ids(self, contact_id: str) -> frozenset[str]:
        """Return the Genesys message ids that requests to this contact already have."""
        with self._database.connect() as connection:
            rows = connection.execute(
                sa.select(requests.c.message_id).where(
                    requests.c.contact_id == contact_id, requests.c.message_id != ""
                )
            )
            return frozenset(row.message_id for row in rows)

    def count_ahead(self, request: Request) -> int:
        """Count the unsent requests that were made before this one and could go out now."""
        ahead = sa.select(sa.func.count()).where(
            UNFINISHED,
            requests.c.state.in_([State.CHECKING, State.SCHEDULED]),
            requests.c.created_at < request.created_at.timestamp(),
            sa.or_(
                requests.c.send_at.is_(None),
                requests.c.send_at <= datetime.now(UTC).timestamp(),
            ),
        )
        with self._database.connect() as connection:
            return int(connection.execute(ahead.select_from(requests)).scalar_one())

    def count_open(self) -> dict[State, int]:
        """Count the requests that something may still happen to, by state."""
        counts: Counter[State] = Counter()
        with self._database.connect() as connection:
            for which in (UNFINISHED, FOLLOWED):
                rows = connection.execute(
                    sa.select(requests.c.state, sa.func.count())
                    .where(which)
                    .group_by(requests.c.state)
                )
                counts.update({State(state): count for state, count in rows})
        return dict(counts)

    def _enqueue_all(self, connection: sa.Connection, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._enqueue(connection, job)


def add_line(
    connection: sa.Connection,
    request_id: str,
    event: Event,
    detail: str = "",
    *,
    link: str = "",
    at: datetime | None = None,
    decision: Decision | None = None,
) -> None:
    """Write a line of a request's history inside a caller's transaction."""
    connection.execute(
        sa.insert(history).values(
            request_id=request_id,
            event=event,
            at=(at or datetime.now(UTC)).timestamp(),
            detail=decision.user_name if decision else detail,
            user_id=decision.user_id if decision else "",
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
    found = connection.execute(sa.select(requests).where(requests.c.request_id == request_id))
    row = found.mappings().one_or_none()
    if row is None:
        raise LookupError(f"there is no request {request_id}")
    return to_request(row)
