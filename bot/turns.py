"""Turns for those who write to the SQLite file: inside this process nobody polls for its lock.

SQLite lets one connection write at a time. The others ask again after sleeps of up to 100 ms, and
whoever asks at the right moment is next: under load some ask in vain until their patience ends.
Here they stand in line, and those for whom a person waits go first. Promises: a turn ends with its
transaction, however that ends. Does not: order this process and others among each other (there
SQLite's own waiting remains), or delay readers.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from typing import Any

# Seconds in line; then SQLite's own waiting decides. Who goes first has an agent waiting.
PATIENCE = 30.0
PATIENCE_OF_FIRST = 0.5
_READS = ("SELECT", "PRAGMA", "EXPLAIN")
_mark = threading.local()


def go_first() -> None:
    """Let this thread go before others from now on: somebody waits for what it writes."""
    _mark.goes_first = True


class Line:
    """A lock that is handed over: first to those who go first, else to whoever came first."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_taken = False
        self._waiting: dict[bool, deque[threading.Lock]] = {True: deque(), False: deque()}

    def take(self) -> bool:
        """Wait for the turn; tell whether it came in time."""
        goes_first = getattr(_mark, "goes_first", False)
        own = self._waiting[goes_first]
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            call = threading.Lock()
            call.acquire()
            own.append(call)
        if call.acquire(timeout=PATIENCE_OF_FIRST if goes_first else PATIENCE):
            return True
        with self._guard:
            if call in own:
                own.remove(call)
                return False
        return True  # it was called in the last moment

    def leave(self) -> None:
        """Give the turn to the next one."""
        with self._guard:
            waiting = self._waiting[True] or self._waiting[False]
            if waiting:
                waiting.popleft().release()
            else:
                self._is_taken = False


_line = Line()  # of the process: it has one database


class TurnTaking(sqlite3.Connection):
    """A connection that writes only in its turn; give it to ``sqlite3.connect`` as the factory."""

    _has_turn = False

    def cursor(self, factory: Any = None) -> Any:
        """Return a cursor that takes turns."""
        return super().cursor(factory or _Cursor)

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        """Execute in turn, too."""
        return self.cursor().execute(sql, parameters)

    def take_turn(self, sql: str) -> None:
        """Stand in line, unless the statement only reads or the turn is ours already."""
        if not self._has_turn and not sql.lstrip()[:7].upper().startswith(_READS):
            self._has_turn = _line.take()

    def end_turn(self) -> None:
        """Let the next one write, unless our transaction goes on."""
        if self._has_turn and not self.in_transaction:
            self._has_turn = False
            _line.leave()

    def commit(self) -> None:
        """Commit, which ends the turn."""
        try:
            super().commit()
        finally:
            self.end_turn()

    def rollback(self) -> None:
        """Roll back, which ends the turn."""
        try:
            super().rollback()
        finally:
            self.end_turn()

    def close(self) -> None:
        """Close, which rolls back."""
        try:
            super().close()
        finally:
            if self._has_turn:
                self._has_turn = False
                _line.leave()


class _Cursor(sqlite3.Cursor):
    connection: TurnTaking

    def execute(self, sql: str, parameters: Any = (), /) -> _Cursor:
        self.connection.take_turn(sql)
        try:
            return super().execute(sql, parameters)
        finally:
            self.connection.end_turn()

    def executemany(self, sql: str, parameters: Any, /) -> _Cursor:
        self.connection.take_turn(sql)
        try:
            return super().executemany(sql, parameters)
        finally:
            self.connection.end_turn()
