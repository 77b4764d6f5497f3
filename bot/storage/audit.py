"""The audit log: who did what, when, and about which request and customer.

Entries are added and never changed. They hold ids, digests and names of rules, and nothing that a
person typed. Each has the hash of the one before it (``audit_chain.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa

from bot.storage.audit_chain import Head, StoredEntry, Verification, hash_of, verify, write_detail
from bot.storage.database import Database
from bot.storage.tables import audit, request_customers

_APPENDING = 6_071_904_115  # the advisory lock that writers take in turn
_PAGE = 1_000  # entries that are read at a time
_COLUMNS = [audit.c[name] for name in StoredEntry.__dataclass_fields__]


class Action(StrEnum):
    """What somebody did, or what became of it."""

    LOOKED_UP = "looked up"
    STORED = "stored"
    REFUSED = "refused"
    OVERRIDDEN = "overridden"
    APPROVAL_ASKED = "approval asked"
    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    SENT = "sent"
    OUTCOME = "outcome"
    DECIDED = "decided"
    REFUSED_CLICK = "refused click"
    OPTED_OUT = "opted out"
    OPTED_IN = "opted in"
    PAUSED = "paused"
    RESUMED = "resumed"
    RULES_LOADED = "rules loaded"
    ERASED = "erased"
    REJECTED = "rejected signatures"


@dataclass(frozen=True)
class Entry:
    """What is to be recorded. ``detail``: names of rules, digests, versions; nothing private."""

    action: Action
    user_id: str = ""
    team_id: str = ""
    request_id: str = ""
    subject: str = ""
    detail: Mapping[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Selection:
    """Which entries: from ``since`` to before ``until``, of an agent, about a customer.

    A customer's entries have one of its ``subjects``, or are about a request of its
    ``customer_keys``.
    """

    since: datetime | None = None
    until: datetime | None = None
    user_id: str = ""
    customer_keys: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()

    def conditions(self, *, by_index: bool) -> list[sa.ColumnElement[bool]]:
        """Return what the rows must meet; ``by_index``: an index on it may find them."""

        def column(name: str) -> sa.ColumnElement[str]:
            return audit.c[name] if by_index else sa.func.coalesce(audit.c[name], "")

        at: sa.ColumnElement[float] = audit.c.at if by_index else audit.c.at + 0.0
        found: list[sa.ColumnElement[bool]] = []
        if self.since:
            found.append(at >= self.since.timestamp())
        if self.until:
            found.append(at < self.until.timestamp())
        if self.user_id:
            found.append(column("user_id") == self.user_id)
        if self.customer_keys:
            key = request_customers.c.customer_key
            requests = sa.select(request_customers.c.request_id).where(key.in_(self.customer_keys))
            is_about: sa.ColumnElement[bool] = column("request_id").in_(requests)
            if self.subjects:
                is_about = sa.or_(is_about, column("subject").in_(self.subjects))
            found.append(is_about)
        return found


EVERYTHING = Selection()


def append(connection: sa.Connection, entry: Entry, *, at: datetime | None = None) -> None:
    """Add an entry as the last statement of the caller's write transaction.

    Other writers wait from here until its end. On PostgreSQL it must be READ COMMITTED, the
    default: an older snapshot wouldn't have the newest entry. Raises SQLAlchemyError.
    """
    wait_for_turn(connection)
    head = _read_head(connection)
    stored = StoredEntry(
        seq=head.seq + 1,
        at=(at or datetime.now(UTC)).timestamp(),
        action=entry.action.value,
        user_id=entry.user_id,
        team_id=entry.team_id,
        request_id=entry.request_id,
        subject=entry.subject,
        detail=write_detail(dict(entry.detail)),
        prev=head.hash,
        hash="",
    )
    stored = replace(stored, hash=hash_of(stored))
    connection.execute(sa.insert(audit).values(vars(stored)))


def count(connection: sa.Connection, user_id: str, action: Action, since: datetime) -> int:
    """Count what somebody did since then, in a caller's transaction."""
    counted = sa.select(sa.func.count()).where(
        audit.c.user_id == user_id,
        audit.c.action == action.value,
        audit.c.at >= since.timestamp(),
    )
    return int(connection.execute(counted).scalar_one())


def wait_for_turn(connection: sa.Connection) -> None:
    """Wait until nobody else can add an entry before this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_APPENDING)))
    else:  # the driver begins the transaction with the first statement that may write
        connection.execute(sa.update(audit).where(sa.false()).values(seq=audit.c.seq))


def _read_head(connection: sa.Connection) -> Head:
    newest = sa.select(audit.c.seq, audit.c.hash, audit.c.at).order_by(audit.c.seq.desc())
    row = connection.execute(newest.limit(1)).one_or_none()
    return Head(row.seq, row.hash, row.at) if row else Head()


class AuditLog:
    """Adds entries in transactions of their own, and reads the log; thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entry: Entry) -> None:
        """Add an entry; raises SQLAlchemyError."""
        with self._database.transaction() as connection:
            append(connection, entry)

    def count(self, user_id: str, action: Action, since: datetime) -> int:
        """Return how often somebody did something since then."""
        with self._database.connect() as connection:
            return count(connection, user_id, action, since)

    def head(self) -> Head:
        """Return the newest entry's number, hash and time, to be kept outside the database."""
        with self._database.connect() as connection:
            return _read_head(connection)

    def entries(self, selection: Selection = EVERYTHING) -> Iterator[StoredEntry]:
        """Yield entries in their order; memory use doesn't depend on their number.

        Each page is a transaction of its own: one that stayed open would keep SQLite from emptying
        its WAL, and so from erasing anything, for as long as somebody reads.
        """
        first, last = self._find_ends(selection)
        conditions = selection.conditions(by_index=False)
        # Without an index on the conditions, each page goes on where the one before it ended.
        page = sa.select(*_COLUMNS).where(audit.c.seq <= last, *conditions)
        page = page.order_by(audit.c.seq).limit(_PAGE)
        while first <= last:
            with self._database.connect() as connection:
                rows = connection.execute(page.where(audit.c.seq >= first)).all()
            for row in rows:
                yield StoredEntry(*row)
            first = rows[-1].seq + 1 if len(rows) == _PAGE else last + 1

    def verify(self, known: Head | None = None) -> Verification:
        """Check the whole log.

        ``known`` is an entry that was published. Without it, nobody can tell whether the last
        entries were cut off, or all were written again.
        """
        return verify(self.entries(), known)

    def _find_ends(self, selection: Selection) -> tuple[int, int]:
        """Return the numbers of the first and the last entry; none is (1, 0)."""
        ends = sa.select(sa.func.min(audit.c.seq), sa.func.max(audit.c.seq))
        with self._database.connect() as connection:
            first, last = connection.execute(ends.where(*selection.conditions(by_index=True))).one()
        return (1, 0) if first is None else (first, last)
