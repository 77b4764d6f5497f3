"""How soon the Home tab is there when its owner has many messages.

From the event that a person has opened it to the view that Slack gets. All messages are theirs, and
most want their attention, which is the worst case.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from benchmarks.bot import THIS
from benchmarks.load import run_at
from benchmarks.old_requests import copy_request, settle
from benchmarks.report import Report, percentile, show
from benchmarks.slack_requests import home_openings, new_presses
from benchmarks.stage import NewDatabase, Run, Stage
from benchmarks.targets import HOME_P95

SIZES = (1_000, 100_000)
OPENINGS = 100
_STATE = "CASE i % 3 WHEN 0 THEN 'uncertain' WHEN 1 THEN 'failed' ELSE 'replied' END"


def measure(run: Run) -> Report:
    """Measure each size, on both databases."""
    sizes, times = ((20, 40), 2) if run.smoke else (SIZES, OPENINGS)
    rows: list[tuple[str, ...]] = []
    goals = []
    with run.databases() as databases:
        for kind, new_database in databases.items():
            found = _measure_once(run, new_database, sizes, times)
            rows += [
                (kind, f"{size:,}", show(percentile(ms, 0.5)), show(percentile(ms, 0.95)))
                for size, ms in found.items()
            ]
            goals.append(HOME_P95.judge(percentile(found[sizes[-1]], 0.95), kind))
    return Report(
        "Opening the Home tab",
        ("database", "messages", "p50, ms", "p95, ms"),
        tuple(rows),
        tuple(goals),
        (f"{times} openings each, one after the other.",),
    )


def _measure_once(
    run: Run, new_database: NewDatabase, sizes: tuple[int, ...], times: int
) -> Mapping[int, list[float]]:
    """Return the milliseconds of each opening, by size."""
    found = {}
    with run.stage(THIS, new_database(), settings={"PROACTIVE_UNDO_SECONDS": "0"}) as stage:
        (press,) = new_presses(1)
        answered = stage.records.count_in("replied") + 1
        stage.press([press], 1)
        stage.wait_until_done(answered)
        there = 0
        for size in sizes:
            _add(stage.records.engine, press.request_id, there + 1, size)
            there = size
            _open(stage)  # once, so that what each process asks Slack once is known
            found[size] = [_open(stage) for _ in range(times)]
    return found


def _add(engine: sa.Engine, request_id: str, first: int, last: int) -> None:
    with engine.begin() as connection:
        changes = {
            "request_id": "'home' || i",
            "state": _STATE,
            "created_at": "created_at - i",
            "finished_at": "finished_at - i",
        }
        copy_request(connection, request_id, first, last, changes)
    settle(engine)


def _open(stage: Stage) -> float:
    """Open the Home tab; return the milliseconds until Slack has its view."""
    shown = stage.slack.count("views.publish")
    (ack,) = run_at(stage.bot.address, home_openings(stage.bot.secret, 1), 1)
    stage.bot.wait_until(
        lambda: stage.slack.count("views.publish") > shown, "the Home tab is shown", 10.0, 0.002
    )
    return 1000 * (stage.slack.last("views.publish") - ack.due)
