"""Every post of ours in Slack, and what became of it when its request was erased."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bot.request import HistoryLine
from bot.storage.database import Database
from bot.storage.rows import to_line
from bot.storage.tables import TO_ERASE, history, posts, requests


class Erased(StrEnum):
    """What became of a post. LEFT is followed by Slack's code."""

    NO = ""
    PENDING = "pending"
    EDITED = "edited"
    DELETED = "deleted"
    LEFT = "left: "


@dataclass(frozen=True)
class StoredPost:
    """Where a post is; ``what``: which post of its request, as the ledger names it."""

    post_id: int
    request_id: str
    what: str
    channel: str
    ts: str
    erased: str = Erased.NO

    @property
    def code(self) -> str:
        """Return why the post is left in Slack, or ""."""
        return self.erased.removeprefix(Erased.LEFT) if self.erased.startswith(Erased.LEFT) else ""


def note_post(connection: sa.Connection, request_id: str, what: str, channel: str, ts: str) -> None:
    """Note a post inside the transaction that notes its ts.

    One that arrives after its request was erased has to be edited as well.
    """
    same = sa.select(posts.c.post_id).where(
        posts.c.request_id == request_id, posts.c.channel == channel, posts.c.ts == ts
    )
    if connection.execute(same).first() is not None:
        return
    erased_at = sa.select(requests.c.erased_at).where(requests.c.request_id == request_id)
    is_erased = connection.execute(erased_at).scalar() is not None
    connection.execute(
        sa.insert(posts).values(
            request_id=request_id,
            what=what,
            channel=channel,
            ts=ts,
            erased=Erased.PENDING if is_erased else Erased.NO,
        )
    )


def mark_pending(connection: sa.Connection, request_id: str) -> int:
    """Mark the posts of a request that is being erased; return how many."""
    live = sa.and_(posts.c.request_id == request_id, posts.c.erased == Erased.NO)
    return connection.execute(sa.update(posts).where(live).values(erased=Erased.PENDING)).rowcount


class Posts:
    """Reads which posts have to be erased, and writes down what became of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, request_id: str, what: str, channel: str, ts: str) -> None:
        """Note a post whose ts was noted before."""
        with self._database.transaction() as connection:
            note_post(connection, request_id, what, channel, ts)

    def pending(self, request_id: str) -> tuple[StoredPost, ...]:
        """Return the posts of a request that have to be erased, the newest first.

        Replies come before the message that they belong to, in case that has to be deleted.
        """
        found = sa.select(posts).where(posts.c.request_id == request_id, TO_ERASE)
        with self._database.connect() as connection:
            rows = connection.execute(found.order_by(posts.c.post_id.desc())).all()
        return tuple(StoredPost(*row) for row in rows)

    def pending_requests(self) -> tuple[str, ...]:
        """Return the ids of the erased requests that have posts to erase."""
        found = sa.select(posts.c.request_id).where(TO_ERASE).distinct()
        with self._database.connect() as connection:
            return tuple(connection.execute(found.order_by(posts.c.request_id)).scalars())

    def note_erased(self, post: StoredPost, erased: str) -> None:
        """Note what became of a post."""
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(posts).where(posts.c.post_id == post.post_id).values(erased=erased)
            )

    def select(
        self, request_id: str, which: Callable[[sa.ColumnElement[str]], sa.ColumnElement[bool]]
    ) -> tuple[StoredPost, ...]:
        """Return the posts of a request whose names ``which`` selects."""
        found = sa.select(posts).where(posts.c.request_id == request_id, which(posts.c.what))
        with self._database.connect() as connection:
            return tuple(StoredPost(*row) for row in connection.execute(found))

    def rename(self, post: StoredPost, what: str) -> None:
        """Give a post that was drawn anew another name.

        If its request was erased meanwhile, the post may still show what it said before.
        """
        is_erased = sa.exists().where(
            requests.c.request_id == post.request_id, requests.c.erased_at.is_not(None)
        )
        erased = sa.case((is_erased, Erased.PENDING.value), else_=posts.c.erased)
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(posts)
                .where(posts.c.post_id == post.post_id)
                .values(what=what, erased=erased)
            )

    def lines(self, request_id: str) -> tuple[HistoryLine, ...]:
        """Return the lines of a request's history, which some of its posts show."""
        found = sa.select(history).where(history.c.request_id == request_id)
        with self._database.connect() as connection:
            return tuple(map(to_line, connection.execute(found)))

    def of(self, request_ids: Iterable[str]) -> tuple[StoredPost, ...]:
        """Return all posts of these requests."""
        found: list[StoredPost] = []
        with self._database.connect() as connection:
            for request_id in request_ids:
                one = sa.select(posts).where(posts.c.request_id == request_id)
                rows = connection.execute(one.order_by(posts.c.post_id))
                found += [StoredPost(*row) for row in rows]
        return tuple(found)
