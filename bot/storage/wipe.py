"""Make what was erased unreadable in the files of the database as well.

SQLite overwrites what is deleted (``secure_delete``), but old copies of pages stay in the WAL until
a checkpoint empties it, and some in pages that were split until VACUUM writes the file anew.
PostgreSQL only marks the space as free. Why, and what it takes: docs/decisions/0024-erasure.md.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.storage.audit import Action
from bot.storage.audit_tables import audit, audit_outbox
from bot.storage.database import Database
from bot.storage.rows import to_time

_PATIENCE = 0.1  # seconds for readers: as long as it waits for them, nobody can write
_A_NIGHT = timedelta(hours=12)  # the file is rewritten once, however often the bot looks
_ERASED_FROM = "requests, request_customers, history, salts"


def last_erased_at(database: Database) -> datetime | None:
    """Return when something was erased last, by whichever process."""
    recorded = sa.union_all(
        *(
            sa.select(sa.func.max(table.c.at).label("at")).where(
                table.c.user_id == "", table.c.action == Action.ERASED.value
            )
            for table in (audit, audit_outbox)
        )
    ).subquery()
    with database.connect() as connection:
        at = connection.execute(sa.select(sa.func.max(recorded.c.at))).scalar()
    return to_time(at) if at is not None else None


def wipe(database: Database, *, rewrite: bool) -> bool:
    """Empty the WAL, and before that ``rewrite`` the whole file; return whether all is done.

    False: somebody is still reading an older state of the database, so old pages must stay until
    they've finished. While it rewrites, nobody can write. Raises SQLAlchemyError.
    """
    with database.outside_transactions() as connection:
        if database.is_postgresql:
            if rewrite:
                connection.exec_driver_sql(f"VACUUM {_ERASED_FROM}")
            return True
        if rewrite:
            connection.exec_driver_sql("VACUUM")
        return _empty_wal(connection)


def _empty_wal(connection: sa.Connection) -> bool:
    usual = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.exec_driver_sql(f"PRAGMA busy_timeout={int(_PATIENCE * 1000)}")
    try:
        row = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        return bool(row[0] == 0)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={usual}")


class Wiper:
    """Wipes after erasures: the WAL as soon as it's possible, the file once a night."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._emptied_at = self._rewritten_at = datetime.min.replace(tzinfo=UTC)

    def look(self, now: datetime, *, is_night: bool) -> bool:
        """Wipe if something was erased since the last time; return whether nothing is left."""
        erased_at = None if self._database.is_postgresql else last_erased_at(self._database)
        if erased_at is None:
            return True
        is_due = erased_at > self._rewritten_at and now - self._rewritten_at > _A_NIGHT
        rewrite = is_night and is_due
        if not rewrite and erased_at <= self._emptied_at:
            return True
        is_done = wipe(self._database, rewrite=rewrite)
        if rewrite:
            self._rewritten_at = now
        if is_done:
            self._emptied_at = now
        return is_done
