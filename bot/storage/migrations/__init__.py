"""Bring a database to this version's tables, whatever release wrote it.

The steps are in ``versions``.
"""

from __future__ import annotations

import sqlalchemy as sa

from bot.storage.database import Database

VERSION = "0008"  # of the newest step


class NewerDatabase(Exception):
    """A newer release has upgraded this database. Start that release, or use another database."""


def migrate(database: Database) -> None:
    """Create or upgrade all tables, once, even when several processes start together.

    Raises NewerDatabase and SQLAlchemyError.
    """
    if not is_up_to_date(database):
        # Loaded only when it's needed: Alembic would take a tenth of every start.
        from bot.storage.migrations.upgrade import upgrade

        upgrade(database)


def is_up_to_date(database: Database) -> bool:
    """Return whether all tables are those of this version.

    Raises NewerDatabase and SQLAlchemyError.
    """
    version = _read_version(database) or ""
    if version > VERSION:
        raise NewerDatabase
    return version == VERSION


def _read_version(database: Database) -> str | None:
    with database.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        version = connection.execute(sa.text("SELECT version_num FROM alembic_version"))
        return version.scalar()
