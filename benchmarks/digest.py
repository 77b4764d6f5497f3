"""How long reading the figures of a digest takes when many messages were sent in its period."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial

from benchmarks.bot import SQLITE
from benchmarks.old_requests import add_finished_request, add_old_requests, settle
from benchmarks.report import Report, show
from benchmarks.stage import Run
from benchmarks.targets import DIGEST
from bot.storage.database import Database
from bot.storage.digest_figures import read_figures
from bot.storage.keys import Keys
from bot.storage.migrations import migrate
from bot.storage.requests import RequestStore

SIZES = (10_000, 1_000_000)
_DONE = "V0BENCH"


def measure(run: Run) -> Report:
    """Time the figures at each size, on both databases."""
    sizes = (20, 40) if run.smoke else SIZES
    rows: list[tuple[str, ...]] = []
    goals = []
    with run.databases() as databases:
        for kind, new_database in databases.items():
            seconds = _measure_once(new_database(), sizes)
            rows.append((kind, *map(show, seconds)))
            goals.append(DIGEST.judge(seconds[-1], kind))
    return Report(
        "The figures of a digest",
        ("database", *(f"{size:,} messages, s" for size in sizes)),
        tuple(rows),
        tuple(goals),
        ("All were sent in the digest's period, and their customers have replied.",),
    )


def _measure_once(url: str, sizes: tuple[int, ...]) -> list[float]:
    """Return the seconds at each size."""
    seconds = []
    with ExitStack() as closing:
        folder = closing.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-"))
        database = Database(f"sqlite:///{folder}/bot.sqlite" if url == SQLITE else url)
        closing.callback(database.close)
        migrate(database)
        add_finished_request(
            RequestStore(database, lambda _connection, _job: None, Keys(database)), _DONE
        )
        now, there = datetime.now(UTC), 0
        read = partial(read_figures, database, now - timedelta(days=1), now + timedelta(days=1))
        for size in sizes:
            add_old_requests(database.engine, _DONE, there + 1, size)
            settle(database.engine)
            there = size
            begun = time.perf_counter()
            sent = read().counts.sent
            seconds.append(time.perf_counter() - begun)
            assert sent == size + 1, f"the digest counts {sent}"
    return seconds
