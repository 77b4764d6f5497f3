"""One connection pool to SQLite or PostgreSQL, shared by our tables and the job queue."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.storage.write_lock import WriteLock

log = logging.getLogger(__name__)

# An agent waits 3 s at most, and a clear refusal is better than silence. So an urgent writer waits
# this long for the others of its process, and then this long for other processes.
WAIT_SECONDS, LOCK_SECONDS = 1.2, 1.5
BACKGROUND_WAIT_SECONDS = 15.0  # a job can wait, and must not fail because many others write
WRITERS = 4  # at once in one process, on PostgreSQL; an agent's isn't counted
FROZEN_SECONDS = 10.0  # PostgreSQL ends the session of a process that stops in a transaction

_PRIVATE_FOLDER, _PRIVATE_FILE, _FOR_OTHERS = 0o700, 0o600, 0o007

# A server that's gone is noticed within half a minute. TCP itself waits for hours.
_KEEPALIVES: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


class Database:
    """The database of ``PROACTIVE_DATABASE_URL``; thread-safe."""

    def __init__(self, url: str) -> None:
        """Open a pool without connecting; raise sqlalchemy's ArgumentError for a bad URL."""
        address = sa.make_url(url)
        self.is_postgresql = address.get_backend_name() == "postgresql"
        self.engine = _open_postgresql(address) if self.is_postgresql else _open_sqlite(address)
        self._writing = WriteLock(WRITERS if self.is_postgresql else 1)

    @contextlib.contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """Lend a connection for reading."""
        with self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def transaction(self, *, is_urgent: bool = False) -> Iterator[sa.Connection]:
        """Lend a connection for one write transaction; ``is_urgent``: an agent waits for it.

        Urgent writers go first: on SQLite before the next one of this process, and on PostgreSQL
        without waiting. Raises DatabaseBusy.
        """
        seconds = WAIT_SECONDS if is_urgent else BACKGROUND_WAIT_SECONDS
        if is_urgent and self.is_postgresql:
            place = self._writing.go_first()
        else:
            place = self._writing.hold(seconds, is_urgent=is_urgent)
        with place, self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def outside_transactions(self) -> Iterator[sa.Connection]:
        """Lend a connection for what can't be part of a transaction, as the only writer."""
        if self.is_postgresql:
            with self.engine.connect() as connection:
                yield connection.execution_options(isolation_level="AUTOCOMMIT")
            return
        with (
            self._writing.hold(BACKGROUND_WAIT_SECONDS, is_urgent=False),
            self.engine.connect() as connection,
        ):
            yield connection

    def close(self) -> None:
        """Close the idle connections."""
        self.engine.dispose()


def _open_postgresql(address: sa.URL) -> sa.Engine:
    patience = f"-c lock_timeout={int(LOCK_SECONDS * 1000)} -c statement_timeout=15000"
    # Else a process that's frozen in a transaction keeps what it locked, and its jobs with it.
    patience += f" -c idle_in_transaction_session_timeout={int(FROZEN_SECONDS * 1000)}"
    return sa.create_engine(
        address.set(drivername="postgresql+psycopg"),
        hide_parameters=True,  # a parameter may be a customer's address
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        pool_timeout=WAIT_SECONDS,
        connect_args={**_KEEPALIVES, "application_name": "proactive", "options": patience},
    )


def _open_sqlite(address: sa.URL) -> sa.Engine:
    # Each job has a thread of its own, so the pool must be as large as their number and more.
    engine = sa.create_engine(address, hide_parameters=True, pool_size=10, max_overflow=90)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = "IMMEDIATE"  # two writers never deadlock
        connection.execute(f"PRAGMA busy_timeout={int(LOCK_SECONDS * 1000)}")
        _retry_locked(connection.execute, "PRAGMA journal_mode=WAL")
        # The default is 2 MB for each connection. What isn't here the system has in memory anyway.
        connection.execute("PRAGMA cache_size=-512")  # KiB
        connection.execute("PRAGMA temp_store=MEMORY")  # there may be no folder for temporary files
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # off by default, and set by connection
        # From Python 3.12 on DBOS asks for unixepoch('subsec'), which SQLite before 3.42 answers
        # with NULL. https://www.sqlite.org/lang_datefunc.html
        connection.create_function("unixepoch", 1, _unixepoch)

    return engine


# SQLite doesn't wait by itself while another process turns a new file into WAL mode.
_retry_locked = Retrying(
    retry=retry_if_exception_type(sqlite3.OperationalError),
    wait=wait_fixed(0.05),
    stop=stop_after_delay(LOCK_SECONDS),
    reraise=True,
)


def _unixepoch(_modifier: str) -> float:
    return time.time()


def create_file(file: Path, *, is_in_own_folder: bool = False) -> None:
    """Create a SQLite file, and its folder, for this user alone; raise OSError.

    It holds customers' addresses and messages. SQLite creates its other files with the permissions
    of this one. An earlier release let others read them all, and list the bot's own folder.
    """
    file.parent.mkdir(_PRIVATE_FOLDER, parents=True, exist_ok=True)
    if is_in_own_folder:
        _close_to_others(file.parent, _PRIVATE_FOLDER)
    file.touch(_PRIVATE_FILE)
    for ending in ("", "-wal", "-shm", "-journal"):
        _close_to_others(file.with_name(file.name + ending), _PRIVATE_FILE)


def _close_to_others(path: Path, mode: int) -> None:
    """Take the permissions of others away; a group that was let in on purpose stays."""
    try:
        if path.stat().st_mode & _FOR_OTHERS:
            path.chmod(mode)
    except FileNotFoundError:
        pass
    except PermissionError:
        log.warning("other users can read %s, and only its owner can change that", path)


def seconds_now(database: Database) -> sa.ColumnElement[float]:
    """Return the database's clock as an expression in seconds since 1970."""
    if database.is_postgresql:
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)
    # unixepoch('subsec') needs SQLite 3.42; julianday works everywhere.
    return (sa.func.julianday("now") - 2_440_587.5) * 86_400.0


def insert_new(connection: sa.Connection, table: sa.Table, *rows: dict[str, Any]) -> bool:
    """Insert rows whose keys aren't there already; return whether any was new."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = rows[0] if len(rows) == 1 else rows  # SQLAlchemy compiles a list of rows each time
    insert = dialect.insert(table).values(values).on_conflict_do_nothing()
    # psycopg counts no rows here, so the database returns the key of what it added.
    return connection.execute(insert.returning(*table.primary_key)).first() is not None
