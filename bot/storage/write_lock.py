"""Lets few writers of a process write at a time, and those that an agent waits for first.

SQLite has one writer at a time, and its own waiting is unfair under load. PostgreSQL could have
many, but then an agent's write shares the processor with those of sixteen jobs.
Measured in docs/decisions/0013-writers-queue.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Condition, Lock

import sqlalchemy as sa


class DatabaseBusy(sa.exc.SQLAlchemyError):
    """Other transactions of this process kept the database for too long."""


class WriteLock:
    """Has ``places`` for writers; one that isn't urgent takes none while an urgent one is there."""

    def __init__(self, places: int) -> None:
        lock = Lock()
        self._urgent_may_go, self._others_may_go = Condition(lock), Condition(lock)
        self._free = places
        self._urgent = 0  # those that wait or have begun

    @contextmanager
    def hold(self, seconds: float, *, is_urgent: bool) -> Iterator[None]:
        """Take a place for a block; raise DatabaseBusy if none is free within these seconds."""
        may_go = self._urgent_may_go if is_urgent else self._others_may_go
        with self.go_first() if is_urgent else nullcontext():
            with may_go:
                if not may_go.wait_for(lambda: self._is_free(is_urgent), seconds):
                    raise DatabaseBusy("the database is busy")
                self._free -= 1
            try:
                yield
            finally:
                with may_go:
                    self._free += 1
                    self._wake()

    @contextmanager
    def go_first(self) -> Iterator[None]:
        """Let nobody who isn't urgent take a place during a block, but wait for nobody."""
        with self._others_may_go:
            self._urgent += 1
        try:
            yield
        finally:
            with self._others_may_go:
                self._urgent -= 1
                self._wake()

    def _is_free(self, is_urgent: bool) -> bool:
        return self._free > 0 and (is_urgent or not self._urgent)

    def _wake(self) -> None:
        """Wake only those who can go on: each that's woken takes a moment from the others."""
        if self._urgent:
            self._urgent_may_go.notify()
        else:
            self._others_may_go.notify(self._free)
