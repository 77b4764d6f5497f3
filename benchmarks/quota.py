"""What a notification costs of the quota: calls of Genesys, its outcome followed for an hour.

Promises: what counts are the calls that arrive at the sandbox's Genesys, see ``hour``; and how
long a call that a person waits for waits for its leave while the watch takes all that it may.
Does not: measure time otherwise; ``send_path`` does.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from benchmarks.hour import Spent, a_database, follow
from benchmarks.process import LOAD_CORES, on_cores
from benchmarks.report import Goal, Report, percentile
from bot.storage.rate_limit import SharedBudget
from genesys import Priority

HOUR = timedelta(hours=1)
SEND_PATH, PER_ROUND = 3.0, 0.1
WAIT_MS = 100.0
PAUSE = 0.5  # seconds between two calls that a person waits for: 2 of the 5 a second
FLOOR_PER_ROUND = 1 / 50  # one details query for 50 contacts


def measure(smoke: bool, rounds: int) -> Report:
    """Count for one message and for many; these are counts, so one round of each is enough."""
    crowds, span = ((1, 10), timedelta(minutes=2)) if smoke else ((1, 100, 1000), HOUR)
    with on_cores(LOAD_CORES):
        spent = [follow(count, span) for count in crowds]
        waits = _waits_of_interactive(3 if smoke else 20 * rounds)
    hundred = spent[1]
    worst = max(waits) * 1000
    return Report(
        f"Quota: calls of Genesys, outcomes followed for {span.total_seconds() / 60:.0f} minutes",
        (
            "messages open",
            "send path, each",
            "sign-in and deployment, all",
            "watch, each",
            "looks, each",
            "watch, each and look",
            "its floor",
            "in all, each",
        ),
        tuple(map(_row, spent)),
        (
            Goal(
                "at most 3 calls each for the send path",
                f"{max(one.sending / one.messages for one in spent):.2f}",
                all(one.sending <= SEND_PATH * one.messages for one in spent),
            ),
            Goal(
                "at most 0.1 calls for each message and poll round, 100 open",
                f"{hundred.per_round:.3f}",
                hundred.per_round <= PER_ROUND,
            ),
            Goal(
                "interactive work never waits behind the watch",
                f"p50 {percentile(waits, 0.5) * 1000:.1f} ms, most {worst:.1f} ms for leave to "
                "call while the watch uses up its share",
                worst < WAIT_MS,
            ),
        ),
        notes=(
            "The floor of the send path is 1 call when all is known, 3 when nothing is (there is "
            "no bulk send); of the watch 1 details query for 50 messages and look.",
        ),
    )


def _row(spent: Spent) -> tuple[str, ...]:
    return (
        str(spent.messages),
        f"{spent.sending / spent.messages:.2f}",
        str(spent.shared),
        f"{spent.watching / spent.messages:.2f}",
        f"{spent.looks / spent.messages:.1f}",
        f"{spent.per_round:.3f}",
        f"{max(FLOOR_PER_ROUND, 1 / spent.messages):.3f}",
        f"{(spent.sending + spent.shared + spent.watching) / spent.messages:.2f}",
    )


def _waits_of_interactive(times: int) -> list[float]:
    """Return how long an interactive call waits for leave while background calls take all theirs.

    On the budget that all processes share, in real time, at 300 calls a minute.
    """
    over = threading.Event()
    waits = []
    with (
        tempfile.TemporaryDirectory(prefix="proactive-benchmark-") as folder,
        a_database(Path(folder, "budget.sqlite")) as database,
    ):
        budget = SharedBudget(database, 300)
        watch = threading.Thread(target=_take_all, args=(budget, over.is_set))
        watch.start()
        time.sleep(PAUSE)
        for _ in range(times):
            begun = time.monotonic()
            budget.acquire(Priority.INTERACTIVE, 20.0)
            waits.append(time.monotonic() - begun)
            time.sleep(PAUSE)
        over.set()
        watch.join()
    return waits


def _take_all(budget: SharedBudget, is_over: Callable[[], bool]) -> None:
    while not is_over():
        budget.acquire(Priority.BACKGROUND, 20.0)
