"""The audit log: reads it, verifies it, and takes what was recorded into it.

Its entries are added and never changed. Each has the hash of the one before it
(``audit_chain.py``), so one process at a time adds them, many at once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from bot.storage.audit import Action, Entry, append, count
from bot.storage.audit_chain import Head, StoredEntry, Verification, hash_of, verify
from bot.storage.audit_tables import audit, audit_outbox
from bot.storage.database import Database
from bot.storage.tables import request_customers

log = logging.getLogger(__name__)

_CHAINING = 6_071_904_115  # the advisory lock of whoever adds to the log
_PAGE = 1_000  # entries that are read at a time
_BATCH = 500  # entries that are added in one transaction
_COLUMNS = [audit.c[name] for name in StoredEntry.__dataclass_fields__]


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


class AuditLog:
    """Records entries in transactions of their own, and reads the log; thread-safe.

    Whoever reads it sees everything that was recorded before. If the database can't be written
    just now, the newest entries are left out, with a warning.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entry: Entry) -> None:
        """Record an entry; raises SQLAlchemyError."""
        with self._database.transaction() as connection:
            append(connection, entry)

    def count(self, user_id: str, action: Action, since: datetime) -> int:
        """Return how often somebody did something since then."""
        with self._database.connect() as connection:
            return count(connection, user_id, action, since)

    def chain(self) -> None:
        """Add to the log what was recorded since the last time; raise SQLAlchemyError."""
        while self._chain_some() == _BATCH:
            pass

    def _try_to_chain(self) -> None:
        try:
            self.chain()
        except SQLAlchemyError as error:
            log.warning(
                "the newest entries of the audit log are missing (%s)", type(error).__name__
            )

    def _chain_some(self) -> int:
        """Move the oldest entries from the outbox to the log; return how many."""
        oldest = sa.select(audit_outbox.c.entry_id).order_by(audit_outbox.c.entry_id).limit(_BATCH)
        with self._database.connect() as connection:
            if connection.execute(oldest.limit(1)).first() is None:
                return 0
        taken = sa.delete(audit_outbox).where(audit_outbox.c.entry_id.in_(oldest))
        with self._database.transaction() as connection:
            if self._database.is_postgresql:  # elsewhere a write transaction is alone
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAINING)))
            rows = connection.execute(taken.returning(audit_outbox)).mappings().all()
            entries = _link(sorted(rows, key=_entry_id), _read_head(connection))
            if entries:
                connection.execute(sa.insert(audit), [vars(entry) for entry in entries])
        return len(entries)

    def head(self) -> Head:
        """Return the newest entry's number, hash and time, to be kept outside the database."""
        self._try_to_chain()
        with self._database.connect() as connection:
            return _read_head(connection)

    def entries(self, selection: Selection = EVERYTHING) -> Iterator[StoredEntry]:
        """Yield entries in their order; memory use doesn't depend on their number.

        Each page is a transaction of its own: one that stayed open would keep SQLite from emptying
        its WAL, and so from erasing anything, for as long as somebody reads.
        """
        self._try_to_chain()
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


def _entry_id(row: sa.RowMapping) -> int:
    return int(row["entry_id"])


def _link(rows: Iterable[sa.RowMapping], head: Head) -> list[StoredEntry]:
    """Turn rows of the outbox into entries that follow ``head``."""
    entries = []
    for row in rows:
        fields = {name: value for name, value in row.items() if name != "entry_id"}
        entry = StoredEntry(**fields, seq=head.seq + 1, prev=head.hash, hash="")
        entry = replace(entry, hash=hash_of(entry))
        head = Head(entry.seq, entry.hash, entry.at)
        entries.append(entry)
    return entries


def _read_head(connection: sa.Connection) -> Head:
    newest = sa.select(audit.c.seq, audit.c.hash, audit.c.at).order_by(audit.c.seq.desc())
    row = connection.execute(newest.limit(1)).one_or_none()
    return Head(row.seq, row.hash, row.at) if row else Head()
