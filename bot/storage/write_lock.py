"""Lets the writers of a process go one after the other, and those that an agent waits for first.

SQLite has one writer at a time, and its own waiting is unfair under load.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

import sqlalchemy as sa


class DatabaseBusy(sa.exc.SQLAlchemyError):
    """Other transactions of this process kept the SQLite file for too long."""


class WriteLock:
    """Only one thread holds it. One that isn't urgent waits while an urgent one does."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._is_held = False
        self._urgent_waiting = 0

    @contextmanager
    def hold(self, seconds: float, *, is_urgent: bool) -> Iterator[None]:
        """Hold it for a block; raise DatabaseBusy if that isn't possible within these seconds."""
        with self._changed:
            self._urgent_waiting += is_urgent
            is_free = self._changed.wait_for(lambda: self._is_free(is_urgent), seconds)
            self._urgent_waiting -= is_urgent
            if not is_free:
                self._changed.notify_all()  # others may have waited for this one
                raise DatabaseBusy("the database is busy")
            self._is_held = True
        try:
            yield
        finally:
            with self._changed:
                self._is_held = False
                self._changed.notify_all()

    def _is_free(self, is_urgent: bool) -> bool:
        return not self._is_held and (is_urgent or not self._urgent_waiting)
