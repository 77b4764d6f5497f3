"""The rate limit that all processes share: one row in the bot's database.

Promises: in any minute all processes together make at most ``calls_per_minute`` calls, and they
can use at least 95 % of that. A 429 in one process stops all of them. The arithmetic is in
genesys.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import TypeVar

import sqlalchemy as sa

from bot.storage.database import Database, insert_new, seconds_now
from bot.storage.tables import rate_limit
from genesys import RateLimitExhausted, RateState, RateStep, StoredRateLimiter

log = logging.getLogger(__name__)

_ROW = 1
_TRY_AGAIN = 0.25  # seconds between two attempts while the database doesn't answer
_TRY_LATER = 1.0
_VALUES = [rate_limit.c[field.name] for field in fields(RateState)]

T = TypeVar("T")


class SharedRateLimiter(StoredRateLimiter):
    """A RateLimiter for all processes that use the same database; thread-safe."""

    def __init__(self, database: Database, calls_per_minute: int, *, period: float = 60.0) -> None:
        """Insert the row if it's missing; raises SQLAlchemyError. ``period`` is for tests."""
        super().__init__(RateLimitRow(database), calls_per_minute, period=period)


class RateLimitRow:
    """The row as a RateStore; while the database doesn't answer, it tries again."""

    def __init__(self, database: Database) -> None:
        """Insert the row if it's missing; raises SQLAlchemyError."""
        self._database = database
        with database.transaction() as connection:
            insert_new(connection, rate_limit, {"row_id": _ROW, **asdict(RateState())})

    def change(self, step: RateStep[T], patience: float) -> T:
        """Apply the step in one short transaction that locks the row."""
        return _patiently(lambda: self._change(step), patience)

    def read_pushed(self, patience: float) -> float:
        """Return RateState.pushed without locking the row."""
        return _patiently(self._read_pushed, patience)

    def _change(self, step: RateStep[T]) -> T:
        with self._database.transaction() as connection:
            lock = sa.update(rate_limit).where(rate_limit.c.row_id == _ROW)
            lock = lock.values(remaining=rate_limit.c.remaining)
            if self._database.is_postgresql:
                *values, now = connection.execute(
                    lock.returning(*_VALUES, seconds_now(self._database))
                ).one()
            else:  # every process on this machine has the same monotonic clock, and nobody sets it
                values = list(connection.execute(lock.returning(*_VALUES)).one())
                now = time.monotonic()
            stored = RateState(*values)
            after, result = step(stored.at(now))
            if replace(after, seen=stored.seen) != stored:
                connection.execute(sa.update(rate_limit).values(asdict(after)))
            return result

    def _read_pushed(self) -> float:
        with self._database.connect() as connection:
            return float(connection.execute(sa.select(rate_limit.c.pushed)).scalar_one())


def _patiently(ask: Callable[[], T], patience: float) -> T:
    """Ask until the database answers; raise RateLimitExhausted after ``patience`` seconds."""
    give_up = time.monotonic() + patience
    while True:
        try:
            return ask()
        except sa.exc.SQLAlchemyError as error:
            if time.monotonic() + _TRY_AGAIN > give_up:
                log.warning("the rate limit can't be read (%s)", type(error).__name__)
                raise RateLimitExhausted(retry_after=_TRY_LATER) from None
        time.sleep(_TRY_AGAIN)
