"""A name for this process that no other live process has.

Promises: the engine's executor id is free to take only when its last owner is dead, so that a
process picks up what its slot left behind and never what a live one is doing. The lock ends with
the process, however that dies: beside a SQLite file it is the operating system's, on PostgreSQL
it belongs to one connection, which the server gives up about 25 seconds after a machine vanished.
Does not: notice that a lock was lost, or take over the work of the dead (``reaper`` does).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

import sqlalchemy as sa

SLOTS = 64

# What every connection to PostgreSQL should have, so that a server that is gone is noticed within
# half a minute: TCP itself waits for hours on an idle connection, for a quarter on a busy one.
KEEPALIVES: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
# The same from the server's side, for the connection that holds the locks: else a machine that
# vanished keeps its slot for hours.
_SERVER_KEEPALIVES = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=25000"
)


class _Locks(Protocol):
    """Named locks of which each has at most one live holder."""

    def take(self, name: str) -> bool: ...
    def holds(self, name: str) -> bool: ...
    def give_back(self, name: str) -> None: ...


class Slot:
    """One locked slot; keep it for as long as the process works. One thread at a time."""

    def __init__(self, name: str, locks: _Locks) -> None:
        self.name = name
        self._locks = locks

    def is_held(self) -> bool:
        """Tell whether the slot is still ours: a lost connection or lock file loses it."""
        return self._locks.holds(self.name)

    def take_again(self) -> bool:
        """Take the slot that was lost; False when somebody else has it.

        Raises SQLAlchemyError or OSError when nobody can tell.
        """
        return self._locks.take(self.name)

    @contextlib.contextmanager
    def locked_if_free(self, name: str) -> Iterator[bool]:
        """Hold another slot's lock for a while; yields False when it has a live holder.

        Raises SQLAlchemyError or OSError when nobody can tell.
        """
        free = name != self.name and self._locks.take(name)
        try:
            yield free
        finally:
            if free:
                self._locks.give_back(name)

    def release(self) -> None:
        """Let another process have the slot."""
        self._locks.give_back(self.name)


def take_slot(database_url: str, database: sa.Engine) -> Slot:
    """Take the first free slot of a database.

    Raises OSError when all are taken or the lock file is unusable, SQLAlchemyError when
    PostgreSQL does not answer.
    """
    locks: _Locks
    if database.dialect.name == "postgresql":
        locks, place = _ConnectionLocks(database.url), "of the database"
    else:
        file = Path(sa.make_url(database_url).database or "")
        locks, place = _FileLocks(file), f"beside {file}"
    for number in range(SLOTS):
        if locks.take(f"w{number}"):
            return Slot(f"w{number}", locks)
    raise OSError(errno.EAGAIN, f"all {SLOTS} slots {place} are taken: as many bots use it already")


class _FileLocks:
    """Locks on files beside a SQLite database."""

    def __init__(self, database_file: Path) -> None:
        self._database_file = database_file
        self._held: dict[str, IO[bytes]] = {}

    def take(self, name: str) -> bool:
        lock = self._path(name).open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self.give_back(name)  # one whose file is gone
        self._held[name] = lock
        return True

    def holds(self, name: str) -> bool:
        """Tell whether ours still is the file that others would lock."""
        lock = self._held.get(name)
        if lock is None:
            return False
        try:
            return os.path.samestat(os.fstat(lock.fileno()), self._path(name).stat())
        except FileNotFoundError:
            return False

    def give_back(self, name: str) -> None:
        lock = self._held.pop(name, None)
        if lock is not None:
            lock.close()

    def _path(self, name: str) -> Path:
        return Path(f"{self._database_file}.{name}.lock")


class _ConnectionLocks:
    """Advisory locks of one PostgreSQL connection that is used for nothing else.

    They live exactly as long as that connection: once it fails, all are lost, and the next one to
    be taken begins a new connection. A pooler in between must keep sessions apart.
    """

    def __init__(self, url: sa.URL) -> None:
        self._engine = sa.create_engine(
            url,
            poolclass=sa.NullPool,
            isolation_level="AUTOCOMMIT",  # a lock must not keep a transaction open
            connect_args={
                **KEEPALIVES,
                "application_name": "proactive slot",
                "options": _SERVER_KEEPALIVES,
            },
        )
        self._connection: sa.Connection | None = None
        self._held: set[str] = set()

    def take(self, name: str) -> bool:
        if self._connection is None:
            self._connection = self._engine.connect()
        if self._ask(sa.func.pg_try_advisory_lock(_key(name))):
            self._held.add(name)
        elif not self._held:
            self._drop()
        return name in self._held

    def holds(self, name: str) -> bool:
        if name not in self._held:
            return False
        try:
            return bool(self._ask(sa.literal(1)))
        except sa.exc.SQLAlchemyError:
            return False

    def give_back(self, name: str) -> None:
        if name not in self._held:
            return
        with contextlib.suppress(sa.exc.SQLAlchemyError):  # then it went with the connection
            self._ask(sa.func.pg_advisory_unlock(_key(name)))
        self._held.discard(name)
        if not self._held:
            self._drop()

    def _ask(self, question: sa.ColumnElement[Any]) -> Any:
        """Ask on the one connection. SQLAlchemy would reconnect a failed one, so it is dropped."""
        if self._connection is None:
            raise sa.exc.ResourceClosedError("the connection of the slot is gone")
        try:
            return self._connection.execute(sa.select(question)).scalar()
        except sa.exc.SQLAlchemyError:
            self._drop()
            raise

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._held.clear()
        if connection is not None:
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                connection.close()


def _key(name: str) -> int:
    """Return the advisory lock's number: 64 bits of what nobody else in the database hashes."""
    digest = hashlib.sha256(f"proactive.slot.{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
