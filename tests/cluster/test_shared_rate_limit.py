"""One rate limit for all processes, on both databases."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from bot.storage.database import Database
from bot.storage.migrations import migrate
from bot.storage.rate_limit import RateLimitRow, SharedRateLimiter
from genesys import Priority, StoredRateLimiter

from .conftest import Program
from .observed_row import ObservedRow

Start = Callable[..., Program]
INTERACTIVE, BACKGROUND = Priority.INTERACTIVE, Priority.BACKGROUND
LIMIT, PERIOD = 100, 2.0


@pytest.fixture
def databases(database_url: str) -> Iterator[tuple[Database, Database]]:
    """Open the same database twice, as two processes do."""
    first, second = Database(database_url), Database(database_url)
    migrate(first)
    yield first, second
    first.close()
    second.close()


def most_in_a_period(moments: list[float], period: float) -> int:
    return max(bisect_right(moments, moment + period) - i for i, moment in enumerate(moments))


def call_from(programs: list[Program], seconds: float) -> list[list[float]]:
    """Let the programs call at the same time; return when each one's calls started."""
    for program in programs:
        assert program.hear() == "ready"
    for program in programs:
        program.tell("go")
    first = [float(program.hear()) for program in programs]
    time.sleep(seconds)  # the load itself, not a wait for something
    rest = [[float(line) for line in program.finish().split()] for program in programs]
    return [[one, *more] for one, more in zip(first, rest, strict=True)]


@pytest.mark.parametrize(
    "priority", [INTERACTIVE, pytest.param(BACKGROUND, marks=pytest.mark.slow)]
)
def test_three_processes_together_keep_the_limit(
    postgresql: str, start: Start, priority: Priority
) -> None:
    programs = [start("caller.py", postgresql, LIMIT, PERIOD, priority, 4) for _ in range(3)]
    started = call_from(programs, 1.5 * PERIOD)
    moments = sorted(moment for one in started for moment in one)
    assert most_in_a_period(moments, PERIOD) <= LIMIT
    assert all(len(one) > 10 for one in started)  # nobody is left out


@pytest.mark.slow
def test_three_processes_together_use_the_limit(database_url: str, start: Start) -> None:
    limit = 49  # so small a limit has no burst, so what counts is the rate once all have started
    programs = [start("caller.py", database_url, limit, PERIOD, INTERACTIVE, 8) for _ in range(3)]
    moments = sorted(moment for one in call_from(programs, 4 * PERIOD) for moment in one)
    assert most_in_a_period(moments, PERIOD) <= limit
    begun = moments[0] + PERIOD
    used = [moment for moment in moments if begun <= moment < begun + 3 * PERIOD]
    assert len(used) >= 3 * limit * 0.95
    database = Database(database_url)
    with database.connect() as connection:  # although all three started on an empty database
        assert connection.execute(sa.text("SELECT count(*) FROM rate_limit")).scalar() == 1
    database.close()


def test_a_person_goes_before_any_work_in_the_background(
    database_url: str, databases: tuple[Database, Database], start: Start
) -> None:
    crowd = start("caller.py", database_url, 30, PERIOD, BACKGROUND, 8)
    waited: list[tuple[float, float]] = []
    row = ObservedRow(RateLimitRow(databases[0]), lambda *booked: waited.append(booked))
    limiter = StoredRateLimiter(row, 30, period=PERIOD)
    assert crowd.hear() == "ready"
    crowd.tell("go")
    assert crowd.hear()
    for _ in range(10):
        limiter.acquire(INTERACTIVE, patience=PERIOD)
    background = [float(line) for line in crowd.finish().split()]
    assert sum(starts > asked for asked, starts in waited) > 1  # there was a crowd to overtake
    for asked, starts in waited:
        assert not any(asked < moment < starts for moment in background)


def test_a_pause_in_one_process_stops_everyone_even_those_who_wait(
    databases: tuple[Database, Database],
) -> None:
    first, second = (SharedRateLimiter(one, 100, period=PERIOD) for one in databases)
    second.pause(0.5)
    started: list[float] = []

    def call(priority: Priority) -> None:
        first.acquire(priority, patience=10.0)
        started.append(time.monotonic())

    waiting = [threading.Thread(target=call, args=[priority]) for priority in Priority]
    for thread in waiting:
        thread.start()
    paused = time.monotonic()
    second.pause(1.0)  # another 429, while they wait
    for thread in waiting:
        thread.join()
    assert len(started) == 2
    assert min(started) >= paused + 1.0


def test_what_one_process_learns_counts_in_all(databases: tuple[Database, Database]) -> None:
    first, second = (SharedRateLimiter(one, 300, period=PERIOD) for one in databases)
    first.acquire(INTERACTIVE, patience=1.0)
    began = time.monotonic()
    first.learn(allowed=300, count=300, reset_seconds=1.0)
    second.acquire(INTERACTIVE, patience=5.0)
    assert time.monotonic() - began >= 1.0
