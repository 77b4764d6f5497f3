"""The ledger of digests: which are posted, and which may be in Slack without our knowing.

It does for digests what ``Ledger`` does for a request's posts. Whoever is the first to claim a
period also says in which channel its digest is posted.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import sqlalchemy as sa

from bot.cards.tries import AlreadyPosted, NotSettled, Tries, begin_again
from bot.storage.database import Database, insert_new
from bot.storage.rows import to_time
from bot.storage.tables import digests


class DigestLedger:
    """Reads and writes the ledger; each method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_posted(self, period: str) -> bool:
        """Return whether a period's digest is posted."""
        posted = sa.select(digests.c.ts).where(digests.c.period == period)
        with self._database.connect() as connection:
            return bool(connection.execute(posted).scalar())

    def claim(self, period: str, channel: str) -> str:
        """Return the channel for a period's digest: this one, unless it was claimed before."""
        claimed = sa.select(digests.c.channel).where(digests.c.period == period)
        with self._database.transaction() as connection:
            insert_new(connection, digests, {"period": period, "channel": channel, "ts": ""})
            return str(connection.execute(claimed).scalar_one())

    def announce(self, owner: str, what: str) -> Tries | None:  # noqa: ARG002
        """Write down that a period's digest is about to be posted; return earlier tries, if any.

        Raises AlreadyPosted.
        """
        row = sa.select(digests).where(digests.c.period == what)
        with self._database.transaction() as connection:
            if _change(connection, what, digests.c.since.is_(None), since=_now()):
                return None
            found = connection.execute(row).one()
            if found.ts:
                raise AlreadyPosted
            if found.since is None:  # another process has just withdrawn it
                raise NotSettled(1.0)
            again = None if found.again is None else to_time(found.again)
            return Tries(to_time(found.since), again)

    def announce_again(
        self,
        owner: str,  # noqa: ARG002
        what: str,
        tries: Tries,
        settled_after: timedelta,
    ) -> None:
        """Write down that it's about to be posted again.

        Raises NotSettled as ``begin_again`` does.
        """
        begin_again(tries, settled_after, partial(self._renew, what, tries))

    def _renew(self, what: str, tries: Tries) -> bool:
        """Write down a later try by compare-and-set; return whether it was this process."""
        is_latest = digests.c.again.is_not_distinct_from(_seconds(tries.again))
        with self._database.transaction() as connection:
            return _change(connection, what, is_latest, again=_now())

    def withdraw(self, owner: str, what: str, tries: Tries | None) -> None:  # noqa: ARG002
        """Strike off a try that Slack refused, but not the earlier ``tries``."""
        with self._database.transaction() as connection:
            if tries is None:
                _change(connection, what, since=None)
            else:
                _change(connection, what, again=_seconds(tries.again))

    def note(self, period: str, ts: str) -> bool:
        """Note that a digest is posted; False: another process had posted it before."""
        is_first = sa.or_(digests.c.ts == "", digests.c.ts >= ts)
        noted = sa.update(digests).where(digests.c.period == period, is_first).values(ts=ts)
        with self._database.transaction() as connection:
            return bool(connection.execute(noted).rowcount)


def _change(
    connection: sa.Connection,
    period: str,
    condition: sa.ColumnElement[bool] | None = None,
    **values: float | str | None,
) -> bool:
    """Change the row of a digest that isn't posted yet; return whether there was one."""
    which = sa.and_(digests.c.period == period, digests.c.ts == "")
    if condition is not None:
        which = sa.and_(which, condition)
    return bool(connection.execute(sa.update(digests).where(which).values(**values)).rowcount)


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _now() -> float:
    return datetime.now(UTC).timestamp()
