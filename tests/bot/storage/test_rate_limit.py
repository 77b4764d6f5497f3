"""The row of the shared rate limit; tests/cluster proves it with several processes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.storage.database import Database
from bot.storage.rate_limit import RateLimitRow, SharedRateLimiter
from bot.storage.tables import rate_limit
from genesys import Priority, RateLimitExhausted, RateState
from genesys.rate_limit import LONGEST_PAUSE
from tests.conftest import open_quickly

INTERACTIVE, BACKGROUND = Priority.INTERACTIVE, Priority.BACKGROUND


@pytest.fixture
def other(file: Path) -> Iterator[Database]:
    """Open the same file as another process."""
    other = open_quickly(file)
    yield other
    other.close()


def read(database: Database) -> RateState:
    with database.connect() as connection:
        row = connection.execute(sa.select(rate_limit)).one()
    assert row.row_id == 1
    return RateState(*row[1:])


def write(database: Database, **values: float) -> None:
    with database.transaction() as connection:
        connection.execute(sa.update(rate_limit).values(values))


def nothing(state: RateState) -> tuple[RateState, RateState]:
    return state, state


def test_the_row_is_inserted_once_and_kept(database: Database, other: Database) -> None:
    SharedRateLimiter(database, 300)
    assert read(database) == RateState()
    write(database, pushed=5.0)
    SharedRateLimiter(other, 300)
    assert read(other) == RateState(pushed=5.0)


def test_a_step_gets_the_state_as_of_now_and_its_result_is_stored(database: Database) -> None:
    row = RateLimitRow(database)
    write(database, due=7.5, pushed=2.0, allowed=250, remaining=11)
    before = time.monotonic()

    def step(state: RateState) -> tuple[RateState, str]:
        assert before <= state.seen <= time.monotonic()
        assert replace(state, seen=0.0) == RateState(due=7.5, pushed=2.0, allowed=250, remaining=11)
        return RateState(1.0, 2.0, 3.0, 4.0, 5, 6.0, 7), "result"

    assert row.change(step, patience=0.0) == "result"
    assert read(database) == RateState(1.0, 2.0, 3.0, 4.0, 5, 6.0, 7)
    assert row.read_pushed(patience=0.0) == 4.0


def test_a_step_that_fails_changes_nothing(database: Database) -> None:
    row = RateLimitRow(database)

    def fail(state: RateState) -> tuple[RateState, None]:
        raise RateLimitExhausted(retry_after=9.0)

    with pytest.raises(RateLimitExhausted) as refusal:
        row.change(fail, patience=5.0)
    assert refusal.value.retry_after == 9.0
    assert read(database) == RateState()


def test_a_clock_that_starts_again_takes_all_times_with_it(database: Database) -> None:
    row = RateLimitRow(database)
    later = time.monotonic() + 1_000_000
    write(database, seen=later, due=later + 10, window_ends=later + 20, paused_until=later + 30)
    state = row.change(nothing, patience=0.0)
    offsets = [at - state.seen for at in (state.due, state.window_ends, state.paused_until)]
    assert offsets == pytest.approx([10.0, 20.0, 30.0])


@pytest.mark.parametrize("is_closed", [True, False])
def test_after_a_restart_a_pause_of_years_ends_within_five_minutes(
    database: Database, file: Path, is_closed: bool
) -> None:
    """An earlier release stored whatever Genesys asked for; then it was stopped or killed."""
    SharedRateLimiter(database, 300)
    now, years = time.monotonic(), 100_000_000.0
    write(database, seen=now, due=now + years, paused_until=now + years)
    if is_closed:
        database.close()
    second = open_quickly(file)
    limiter = SharedRateLimiter(second, 300)
    for priority in Priority:
        with pytest.raises(RateLimitExhausted) as refusal:
            limiter.acquire(priority, patience=10.0)
        assert refusal.value.retry_after <= LONGEST_PAUSE + 5.0
    state, passed = read(second), LONGEST_PAUSE + 5.0
    times = {name: getattr(state, name) - passed for name in ("seen", "due", "paused_until")}
    write(second, **times)  # five minutes later
    for priority in Priority:
        limiter.acquire(priority, patience=0.0)
    second.close()


def test_two_processes_share_the_burst(database: Database, other: Database) -> None:
    limiters = [SharedRateLimiter(one, 100, period=600.0) for one in (database, other)]
    for limiter in (*limiters, *limiters):
        limiter.acquire(INTERACTIVE, patience=0.0)
    for limiter in limiters:
        with pytest.raises(RateLimitExhausted) as refusal:
            limiter.acquire(INTERACTIVE, patience=3.0)
        assert 3.0 < refusal.value.retry_after < 7.0


def test_the_limit_is_per_minute(database: Database) -> None:
    limiter = SharedRateLimiter(database, 10)
    limiter.acquire(INTERACTIVE, patience=0.0)
    with pytest.raises(RateLimitExhausted) as refusal:
        limiter.acquire(INTERACTIVE, patience=1.0)
    assert 6.0 < refusal.value.retry_after < 60 / 9


@pytest.mark.parametrize("priority", Priority)
def test_a_wait_beyond_the_patience_is_refused_right_away(
    database: Database, priority: Priority
) -> None:
    limiter = SharedRateLimiter(database, 10)
    limiter.acquire(priority, patience=0.0)
    began = time.monotonic()
    with pytest.raises(RateLimitExhausted):
        limiter.acquire(priority, patience=5.0)
    assert time.monotonic() - began < 2.0


def test_an_answer_without_news_costs_no_transaction(database: Database) -> None:
    limiter = SharedRateLimiter(database, 300)
    limiter.learn(allowed=300, count=0, reset_seconds=60.0)
    limiter.acquire(INTERACTIVE, patience=1.0)
    asked: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    limiter.learn(allowed=300, count=1, reset_seconds=60.0)
    assert not asked
    limiter.learn(allowed=300, count=200, reset_seconds=60.0)
    assert asked


def test_a_step_without_a_change_writes_nothing(database: Database) -> None:
    row = RateLimitRow(database)
    asked: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    row.change(nothing, patience=0.0)
    assert len(asked) == 1, "only the statement that locks the row"


def test_a_locked_database_is_waited_for_within_the_patience(
    database: Database, other: Database, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = SharedRateLimiter(database, 300)
    started = threading.Event()

    def call() -> None:
        limiter.acquire(INTERACTIVE, patience=30.0)
        started.set()

    with other.transaction() as locking:
        locking.execute(sa.update(rate_limit).values(pushed=rate_limit.c.pushed))
        with pytest.raises(RateLimitExhausted) as refusal:
            limiter.acquire(INTERACTIVE, patience=0.2)
        assert refusal.value.retry_after == 1.0
        assert "the rate limit can't be read (OperationalError)" in caplog.text
        caller = threading.Thread(target=call)
        caller.start()
        assert not started.is_set()
    caller.join()
    assert started.is_set()
    assert read(database).due > 0


def test_an_answer_is_not_kept_waiting_by_a_locked_database(
    database: Database, other: Database, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = SharedRateLimiter(database, 300)
    caplog.set_level(logging.WARNING)
    with other.transaction() as locking:
        locking.execute(sa.update(rate_limit).values(pushed=rate_limit.c.pushed))
        limiter.pause(5.0)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert read(database) == RateState()
