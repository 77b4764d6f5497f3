"""The ledger of posts: which are in Slack, and which may be there without our knowing.

Each attempt to post is announced here first, and struck off together with its ts. What is still
announced may be in Slack already, and its latest attempt may still arrive. A repeat is noted too,
because Slack may not let us remove it, and an erasure must find it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.cards.post_names import CARD, OUTCOME, REPEAT, find_noted, line_key
from bot.cards.tries import AlreadyPosted, NotSettled, Tries, begin_again
from bot.request import Event, HistoryLine, Request
from bot.storage.database import Database, insert_new
from bot.storage.history import NOT_SHOWN, add_line
from bot.storage.posts import note_post
from bot.storage.rows import to_line, to_time
from bot.storage.tables import UNPOSTED, history, postings, requests

NOWHERE = "-"  # the channel of a card that Slack takes nowhere
_AGAIN = " again"  # the latest repeated attempt of a post has a row of its own
_TOLD = " told"  # of a line that the agent read elsewhere already, until the thread shows it too


class Ledger:
    """Reads and writes the ledger; each method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def announce(self, request_id: str, what: str) -> Tries | None:
        """Write down that a post is about to be tried, and return None.

        Or return its earlier tries whose result isn't known. Then nothing was written, and
        ``announce_again`` comes before the next one. Raises AlreadyPosted.
        """
        with self._database.transaction() as connection:
            is_new = insert_new(connection, postings, _row(request_id, what))
            _check_unposted(connection, request_id, what)
            if is_new:
                return None
            rows = connection.execute(sa.select(postings).where(*_key(request_id, what)))
            began = {row.what: to_time(row.since) for row in rows}
            if what not in began:  # another process has just withdrawn it
                raise NotSettled(1.0)
            return Tries(began[what], began.get(what + _AGAIN))

    def unsettled(self, request_id: str, prefix: str) -> set[str]:
        """Return which posts whose names have a prefix have tries of unknown result."""
        these = sa.and_(postings.c.request_id == request_id, postings.c.what.startswith(prefix))
        with self._database.connect() as connection:
            found = connection.execute(sa.select(postings.c.what).where(these)).scalars()
            return {what.removesuffix(_AGAIN) for what in found}

    def announce_again(
        self, request_id: str, what: str, tries: Tries, settled_after: timedelta
    ) -> None:
        """Write down that a post whose result isn't known is about to be tried again.

        Raises AlreadyPosted, and NotSettled as ``begin_again`` does.
        """
        begin_again(tries, settled_after, partial(self._renew, request_id, what, tries))

    def _renew(self, request_id: str, what: str, tries: Tries) -> bool:
        """Write down a later try by compare-and-set; return whether it was this process."""
        row = _row(request_id, what + _AGAIN)
        with self._database.transaction() as connection:
            _check_unposted(connection, request_id, what)
            if tries.again is None:
                return insert_new(connection, postings, row)
            renewed = connection.execute(
                sa.update(postings)
                .where(*_again(request_id, what), postings.c.since == tries.again.timestamp())
                .values(since=row["since"])
            )
            return bool(renewed.rowcount)

    def withdraw(self, request_id: str, what: str, tries: Tries | None) -> None:
        """Strike off a try that Slack refused, but not the earlier ``tries``."""
        with self._database.transaction() as connection:
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
    ) -> bool:
        """Remember where a request's card is and which state it shows, or "" for an unknown one.

        ``elsewhere`` says why it isn't where the agent was: a line of the history. False means
        that another process has posted the card meanwhile, so this one is a repeat.
        """
        card = requests.c
        first = sa.and_(card.card_channel.in_(["", channel]), _is_first(card.card_ts, ts))
        with self._database.transaction() as connection:
            noted = connection.execute(
                sa.update(requests)
                .where(card.request_id == request_id, first)
                .values(card_channel=channel, card_ts=ts, card_state=state)
            )
            if ts:
                note_post(connection, request_id, CARD if noted.rowcount else REPEAT, channel, ts)
            if noted.rowcount and elsewhere:
                add_line(connection, request_id, Event.ELSEWHERE, elsewhere)
            connection.execute(sa.delete(postings).where(*_key(request_id, CARD)))
            return bool(noted.rowcount)

    def forget_nowhere(self, request_id: str) -> None:
        """Forget that Slack took a request's card nowhere, so that it can be tried again."""
        card = requests.c
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(requests)
                .where(card.request_id == request_id, card.card_channel == NOWHERE)
                .values(card_channel="")
            )

    def note_shown_state(self, request: Request) -> None:
        """Remember what a card shows that was drawn from ``request``.

        If another process has noted anything since, nobody knows what it shows: it's drawn again.
        """
        is_as_drawn = requests.c.card_state == request.card_state
        if request.erased_at is None:
            is_as_drawn &= requests.c.erased_at.is_(None)
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request.request_id)
                .values(card_state=sa.case((is_as_drawn, request.state_to_show), else_=""))
            )

    def unposted_lines(self, request_id: str) -> tuple[HistoryLine, ...]:
        """Return the lines that the request's thread doesn't show yet, oldest first."""
        lines = (
            sa.select(history)
            .where(history.c.request_id == request_id, UNPOSTED)
            .order_by(history.c.line_id)
        )
        with self._database.connect() as connection:
            return tuple(map(to_line, connection.execute(lines)))

    def was_told(self, request_id: str, line: HistoryLine) -> bool:
        """Return whether the agent read elsewhere what a line says."""
        told = sa.select(postings.c.since).where(*_told(request_id, line))
        with self._database.connect() as connection:
            return connection.execute(told).first() is not None

    def note_told(self, request_id: str, line: HistoryLine) -> None:
        """Remember that the agent read elsewhere what a line says, until the thread shows it."""
        with self._database.transaction() as connection:
            insert_new(connection, postings, _row(request_id, line_key(line) + _TOLD))

    def note_line(self, request_id: str, line: HistoryLine, ts: str, channel: str = "") -> bool:
        """Remember that a line is shown; False: another process has posted it as well.

        ``channel``: where it was posted, if it was.
        """
        with self._database.transaction() as connection:
            noted = connection.execute(
                sa.update(history)
                .where(history.c.line_id == line.line_id, _is_first(history.c.posted_ts, ts))
                .values(posted_ts=ts)
            )
            if channel:
                what = line_key(line) if noted.rowcount else REPEAT
                note_post(connection, request_id, what, channel, ts)
            for which in (_key(request_id, line_key(line)), _told(request_id, line)):
                connection.execute(sa.delete(postings).where(*which))
            return bool(noted.rowcount)

    def note_outcome(self, request_id: str, ts: str, channel: str = "") -> bool:
        """Remember that the outcomes channel shows a request's outcome; False: as ``note_line``."""
        with self._database.transaction() as connection:
            noted = connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request_id, _is_first(requests.c.outcome_ts, ts))
                .values(outcome_ts=ts)
            )
            if channel:
                what = OUTCOME if noted.rowcount else REPEAT
                note_post(connection, request_id, what, channel, ts)
            connection.execute(sa.delete(postings).where(*_key(request_id, OUTCOME)))
            return bool(noted.rowcount)

    def note_other_post(self, request_id: str, what: str, channel: str, ts: str) -> bool:
        """Remember where a post is that has no column of its own; False: as ``note_line``.

        Such a post asks for an approval, or says that a send is uncertain.
        """
        with self._database.transaction() as connection:
            # So that only one of two is the first: a write locks SQLite, and a row PostgreSQL.
            connection.execute(sa.delete(postings).where(*_key(request_id, what)))
            row = sa.select(requests.c.request_id).where(requests.c.request_id == request_id)
            connection.execute(row.with_for_update())
            noted = connection.execute(find_noted(request_id, what)).scalar()
            is_first = not noted or noted >= ts
            note_post(connection, request_id, what if is_first else REPEAT, channel, ts)
            return is_first


def _check_unposted(connection: sa.Connection, request_id: str, what: str) -> None:
    """Raise AlreadyPosted if it's noted where the post is; that also rolls back the caller."""
    if connection.execute(find_noted(request_id, what)).scalar():
        raise AlreadyPosted


def _is_first(noted: sa.ColumnElement[str], ts: str) -> sa.ColumnElement[bool]:
    """Select what isn't posted yet, or not before ``ts``: of repeated posts the first stays."""
    if ts == NOT_SHOWN:
        return noted == ""
    return sa.or_(noted == "", noted >= ts)


def _row(request_id: str, what: str) -> dict[str, Any]:
    return {"request_id": request_id, "what": what, "since": datetime.now(UTC).timestamp()}


def _key(request_id: str, what: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return postings.c.request_id == request_id, postings.c.what.in_([what, what + _AGAIN])


def _again(request_id: str, what: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return postings.c.request_id == request_id, postings.c.what == what + _AGAIN


def _told(
    request_id: str, line: HistoryLine
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return postings.c.request_id == request_id, postings.c.what == line_key(line) + _TOLD
