"""One connection pool to SQLite or PostgreSQL, shared by our tables and the job queue."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

# An agent waits 3 s at most, and a clear refusal is better than silence. So an urgent writer waits
# this long for the others of its process, and then this long for other processes.
TURN_SECONDS, LOCK_SECONDS = 1.2, 1.5
BACKGROUND_TURN_SECONDS = 15.0  # a job can wait, and must not fail because many others write

# A server that's gone is noticed within half a minute. TCP itself waits for hours.
_KEEPALIVES: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


class DatabaseBusy(sa.exc.SQLAlchemyError):
    """Other transactions of this process kept the SQLite file for too long."""


class Database:
    """The database of ``PROACTIVE_DATABASE_URL``; thread-safe."""

    def __init__(self, url: str) -> None:
        """Open a pool without connecting; raise sqlalchemy's ArgumentError for a bad URL."""
        address = sa.make_url(url)
        self.is_postgresql = address.get_backend_name() == "postgresql"
        self.engine = _open_postgresql(address) if self.is_postgresql else _open_sqlite(address)
        self._writing = threading.Lock()
        self._background = threading.Lock()  # of the jobs, only one at a time is next in line

    @contextlib.contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """Lend a connection for reading."""
        with self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def transaction(self, *, is_urgent: bool = False) -> Iterator[sa.Connection]:
        """Lend a connection for one write transaction; ``is_urgent``: an agent waits for it.

        SQLite has one writer at a time, and its own waiting is a lottery under load. So the
        writers of a process queue here, urgent ones first. Raises DatabaseBusy.
        """
        if self.is_postgresql:
            with self.engine.begin() as connection:
                yield connection
            return
        if is_urgent:
            with _held(self._writing, TURN_SECONDS), self.engine.begin() as connection:
                yield connection
            return
        with (
            _held(self._background, BACKGROUND_TURN_SECONDS),
            _held(self._writing, BACKGROUND_TURN_SECONDS),
            self.engine.begin() as connection,
        ):
            yield connection

    def close(self) -> None:
        """Close the idle connections."""
        self.engine.dispose()


@contextlib.contextmanager
def _held(lock: threading.Lock, patience: float) -> Iterator[None]:
    if not lock.acquire(timeout=patience):
        raise DatabaseBusy("the database is busy")
    try:
        yield
    finally:
        lock.release()


def _open_postgresql(address: sa.URL) -> sa.Engine:
    patience = f"-c lock_timeout={int(LOCK_SECONDS * 1000)} -c statement_timeout=15000"
    return sa.create_engine(
        address.set(drivername="postgresql+psycopg"),
        hide_parameters=True,  # a parameter may be a customer's address
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        pool_timeout=TURN_SECONDS,
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
        connection.execute("PRAGMA foreign_keys=ON")
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


def seconds_now(database: Database) -> sa.ColumnElement[float]:
    """Return the database's clock as an expression in seconds since 1970."""
    if database.is_postgresql:
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)
    # unixepoch('subsec') needs SQLite 3.42; julianday works everywhere.
    return (sa.func.julianday("now") - 2_440_587.5) * 86_400.0


def insert_new(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert a row unless its key is there already; return whether it was new."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table).values(row).on_conflict_do_nothing()
    # psycopg counts no rows here, so the database returns the key of what it added.
    return connection.execute(insert.returning(*table.primary_key)).first() is not None
