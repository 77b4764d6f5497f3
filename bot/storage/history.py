"""The history of a request: one line for each event, which its thread shows."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from bot.request import QUIET, Decision, Event, HistoryLine
from bot.storage.database import Database
from bot.storage.rows import to_line
from bot.storage.tables import history

NOT_SHOWN = "-"  # the ts of a history line that no thread shows


class History:
    """Reads the history of requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest_decision(self, request_id: str) -> HistoryLine | None:
        """Return the line that says what somebody decided last, and who."""
        decided = (
            sa.select(history)
            .where(history.c.request_id == request_id, history.c.user_id != "")
            .order_by(history.c.line_id.desc())
            .limit(1)
        )
        with self._database.connect() as connection:
            row = connection.execute(decided).one_or_none()
        return to_line(row) if row else None

    def where_to_look(self, request_id: str) -> str:
        """Return the addresses of the conversations that a doubtful message may be in, or ""."""
        doubted = (
            sa.select(history.c.link)
            .where(history.c.request_id == request_id, history.c.event == Event.UNCERTAIN)
            .order_by(history.c.line_id.desc())
            .limit(1)
        )
        with self._database.connect() as connection:
            return connection.execute(doubted).scalar() or ""


def add_line(
    connection: sa.Connection,
    request_id: str,
    event: Event,
    detail: str = "",
    *,
    link: str = "",
    at: datetime | None = None,
    decision: Decision | None = None,
    said: str = "",
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
            said=said,
            posted_ts=NOT_SHOWN if event in QUIET else "",
        )
    )


def has_line(connection: sa.Connection, request_id: str, event: Event) -> bool:
    """Return whether a request's history has a line of this event."""
    found = sa.select(history.c.line_id).where(
        history.c.request_id == request_id, history.c.event == event
    )
    return connection.execute(found.limit(1)).first() is not None
