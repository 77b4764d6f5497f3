"""What stands in Slack already, and what may stand there without our knowing.

Promises: a post is announced here before each try, and struck off together with its ts; one that
is still announced when it is to be tried may stand in Slack already, and its latest try may still
be on its way. Does not: post.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.request import Event, HistoryLine
from bot.storage.requests import add_line
from bot.storage.tables import history, insert_new, postings, requests, to_line, to_time

CARD, OUTCOME = "card", "outcome"
_AGAIN = " again"  # a post in doubt has a row of its own for the latest of its later tries


class NotSettled(Exception):
    """An earlier try of this post may still be on its way to Slack. Look again in a moment."""


@dataclass(frozen=True)
class Tries:
    """When a post was first tried of which nobody knows what became, and when last again."""

    first: datetime
    again: datetime | None = None

    @property
    def latest(self) -> datetime:
        """When the latest try began."""
        return self.again or self.first


def line_key(line: HistoryLine) -> str:
    """Name a thread line among the posts of its request."""
    return f"line {line.line_id}"


class Ledger:
    """The ledger of posts; every method is one short transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def announce(self, request_id: str, what: str) -> Tries | None:
        """Write down that a post is about to be tried.

        Returns None for its first try. Else the earlier tries, of which nobody knows what became:
        then nothing was written, and ``announce_again`` comes before one more.
        """
        with self._engine.begin() as connection:
            if insert_new(connection, postings, _row(request_id, what)):
                return None
            rows = connection.execute(sa.select(postings).where(*_key(request_id, what)))
            begun = {row.what: to_time(row.since) for row in rows}
            return Tries(begun[what], begun.get(what + _AGAIN))

    def announce_again(
        self, request_id: str, what: str, tries: Tries, settled_after: timedelta
    ) -> None:
        """Write down that a post in doubt is about to be tried once more.

        Raises NotSettled while an earlier one may still arrive, which each may for
        ``settled_after``, whichever process began it; and when another process is trying, too.
        """
        passed = datetime.now(UTC) - tries.latest
        settled = passed >= settled_after
        # A try that is later than now: the clock was set back, so that the wait begins anew.
        renewed = (settled or passed < timedelta()) and self._renew(request_id, what, tries)
        if not (settled and renewed):
            raise NotSettled

    def _renew(self, request_id: str, what: str, tries: Tries) -> bool:
        """Note a later try by a compare-and-set on the earlier ones."""
        row = _row(request_id, what + _AGAIN)
        with self._engine.begin() as connection:
            if tries.again is None:
                return insert_new(connection, postings, row)
            renewed = connection.execute(
                sa.update(postings)
                .where(*_again(request_id, what), postings.c.since == tries.again.timestamp())
                .values(since=row["since"])
            )
            return bool(renewed.rowcount)

    def withdraw(self, request_id: str, what: str, tries: Tries | None) -> None:
        """Strike off a try that Slack refused, but not the earlier ``tries``, if there were any."""
        with self._engine.begin() as connection:
            if tries is None:
                connection.execute(sa.delete(postings).where(*_key(request_id, what)))
            elif tries.again is None:
                connection.execute(sa.delete(postings).where(*_again(request_id, what)))
            else:
                connection.execute(
                    sa.update(postings)
                    .where(*_again(request_id, what))
                    .values(since=tries.again.timestamp())
                )

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


def _row(request_id: str, what: str) -> dict[str, Any]:
    return {"request_id": request_id, "what": what, "since": datetime.now(UTC).timestamp()}


def _key(request_id: str, what: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return postings.c.request_id == request_id, postings.c.what.in_([what, what + _AGAIN])


def _again(request_id: str, what: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return postings.c.request_id == request_id, postings.c.what == what + _AGAIN
