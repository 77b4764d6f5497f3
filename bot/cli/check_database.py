"""Checks that the database can be opened and written to. It leaves nothing behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import sqlalchemy as sa

from bot.cli.result import Result, ok, wrong
from bot.storage.database import Database
from bot.storage.migrations import is_up_to_date
from bot.storage.open import UnusableDatabase, explained
from bot.storage.tables import workers

_NAME = "Database"
_DOCTOR = "doctor"  # the id of a worker that never exists


def check_database(url: str) -> Result:
    """Write to the database and roll back."""
    address = sa.make_url(url)
    is_sqlite = address.get_backend_name() == "sqlite"
    place = (address.database if is_sqlite else address.host) or "the server"
    try:
        with explained(url):
            if is_sqlite and not Path(place).exists():
                return _check_folder(Path(place))
            _write(Database(url))
    except UnusableDatabase as error:
        return wrong(_NAME, error.what, error.fix)
    return ok(_NAME, f"{place} can be written to")


def _check_folder(file: Path) -> Result:
    """Try a database in the nearest folder that exists: the bot creates the others."""
    folder = next(one for one in file.absolute().parents if one.exists())
    with tempfile.TemporaryDirectory(prefix=".proactive-doctor-", dir=folder) as trial:
        _write(Database(f"sqlite:///{trial}/trial.sqlite"))
    return ok(_NAME, f"{file} doesn't exist yet; the bot can create it")


def _write(database: Database) -> None:
    """Write a row, or a table if there are none yet, and roll back. Raises SQLAlchemyError."""
    try:
        has_tables = is_up_to_date(database)
        with database.connect() as connection:
            if connection.dialect.name == "sqlite":
                # Its driver begins no transaction before it creates a table.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            if not has_tables:
                connection.exec_driver_sql("CREATE TABLE proactive_doctor (number INTEGER)")
            else:
                connection.execute(workers.insert().values(worker_id=_DOCTOR, beat_at=0.0))
            connection.rollback()
    finally:
        database.close()
