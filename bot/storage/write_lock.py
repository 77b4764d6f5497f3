"""Lets the writers of a process go one after the other, and those that an agent waits for first.

SQLite has one writer at a time, and its own waiting is unfair under load. PostgreSQL could have
many, but then an agent's write shares the processor with those of sixteen jobs.
Measured in docs/decisions/0013-one-writer.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Condition

import sqlalchemy as sa


class DatabaseBusy(sa.exc.SQLAlchemyError):
    """Other transactions of this process kept the database for too long."""


class WriteLock:
    """Only one thread holds it. One that isn't urgent waits while an urgent one does."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._is_held = False
        self._urgent = 0  # those that wait or have begun

    @contextmanager
    def hold(self, seconds: float, *, is_urgent: bool) -> Iterator[None]:
        """Hold it for a block; raise DatabaseBusy if that isn't possible within these seconds."""
        with self.go_first() if is_urgent else nullcontext():
            with self._changed:
                if not self._changed.wait_for(lambda: self._is_free(is_urgent), seconds):
                    raise DatabaseBusy("the database is busy")
                self._is_held = True
            try:
                yield
            finally:
                with self._changed:
                    self._is_held = False
                    self._changed.notify_all()

    @contextmanager
    def go_first(self) -> Iterator[None]:
        """Keep those waiting that aren't urgent for a block, but wait for nobody."""
        with self._changed:
            self._urgent += 1
        try:
            yield
        finally:
            with self._changed:
                self._urgent -= 1
                self._changed.notify_all()

    def _is_free(self, is_urgent: bool) -> bool:
        return not self._is_held and (is_urgent or not self._urgent)
