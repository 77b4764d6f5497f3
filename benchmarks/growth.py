"""How the time of each periodic query grows with the number of old requests.

The queries are the bot's own, on its own tables, without a bot. Besides the old requests there are
always the same few open ones.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, cast

import sqlalchemy as sa

from benchmarks.bot import SQLITE
from benchmarks.old_requests import (
    add_finished_request,
    add_old_requests,
    copy_request,
    copy_rows,
    settle,
)
from benchmarks.report import Report, show
from benchmarks.stage import Run
from benchmarks.targets import GROWTH
from bot.cards.ledger import Ledger
from bot.jobs.queue import JobQueue
from bot.jobs.repair import Repair
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.migrations import migrate
from bot.storage.outcome_schedule import OutcomeSchedule
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore

SIZES = (10_000, 300_000, 1_000_000)
OPEN = 100  # requests that are followed or wait
TIMES = 200  # each query, per size
_DONE = "V0BENCH"

Query = Callable[[], object]


class _NoJobs:
    """A queue without jobs, so that only the queries of our own tables are timed."""

    def list_unfinished(self) -> list[object]:
        return []


def measure(run: Run) -> Report:
    """Time the queries at each size, on both databases."""
    sizes, times = ((20, 40, 60), 2) if run.smoke else (SIZES, TIMES)
    rows: list[tuple[str, ...]] = []
    goals = []
    with run.databases() as databases:
        for kind, new_database in databases.items():
            found = _measure_once(new_database(), sizes, times)
            ratios = {name: found[name][-1] / found[name][0] for name in found}
            rows += [
                (kind, name, *map(show, ms), *(f"{one / ms[0]:.2f}" for one in ms[1:]))
                for name, ms in found.items()
            ]
            goals.append(GROWTH.judge(max(ratios.values()), kind))
    first, *others = (f"{size:,}" for size in sizes)
    return Report(
        "Periodic queries with old requests",
        (
            "database",
            "query",
            *(f"{size}, ms" for size in (first, *others)),
            *(f"{size} against {first}" for size in others),
        ),
        tuple(rows),
        tuple(goals),
        (f"The median of {times} times each; {OPEN} requests are followed, {OPEN} wait.",),
    )


def _measure_once(url: str, sizes: tuple[int, ...], times: int) -> Mapping[str, list[float]]:
    """Return the milliseconds of each query at each size."""
    found: dict[str, list[float]] = {}
    with ExitStack() as closing:
        folder = closing.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-"))
        database = Database(f"sqlite:///{folder}/bot.sqlite" if url == SQLITE else url)
        closing.callback(database.close)
        migrate(database)
        requests = RequestStore(database, lambda _connection, _job: None, Keys(database))
        _add_first_requests(database, requests)
        there = 0
        for size in sizes:
            add_old_requests(database.engine, _DONE, there + 1, size)
            settle(database.engine)
            there = size
            for name, query in _queries(database, requests).items():
                found.setdefault(name, []).append(_time(query, times))
    return found


def _queries(database: Database, requests: RequestStore) -> Mapping[str, Query]:
    now = datetime.now(UTC)
    schedule = OutcomeSchedule(database, lambda _connection, _job: None)
    repair = Repair(
        database,
        requests,
        cast(JobQueue, _NoJobs()),
        Pause(database, lambda _connection, _job: None),
    )
    return {
        "outcomes that are due": lambda: schedule.claim_due(now, timedelta(minutes=2), 100),
        "next conversations": lambda: schedule.next_conversations(333),
        "outcomes planned too late": lambda: schedule.pull_forward(now),
        "open requests by state": requests.count_open,
        "repair: stalled requests, unposted lines": lambda: repair.repair(now),
        "lines that a thread doesn't show": lambda: Ledger(database).unposted_lines(_DONE),
    }


def _time(query: Query, times: int) -> float:
    """Return the median of a query's milliseconds, once the pages it needs are in memory."""
    taken: list[float] = []
    for _ in range(times + 1):
        begun = time.perf_counter()
        query()
        taken.append(1000 * (time.perf_counter() - begun))
    return median(taken[1:])


def _add_first_requests(database: Database, requests: RequestStore) -> None:
    """Add a request that's done, and copies of it that are followed or wait, none of them due."""
    now = datetime.now(UTC)
    later = (now + timedelta(minutes=20)).timestamp()
    add_finished_request(requests, _DONE)
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE history SET posted_ts = '1.1'"))
        for name, changes in _open_ones(later).items():
            new: dict[str, Any] = {"request_id": f"'{name}' || i"}
            copy_request(connection, _DONE, 1, OPEN, {**new, **changes})
            copy_rows(connection, "history", "line_id = 1", 1, OPEN, {**new, "line_id": ""})


def _open_ones(later: float) -> Mapping[str, Mapping[str, str]]:
    return {
        "followed": {
            "state": "'delivered'",
            "next_look_at": f"{later} + i",
            "conversation_id": "conversation_id || i",
        },
        "waiting": {"state": "'scheduled'", "send_at": f"{later} + i"},
    }
