"""Run the steps that a database lacks.

https://alembic.sqlalchemy.org
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from bot.storage.database import Database

_FIRST_RELEASE = "0001"  # its tables were created without Alembic
_MIGRATING = 6_071_904_114  # the advisory lock that processes take in turn
_WAIT_MS = 60_000  # a large table gets its indexes within that


def upgrade(database: Database) -> None:
    """Create or upgrade all tables; processes that do so at the same time take turns."""
    with database.engine.connect() as connection, connection.begin():
        connection.detach()  # its long patience must not go back to the pool
        if database.is_postgresql:
            connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
        else:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={_WAIT_MS}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.attributes["connection"] = connection
        tables = sa.inspect(connection).get_table_names()
        if "requests" in tables and "alembic_version" not in tables:
            command.stamp(config, _FIRST_RELEASE)
        command.upgrade(config, "head")
