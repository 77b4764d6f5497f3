"""What stands in Slack already, and what may stand there without our knowing.

Promises: a post is announced here before it is tried, and struck off together with its ts; one
that is still announced when it is tried again may stand in Slack already. Does not: post.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from bot.request import Event, HistoryLine
from bot.store import add_line
from bot.tables import history, insert_new, postings, requests, to_line, to_time

CARD, OUTCOME = "card", "outcome"


def line_key(line: HistoryLine) -> str:
    """Name a thread line among the posts of its request."""
    return f"line {line.line_id}"


class Posts:
    """The ledger of posts; every method is one short transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def announce(self, request_id: str, what: str) -> datetime | None:
        """Write down that a post is about to be tried.

        Returns when it was first tried, if it was, and nobody knows what became of that.
        """
        with self._engine.begin() as connection:
            now = datetime.now(UTC).timestamp()
            row = {"request_id": request_id, "what": what, "since": now}
            if insert_new(connection, postings, row):
                return None
            since = connection.execute(sa.select(postings.c.since).where(*_key(request_id, what)))
            return to_time(since.scalar_one())

    def withdraw(self, request_id: str, what: str) -> None:
        """Strike off a post that Slack refused: it certainly does not stand there."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(postings).where(*_key(request_id, what)))

    def note_card(
        self, request_id: str, channel: str, ts: str, state: str, *, elsewhere: str = ""
    ) -> None:
        """Remember where a request's card stands and which state it shows, "" for an unknown one.

        ``elsewhere`` says why it does not stand where the agent was: a line of the history.
        """
        with self._engine.begin() as connection:
            if elsewhere:
                add_line(connection, request_id, Event.ELSEWHERE, elsewhere)
            connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request_id)
                .values(card_channel=channel, card_ts=ts, card_state=state)
            )
            connection.execute(sa.delete(postings).where(*_key(request_id, CARD)))

    def unposted_lines(self, request_id: str) -> tuple[HistoryLine, ...]:
        """Return the lines that the request's thread does not show yet, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(history)
                .where(history.c.request_id == request_id, history.c.posted_ts == "")
                .order_by(history.c.line_id)
            )
            return tuple(map(to_line, rows))

    def note_line(self, request_id: str, line: HistoryLine, ts: str) -> None:
        """Remember that a line stands in the thread."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(history).where(history.c.line_id == line.line_id).values(posted_ts=ts)
            )
            connection.execute(sa.delete(postings).where(*_key(request_id, line_key(line))))

    def note_outcome(self, request_id: str, ts: str) -> None:
        """Remember that a request's outcome stands in the outcomes channel."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(requests).where(requests.c.request_id == request_id).values(outcome_ts=ts)
            )
            connection.execute(sa.delete(postings).where(*_key(request_id, OUTCOME)))


def _key(request_id: str, what: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return postings.c.request_id == request_id, postings.c.what == what
