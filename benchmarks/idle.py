"""How much of a core the bot takes when there's nothing to do, with few and many old requests.

The old requests are copies of one that the bot has delivered, with two history lines each. With
the many there are also more finished jobs than a busy hour leaves.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

from benchmarks.bot import THIS, Release
from benchmarks.old_requests import add_finished_jobs, add_old_requests, settle
from benchmarks.process import Server
from benchmarks.report import Goal, Report, alternate, table
from benchmarks.slack_requests import new_presses
from benchmarks.stage import NewDatabase, Run
from benchmarks.targets import IDLE

SIZES, JOBS = (1_000, 1_000_000), 50_000
SETTLING = 65.0  # seconds; in its first minute, DBOS looks for schedules every second
SECONDS = 20.0


def measure(run: Run) -> Report:
    """Measure both databases in turn."""
    sizes = (10, 20) if run.smoke else SIZES
    columns = tuple(f"{size:,} old requests, % of a core" for size in sizes)
    with run.databases() as databases:
        found = alternate(
            {
                f"{release.name}, {kind}": partial(_measure_once, run, release, new, sizes)
                for kind, new in databases.items()
                for release in run.releases
            },
            run.rounds(1),
        )
        goals: list[Goal] = []
        for kind in databases:
            figures = found[f"{THIS.name}, {kind}"]
            goals += [
                IDLE[kind].judge(figures[str(size)], f"{size:,} old requests") for size in sizes
            ]
    return Report(
        "Idle",
        ("bot", *columns),
        table(found, [str(size) for size in sizes]),
        tuple(goals),
        (f"The whole process, over {SECONDS:.0f} s. With the many: {JOBS:,} finished jobs.",),
    )


def _measure_once(
    run: Run, release: Release, new_database: NewDatabase, sizes: tuple[int, ...]
) -> Mapping[str, float]:
    found: dict[str, float] = {}
    with run.stage(release, new_database(), settings={"PROACTIVE_UNDO_SECONDS": "0"}) as stage:
        (press,) = new_presses(1)
        answered = stage.records.count_in("replied")
        stage.press([press], 1)
        stage.wait_until_done(answered + 1)
        engine, there = stage.records.engine, 0
        for size in sizes:
            if not run.smoke:
                stage.stop_bot()
            add_old_requests(engine, press.request_id, there + 1, size)
            if size == sizes[-1]:
                add_finished_jobs(engine, stage.records.jobs, 20 if run.smoke else JOBS)
            there = size
            settle(engine)
            if not run.smoke:
                stage.start_bot()
            found[str(size)] = _share_of_a_core(stage.bot, run)
    return found


def _share_of_a_core(server: Server, run: Run) -> float:
    """Return how much of a core an idle process takes, in percent."""
    settling, seconds = (0.1, 0.3) if run.smoke else (SETTLING, SECONDS)
    time.sleep(settling)
    begun, before = time.monotonic(), server.cpu_seconds()
    time.sleep(seconds)
    server.check()
    return 100 * (server.cpu_seconds() - before) / (time.monotonic() - begun)
