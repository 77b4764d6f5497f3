"""The rate budget that all processes share: one row in the bot's database.

Promises: in any minute at most ``calls_per_minute`` calls are granted over all processes, and at
least 95 % of them can be used. A person who waits goes before work in the background: it books the
next moment with room, while background work only takes what is free right now and leaves a part of
the burst. A 429, a lower limit and what other programs use of it slow everybody. Does not: ask
Genesys anything; a database that does not answer is waited for within the caller's patience.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.pace import Marks, Pace
from genesys import Priority, RateBudgetExhausted

log = logging.getLogger(__name__)

MINUTE = 60.0
_TRY_AGAIN = 0.25  # seconds between attempts while the database does not answer
_UNTOLD = 2**31 - 1  # Genesys has not said its limit yet
_CREATING = 6_071_904_113  # the advisory lock under which processes create the table

_row = sa.Table(
    "rate_budget",
    sa.MetaData(),
    sa.Column("row_id", sa.Integer, primary_key=True),
    sa.Column("seen", sa.Double, nullable=False),
    sa.Column("due", sa.Double, nullable=False),
    sa.Column("paused_until", sa.Double, nullable=False),
    sa.Column("pushed", sa.Double, nullable=False),
    sa.Column("allowed", sa.Integer, nullable=False),
    sa.Column("window_ends", sa.Double, nullable=False),
    sa.Column("remaining", sa.Integer, nullable=False),
)

T = TypeVar("T")


class SharedBudget:
    """A genesys.Budget for all processes that use the same database; thread-safe."""

    def __init__(
        self, database: sa.Engine, calls_per_minute: int, *, period: float = MINUTE
    ) -> None:
        """Create the row where it is missing; raises SQLAlchemyError. ``period`` is for tests."""
        self._database = database
        self._ceiling = calls_per_minute
        self._period = period
        self._background = threading.Lock()  # one at a time of a process asks for what is free
        self._known: Marks | None = None  # as this process last saw them
        self._offset = 0.0  # of the database's clock to ours
        self._create()

    def acquire(self, priority: Priority, patience: float) -> None:
        """Wait up to ``patience`` seconds for leave to call, else raise RateBudgetExhausted.

        A wait that is longer than the patience is refused at once rather than waited for.
        """
        give_up = time.monotonic() + patience
        if priority is Priority.INTERACTIVE:
            self._book_and_wait(give_up)
            return
        if not self._background.acquire(timeout=max(0.0, patience)):
            raise RateBudgetExhausted(retry_after=1.0)
        try:
            self._wait_for_room(give_up)
        finally:
            self._background.release()

    def learn(self, allowed: int, count: int, reset_seconds: float) -> None:
        """Take in what an answer said: the limit, the calls counted, seconds to the next count."""
        allowed = max(1, allowed)
        period, known = self._period, self._known
        if known is not None:  # nearly always it says nothing new, and the row is left alone
            then = replace(known, seen=time.monotonic() + self._offset)
            told = then.told(allowed, count, reset_seconds, period, self._pace(known))
            if told == then:
                return
        self._note(lambda row: row.told(allowed, count, reset_seconds, period, self._pace(row)))

    def pause(self, seconds: float) -> None:
        """Let nobody call for so long: Genesys answered 429."""
        self._note(lambda row: row.paused(seconds, self._pace(row)))

    def _book_and_wait(self, give_up: float) -> None:
        """Book the next moment with room and wait for it, and for pauses that came after."""
        wait, pushed = self._patiently(give_up, lambda: self._book(Priority.INTERACTIVE, give_up))
        while wait > 0:
            if time.monotonic() + wait > give_up:  # the moment stays booked: a call less is safe
                raise RateBudgetExhausted(retry_after=wait)
            time.sleep(wait)
            before, pushed = pushed, self._patiently(give_up, self._pushed)
            wait = pushed - before

    def _wait_for_room(self, give_up: float) -> None:
        while True:
            wait, _ = self._patiently(give_up, lambda: self._book(Priority.BACKGROUND, give_up))
            if wait <= 0:
                return
            time.sleep(wait)

    def _book(self, priority: Priority, give_up: float) -> tuple[float, float]:
        """Grant a call; return the seconds until it may start and how far all was put off so far.

        Background calls are granted for now only; for them a wait means: nothing was granted.
        """
        with self._locked() as (connection, marks):
            pace = self._pace(marks)
            moment = marks.opens(pace, priority)
            wait = moment - marks.seen
            if wait > 0 and time.monotonic() + wait > give_up:
                raise RateBudgetExhausted(retry_after=wait)
            if wait <= 0 or priority is Priority.INTERACTIVE:
                self._write(connection, marks.granted(moment, pace))
            return wait, marks.pushed

    def _note(self, change: Callable[[Marks], Marks]) -> None:
        try:
            with self._locked() as (connection, marks):
                self._write(connection, change(marks))
        except sa.exc.SQLAlchemyError as error:
            log.warning("the rate budget could not be changed (%s)", type(error).__name__)

    @contextmanager
    def _locked(self) -> Iterator[tuple[sa.Connection, Marks]]:
        """Lock the row for a short transaction; yields it as of now."""
        with self._database.begin() as connection:
            locking = sa.update(_row).values(remaining=_row.c.remaining)
            if connection.dialect.name == "postgresql":
                clock = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)
                *values, now = connection.execute(locking.returning(_row, clock)).one()
            else:  # one machine: this clock is the same for its processes, and nobody sets it
                values = list(connection.execute(locking.returning(_row)).one())
                now = time.monotonic()
            self._offset = now - time.monotonic()
            yield connection, Marks(*values[1:]).at(now)

    def _write(self, connection: sa.Connection, marks: Marks) -> None:
        connection.execute(sa.update(_row).values(asdict(marks)))
        self._known = marks

    def _pushed(self) -> float:
        with self._database.connect() as connection:
            return float(connection.execute(sa.select(_row.c.pushed)).scalar_one())

    def _pace(self, marks: Marks) -> Pace:
        return Pace.of(min(self._ceiling, marks.allowed), self._period)

    def _patiently(self, give_up: float, ask: Callable[[], T]) -> T:
        """Ask the database until it answers or the patience is over."""
        while True:
            try:
                return ask()
            except sa.exc.SQLAlchemyError as error:
                if time.monotonic() + _TRY_AGAIN > give_up:
                    log.warning("the rate budget cannot be read (%s)", type(error).__name__)
                    raise RateBudgetExhausted(retry_after=1.0) from None
            time.sleep(_TRY_AGAIN)

    def _create(self) -> None:
        start = Marks(0.0, 0.0, 0.0, 0.0, allowed=_UNTOLD, window_ends=0.0, remaining=_UNTOLD)
        with self._database.begin() as connection:
            is_postgresql = connection.dialect.name == "postgresql"
            if is_postgresql:  # which cannot create a table twice at the same time, even so
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATING)))
            connection.execute(sa.schema.CreateTable(_row, if_not_exists=True))
            insert = (postgresql if is_postgresql else sqlite).insert(_row)
            connection.execute(insert.values(row_id=1, **asdict(start)).on_conflict_do_nothing())
